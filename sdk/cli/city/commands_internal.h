// What the commands on a city's files share.
#pragma once

#include <string>

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddPkiCommands(Program& program);

// Without slashes at its end, so that joined paths read well.
std::string WithoutSlash(std::string path);

}  // namespace allmende::cli
