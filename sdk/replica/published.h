// What a replica's sync tells its readers: the state that is on the disk, and whether a broker stands behind it.
// Decides who may read.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/replica.h"
#include "allmende/subscriber.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/client/mailbox.h"
#include "sdk/replica/copies.h"
#include "sdk/session/clock_mark.h"
#include "sdk/session/replica_guard.h"
#include "sdk/session/replica_state.h"

namespace allmende::replica {

struct ReadTerms {
  absl::Duration max_staleness = absl::InfiniteDuration();
  absl::Duration clock_tolerance;
};

// Thread-safe; nothing here waits for the disk. Lock order: its mutex before that of a Subscriber.
class Published {
 public:
  // Borrows `clock`. `clock_seen`: as Copies keeps it.
  Published(session::ReplicaState state, absl::Time clock_seen, const ReadTerms& terms, const Clock* clock);

  // Of the sync.
  void Begin();
  void End();
  // `state` is on the disk, or closes the copy. `vouched`: a broker has just said something, so the local clock counts
  // from anew.
  void Publish(std::shared_ptr<const session::ReplicaState> state, bool vouched);
  std::shared_ptr<const session::ReplicaState> state() const;  // as published last
  void Follow(std::shared_ptr<Subscriber> subscriber);         // null: none
  void Opened(uint64_t connects);                              // what the connection began with is in the state
  void Level();                                                // everything that the broker has is in the state
  void Pause(const absl::Status& why);

  // Of the readers.
  struct Admission {
    std::shared_ptr<const session::ReplicaState> state;
    ReadInfo info;
    uint64_t closings = 0;
    CopyName Copy() const { return {state->served.number, state->opened.kind() == v1::TABLE}; }
  };
  // Errors as every read of Replica.
  absl::StatusOr<Admission> Admit(absl::Duration max_staleness);
  // Whether what was read out of the admitted copy came out of a whole one: it was not being removed meanwhile.
  bool StillServed(const Admission& admission) const;
  // Whether the copy was never closed since, so that a walk over it may go on.
  absl::Status CheckOpen(const Admission& admission) const;

  // As Replica.
  absl::Status WaitUntilSynced(absl::Time deadline);
  absl::Status WaitForSequence(uint64_t sequence, absl::Time deadline);

  // The latest time that the clock has shown, or must be showing by now.
  absl::Time SeeClock();

  // Fills what it knows.
  void Describe(ReplicaStatus& status) const;

 private:
  session::LocalTime LocalNow() const { return {clock_->Now(), clock_->SinceBoot()}; }
  bool IsConnected() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  session::ReplicaGuardInput Input() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status LastError() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Wait(absl::Time deadline, const std::function<bool()>& reached) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const ReadTerms terms_;
  const Clock* const clock_;

  mutable Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<const session::ReplicaState> state_ ABSL_GUARDED_BY(mutex_);
  session::ClockMark clock_mark_ ABSL_GUARDED_BY(mutex_);
  uint64_t closings_ ABSL_GUARDED_BY(mutex_) = 0;   // how often the copy was closed to readers
  uint64_t snapshots_ ABSL_GUARDED_BY(mutex_) = 0;  // how often another copy took its place

  bool running_ ABSL_GUARDED_BY(mutex_) = false;
  std::shared_ptr<Subscriber> subscriber_ ABSL_GUARDED_BY(mutex_);
  absl::Duration heard_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();  // since boot; of the broker, last
  uint64_t opened_connects_ ABSL_GUARDED_BY(mutex_) = 0;  // of the subscriber: so many have begun in the state
  absl::Status paused_ ABSL_GUARDED_BY(mutex_);           // why there is no subscription now
  uint64_t levels_ ABSL_GUARDED_BY(mutex_) = 0;           // how often everything was here
  uint64_t levels_at_begin_ ABSL_GUARDED_BY(mutex_) = 0;
  bool waited_ ABSL_GUARDED_BY(mutex_) = false;  // somebody waited since Begin
};

}  // namespace allmende::replica
