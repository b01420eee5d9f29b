// The gRPC side of one subscription: reads the log for a SubscribeSession and carries what it says to the transport.
// One message is under way at a time and a few are ready behind it, so a slow reader costs little memory and is served
// from the log.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/data/record_finder.h"
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
                              v1::SubscribeRequest request, std::unique_ptr<CallCap::Slot> slot);
  ~SubscribeCall() override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  SubscribeCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, v1::SubscribeRequest request,
                std::unique_ptr<CallCap::Slot> slot);

  void Step();
  absl::Status Open();
  void RecordAgreement();
  v1::Opened MakeOpened(const DatasetState& dataset, const SubscribeStart& start) const;
  absl::Status RefreshEntitlement(absl::Time now);
  absl::Status Advance();
  absl::Status PrepareDeliveries(absl::Time now);
  absl::Status ReadLog(Sequence from);
  void TakeBackPrepared();
  bool SendPrepared(absl::Time now);
  bool HasEnoughPrepared() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ReportViewErrors();
  bool TakeNextPrepared() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool MayLeave(absl::Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Write(grpc::ByteBuffer message);
  void End(absl::Status status);

  Exchange& exchange_;
  const std::shared_ptr<const pki::Identity> identity_;
  const v1::SubscribeRequest request_;
  const std::unique_ptr<CallCap::Slot> slot_;
  std::shared_ptr<SubscribeCall> self_;  // until OnDone
  std::shared_ptr<Pump> pump_;           // constant after Start

  grpc::ByteBuffer outgoing_;  // the transport's between StartWrite and OnWriteDone

  // A delivery that only waits for its turn at the transport.
  struct Prepared {
    grpc::ByteBuffer message;
    Sequence first_sequence = 0;
    size_t bytes = 0;
    uint64_t records = 0;
  };
  // Where the log is being read. While it lives, what it sees is not freed, so it is given up when the reader is slow.
  struct Reading {
    std::shared_ptr<const LogView> view;
    std::unique_ptr<RecordFinder> finder;
    std::unique_ptr<LogCursor> cursor;
    bool on_entry = false;  // the cursor's entry is not used up
    Sequence next = 0;      // to be taken
  };

  // Touched by Step alone.
  crypto::SaltPool salts_;
  std::optional<SubscribeSession> session_;
  GateRequest gate_request_;
  LogId log_id_{};
  uint64_t state_version_ = 0;  // of the state that the entitlement was computed in
  bool refused_ = false;
  bool recording_agreement_ = false;
  size_t read_bytes_ = 0;  // of the log, in this step
  uint64_t reported_view_errors_ = 0;
  std::optional<Reading> reading_;
  Watch watch_;

  Mutex mutex_;
  absl::Status agreement_status_ ABSL_GUARDED_BY(mutex_);
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  std::chrono::steady_clock::time_point writing_since_ ABSL_GUARDED_BY(mutex_);
  // What is ready, in order, and the state and time up to which it may leave.
  std::deque<Prepared> prepared_ ABSL_GUARDED_BY(mutex_);
  size_t prepared_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t prepared_version_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Time prepared_until_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  bool cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
