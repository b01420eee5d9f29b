// `allmende publish|recall|subscribe`, `allmende dataset preview`, `allmende replica sync|get|scan|status`: the
// commands that move records. Start here for the folder.
#pragma once

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

void AddDataCommands(Program& program);

// One file each.
Command PublishCommand();
Command RecallCommand();
Command SubscribeCommand();
Command PreviewCommand();
Command ReplicaSyncCommand();
Command ReplicaGetCommand();
Command ReplicaScanCommand();
Command ReplicaStatusCommand();

}  // namespace allmende::cli
