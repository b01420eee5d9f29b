// Keys of what stands beside a dataset's log, and the envelope around each stored batch. Part of the format on disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/log/types.h"

namespace allmende::broker {

// SideFamily::kKeyIndex, tables only: canonical key -> sequence of its latest upsert. A deleted key has no entry.
std::string KeyIndexKey(LogId log, std::string_view record_key);
std::string EncodeSequence(Sequence sequence);
//   kDataLoss  not what EncodeSequence wrote
absl::StatusOr<Sequence> DecodeSequence(std::string_view value);

// SideFamily::kTimeIndex: the largest event time up to a batch -> first sequence of that batch, written where the
// maximum grows. So the first entry at or after a time names the earliest batch that reaches it: every record before
// that batch is older. Times order as bytes.
std::string TimeIndexKey(LogId log, int64_t event_time_us);

// SideFamily::kState, one each a dataset, the value is a sequence or number unless it says otherwise.
std::string LargestEventTimeKey(LogId log);
std::string QuarantineCountKey(LogId log);              // the number given last
std::string QuarantineKey(LogId log, uint64_t number);  // -> serialized allmende.v1.QuarantinedRecord
std::string QuarantinePrefix(LogId log);
std::string LatestThroughKey(LogId log);    // the log's next sequence when the last pass of LatestKeeper began
std::string LatestLiveKey(LogId log);       // records that it left
std::string ErasedTombstoneKey(LogId log);  // the newest delete that was erased

// What the broker adds to a batch, in front of it and outside of what the writer signed.
struct Envelope {
  absl::Time accepted_at;
};
inline constexpr size_t kEnvelopeBytes = 16;

std::string EncodeEnvelope(const Envelope& envelope);

struct StoredBatch {
  Envelope envelope;
  std::string_view batch;  // borrows
};
//   kDataLoss       too short
//   kUnimplemented  stored by a newer program
absl::StatusOr<StoredBatch> SplitStored(std::string_view entry_bytes);

}  // namespace allmende::broker
