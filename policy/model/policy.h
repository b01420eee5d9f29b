// A dataset's policy as its file says it, after reading and before it is compiled against a schema. A plain value.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "allmende/v1/options.pb.h"
#include "policy/model/caller.h"
#include "policy/model/ids.h"
#include "policy/model/refusal.h"
#include "policy/model/treatment.h"

namespace allmende::policy {

enum class Language { kGerman, kEnglish };

// `subscribe` and `read` are told apart because one binds a line and the other does not; kKeepCopy is what a rule with
// replica terms permits on top.
enum class Action { kRead, kSubscribe, kLookup, kKeepCopy };

// `read`, `subscribe`, `lookup`, `keep-copy`.
std::string_view ActionName(Action action);

// `public`, `operational`, ...; empty for an unspecified class.
std::string_view FieldClassName(v1::FieldClass field_class);

// When a file applies: from `from` until just before `until`.
struct Validity {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();
  absl::Time review_by = absl::InfiniteFuture();  // a reminder; nothing ends then
  FilePosition position;
};

// A caller matches if it is one of `participants`, in one of `groups`, or has one of `roles`. Everyone must be written
// out.
struct Audience {
  bool everyone = false;
  std::vector<ParticipantId> participants;
  std::vector<GroupId> groups;
  std::vector<Role> roles;
  FilePosition position;
};

// A request matches if its purpose is listed, or `any`. A request that states no purpose matches `any` only.
struct PurposeSet {
  bool any = false;
  std::vector<Purpose> listed;
  FilePosition position;
};

// One entry of a delivery: a field by its path, or all fields of a class.
struct Delivery {
  std::variant<std::string, v1::FieldClass> what;
  Treatment treatment;
  FilePosition position;
};

// A record passes if the field's value is one of `one_of` or, where that is empty, lies between the bounds (both
// included). Values are as written in the file, with a decimal point; the schema says what they mean.
struct RowCondition {
  std::string field;
  std::vector<std::string> one_of;
  std::optional<std::string> at_least;
  std::optional<std::string> at_most;
  FilePosition position;
  // The first of two values that stand without quotes and with a comma alone between them: `[0,5]` may be one number.
  std::optional<size_t> touching = {};
};

// How long a local copy may serve. At least one of the first two is set.
struct ReplicaTerms {
  std::optional<absl::Duration> without_contact;   // since the last contact with a broker
  std::optional<absl::Duration> after_crisis_end;  // until this long after the crisis of the rule ends
  std::optional<absl::Duration> max_age;           // the oldest data that may still be shown
  FilePosition position;
};

struct Rule {
  RuleId id;
  FilePosition position;
  Audience audience;
  PurposeSet purposes;
  std::vector<Action> actions;     // out of read, subscribe, lookup
  std::vector<CrisisKind> during;  // empty: in every regime
  std::vector<Delivery> deliver;
  std::vector<RowCondition> rows;       // all must hold; empty: every record
  std::optional<ReplicaTerms> replica;  // absent: no copy may be kept
  std::string licence;
  std::string attribution;
  std::vector<std::string> duties;
};

// A field that the file puts into a class, to confirm what the schema says.
struct ClassifiedField {
  std::string field;
  v1::FieldClass field_class = v1::FIELD_CLASS_UNSPECIFIED;
  FilePosition position;
};

// On what grounds data are given, as text. A dataset with personal fields needs a norm and a controller.
struct LegalBasis {
  std::string opening;
  std::string norm;
  std::string controller;
  std::string impact_assessment;
  std::string personal_data;
  FilePosition position;
};

// One inline test: what a caller gets, and what not. In a baseline's tests only classes are named.
struct InlineTest {
  Caller caller;
  std::optional<Purpose> purpose;
  Action action = Action::kSubscribe;
  bool keep_copy = false;
  std::vector<CrisisKind> during;
  std::optional<absl::Time> at;  // absent: the first instant at which the file is valid
  std::optional<bool> allowed;
  std::optional<std::vector<Delivery>> gets;  // exactly these fields
  std::vector<Delivery> also_gets;            // at least these
  std::vector<Delivery> never;                // none of these
  FilePosition position;
};

struct Policy {
  std::string file;  // name as it appears in messages
  Language language = Language::kGerman;
  DatasetId dataset;
  ParticipantId publisher;
  Validity validity;
  std::optional<LegalBasis> legal_basis;
  std::vector<ClassifiedField> fields;
  std::vector<Rule> rules;
  std::vector<InlineTest> tests;
  FilePosition fields_position;
  FilePosition rules_position;
};

}  // namespace allmende::policy
