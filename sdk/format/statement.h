// The statement of a batch: what its writer says, and signs, about the records. docs/formats.md, Statement. Stateless;
// thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/crypto/hash.h"
#include "sdk/format/dataset_id.h"

namespace allmende::format {

inline constexpr size_t kStatementBytes = 152;
inline constexpr uint32_t kBatchRecordsMax = 16'384;
inline constexpr uint64_t kSequenceMax = std::numeric_limits<int64_t>::max();
inline constexpr uint64_t kEpochMax = std::numeric_limits<int64_t>::max();

// Times are microseconds since 1970-01-01T00:00:00Z, within the years 1 to 9999, as google.protobuf.Timestamp has it.
inline constexpr int64_t kTimeMinUs = -62'135'596'800'000'000;
inline constexpr int64_t kTimeMaxUs = 253'402'300'799'999'999;

struct Statement {
  DatasetId dataset;
  uint64_t epoch = 0;           // of the writer, 1 to kEpochMax
  uint64_t first_sequence = 0;  // from 1; the last one is at most kSequenceMax
  uint32_t record_count = 0;    // 1 to kBatchRecordsMax
  int64_t created_us = 0;       // by the writer's clock
  crypto::Digest schema_hash{};
  crypto::Digest previous_hash{};  // of the previous statement; zeros for a dataset's first
  crypto::Digest root{};           // of the record leaves

  uint64_t last_sequence() const { return first_sequence + record_count - 1; }
  uint64_t next_sequence() const { return first_sequence + record_count; }

  friend bool operator==(const Statement&, const Statement&) = default;
};

// OK when every field is within its bounds.
//   kInvalidArgument  the message names the field
absl::Status CheckStatement(const Statement& statement);

// Returns the kStatementBytes bytes. The statement must pass CheckStatement.
std::string EncodeStatement(const Statement& statement);

// Reads the statement at the beginning of `bytes`; what follows it is not looked at.
//   kInvalidArgument  cut off, another magic, or a field out of its bounds
//   kUnimplemented    a version, profile, hash or flag that this program does not know: a newer one is needed
absl::StatusOr<Statement> ParseStatement(std::string_view bytes);

// The hash that the next statement carries. `statement_bytes` are the kStatementBytes bytes, without the signature.
crypto::Digest HashStatement(std::string_view statement_bytes);

}  // namespace allmende::format
