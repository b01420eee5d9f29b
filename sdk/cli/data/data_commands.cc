#include "sdk/cli/data/data_commands.h"

namespace allmende::cli {

void AddDataCommands(Program& program) {
  program.groups.push_back({"replica", "local copies that answer without a broker"});
  for (const auto& command : {PublishCommand, RecallCommand, SubscribeCommand, PreviewCommand, ReplicaSyncCommand,
                              ReplicaGetCommand, ReplicaScanCommand, ReplicaStatusCommand}) {
    program.commands.push_back(command());
  }
}

}  // namespace allmende::cli
