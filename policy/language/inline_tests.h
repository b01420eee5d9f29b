// Runs the tests that a policy file carries, through the same decision as everything else.
#pragma once

#include <string_view>
#include <vector>

#include "policy/language/diagnostic.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

struct TestReport {
  int passed = 0;
  int failed = 0;
  std::vector<Diagnostic> diagnostics;  // at least one for each test that failed, at its place
};

// `baseline` may be null. `text` is the file's, so that messages show its lines; may be empty. A policy that does not
// compile fails every test.
TestReport RunInlineTests(const Policy& policy, const Baseline* baseline, const SchemaTable& schema,
                          std::string_view text = "");

// A baseline's tests: which classes could reach the caller at all, if every policy gave everything to everyone.
TestReport RunInlineTests(const Baseline& baseline, std::string_view text = "");

}  // namespace allmende::policy
