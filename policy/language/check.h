// Compares a policy with what it is about: the dataset's schema, the city baseline, the calendar.
#pragma once

#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "policy/language/diagnostic.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

struct CheckOptions {
  const Baseline* baseline = nullptr;     // null: not compared
  absl::Time now = absl::InfinitePast();  // infinite past: dates are not compared
  std::string_view text;                  // of the file, so that messages show its lines; may be empty
};

// Answers errors for what `Compile` would refuse and for what has ended, warnings for what is allowed but surely not
// meant. Ordered by place.
std::vector<Diagnostic> CheckPolicy(const Policy& policy, const SchemaTable& schema, const CheckOptions& options = {});

}  // namespace allmende::policy
