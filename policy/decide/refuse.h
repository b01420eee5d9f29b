// Makes refusals: which rule came closest, and the shortest list of what is missing for it.
#pragma once

#include "policy/decide/asked.h"
#include "policy/decide/grants.h"

namespace allmende::policy {

Refusal RefuseUnreleased(const Request& request);

// Why nothing can be allowed at this time; none if policy and baseline are in force.
std::optional<Refusal> RefuseByTime(const CompiledRules& rules, const Request& request);

// `grants` are what the matching rules give by themselves; the outer layers leave nothing of it.
Refusal Refuse(const Asked& asked, const std::vector<Grant>& grants);

}  // namespace allmende::policy
