// Writes what a decision delivers as a view program.
#pragma once

#include "allmende/v1/view.pb.h"
#include "policy/decide/compiled_rules.h"
#include "policy/decide/grants.h"

namespace allmende::policy {

// Instructions stand by ascending field number at every level.
v1::ViewProgram WriteView(const CompiledRules& rules, const Combination& combination);

}  // namespace allmende::policy
