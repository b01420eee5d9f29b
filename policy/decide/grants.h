// What single rules give to one request, and what they give together.
#pragma once

#include <optional>
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

// The same after city baseline and contracts; `contracts` as in the request, or none.
std::vector<Grant> BoundGrants(const Asked& asked, const std::vector<Grant>& grants,
                               std::span<const ContractLayer> contracts);

// One rule after city baseline and contracts, as if the rule matched. `crises` are those that count as in force.
Grant BoundGrant(const Asked& asked, const Grant& grant, const std::vector<Atom>& crises,
                 std::span<const ContractLayer> contracts);

// Filters of which one must let a record pass, by number, ascending.
using RowAlternatives = std::vector<int>;

// What several rules give together.
struct Combination {
  std::vector<Treatment> treatments;  // one a slot
  std::vector<RowAlternatives> rows;  // all must hold; ascending and different
  std::optional<Lease> lease;         // present if a copy of everything delivered may be kept
  absl::Duration max_staleness = absl::InfiniteDuration();
  std::vector<const CompiledRule*> rules;  // behind what is delivered

  bool delivers() const;
};

Combination Unite(const CompiledRules& rules, const std::vector<Grant>& grants, absl::Time now);

// The meet of what the dataset's layer gives and what the outer layers leave of it. Shows no more than either.
Combination MeetOf(const CompiledRules& rules, Combination dataset, const Combination& bound);

}  // namespace allmende::policy
