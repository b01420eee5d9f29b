// A refusal by policy, shown to the caller: a result, not an error.
#pragma once

#include "allmende/v1/refusal.pb.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/exit_code.h"

namespace allmende::cli {

// On standard error, in the caller's language: what is refused, by which rule (file and line), what would allow it. As
// JSON with `--output json`: {"refused":{"code":...,"rule":...,"rule_file":...,"rule_line":...,"missing":[...]}}.
// Returns kRefused.
ExitCode ShowRefusal(Context& context, const v1::Refusal& refusal);

}  // namespace allmende::cli
