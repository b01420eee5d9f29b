// Checks policy files as the broker does before it releases one, without a broker.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "policy/language/diagnostic.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::cli {

struct CheckedPolicy {
  std::string file;
  bool is_baseline = false;
  bool compared = false;  // with a schema, so tests could run
  std::string dataset;    // empty for a baseline, or where it cannot be read
  std::string publisher;
  policy::Language language = policy::Language::kEnglish;
  int tests_passed = 0;
  int tests_failed = 0;
  std::vector<policy::Diagnostic> diagnostics;  // in order

  bool ok() const { return !policy::HasErrors(diagnostics); }
};

// `schema` and `baseline` may be null: then what needs them is not checked. `file` is shown in messages.
CheckedPolicy CheckPolicyText(const std::string& text, const std::string& file, const policy::SchemaTable* schema,
                              const policy::Baseline* baseline, absl::Time now);

// The file's text; at most 1 MiB.
absl::StatusOr<std::string> ReadPolicy(const std::string& path);

// A baseline that must be in order. kInvalidArgument: its diagnostics, one a line.
absl::StatusOr<policy::Baseline> LoadBaseline(const std::string& path);

// As a compiler prints it: `text`; one JSON object a line; or the commands that GitHub's CI shows beside the code.
enum class DiagnosticFormat { kText, kJson, kGithub };
std::string FormatDiagnostics(const CheckedPolicy& checked, DiagnosticFormat format);

}  // namespace allmende::cli
