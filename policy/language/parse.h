// Reads policy files. Start here.
//
// A file is YAML in German or English (docs/policy.md). Reading it is pure and bounded: at most 1 MiB, 32 levels,
// 10,000 rules, no anchors, and no work for problems beyond those that are shown. All problems of a file are found in
// one run.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/language/diagnostic.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"

namespace allmende::policy {

struct ParseResult {
  std::optional<Policy> policy;  // present exactly when no diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};

struct BaselineParseResult {
  std::optional<Baseline> baseline;  // present exactly when no diagnostic is an error
  std::vector<Diagnostic> diagnostics;
};

// Reads the policy of a dataset. `file_name` is shown in messages and refusals. Knows no schema: `CheckPolicy`
// compares.
ParseResult ParsePolicy(std::string_view text, std::string file_name);

// Reads a city baseline.
BaselineParseResult ParseBaseline(std::string_view text, std::string file_name);

}  // namespace allmende::policy
