// One entry of a transformed delivery: a record as a view makes it, or a run of sequences that are not shown. Laid out
// as a record without salts. docs/formats.md, Transformed delivery. Stateless; thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace allmende::format {

inline constexpr size_t kPseudonymBytes = 16;

// What an entry of a delivery is. Up to kErased the numbers are those of Operation.
enum class EntryKind : uint8_t {
  kUpsert = 1,
  kDelete = 2,
  kWithheld = 3,    // a run of sequences that the row filter keeps back
  kErased = 4,      // a run of sequences whose records were erased
  kSuperseded = 5,  // in snapshots only: a run of sequences with nothing to deliver
};

struct DeliveryEntry {
  EntryKind kind = EntryKind::kUpsert;
  // For kUpsert and kDelete; `payload` is empty for kDelete.
  bool key_is_pseudonym = false;
  std::optional<int64_t> event_time_us = std::nullopt;
  std::string_view key = {};
  std::string_view payload = {};
  // Where the entry stands. `count` is 1 for kUpsert and kDelete.
  uint64_t first_sequence = 0;
  uint64_t count = 1;

  bool is_record() const { return kind == EntryKind::kUpsert || kind == EntryKind::kDelete; }
};

// OK when a delivery can hold the entry.
//   kInvalidArgument  a kind, count, key or time out of bounds, a pseudonym that is none, or a delete without key
//                     or with payload
absl::Status CheckEntry(const DeliveryEntry& entry);

// How many bytes AppendEntry adds.
size_t EncodedBytes(const DeliveryEntry& entry);

// Appends the entry to `out`. It must pass CheckEntry.
void AppendEntry(const DeliveryEntry& entry, std::string& out);

// Takes an entry off the beginning of `rest`. Its `first_sequence` is left at 0.
//   kInvalidArgument  cut off, an unknown kind or flag, a length that does not add up, or as CheckEntry
absl::StatusOr<DeliveryEntry> TakeEntry(std::string_view& rest);

// The same for bytes that TakeEntry has accepted before.
DeliveryEntry TakeKnownEntry(std::string_view& rest);

}  // namespace allmende::format
