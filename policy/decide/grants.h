// What single rules give to one request, and what they give together.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/decide/asked.h"

namespace allmende::policy {

// What one matching rule gives.
struct Grant {
  const CompiledRule* rule = nullptr;
  std::vector<std::pair<SlotIndex, Treatment>> fields;  // by ascending slot; none is Drop
  std::optional<Lease> lease;
  absl::Duration max_staleness = absl::InfiniteDuration();
};

// What the matching rules give by themselves.
std::vector<Grant> DatasetGrants(const Asked& asked);

// One bound of an outer layer that holds for the caller.
struct Bound {
  enum class Layer { kCrisisCeilings, kCity, kContract };

  Layer layer = Layer::kCity;
  RuleId rule;  // the limit; empty for crisis ceilings
  std::string file;
  FilePosition position;
  ClassBounds fields;                   // what a limit leaves of each class
  std::optional<ReplicaBound> replica;  // what it leaves of copies; absent: everything
};

// All of them: the crisis ceilings, if there is a city baseline, then the city's limits, then those of agreements.
std::vector<Bound> OuterBounds(const Asked& asked);

// Appends what the bound leaves of a grant to `left`: nothing where no field is left, or no copy although one is asked
// for. A crisis rule is cut by the ceilings of `crises` (ascending), whatever the bound, and by nothing else: each
// ceiling leaves a grant of its own.
void Cut(const Asked& asked, const Bound& bound, const std::vector<Atom>& crises, const Grant& grant,
         std::vector<Grant>& left);

// What the bounds leave one after the other.
std::vector<Grant> CutByAll(const Asked& asked, const std::vector<Bound>& bounds, const std::vector<Atom>& crises,
                            const Grant& grant);

// Filters of which one must let a record pass, by number, ascending.
using RowAlternatives = std::vector<int>;

// What several rules give together.
struct Combination {
  std::vector<Treatment> treatments;  // one a slot
  std::vector<RowAlternatives> rows;  // all must hold; ascending and different
  std::optional<Lease> lease;         // present if a copy of everything delivered may be kept
  absl::Duration max_staleness = absl::InfiniteDuration();

  bool delivers() const;
};

Combination Unite(const CompiledRules& rules, const std::vector<Grant>& grants, absl::Time now);

// What both show: no field, record or copy that only one of them gives.
Combination MeetOf(const CompiledRules& rules, Combination a, const Combination& b);

// What all bounds together leave of what the grants give. Each bound is a layer of its own, and layers meet: so one
// more never gives more. `emptied_by`, if given, becomes the first bound after which nothing is left.
Combination Bounded(const Asked& asked, const std::vector<Grant>& grants, const std::vector<Bound>& bounds,
                    const Bound** emptied_by = nullptr);

// The rules that give any of what is delivered, in the order of the file.
std::vector<const CompiledRule*> RulesBehind(const Asked& asked, const std::vector<Grant>& grants,
                                             const std::vector<Bound>& bounds, const Combination& combination);

}  // namespace allmende::policy
