// Canonical keys from texts and back, for people.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/schema/schema_table.h"

namespace allmende::cli {

// One text for each key field, in the order of the field numbers.
//   kInvalidArgument  too many or too few, or one that is no value of its field; says which fields there are
absl::StatusOr<std::string> KeyFromTexts(const policy::SchemaTable& schema, const std::vector<std::string>& texts);

// Like KeyFromTexts, with the first few fields only: what the keys of these begin with. A last text field is open: `ab`
// is where `abc` begins, too.
absl::StatusOr<std::string> KeyPrefixFromTexts(const policy::SchemaTable& schema,
                                               const std::vector<std::string>& texts);

// Path and value of each key field. kInvalidArgument: the bytes are no key of this schema (a pseudonym, say).
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> TextsOfKey(const policy::SchemaTable& schema,
                                                                            std::string_view key);

}  // namespace allmende::cli
