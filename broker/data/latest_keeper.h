// Retention `latest` of tables: erases records that a later record of their key has superseded, and deletes that every
// replica had time to hear of. Sequences and statements stay, so chains still verify; contents and salts go.
#pragma once

#include <cstddef>
#include <cstdint>
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

  // Goes on with `dataset`, whose retention is `latest`, and looks at about `bytes_max` of its log. Deletes older than
  // `tombstone_age` are erased; zero: never. Returns before the log has carried out what it found.
  //   kResourceExhausted  the log's queue is full; the next Step goes on from there
  //   others              as LogView
  absl::Status Step(const DatasetState& dataset, absl::Time now, absl::Duration tombstone_age, size_t bytes_max);

  // Is a pass under way? For tests that wait for the end of one.
  bool Busy(const DatasetState& dataset) const { return passes_.contains(dataset.log); }

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
  absl::Status Erase(const LogView& view, LogId log, const StoredEntry& entry, const Found& found) const;

  Log& log_;
  absl::flat_hash_map<uint32_t, Pass> passes_;
};

// The newest delete that was erased; 0: none. A reader that stands before it may have missed a delete.
absl::StatusOr<Sequence> NewestErasedTombstone(const LogView& view, LogId log);

}  // namespace allmende::broker
