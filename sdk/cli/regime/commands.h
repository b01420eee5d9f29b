// `allmende policy ...`, `allmende crisis ...` and `allmende status`.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddRegimeCommands(Program& program);

}  // namespace allmende::cli
