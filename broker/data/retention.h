// How long a dataset's records stay.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/types.pb.h"
#include "broker/log/log.h"

namespace allmende::broker {

// Gives up the oldest batches of `log` as far as `retention` says: whole batches, never the last one, which the
// writer's chain hangs on. What the indexes say of their records goes with them. Reads storage and returns before the
// log has carried it out: true where so much is due that it takes another call.
//   kResourceExhausted  the log's queue is full; the next call goes on from there
//   others              as LogView
absl::StatusOr<bool> ApplyRetention(Log& log, LogId id, const v1::Retention& retention, absl::Time now);

// The newest record that was given up although no later one of its key had come; 0: none. What came before a record
// whose key is not in the index may be one of those.
absl::StatusOr<Sequence> NewestExpired(const LogView& view, LogId log);

}  // namespace allmende::broker
