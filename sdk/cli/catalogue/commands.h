// `allmende dataset ...` and `allmende schema ...`.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddCatalogueCommands(Program& program);

}  // namespace allmende::cli
