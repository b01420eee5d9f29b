// The subscriber's side of Subscribe, over any number of connections: where to go on, what is a repeat, what breaks the
// rules, when to try again and when to give up. Pure: events in, effects out; no clock, no threads, no I/O. It looks at
// the ranges of deliveries, not into them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/v1/exchange.pb.h"
#include "sdk/session/reconnect.h"

namespace allmende::session {

struct SubscribeSessionOptions {
  v1::SubscribeRequest request;  // as the first connection sends it
  ReconnectOptions reconnect;
  absl::Duration open_timeout = absl::Seconds(10);
  absl::Duration silence_timeout = absl::Seconds(30);  // the broker says something every 10 s
  int damaged_max = 3;                                 // deliveries at one place
};

// Events.
struct SubscribeStart {};
struct SubscribeResponseReceived {
  uint64_t stream = 0;
  v1::SubscribeResponse response;
};
struct SubscribeStreamEnded {
  uint64_t stream = 0;
  absl::Status status;
};
struct SubscribeTimeout {};
// What was handed over from `first_sequence` on is damaged and was thrown away, an end among it. In any state.
struct DeliveryDamaged {
  uint64_t first_sequence = 0;
  absl::Status status;
};
using SubscribeEvent =
    std::variant<SubscribeStart, SubscribeResponseReceived, SubscribeStreamEnded, SubscribeTimeout, DeliveryDamaged>;

// Effects, to be carried out in order.
struct SubscribeOpenStream {
  uint64_t stream = 0;  // events of the stream carry it back
  size_t endpoint = 0;
  v1::SubscribeRequest request;
};
struct SubscribeCloseStream {};  // its later events are ignored
struct SubscribeSetTimer {       // there is one timer; this replaces it
  absl::Duration after;          // infinite: none
};
struct SubscribeHandOver {
  v1::SubscribeResponse response;
  uint64_t skip_through = 0;  // records up to this sequence were handed over before
  bool resumed = false;       // with `opened`: what was handed over before still counts
};
// The last effect. OK: `ended` was handed over.
struct SubscribeStopped {
  absl::Status status;
};
using SubscribeEffect =
    std::variant<SubscribeOpenStream, SubscribeCloseStream, SubscribeSetTimer, SubscribeHandOver, SubscribeStopped>;
using SubscribeEffects = std::vector<SubscribeEffect>;

// Not thread-safe.
class SubscribeSession {
 public:
  SubscribeSession(SubscribeSessionOptions options, UniformRandom random);

  SubscribeEffects Step(SubscribeEvent event);

  // For reports.
  bool connected() const { return state_ == State::kFollowing; }
  size_t endpoint() const { return endpoint_; }
  uint64_t connects() const { return connects_; }
  const absl::Status& last_error() const { return last_error_; }
  uint64_t head_sequence() const { return head_sequence_; }

 private:
  enum class State { kIdle, kPausing, kOpening, kFollowing, kStopped };

  void On(SubscribeStart& event);
  void On(SubscribeResponseReceived& event);
  void On(SubscribeStreamEnded& event);
  void On(SubscribeTimeout& event);
  void On(DeliveryDamaged& event);

  void OnOpened(v1::SubscribeResponse& response);
  void OnRange(v1::SubscribeResponse& response, uint64_t first, uint64_t last);
  void OnWatermark(v1::SubscribeResponse& response);
  void OnEnded(v1::SubscribeResponse& response);

  absl::Status CheckResumed(const v1::Opened& opened) const;
  v1::SubscribeRequest NextRequest() const;
  void HandOver(v1::SubscribeResponse& response, bool resumed = false);
  void Damaged(uint64_t first_sequence, const absl::Status& status);
  void NextAttempt(bool overloaded);
  void Open();
  void Fail(absl::Status status);
  void Stop(absl::Status status);

  // Constant after construction.
  const SubscribeSessionOptions options_;

  State state_ = State::kIdle;
  Reconnect reconnect_;
  uint64_t stream_ = 0;
  size_t endpoint_ = 0;

  // Where the subscription stands, over all connections.
  bool begun_ = false;  // `opened` came once: the fields below count
  std::string dataset_id_;
  uint64_t position_ = 0;  // everything up to here was handed over
  uint64_t epoch_ = 0;     // the newest seen
  std::string token_;
  uint64_t token_sequence_ = 0;
  bool in_snapshot_ = false;       // it is not complete; a snapshot that breaks off begins anew
  uint64_t snapshot_through_ = 0;  // where the snapshot ends; 0: there was none

  uint64_t stream_position_ = 0;  // the last sequence that this stream has accounted for
  bool stream_begun_ = false;     // a range came: a first one may begin earlier, because batches come whole
  uint64_t damaged_at_ = 0;
  int damaged_ = 0;  // how often, at that place
  uint64_t head_sequence_ = 0;
  uint64_t connects_ = 0;
  absl::Status last_error_;
  SubscribeEffects effects_;
};

}  // namespace allmende::session
