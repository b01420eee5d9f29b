// Retention of quarantines: records that are kept aside stay no longer and take no more room than the dataset's own
// may.
#pragma once

#include <cstdint>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/types.pb.h"
#include "broker/log/log.h"

namespace allmende::broker {

// Not thread-safe. Borrows `log`.
class QuarantineKeeper {
 public:
  explicit QuarantineKeeper(Log& log) : log_(log) {}

  // Gives up the oldest records in the quarantine of `log` as far as `retention` says; by size an eighth more than
  // that, so that it is not due again at once. Reads storage and returns before the log has carried it out: true where
  // so much is due that it takes another call.
  //   kResourceExhausted  the log's queue is full; the next call goes on from there
  //   others              as LogView
  absl::StatusOr<bool> Step(LogId log, const v1::Retention& retention, absl::Time now);

 private:
  // So that not everything is read each time.
  struct Known {
    uint64_t through = 0;  // the last number that was counted
    uint64_t bytes = 0;    // at least what is there of the records up to that one
  };
  static absl::Status CountNew(const LogView& view, LogId log, Known& known);
  // What has to go for want of room.
  absl::StatusOr<uint64_t> BytesOver(const LogView& view, LogId log, uint64_t bytes_max);

  Log& log_;
  absl::flat_hash_map<uint32_t, Known> known_;
};

}  // namespace allmende::broker
