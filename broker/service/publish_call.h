// The gRPC side of one publish stream: carries bytes between the transport and a PublishSession. Reactions only queue
// and wake; everything else runs on the executor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "broker/service/exchange.h"
#include "broker/service/raw_message.h"
#include "broker/session/publish_session.h"
#include "broker/work/executor.h"
#include "grpcpp/support/server_callback.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/identity.h"

namespace allmende::broker {

class PublishCall final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                          public std::enable_shared_from_this<PublishCall> {
 public:
  // The call owns itself until OnDone.
  // `peer` as gRPC names it.
  static PublishCall* Start(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, std::string peer,
                            std::unique_ptr<CallCap::Slot> slot);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Something that the session has to hear of; runs within Step.
  using Event = absl::AnyInvocable<PublishSession::Effects(PublishSession&)>;

  PublishCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, std::string peer,
              std::unique_ptr<CallCap::Slot> slot);

  void Post(Event event);
  void Step();
  void HandleMessage(const FlatMessage& message);
  // Whether the caller may still be here: nobody may whose certificate was revoked or ran out meanwhile.
  absl::Status Welcome() const;
  void CarryOut(PublishSession::Effects effects);
  void CarryOut(PublishSession::RecordWriter& record);
  void CarryOut(PublishSession::ClaimTurn& claim);
  void CarryOut(PublishSession::SubmitBatch& submit);
  void CarryOut(PublishSession::Send& send);
  void CarryOut(PublishSession::Finish& finish);
  void Transmit();

  Exchange& exchange_;
  const std::shared_ptr<const pki::Identity> identity_;
  const std::string peer_;
  const std::unique_ptr<CallCap::Slot> slot_;
  std::shared_ptr<PublishCall> self_;  // until OnDone
  std::shared_ptr<Pump> pump_;         // constant after Start

  grpc::ByteBuffer incoming_;  // the transport's between StartRead and OnReadDone
  grpc::ByteBuffer outgoing_;  // the transport's between StartWrite and OnWriteDone

  // Touched by Step alone.
  PublishSession session_;
  std::shared_ptr<DatasetLog> log_;
  std::deque<grpc::ByteBuffer> responses_;
  std::map<uint64_t, size_t> submitted_;  // bytes of the batches whose outcome is open
  size_t submitted_bytes_ = 0;
  bool half_close_told_ = false;
  bool finish_wanted_ = false;
  absl::Status finish_status_;

  Mutex mutex_;
  std::deque<grpc::ByteBuffer> inbox_ ABSL_GUARDED_BY(mutex_);
  size_t inbox_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Event> events_ ABSL_GUARDED_BY(mutex_);
  bool reading_ ABSL_GUARDED_BY(mutex_) = false;
  bool input_ended_ ABSL_GUARDED_BY(mutex_) = false;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
