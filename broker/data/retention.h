// How long a dataset's records stay.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/v1/types.pb.h"
#include "broker/log/log.h"

namespace allmende::broker {

// Gives up the oldest batches of `log` as far as `retention` says: whole batches, never the last one, which the
// writer's chain hangs on. Reads storage and returns before the log has carried it out.
absl::Status ApplyRetention(Log& log, LogId id, const v1::Retention& retention, absl::Time now);

}  // namespace allmende::broker
