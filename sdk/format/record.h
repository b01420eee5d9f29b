// One record of a batch or of a transformed delivery. docs/formats.md, Record. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/crypto/hash.h"
#include "sdk/crypto/random.h"

namespace allmende::format {

inline constexpr size_t kKeyBytesMax = 1'024;
inline constexpr size_t kRecordHeaderBytes = 18;  // length, operation, flags, key bytes, event time, salt count
inline constexpr size_t kLeafRecordBytes = kRecordHeaderBytes + 32;  // a record of which only the leaf is left

// The numbers are those of the format and of allmende.v1.Operation.
enum class Operation : uint8_t {
  kUpsert = 1,
  kDelete = 2,    // the key is gone
  kWithheld = 3,  // kept back from this reader
  kErased = 4,    // content and salt were erased
};

// What a record says. Borrows its bytes.
struct RecordContent {
  Operation operation = Operation::kUpsert;
  std::optional<int64_t> event_time_us = std::nullopt;
  std::string_view key = {};  // canonical; empty where the schema has no key fields
  std::string_view payload = {};
};

// A record as it stands in encoded bytes, which it borrows.
struct RecordView {
  Operation operation = Operation::kUpsert;
  std::optional<int64_t> event_time_us;
  std::string_view key;
  std::string_view payload;
  std::string_view salt;     // 16 bytes, or empty where only the leaf is left
  std::string_view leaf;     // 32 bytes, where only the leaf is left
  std::string_view encoded;  // the whole record

  bool has_content() const { return operation == Operation::kUpsert || operation == Operation::kDelete; }
};

// OK when a batch can hold the record.
//   kInvalidArgument  an operation other than upsert and delete, a key over kKeyBytesMax, a time out of bounds, or
//                     a delete without key or with payload
absl::Status CheckContent(const RecordContent& content);

// Appends the record to `out`. The content must pass CheckContent and be under 2^31 bytes.
void AppendRecord(const RecordContent& content, const crypto::Salt& salt, std::string& out);

// Appends a record of which only the leaf is left; `operation` is kWithheld or kErased.
void AppendLeafRecord(Operation operation, const crypto::Digest& leaf, std::string& out);

// Reads the record at the beginning of `bytes`; its end is the end of `encoded`.
//   kInvalidArgument  cut off, an unknown operation or flag, a length that does not add up, or a value out of bounds
absl::StatusOr<RecordView> ParseRecord(std::string_view bytes);

// The same for bytes that ParseRecord has accepted before, at a quarter of the cost.
RecordView ReadRecord(std::string_view bytes);

// The leaf that the batch's root is computed over.
crypto::Digest LeafOf(const RecordView& record, crypto::Sha256& hasher);

}  // namespace allmende::format
