// The pages of help, made from the program's table. `columns`: of the terminal.
#pragma once

#include <string>

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

// The overview, or with `words` the commands of a group.
std::string OverviewText(const Program& program, const std::string& words, int columns);

std::string CommandText(const Program& program, const Command& command, int columns);

}  // namespace allmende::cli
