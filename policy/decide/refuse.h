// Makes refusals: which rule came closest, and the shortest list of what is missing for it.
#pragma once

#include "policy/decide/asked.h"
#include "policy/decide/grants.h"

namespace allmende::policy {

Refusal RefuseUnreleased(const Request& request);
Refusal RefuseUnusable(const Request& request, const PolicyProblem& problem);

// Why nothing can be allowed at this time; none if policy and baseline are in force.
std::optional<Refusal> RefuseByTime(const CompiledRules& rules, const Request& request);

// Nothing matches, or what matches gives no field that the file lists.
Refusal RefuseUnmatched(const Asked& asked);

// The bound leaves nothing of what rules give.
Refusal RefuseByBound(const Asked& asked, const Bound& bound);

}  // namespace allmende::policy
