// The gRPC side of one subscription: reads the log for a SubscribeSession and carries what it says to the transport.
// One message is under way at a time, so a slow reader costs one message of memory and is served from the log.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/gate/gate.h"
#include "broker/service/exchange.h"
#include "broker/session/subscribe_session.h"
#include "broker/work/executor.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "sdk/base/mutex.h"
#include "sdk/crypto/random.h"

namespace allmende::broker {

class SubscribeCall final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                            public std::enable_shared_from_this<SubscribeCall> {
 public:
  // The call owns itself until OnDone.
  static SubscribeCall* Start(Exchange& exchange, std::shared_ptr<const pki::Identity> identity,
                              v1::SubscribeRequest request, std::unique_ptr<StreamCap::Slot> slot);
  ~SubscribeCall() override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  SubscribeCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, v1::SubscribeRequest request,
                std::unique_ptr<StreamCap::Slot> slot);

  void Step();
  absl::Status Open();
  void RecordAgreement();
  absl::StatusOr<SubscribeStart> FindStart(const DatasetState& dataset, const LogView& view, const LogHead& head) const;
  absl::StatusOr<Sequence> ResumeAt(const format::DatasetId& dataset, const LogView& view, const LogHead& head) const;
  v1::Opened MakeOpened(const DatasetState& dataset, const SubscribeStart& start) const;
  absl::Status RefreshEntitlement(absl::Time now);
  absl::Status Advance();
  absl::Status ReadLog(Sequence from);
  void Write(grpc::ByteBuffer message);
  void End(absl::Status status);

  Exchange& exchange_;
  const std::shared_ptr<const pki::Identity> identity_;
  const v1::SubscribeRequest request_;
  const std::unique_ptr<StreamCap::Slot> slot_;
  std::shared_ptr<SubscribeCall> self_;  // until OnDone
  std::shared_ptr<Pump> pump_;           // constant after Start

  grpc::ByteBuffer outgoing_;  // the transport's between StartWrite and OnWriteDone

  // Touched by Step alone.
  crypto::SaltPool salts_;
  std::optional<SubscribeSession> session_;
  GateRequest gate_request_;
  LogId log_id_{};
  uint64_t state_version_ = 0;  // of the state that the entitlement was computed in
  bool refused_ = false;
  Watch watch_;

  Mutex mutex_;
  absl::Status agreement_status_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
