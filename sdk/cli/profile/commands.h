// `allmende profile add|list|show|use|remove`.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddProfileCommands(Program& program);

}  // namespace allmende::cli
