// For tests: a subscriber that speaks the wire API by hand and keeps what came.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"

namespace allmende::broker {

class TestReader {
 public:
  struct Got {
    uint64_t sequence = 0;
    bool deleted = false;
    std::string key;
    std::string payload;
    bool original = false;
  };

  TestReader(const std::shared_ptr<grpc::Channel>& channel, v1::SubscribeRequest request);
  ~TestReader();

  // The next message; the call's error when it has ended, kOutOfRange when it ended well.
  absl::StatusOr<v1::SubscribeResponse> Receive();

  // Receives, keeping records, until `enough` says so of a message.
  absl::StatusOr<v1::SubscribeResponse> ReceiveUntil(const std::function<bool(const v1::SubscribeResponse&)>& enough);
  // ... until a watermark at or behind `sequence`.
  absl::StatusOr<v1::SubscribeResponse> ReceiveThrough(uint64_t sequence);
  // ... until `ended`.
  absl::StatusOr<v1::Ended> ReceiveAll();

  const std::vector<Got>& records() const { return records_; }
  const v1::Opened& opened() const { return opened_; }

 private:
  void Keep(const v1::SubscribeResponse& response);

  const std::unique_ptr<v1::ExchangeService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
  bool finished_ = false;
  v1::Opened opened_;
  std::vector<Got> records_;
};

// A request for `dataset` for the purpose `verkehrslenkung`.
v1::SubscribeRequest Wanted(const std::string& dataset);

}  // namespace allmende::broker
