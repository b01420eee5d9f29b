// Records, as publishers hand them in and as readers get them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace allmende {

// What a record does. The numbers are those of docs/formats.md.
enum class Operation : uint8_t {
  kUpsert = 1,
  kDelete = 2,    // the key is gone; the record is its tombstone and has no payload
  kWithheld = 3,  // stands for a record that the reader may not see; neither key nor payload
  kErased = 4,    // stands for a record whose content was erased; neither key nor payload
};

// A record on its way to the broker. Borrows its bytes: they need to live only for the call that takes the record.
struct NewRecord {
  Operation operation = Operation::kUpsert;   // kUpsert or kDelete
  std::string_view key = {};                  // canonical key (docs/formats.md; Schema::Describe makes it); may be
                                              // empty in a stream without key fields
  std::optional<absl::Time> event_time = {};  // whole microseconds are kept
  std::string_view payload = {};              // protobuf wire bytes of the dataset's schema; empty for a delete
};

// A record as the reader's view delivers it. Borrows its bytes from what it came out of (a batch, a cursor).
struct RecordView {
  uint64_t sequence = 0;  // position in the dataset's log, from 1
  Operation operation = Operation::kUpsert;
  bool key_is_pseudonym = false;
  std::string_view key = {};
  std::optional<absl::Time> event_time = {};
  std::string_view payload = {};
};

// The same, owning its bytes.
struct StoredRecord {
  uint64_t sequence = 0;
  Operation operation = Operation::kUpsert;
  bool key_is_pseudonym = false;
  std::string key;
  std::optional<absl::Time> event_time;
  std::string payload;

  StoredRecord() = default;
  explicit StoredRecord(const RecordView& view)
      : sequence(view.sequence),
        operation(view.operation),
        key_is_pseudonym(view.key_is_pseudonym),
        key(view.key),
        event_time(view.event_time),
        payload(view.payload) {}
};

// Bounds of one record; a larger one is refused with kInvalidArgument before anything is kept.
inline constexpr size_t kKeyBytesMax = 1024;
inline constexpr size_t kRecordBytesMax = (1 << 20) - 64;  // key and payload together

}  // namespace allmende
