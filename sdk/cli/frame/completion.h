// Scripts that let a shell complete a program's commands and options. They hold all words, so completing starts no
// process.
#pragma once

#include <string>

#include "sdk/cli/frame/command.h"

namespace allmende::cli {

// `shell`: bash, zsh or fish.
std::string CompletionScript(const Program& program, const std::string& shell);

}  // namespace allmende::cli
