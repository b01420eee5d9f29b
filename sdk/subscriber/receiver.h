// Receives a subscription's events: carries out what a SubscribeSession decides, on a thread of its own, checks and
// decodes what comes, and keeps it for whoever takes it.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/subscriber.h"
#include "sdk/base/mutex.h"
#include "sdk/client/client_impl.h"
#include "sdk/client/mailbox.h"
#include "sdk/session/subscribe_session.h"
#include "sdk/subscriber/batch_decoder.h"
#include "sdk/subscriber/subscribe_stream.h"

namespace allmende {

struct ReceiverOptions {
  session::SubscribeSessionOptions session;
  bool verify = true;
  uint64_t buffer_bytes_max = 0;
};

// Thread-safe; Next is for one thread at a time.
class Receiver {
 public:
  // Borrows `client`.
  Receiver(ReceiverOptions options, Client::Impl* client);
  // Ends the thread; a call underway is cancelled.
  ~Receiver();

  // As Subscriber.
  absl::StatusOr<SubscriptionEvent> Next(SteadyTime deadline);
  void Cancel();
  Subscriber::Stats stats() const;

 private:
  struct Taken {
    SubscriptionEvent event;
    uint64_t bytes = 0;                                      // of its delivery
    uint64_t Cost() const { return bytes + sizeof(*this); }  // events without a delivery take room too
  };

  void Run();
  void Handle(std::optional<SubscribeMail> mail);
  void HandleTimer();
  void CarryOut(session::SubscribeEffects effects);
  // What the session has to know about an effect: what was handed over is damaged.
  using Trouble = std::optional<session::DeliveryDamaged>;
  Trouble Do(session::SubscribeOpenStream& effect);
  Trouble Do(session::SubscribeCloseStream& effect);
  Trouble Do(session::SubscribeSetTimer& effect);
  Trouble Do(session::SubscribeHandOver& effect);
  Trouble Do(session::SubscribeStopped& effect);
  Trouble HandOverBatch(session::SubscribeHandOver& effect);
  void Keep(SubscriptionEvent event, uint64_t bytes);
  void ReadOn();
  void Report();
  void Count(const SubscriptionEvent& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status NothingCame() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  Client::Impl* const client_;
  const uint64_t buffer_bytes_max_;
  const absl::Duration silence_timeout_;

  Mailbox<SubscribeMail> mailbox_;

  // Of the thread.
  session::SubscribeSession session_;
  RecordBatchDecoder decoder_;
  std::unique_ptr<SubscribeStream> stream_;
  SteadyTime timer_ = SteadyTime::max();

  mutable Mutex mutex_;
  CondVar arrived_;
  std::deque<Taken> kept_ ABSL_GUARDED_BY(mutex_);
  uint64_t kept_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool full_ ABSL_GUARDED_BY(mutex_) = false;  // the broker is made to wait
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::optional<absl::Status> stopped_ ABSL_GUARDED_BY(mutex_);  // what comes behind the last event
  Subscriber::Stats stats_ ABSL_GUARDED_BY(mutex_);

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende
