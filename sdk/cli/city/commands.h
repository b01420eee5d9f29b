// `allmende city init` and `allmende pki issue|revoke|list|renew-broker`: on the city's own files, without a broker.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddCityCommands(Program& program);

}  // namespace allmende::cli
