// Where in a dataset's log a subscription begins.
#pragma once

#include "absl/status/statusor.h"
#include "allmende/v1/exchange.pb.h"
#include "broker/control/state.h"
#include "broker/log/log.h"
#include "broker/session/subscribe_session.h"

namespace allmende::broker {

// `head` is the log's in `view`. Blocks on the disk.
//   kInvalidArgument     a snapshot of a stream, or a resume token that is none
//   kFailedPrecondition  the token is of another log, of another dataset, or of a place that is no longer kept
//   kOutOfRange          the log does not reach so far
absl::StatusOr<SubscribeStart> FindStart(const v1::SubscribeRequest& request, const DatasetState& dataset,
                                         const LogView& view, const LogHead& head);

// OK unless deletes were erased that the subscriber did not hear of, where it goes on at `next`. Reads the disk.
//   kFailedPrecondition  they were
absl::Status CheckNothingMissed(const SubscribeStart& start, const LogView& view, LogId log, Sequence next);

}  // namespace allmende::broker
