// The limits of a batch's body, kept in one place for reading and for making. Stateless; thread-safe.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "sdk/format/record.h"

namespace allmende::format {

inline constexpr size_t kBatchBodyBytesMax = 1 << 20;

// What a record counts towards kBatchBodyBytesMax: never less than it takes once it is erased, so that erasing cannot
// make a batch too large.
inline size_t CountedBytes(size_t record_bytes) {
  return std::max(record_bytes, kLeafRecordBytes);
}

struct BodySummary {
  uint32_t record_count = 0;
  uint32_t leaf_only_count = 0;
};

// Reads all of `body`.
//   kInvalidArgument  a malformed record, the message says which; too many of them, or too many bytes
absl::StatusOr<BodySummary> CheckBody(std::string_view body);

}  // namespace allmende::format
