// Retention `latest` of tables: erases records that a later record of their key has superseded, and deletes that every
// replica had time to hear of. Sequences and statements stay, so chains still verify; contents and salts go.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/control/state.h"
#include "broker/log/log.h"

namespace allmende::broker {

// Works in passes over a dataset's log, a piece each Step. A pass begins once the log has grown by as much as was live
// after the last one, so the work for each stored record is bounded. Not thread-safe. Borrows `log`.
class LatestKeeper {
 public:
  explicit LatestKeeper(Log& log) : log_(log) {}

  // Goes on with `dataset`, whose retention is `latest`, and looks at about `bytes_max` of its log, or less where the
  // log has not carried out enough of what was found so far: the log's queue is for publishers first. Deletes older
  // than `tombstone_age` are erased; zero: never. Returns before the log has carried out what it found.
  //   kResourceExhausted  the log's queue is full; the next Step goes on from there
  //   others              as LogView
  absl::Status Step(const DatasetState& dataset, absl::Time now, absl::Duration tombstone_age, size_t bytes_max);

  // Is a pass under way? Then the next Step has something to do.
  bool Busy(const DatasetState& dataset) const { return passes_.contains(dataset.log); }
  // Does a Step do nothing at the moment, because the log has enough to do?
  bool Waiting() const { return *under_way_bytes_ >= kUnderWayBytesMax; }

 private:
  struct Pass {
    Sequence next = 0;     // the entry to look at
    Sequence through = 0;  // the log's next sequence when the pass began
    uint64_t live = 0;     // records that stay, so far
  };
  struct Found {
    std::vector<uint32_t> indexes;  // of the batch: to erase
    Sequence newest_tombstone = 0;  // among them; 0: none
  };

  absl::StatusOr<bool> BeginIfDue(const LogView& view, LogId log, Pass& pass) const;
  absl::StatusOr<Found> Look(const LogView& view, LogId log, const StoredEntry& entry,
                             std::optional<absl::Time> tombstones_before, uint64_t& live) const;
  absl::Status Erase(const LogView& view, LogId log, const StoredEntry& entry, const Found& found);

  static constexpr size_t kUnderWayBytesMax = 2 << 20;

  Log& log_;
  // Of replacements that the log has not carried out; shared with its callbacks, which may come later than the end of
  // this object.
  const std::shared_ptr<std::atomic<size_t>> under_way_bytes_ = std::make_shared<std::atomic<size_t>>(0);
  absl::flat_hash_map<uint32_t, Pass> passes_;
  absl::flat_hash_map<uint32_t, uint64_t> erasures_;  // ErasureCount, with what is under way
};

// The newest delete that was erased; 0: none. A reader that stands before it may have missed a delete.
absl::StatusOr<Sequence> NewestErasedTombstone(const LogView& view, LogId log);

// How often a batch was rewritten to erase records from it. While it stays the same, nothing was erased.
absl::StatusOr<uint64_t> ErasureCount(const LogView& view, LogId log);

}  // namespace allmende::broker
