// Runs a command line: reads it, does it, shows what went wrong. Adds the commands that are about the program itself:
// `help [COMMAND]`, `help exit-codes`, `completion bash|zsh|fish`.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

// `arguments` without the program's own name. Sets the context's options. Returns what the process exits with.
ExitCode RunProgram(Program program, const std::vector<std::string>& arguments, Context& context);

// Runs one command from within another, with the context as it is. `arguments` without the command's own words.
absl::StatusOr<ExitCode> RunCommand(const Command& command, const std::vector<std::string>& arguments,
                                    Context& context);

}  // namespace allmende::cli
