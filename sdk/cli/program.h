// The table of all commands.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

// As in CMakeLists.txt; a test compares the two.
inline constexpr char kVersion[] = "0.1.0";

Program AllmendeProgram();

}  // namespace allmende::cli
