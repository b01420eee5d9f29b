#include "sdk/replica/published.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/session/reconnect.h"

namespace allmende::replica {

Published::Published(session::ReplicaState state, absl::Time clock_seen, const ReadTerms& terms, const Clock* clock)
    : terms_(terms),
      clock_(clock),
      state_(std::make_shared<const session::ReplicaState>(std::move(state))),
      clock_mark_(std::max(clock_seen, state_->clock_seen), LocalNow()) {}

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

void Published::Publish(std::shared_ptr<const session::ReplicaState> state, bool vouched) {
  MutexLock lock(mutex_);
  if ((state->narrowed && !state_->narrowed) || (state->ended && !state_->ended)) ++closings_;
  if (state_->served.number != 0 && state->served.number != state_->served.number) ++snapshots_;
  const absl::Duration since_boot = clock_->SinceBoot();
  // What comes after a silence that was too long can have lain somewhere.
  if (vouched || since_boot <= heard_at_ + session::kBrokerSilenceMax) heard_at_ = since_boot;
  if (vouched) {
    clock_mark_.Vouch({state->clock_seen, since_boot});
  } else {
    clock_mark_.See(LocalNow());
  }
  state_ = std::move(state);
  changed_.NotifyAll();
}

std::shared_ptr<const session::ReplicaState> Published::state() const {
  MutexLock lock(mutex_);
  return state_;
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
  heard_at_ = clock_->SinceBoot();
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
  if (subscriber_ == nullptr || clock_->SinceBoot() > heard_at_ + session::kBrokerSilenceMax) return false;
  const Subscriber::Stats stats = subscriber_->stats();
  return !stats.connected_to.empty() && stats.connects == opened_connects_;
}

session::ReplicaGuardInput Published::Input() const {
  const session::LocalTime now = LocalNow();
  session::ReplicaGuardInput input;
  input.connected = IsConnected();
  input.level = state_->made.number == 0 && state_->served.applied >= state_->head;
  input.now = now.wall;
  input.clock_seen = clock_mark_.LatestAt(now);
  input.max_staleness = terms_.max_staleness;
  input.clock_tolerance = terms_.clock_tolerance;
  return input;
}

absl::Time Published::SeeClock() {
  MutexLock lock(mutex_);
  return clock_mark_.See(LocalNow());
}

absl::StatusOr<Published::Admission> Published::Admit(absl::Duration max_staleness) {
  MutexLock lock(mutex_);
  session::ReplicaGuardInput input = Input();
  input.max_staleness = std::min(input.max_staleness, max_staleness);
  absl::Status status = session::CheckReadable(*state_, input);
  clock_mark_.See(LocalNow());
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
