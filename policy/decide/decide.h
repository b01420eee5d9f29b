// The decision: may this caller do this with this dataset now, and what do they get? The one function that every path
// to data asks. Pure: the same inputs give the same decision, here and in a replica.
//
// What nothing permits is denied. Layers narrow:
//
//   1. Dataset. The rules that match (action, purpose, caller, crises in force) are united: each field gets its most
//      generous treatment among them. Rules without `during` hold in every regime; crisis rules come on top.
//   2. City baseline. Each limit that matches the caller cuts what ordinary rules give. What crisis rules give is cut
//      by each ceiling of their crises in force that matches the caller, and by nothing else; what these leave is
//      united.
//   3. Contract. Each of its limits cuts what ordinary rules give.
//
// Every limit is evaluated by itself, and what is given is the meet of them all: so one more never gives more.
//
// Rules with different row filters: a record is delivered if, for every field of the view, at least one of the rules
// that give this field lets it pass. So no field of a record leaves that no rule gives for this record; a recipient of
// several rules may get fewer records than one rule alone would give. Fields that an outer layer takes away still
// count.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "allmende/v1/view.pb.h"
#include "policy/decide/compile.h"
#include "policy/model/caller.h"
#include "policy/model/policy.h"
#include "policy/model/refusal.h"
#include "policy/model/regime.h"

namespace allmende::policy {

// What an agreement leaves of a dataset's ordinary rules. The limits' audiences are not looked at: an agreement is one
// participant's. The full language will make these from negotiated terms.
struct ContractLayer {
  std::string file;
  std::vector<Limit> limits;
};

struct Request {
  Caller caller;
  DatasetId dataset;
  Action action = Action::kSubscribe;  // read, subscribe or lookup
  // A copy will be kept (replica): only rules that permit copies count, and the view is theirs. Without it, the
  // decision says whether a copy of what is delivered may be kept.
  bool keep_copy = false;
  Purpose purpose;  // empty: none stated
  Regime regime;
  absl::Time now;
  std::span<const ContractLayer> contracts;
};

// Names a rule in a file, for explanations and receipts.
struct RuleRef {
  RuleId id;
  std::string file;
  FilePosition position;
};

// How long a copy may serve: until `without_contact` after the last contact with a broker, and never at or after
// `not_after`.
struct Lease {
  absl::Duration without_contact = absl::InfiniteDuration();
  absl::Time not_after = absl::InfiniteFuture();

  absl::Time ExpiryAfterContact(absl::Time contact) const;
};

struct Entitlement {
  std::vector<RuleRef> rules;  // those behind the delivered fields, in the order of the file
  // What is delivered, and which records. The caller adds the dataset id and the pseudonym key id.
  v1::ViewProgram view;
  std::optional<Lease> lease;  // absent: no copy may be kept
  absl::Duration max_staleness = absl::InfiniteDuration();
  std::vector<std::string> licences;
  std::vector<std::string> attributions;
  std::vector<std::string> duties;
};

struct Decision {
  std::variant<Entitlement, Refusal> result;
  // The decision holds for these inputs until just before this instant: then a validity begins or ends, or a crisis.
  absl::Time valid_until = absl::InfiniteFuture();

  bool allowed() const { return std::holds_alternative<Entitlement>(result); }
  const Entitlement& entitlement() const { return std::get<Entitlement>(result); }
  const Refusal& refusal() const { return std::get<Refusal>(result); }
};

Decision Decide(const PolicySet& policies, const Request& request);

}  // namespace allmende::policy
