// What the commands of this folder share.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "allmende/v1/types.pb.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

void AddPolicyCommands(Program& program);
void AddCrisisCommands(Program& program);
void AddStatusCommand(Program& program);

// The crises in force, or that there are none.
void WriteRegime(Context& context, const v1::Regime& regime);

}  // namespace allmende::cli
