// The city baseline: the outermost layer. It permits nothing by itself; it bounds what the policies of all datasets may
// give, and it declares the words that they may use.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/model/policy.h"

namespace allmende::policy {

// The most that a class of fields may be shown.
struct ClassCeiling {
  v1::FieldClass field_class = v1::FIELD_CLASS_UNSPECIFIED;
  Treatment treatment;
  FilePosition position;
};

// The bound on copies. `forbidden`: none may be kept.
struct ReplicaBound {
  bool forbidden = false;
  ReplicaTerms terms;
};

// Takes away from what ordinary rules give. All limits that match a caller hold together.
struct Limit {
  RuleId id;
  FilePosition position;
  Audience audience;
  std::vector<v1::FieldClass> never;                 // these classes are not delivered
  std::optional<std::vector<ClassCeiling>> at_most;  // present: no class but these is delivered
  std::optional<ReplicaBound> replica;               // absent: no bound on copies
};

// Bounds what crisis rules give, and is the only bound on them. Ceilings that match a caller and a crisis are united;
// without one, crisis rules give nothing.
struct CrisisCeiling {
  RuleId id;
  FilePosition position;
  Audience audience;
  std::vector<CrisisKind> during;
  std::vector<ClassCeiling> at_most;
  std::optional<ReplicaTerms> replica;  // absent: crisis rules permit no copies
};

struct Baseline {
  std::string file;
  Language language = Language::kGerman;
  std::string city;
  ParticipantId publisher;
  Validity validity;
  // Words that policies may use; an empty list declares nothing and lets every word pass.
  std::vector<Purpose> purposes;
  std::vector<GroupId> groups;
  std::vector<CrisisKind> crises;
  std::vector<Limit> limits;
  std::vector<CrisisCeiling> crisis_ceilings;
  std::vector<InlineTest> tests;
  FilePosition position;                  // of the line that names the city
  FilePosition crisis_ceilings_position;  // of that section, or as `position`
};

}  // namespace allmende::policy
