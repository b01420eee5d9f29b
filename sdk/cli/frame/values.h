// Checks what was given for arguments and options against their kinds.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "sdk/cli/frame/command.h"

namespace allmende::cli {

class ValuesBuilder {
 public:
  // UsageError: too many, too few, or a value that is not of its kind; says what would be.
  absl::Status Add(const Argument& argument, const std::vector<std::string>& given);
  absl::Status Add(const Option& option, const std::vector<std::string>& given);

  Values Take() { return std::move(values_); }

 private:
  Values values_;
};

// How help calls the value of a kind: `FILE`, `N`, `DURATION`, `table|json|csv`.
std::string ValueName(ValueKind kind, const std::string& name, const std::vector<std::string>& choices);

}  // namespace allmende::cli
