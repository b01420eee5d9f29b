// One Publish stream over gRPC's callback API. What happens on it goes to a mailbox; nothing here blocks but the
// destructor.
#pragma once

#include <deque>
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
#include "sdk/session/publish_session.h"

namespace allmende {

struct PublishWake {};  // look around: batches came, or somebody wants something
using PublishMail = std::variant<session::PublishResponseReceived, session::PublishStreamEnded, PublishWake>;

// For one thread, apart from the reactions.
class PublishStream final : private grpc::ClientBidiReactor<v1::PublishRequest, v1::PublishResponse> {
 public:
  // Starts, sends `first` and reads one response. Borrows `mailbox`.
  PublishStream(uint64_t id, const Endpoint& endpoint, v1::PublishRequest first, Mailbox<PublishMail>* mailbox);

  // Cancels and waits for gRPC to let go, which takes no network.
  ~PublishStream() override;

  uint64_t id() const { return id_; }

  // Queues; the caller bounds what is underway. Once the stream has ended it does nothing.
  void Send(v1::PublishRequest request);

  // Asks for one more response: so a peer that floods is made to wait.
  void ReadNext();

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnDone(const grpc::Status& status) override;
  void LetGo();

  // Constant after construction.
  const uint64_t id_;
  const std::string endpoint_;
  Mailbox<PublishMail>* const mailbox_;
  const std::unique_ptr<v1::ExchangeService::Stub> stub_;

  grpc::ClientContext context_;
  v1::PublishResponse response_;  // of the read underway

  Mutex mutex_;
  CondVar changed_;
  // INVARIANT: while held, gRPC keeps the stream's state, so that reads and writes may be started from outside.
  bool held_ ABSL_GUARDED_BY(mutex_) = true;
  bool done_ ABSL_GUARDED_BY(mutex_) = false;
  bool broken_ ABSL_GUARDED_BY(mutex_) = false;                    // a write failed
  std::deque<v1::PublishRequest> writes_ ABSL_GUARDED_BY(mutex_);  // the first one is underway
};

}  // namespace allmende
