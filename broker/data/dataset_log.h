// The log of one dataset with its indexes: takes batches from the dataset's one writer, and knows where they end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"
#include "broker/control/state.h"
#include "broker/data/key_versions.h"
#include "broker/log/log.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/format/batch.h"
#include "sdk/format/chain.h"

namespace allmende::broker {

// A writer's turn at a dataset. A later claim ends it.
struct WriterTicket {
  uint64_t number = 0;
  format::ChainHead head;  // where the writer goes on
};

// What became of a batch.
struct BatchStored {
  uint64_t next_sequence = 0;
  uint32_t records = 0;  // of the batch
  absl::Time accepted_at;
  bool repeated = false;
  std::vector<v1::RecordProblem> quarantined;
};

// Either it was stored (durable) or it is refused with reasons that the writer can act on.
struct BatchOutcome {
  bool stored = false;
  BatchStored batch;
  v1::PublishRefused refused;
};

// Thread-safe. Borrows `log` and `clock`, which must outlive it and every callback.
class DatasetLog : public std::enable_shared_from_this<DatasetLog> {
 public:
  // Reads where the dataset's log ends.
  //   kDataLoss  the last batch or an index cannot be read
  static absl::StatusOr<std::shared_ptr<DatasetLog>> Open(Log& log, const Clock& clock, const DatasetState& dataset);

  // Ends the turn of whoever writes now, waits for what it has under way, and gives the turn to the caller.
  //   kDataLoss  where the log ends cannot be read
  using Claimed = absl::AnyInvocable<void(absl::StatusOr<WriterTicket>)>;
  void Claim(Claimed claimed);

  // Checks one encoded batch and stores it. Slow: hashes and validates; call it from the executor, batches of one
  // ticket in order. `done` runs on the calling thread or on the log's, and may be called before Submit returns:
  //   OK                  see BatchOutcome
  //   kAborted            the ticket is no longer the latest, or an earlier batch of it failed: claim again
  //   kResourceExhausted, kDataLoss, kUnavailable  as Log::Append; nothing was stored (kDataLoss: see there)
  // `dataset` is the state in force, `epoch` the one the writer was given.
  using Done = absl::AnyInvocable<void(absl::StatusOr<BatchOutcome>)>;
  void Submit(uint64_t ticket, const DatasetState& dataset, std::string_view batch, Done done);

  LogId id() const { return id_; }
  uint64_t quarantined() const;

 private:
  // Where the log ends, with its indexes.
  struct Tail {
    format::ChainHead chain;
    LogPosition position;
    int64_t largest_event_time_us = std::numeric_limits<int64_t>::min();
    uint64_t quarantine_count = 0;
  };
  struct WaitingClaim {
    uint64_t ticket = 0;
    Claimed claimed;
  };
  struct Prepared;

  DatasetLog(Log& log, const Clock& clock, LogId id, const format::DatasetId& dataset, v1::DatasetKind kind);

  absl::StatusOr<Tail> ReadTail() const;
  void Grant(uint64_t ticket, Claimed claimed);
  absl::StatusOr<BatchOutcome> Repeated(const format::BatchView& batch, const format::ChainHead& tail) const;
  void Append(uint64_t ticket, AppendRequest request, const format::BatchView& batch, Prepared prepared,
              BatchOutcome outcome, Done done);
  void FillSideWrites(const format::BatchView& batch, Prepared& prepared) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FinishAppend(const absl::StatusOr<LogHead>& head);

  Log& log_;
  const Clock& clock_;
  const LogId id_;
  const format::DatasetId dataset_;
  const v1::DatasetKind kind_;
  KeyVersions versions_;  // tables only

  mutable Mutex mutex_;
  uint64_t ticket_ ABSL_GUARDED_BY(mutex_) = 0;   // the latest one given out
  size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;  // appends not reported yet
  std::vector<WaitingClaim> claims_ ABSL_GUARDED_BY(mutex_);
  Tail tail_ ABSL_GUARDED_BY(mutex_);           // once everything under way is durable
  bool stale_ ABSL_GUARDED_BY(mutex_) = false;  // an append failed: `tail_` must be read anew before anything follows
};

}  // namespace allmende::broker
