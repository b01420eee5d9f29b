// The program `allmende`. Each folder beside this file brings its commands; sdk/cli/frame runs them.
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/program.h"

int main(int argc, char** argv) {
  // The RPC library would write its own lines beside our errors; who wants them sets the variable.
  setenv("GRPC_VERBOSITY", "NONE", 0);
  // Whoever reads our output may stop early: then writing fails, and the program ends by itself.
  std::signal(SIGPIPE, SIG_IGN);
  allmende::cli::Context context = allmende::cli::SystemContext();
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return static_cast<int>(allmende::cli::RunProgram(allmende::cli::AllmendeProgram(), arguments, context));
}
