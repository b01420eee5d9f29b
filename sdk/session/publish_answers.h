// What a broker's answers on a Publish stream mean, in words. Stateless; thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "allmende/v1/exchange.pb.h"
#include "sdk/session/publish_types.h"

namespace allmende::session {

// OK when every field has a possible value. kInternal otherwise: the peer is no broker we understand.
absl::Status CheckOpened(const v1::PublishOpened& opened);

// OK when the broker's log may be a continuation of what it acknowledged before, `base`.
//   kFailedPrecondition  another dataset of the same name
//   kDataLoss            the log is shorter than it was, or another one
absl::Status CheckContinues(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset);

// kAborted: under this writer's own epoch there are records that are not in its outbox.
absl::Status ForeignRecords(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset);

// kAborted: another writer stored records meanwhile, and batches of this outbox may be among them.
absl::Status DoubtfulRecords(const SendBase& base, const v1::PublishOpened& opened, const std::string& dataset);

// kInvalidArgument: the broker takes no batch of this size.
absl::Status BatchTooLarge(uint64_t bytes, uint64_t bytes_max, const std::string& dataset);

// What a refusal of the batch that begins at `first_sequence` says.
//   kInvalidArgument     the batch is bad: which record, which field and why
//   kFailedPrecondition  made for another schema
//   kAborted             fenced, equivocation, or wrong sequence
absl::Status RefusalStatus(const v1::PublishRefused& refused, const std::string& dataset, uint64_t first_sequence);

}  // namespace allmende::session
