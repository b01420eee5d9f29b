// Taking records out of a batch while its statement, and so the whole chain, still verifies. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace allmende::format {

// Returns `batch` with the records at `indexes` (from 0, in any order) replaced by their leaves. Content and salt are
// gone from the result, so nobody can test guesses against the leaf; they are gone for good once every other copy is.
// Erasing again changes nothing; a withheld record becomes an erased one.
//   kInvalidArgument  `batch` is malformed, or an index is not below its record count
absl::StatusOr<std::string> Erase(std::string_view batch, std::span<const uint32_t> indexes);

// The same for records that only this reader may not see. An erased record stays erased.
absl::StatusOr<std::string> Withhold(std::string_view batch, std::span<const uint32_t> indexes);

}  // namespace allmende::format
