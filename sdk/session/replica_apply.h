// How a replica follows a subscription: what goes into which copy, when a copy is complete, when it must be made anew,
// and when nothing may be served. Pure: events and the time in, effects and a new state out.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/subscriber.h"
#include "sdk/session/clock_mark.h"
#include "sdk/session/replica_state.h"

namespace allmende::session {

// Events besides SubscriptionOpened, WithheldRange, WatermarkReached, TermsChanged and SubscriptionEnded.
struct BatchArrived {
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
};
struct SubscriptionFailed {
  absl::Status status;
};
struct CopyDamaged {};  // a read met damage on the disk
using ReplicaEvent = std::variant<SubscriptionOpened, BatchArrived, WithheldRange, WatermarkReached, TermsChanged,
                                  SubscriptionEnded, SubscriptionFailed, CopyDamaged>;

// Effects, to be carried out in order.
struct ReplicaStoreBatch {  // the batch that the event was about
  uint64_t copy = 0;
  uint64_t skip_through = 0;  // records up to this sequence are in the copy already
  bool new_keys = false;      // tables: no record of it replaces another, as in a snapshot
};
struct ReplicaCommit {       // the state, and what was stored since the last commit, in one write
  bool synced = false;       // must survive a power failure
  bool with_opened = false;  // ReplicaState::opened changed
};
struct ReplicaDrop {  // the copy's records; nothing refers to them
  uint64_t copy = 0;
};
struct ReplicaTrim {  // streams: what the copy holds before this sequence
  uint64_t copy = 0;
  uint64_t oldest = 0;
};
struct ReplicaResubscribe {};  // give the subscription up and start anew at Start()
struct ReplicaPause {          // give it up and start anew later
  absl::Status why;
  absl::Duration at_least = absl::ZeroDuration();
};
using ReplicaEffect =
    std::variant<ReplicaStoreBatch, ReplicaCommit, ReplicaDrop, ReplicaTrim, ReplicaResubscribe, ReplicaPause>;
using ReplicaEffects = std::vector<ReplicaEffect>;

// Not thread-safe.
class ReplicaApply {
 public:
  // `state` as kept last.
  explicit ReplicaApply(ReplicaState state) : state_(std::move(state)) {}

  // Where a subscription begins now.
  SubscribeStart Start() const;

  ReplicaEffects Step(const ReplicaEvent& event, const LocalTime& now);

  const ReplicaState& state() const { return state_; }
  // How long ago the last watermark was said, at the step about it.
  absl::Duration SinceWatermark() const { return SinceSaid(heard_); }
  // The caller counts what it stores: by how many records `copy` grew, or shrank.
  void CountRecords(uint64_t copy, int64_t delta);

 private:
  void On(const SubscriptionOpened& event);
  void On(const BatchArrived& event);
  void On(const WithheldRange& event);
  void On(const WatermarkReached& event);
  void On(const TermsChanged& event);
  void On(const SubscriptionEnded& event);
  void On(const SubscriptionFailed& event);
  void On(const CopyDamaged& event);

  bool IsTable() const { return state_.opened.kind() == v1::TABLE; }
  bool IsMaking() const { return state_.made.number != 0; }
  ReplicaCopy& Target() { return IsMaking() ? state_.made : state_.served; }

  bool RefuseCopy(const v1::Terms& terms, bool narrowed);
  void OpenMade(const v1::Opened& opened);
  void Commit(bool synced, bool with_opened = false);
  void Trim(uint64_t oldest);
  uint64_t BeginAnew(bool narrowed);
  void MakeAnew(bool narrowed);
  void MakeAnewAfter(const absl::Status& failure);
  void ServeMade();
  void HearClock(absl::Time as_of);
  absl::Duration SinceSaid(absl::Time as_of) const { return broker_at_boot_ + now_.since_boot - as_of; }

  ReplicaState state_;
  LocalTime now_;
  LocalTime opened_at_;  // the present connection

  // What the broker's clock has shown when this machine was started, at the earliest: every message takes some time,
  // the quickest one the least. InfinitePast: nothing heard on this connection.
  absl::Time broker_at_boot_ = absl::InfinitePast();
  absl::Time heard_ = absl::InfinitePast();  // of the broker's clock, last

  absl::Duration trimmed_at_ = -absl::InfiniteDuration();  // since boot
  absl::Duration remade_at_ = -absl::InfiniteDuration();   // since boot, after a failure
  int remakes_ = 0;                                        // one soon after the other
  ReplicaEffects effects_;
};

}  // namespace allmende::session
