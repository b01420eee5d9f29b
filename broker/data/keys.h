// Keys of what stands beside a dataset's log, and the envelope around each stored batch. Part of the format on disk.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/log/types.h"

namespace allmende::broker {

// SideFamily::kKeyIndex, tables only: canonical key -> sequence of its latest upsert. A deleted key has no entry, nor
// one whose latest upsert is no longer kept.
std::string KeyIndexKey(LogId log, std::string_view record_key);
std::string EncodeSequence(Sequence sequence);
//   kDataLoss  not what EncodeSequence wrote
absl::StatusOr<Sequence> DecodeSequence(std::string_view value);

// SideFamily::kTimeIndex: the largest event time up to a batch -> first sequence of that batch, written where the
// maximum grows. So the first entry at or after a time names the earliest batch that reaches it: every record before
// that batch is older. Times order as bytes. Where batches were given up, the newest of their entries stays and names
// the oldest batch that is kept, if no entry of its own does.
std::string TimeIndexKey(LogId log, int64_t event_time_us);

// SideFamily::kState, one each a dataset, the value is a sequence or number unless it says otherwise.
std::string LargestEventTimeKey(LogId log);
std::string QuarantineCountKey(LogId log);              // the number given last
std::string QuarantineKey(LogId log, uint64_t number);  // -> serialized allmende.v1.QuarantinedRecord
std::string QuarantinePrefix(LogId log);
std::string LatestThroughKey(LogId log);    // the log's next sequence when the last pass of LatestKeeper began
std::string LatestLiveKey(LogId log);       // records that it left
std::string ErasedTombstoneKey(LogId log);  // the newest delete that was erased
std::string NewestExpiredKey(LogId log);    // tables: the newest record that was given up as the latest of its key
std::string ErasureCountKey(LogId log);     // how often a batch was rewritten to erase records from it

// What the broker adds to a batch, in front of it and outside of what the writer signed.
//
//   0   1  version, 2
//   1   3  zero
//   4   4  number of sequences at 16: as many as the batch has records; 0 stands for zeros alone
//   8   8  when the batch was accepted, in microseconds since 1970
//   16  8  of each record, tables only: the sequence of the record that was the latest of its key before; 0 where there
//          was none, or where it was a delete. Where none is known, but retention gave up some that were the latest of
//          their keys, the newest of those: it may have been this key's, and nobody knows any more
struct Envelope {
  absl::Time accepted_at;
};
std::string EncodeEnvelope(const Envelope& envelope, std::span<const Sequence> previous = {});

struct StoredBatch {
  Envelope envelope;
  std::string_view envelope_bytes;
  std::string_view batch;

  // Of the batch's record at this index, which the batch has: see above.
  Sequence Previous(size_t index) const;
};
// Borrows.
//   kDataLoss       too short
//   kUnimplemented  stored by another version of the broker
absl::StatusOr<StoredBatch> SplitStored(std::string_view entry_bytes);

}  // namespace allmende::broker
