// The publisher's side of a Publish stream, over any number of connections: what to send, what an answer means, when to
// try again and when to give up. Pure: events in, effects out; no clock, no threads, no I/O.
//
// Exactly once rests on three things. Batches and their order are fixed before the session sees them. Statements follow
// from SendBase and the batches alone, and SendBase is saved before the first of them goes out. On each connection the
// broker's head is looked for among the statements that may have been sent; what lies before it is acknowledged.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/publisher.h"
#include "allmende/v1/exchange.pb.h"
#include "sdk/session/publish_types.h"
#include "sdk/session/reconnect.h"

namespace allmende::session {

struct PublishSessionOptions {
  std::string dataset;
  std::string writer_id;
  bool take_over = false;  // at the first contact
  InDoubt in_doubt = InDoubt::kStop;
  ReconnectOptions reconnect;
  absl::Duration open_timeout = absl::Seconds(10);  // for the broker's `opened`
  absl::Duration ack_timeout = absl::Seconds(60);   // without an answer while batches are in flight
  uint64_t load_ahead_bytes = 4 << 20;              // of batches loaded and not sent yet
  uint64_t in_flight_bytes_max = 16 << 20;          // however much more the broker allows
};

// Events.
struct PublishStart {};
struct PublishResponseReceived {
  uint64_t stream = 0;
  v1::PublishResponse response;
};
struct PublishStreamEnded {
  uint64_t stream = 0;
  absl::Status status;
};
struct BatchesLoaded {
  std::vector<PendingBatch> batches;  // consecutive, from PublishLoad::from_number on; at least one
};
struct PublishTimeout {};
struct RefusedDiscarded {};
using PublishEvent = std::variant<PublishStart, PublishResponseReceived, PublishStreamEnded, BatchesLoaded,
                                  PublishTimeout, RefusedDiscarded>;

// Effects, to be carried out in order, each before the next.
struct PublishOpenStream {
  uint64_t stream = 0;  // events of the stream carry it back
  size_t endpoint = 0;
  v1::PublishRequest request;
};
struct PublishCloseStream {};  // its later events are ignored
struct PublishSetTimer {       // there is one timer; this replaces it
  absl::Duration after;        // infinite: none
};
struct PublishLoad {  // answer with BatchesLoaded as soon as there is a batch with this number
  uint64_t from_number = 0;
  uint64_t bytes_max = 0;
};
struct PublishSend {
  uint64_t number = 0;
  format::BatchPlace place;
};
// Make durable before anything behind it. Batches below base.first_number are no longer needed.
struct PublishSaveBase {
  SendBase base;
};
// The broker has stored the batches from `first_number` to before base.first_number. Need not be durable: what is lost
// is found out again.
struct PublishAcknowledged {
  SendBase base;
  uint64_t first_number = 0;
  uint64_t records = 0;
  uint64_t quarantined = 0;
};
// The last effect, unless `refused` names a batch: then RefusedDiscarded goes on.
struct PublishStopped {
  absl::Status status;
  std::optional<uint64_t> refused;
};
using PublishEffect = std::variant<PublishOpenStream, PublishCloseStream, PublishSetTimer, PublishLoad, PublishSend,
                                   PublishSaveBase, PublishAcknowledged, PublishStopped>;
using PublishEffects = std::vector<PublishEffect>;

// Not thread-safe.
class PublishSession {
 public:
  // `base` as saved last. `last_number`: of the last batch in the outbox; all of those may have been sent before.
  PublishSession(PublishSessionOptions options, const SendBase& base, uint64_t last_number, UniformRandom random);

  PublishEffects Step(const PublishEvent& event);

  // For reports.
  const SendBase& base() const { return base_; }
  bool connected() const { return state_ == State::kSending; }
  size_t endpoint() const { return endpoint_; }
  uint64_t connects() const { return connects_; }
  const absl::Status& last_error() const { return last_error_; }

 private:
  enum class State {
    kIdle,       // before the start
    kPausing,    // until the timer, then the next attempt
    kOpening,    // until `opened`
    kResolving,  // batches that may be stored are being loaded and compared with the broker's head
    kSending,
    kRefused,  // until the refused batch is discarded
    kStopped,
  };
  struct Loaded {
    PendingBatch batch;
    crypto::Digest statement_hash{};  // once resolved or sent
  };

  void On(const PublishStart& event);
  void On(const PublishResponseReceived& event);
  void On(const PublishStreamEnded& event);
  void On(const BatchesLoaded& event);
  void On(const PublishTimeout& event);
  void On(const RefusedDiscarded& event);

  void OnOpened(const v1::PublishOpened& opened);
  void OnStored(const v1::PublishStored& stored);
  void OnRefused(const v1::PublishRefused& refused);

  void Resolve();
  void ResolveUnknownHead();
  void Rebase(size_t stored_batches);
  void Acknowledge(size_t batches, uint64_t quarantined);
  void Pump();
  void LoadMore();
  void NextAttempt(bool overloaded);
  void Open();
  bool IsWorthAnotherTry(const absl::Status& status) const;
  void Fail(absl::Status status);
  void Stop(absl::Status status, std::optional<uint64_t> refused = std::nullopt);
  void StopOrRetryRefused(absl::Status status);

  bool IsDoubtful() const { return base_.first_number <= doubt_through_; }
  uint64_t LoadedEnd() const { return base_.first_number + window_.size(); }

  // Constant after construction.
  const PublishSessionOptions options_;

  State state_ = State::kIdle;
  Reconnect reconnect_;
  SendBase base_;
  SendBase saved_base_;     // what is durable
  uint64_t doubt_through_;  // batches up to this number may have been sent
  bool take_over_;

  uint64_t stream_ = 0;
  size_t endpoint_ = 0;
  v1::PublishOpened opened_;
  std::deque<Loaded> window_;  // batches from base_.first_number on
  bool loading_ = false;
  size_t sent_ = 0;  // how many of window_ went out on this stream
  uint64_t in_flight_bytes_ = 0;
  uint64_t unsent_bytes_ = 0;   // loaded, not sent on this stream
  uint64_t send_sequence_ = 0;  // of the next batch to send
  crypto::Digest send_hash_{};  // of the statement before it
  int fruitless_refusals_ = 0;  // of the kind that a new connection should mend, since the last progress
  uint64_t connects_ = 0;
  absl::Status last_error_;
  PublishEffects effects_;
};

}  // namespace allmende::session
