// One Subscribe stream over gRPC's callback API. What happens on it goes to a mailbox; nothing here blocks but the
// destructor.
#pragma once

#include <memory>
#include <string>
#include <variant>

#include "absl/base/thread_annotations.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/client_callback.h"
#include "sdk/base/mutex.h"
#include "sdk/client/client_impl.h"
#include "sdk/client/mailbox.h"
#include "sdk/session/subscribe_session.h"

namespace allmende {

struct SubscribeWake {};  // look around: there is room again, or it is time to stop
using SubscribeMail = std::variant<session::SubscribeResponseReceived, session::SubscribeStreamEnded, SubscribeWake>;

// For one thread, apart from the reactions.
class SubscribeStream final : private grpc::ClientReadReactor<v1::SubscribeResponse> {
 public:
  // Starts and reads one response. Borrows `mailbox`.
  SubscribeStream(uint64_t id, const Endpoint& endpoint, v1::SubscribeRequest request, Mailbox<SubscribeMail>* mailbox);

  // Cancels and waits for gRPC to let go, which takes no network.
  ~SubscribeStream() override;

  uint64_t id() const { return id_; }

  // Asks for one more response: so the broker waits while nobody takes what it sends.
  void ReadNext();

 private:
  void OnReadDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void LetGo();

  // Constant after construction.
  const uint64_t id_;
  const std::string endpoint_;
  const v1::SubscribeRequest request_;
  Mailbox<SubscribeMail>* const mailbox_;
  const std::unique_ptr<v1::ExchangeService::Stub> stub_;

  grpc::ClientContext context_;
  v1::SubscribeResponse response_;  // of the read underway

  Mutex mutex_;
  CondVar changed_;
  // INVARIANT: while held, gRPC keeps the stream's state, so that reads may be started from outside.
  bool held_ ABSL_GUARDED_BY(mutex_) = true;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende
