#include "sdk/replica/published.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/session/reconnect.h"

namespace allmende::replica {

namespace {

// How far the clock may run ahead of what is known of it on the disk. Whoever turns it back and cuts the power gains no
// more than this and the tolerance.
constexpr absl::Duration kClockSaveInterval = absl::Seconds(1);

}  // namespace

Published::Published(session::ReplicaState state, absl::Time clock_seen, const ReadTerms& terms, Copies* copies,
                     const Clock* clock)
    : terms_(terms),
      copies_(copies),
      clock_(clock),
      state_(std::make_shared<const session::ReplicaState>(std::move(state))),
      clock_seen_(std::max(clock_seen, state_->clock_seen)),
      clock_saved_(clock_seen_) {}

void Published::Begin() {
  MutexLock lock(mutex_);
  running_ = true;
  paused_ = absl::OkStatus();
  levels_at_begin_ = levels_;
  waited_ = false;
}

void Published::End() {
  MutexLock lock(mutex_);
  running_ = false;
  subscriber_.reset();
  changed_.NotifyAll();
}

void Published::Publish(const session::ReplicaState& state, bool vouched) {
  auto next = std::make_shared<const session::ReplicaState>(state);
  MutexLock lock(mutex_);
  if ((next->narrowed && !state_->narrowed) || (next->ended && !state_->ended)) ++closings_;
  if (state_->served.number != 0 && next->served.number != state_->served.number) ++snapshots_;
  if (vouched) {
    clock_seen_ = next->clock_seen;
    // Nothing is lost if it fails: then a later time stands there, and only a broker or the right time opens the copy.
    if (clock_seen_ != clock_saved_ && copies_->SaveClock(clock_seen_).ok()) clock_saved_ = clock_seen_;
  } else {
    clock_seen_ = std::max(clock_seen_, next->clock_seen);
  }
  state_ = std::move(next);
  changed_.NotifyAll();
}

void Published::Follow(std::shared_ptr<Subscriber> subscriber) {
  MutexLock lock(mutex_);
  subscriber_.swap(subscriber);
  opened_connects_ = 0;
  if (subscriber_ != nullptr) paused_ = absl::OkStatus();
  changed_.NotifyAll();
}

void Published::Opened(uint64_t connects) {
  MutexLock lock(mutex_);
  opened_connects_ = connects;
}

void Published::Level() {
  MutexLock lock(mutex_);
  ++levels_;
  changed_.NotifyAll();
}

void Published::Pause(const absl::Status& why) {
  MutexLock lock(mutex_);
  paused_ = why;
  changed_.NotifyAll();
}

bool Published::IsConnected() const {
  if (subscriber_ == nullptr) return false;
  const Subscriber::Stats stats = subscriber_->stats();
  return !stats.connected_to.empty() && stats.connects == opened_connects_;
}

session::ReplicaGuardInput Published::Input() const {
  session::ReplicaGuardInput input;
  input.connected = IsConnected();
  input.level = state_->made.number == 0 && state_->served.applied >= state_->head;
  input.now = clock_->Now();
  input.clock_seen = clock_seen_;
  input.max_staleness = terms_.max_staleness;
  input.clock_tolerance = terms_.clock_tolerance;
  return input;
}

void Published::SeeClock(absl::Time now) {
  clock_seen_ = std::max(clock_seen_, now);
  if (clock_seen_ < clock_saved_ + kClockSaveInterval) return;
  // On a full disk the mark in memory has to do: what a replica is for must go on.
  if (copies_->SaveClock(clock_seen_).ok()) clock_saved_ = clock_seen_;
}

absl::StatusOr<Published::Admission> Published::Admit(absl::Duration max_staleness) {
  MutexLock lock(mutex_);
  session::ReplicaGuardInput input = Input();
  input.max_staleness = std::min(input.max_staleness, max_staleness);
  absl::Status status = session::CheckReadable(*state_, input);
  SeeClock(input.now);
  if (!status.ok()) return status;
  Admission admission;
  admission.state = state_;
  admission.info = session::MakeReadInfo(*state_, input);
  admission.closings = closings_;
  return admission;
}

bool Published::StillServed(const Admission& admission) const {
  MutexLock lock(mutex_);
  return state_->served.number == admission.state->served.number;
}

absl::Status Published::CheckOpen(const Admission& admission) const {
  MutexLock lock(mutex_);
  if (closings_ == admission.closings) return absl::OkStatus();
  return absl::PermissionDeniedError("what may be read has changed meanwhile; begin again");
}

absl::Status Published::LastError() const {
  if (!paused_.ok()) return paused_;
  return subscriber_ == nullptr ? absl::OkStatus() : subscriber_->stats().last_error;
}

absl::Status Published::Wait(absl::Time deadline, const std::function<bool()>& reached) {
  const SteadyTime until = SteadyDeadline(deadline - absl::Now());
  while (!reached()) {
    if (!running_) return absl::FailedPreconditionError("no sync runs; start it first");
    if (!paused_.ok() && !session::IsTransient(paused_)) return paused_;
    if (until == SteadyTime::max()) {
      changed_.Wait(mutex_);
      continue;
    }
    const auto left = until - std::chrono::steady_clock::now();
    if (left > left.zero()) {
      changed_.WaitFor(mutex_, absl::FromChrono(left));
      continue;
    }
    const absl::Status error = LastError();
    return absl::DeadlineExceededError(
        error.ok() ? "the replica has not caught up in time"
                   : absl::StrCat("the replica has not caught up in time; the last error was: ", error.message()));
  }
  return absl::OkStatus();
}

absl::Status Published::WaitUntilSynced(absl::Time deadline) {
  MutexLock lock(mutex_);
  const uint64_t before = waited_ ? levels_ : levels_at_begin_;
  waited_ = true;
  return Wait(deadline, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return levels_ > before; });
}

absl::Status Published::WaitForSequence(uint64_t sequence, absl::Time deadline) {
  MutexLock lock(mutex_);
  return Wait(deadline, [&]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return state_->served.number != 0 && !state_->narrowed && state_->served.applied >= sequence;
  });
}

void Published::Describe(ReplicaStatus& status) const {
  MutexLock lock(mutex_);
  const session::ReplicaGuardInput input = Input();
  status.kind = state_->opened.kind();
  status.complete = state_->served.number != 0;
  status.syncing = running_;
  if (subscriber_ != nullptr) status.connected_to = subscriber_->stats().connected_to;
  status.last_error = LastError();
  status.readable = session::CheckReadable(*state_, input);
  status.info = session::MakeReadInfo(*state_, input);
  status.records = state_->served.records;
  status.terms = state_->opened.terms();
  status.schema = state_->opened.schema();
  status.message_name = state_->opened.message_name();
  status.snapshots = snapshots_;
}

}  // namespace allmende::replica
