// Reads a command line against the program's table. The one place that knows the parser's library.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

// Options that every command has, for help and completion.
const std::vector<Option>& GlobalOptions();

struct Invocation {
  enum class What { kRun, kHelp, kVersion };
  What what = What::kRun;
  const Command* command = nullptr;  // of `program`; null where only a group, or nothing, was named
  std::string words;                 // the command or group that was named
  Values values;                     // of kRun
  std::string profile;
  OutputFormat output = OutputFormat::kTable;
  bool quiet = false;
};

// `arguments` without the program's own name. `program` must outlive the answer.
//   UsageError  an unknown command or option (with the nearest one), a value that is missing or not of its kind
absl::StatusOr<Invocation> ParseCommandLine(const Program& program, const std::vector<std::string>& arguments);

}  // namespace allmende::cli
