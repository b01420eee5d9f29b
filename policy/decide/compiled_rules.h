// The compiled form of a policy, for policy/decide only. Names are interned: a decision hashes the request's names once
// and compares numbers from then on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "allmende/v1/view.pb.h"
#include "policy/decide/class_bounds.h"
#include "policy/decide/fit.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"

namespace allmende::policy {

// Participants, groups and roles share one space of numbers, purposes and crises have theirs.
using Atom = uint32_t;

constexpr Atom kRoleCount = 5;

struct Interner {
  absl::flat_hash_map<ParticipantId, Atom> participants;
  absl::flat_hash_map<GroupId, Atom> groups;
  Atom next_member = kRoleCount;  // roles come first, by their number
  absl::flat_hash_map<Purpose, Atom> purposes;
  absl::flat_hash_map<CrisisKind, Atom> crises;
};

struct CompiledAudience {
  bool everyone = false;
  std::vector<Atom> members;  // ascending
};

// A field that rules may deliver.
struct FieldSlot {
  std::string path;
  std::vector<uint32_t> number_path;
  v1::FieldClass field_class = v1::FIELD_CLASS_UNSPECIFIED;
  FieldTraits traits;
};

using SlotIndex = uint32_t;
constexpr int kNoRowFilter = -1;

struct CompiledRule {
  RuleId id;
  FilePosition position;
  CompiledAudience audience;
  bool any_purpose = false;
  std::vector<Atom> purposes;                            // ascending
  uint32_t actions = 0;                                  // bit 1 << Action
  std::vector<Atom> during;                              // empty: an ordinary rule
  std::vector<std::pair<SlotIndex, Treatment>> deliver;  // by ascending slot
  int row_filter = kNoRowFilter;                         // equal filters have equal numbers
  std::optional<ReplicaTerms> replica;
  std::string licence;
  std::string attribution;
  std::vector<std::string> duties;
};

struct CompiledLimit {
  RuleId id;
  FilePosition position;
  CompiledAudience audience;
  ClassBounds bounds;
  std::optional<ReplicaBound> replica;
};

struct CompiledCeiling {
  RuleId id;
  FilePosition position;
  CompiledAudience audience;
  std::vector<Atom> during;
  ClassBounds bounds;
  std::optional<ReplicaTerms> replica;
};

struct CompiledBaseline {
  std::string file;
  Validity validity;
  FilePosition position;
  FilePosition ceilings_position;
  std::vector<CompiledLimit> limits;
  std::vector<CompiledCeiling> ceilings;
};

struct CompiledRules {
  DatasetId dataset;
  std::string file;
  Validity validity;
  FilePosition position;  // of the section `rules`
  Interner interner;
  std::vector<FieldSlot> slots;  // by ascending number path
  std::vector<CompiledRule> rules;
  std::vector<Rule> sources;  // as written, for refusals; same order as `rules`
  std::vector<v1::RowFilter> row_filters;
  std::optional<CompiledBaseline> baseline;
};

}  // namespace allmende::policy
