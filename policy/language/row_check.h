// What the row filters of a policy's rules do to each other.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// What a rule gives: places in Policy::fields, ascending, with their treatments. Borrows the rule.
using GivenFields = std::vector<std::pair<size_t, const Treatment*>>;

// By rule, in the order of the file. Borrows the policy.
std::vector<GivenFields> FieldsOfRules(const Policy& policy);

// Rules that can hold together although a filtered one of them gives more than the other, and so takes records of it
// away: pairs of an earlier and a later rule (places in Policy::rules), at most `max`, and one for each later rule.
// `fields` are those of the rules.
std::vector<std::pair<size_t, size_t>> FindDifferentRows(const Policy& policy, const std::vector<GivenFields>& fields,
                                                         size_t max);

// A rule whose recipients could not subscribe: so much would have to be compared for each record.
struct CrowdedView {
  const Rule* rule;
  size_t comparisons;
  size_t fields;
};

// The first there is, asked for as one recipient of each rule, who gets what the rules for everyone give too. The
// policy fits the schema. Work is bounded: of thousands of rules only the first are asked for, and not every
// combination of groups. Borrows `policy`.
std::optional<CrowdedView> FindCrowdedView(const Policy& policy, const Baseline* baseline, const SchemaTable& schema);

}  // namespace allmende::policy
