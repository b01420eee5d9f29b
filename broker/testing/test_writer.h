// For tests: a writer that speaks the wire API by hand, so that it can also do what no SDK would.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/sync_stream.h"
#include "policy/testing/test_schema.h"
#include "sdk/format/batch_builder.h"

namespace allmende::broker {

struct TestRecord {
  std::string key;
  std::optional<int64_t> event_time_us;
  std::string payload;
  bool deleted = false;
};

// The record with these fields, given in protobuf's text format, as its writer describes it.
TestRecord RecordOf(const policy::testing::TestSchema& schema, const std::string& text);
// The tombstone of the record with these key fields.
TestRecord DeleteOf(const policy::testing::TestSchema& schema, const std::string& text);

class TestWriter {
 public:
  TestWriter(const std::shared_ptr<grpc::Channel>& channel, std::string dataset, std::string writer_id);
  // Ends the stream.
  ~TestWriter();

  // The call's own error, if it ends before it answers.
  absl::StatusOr<v1::PublishOpened> Open(bool take_over = false);

  // The next batch in the chain, sealed. Sent or not, the chain goes on behind it.
  std::string Seal(const std::vector<TestRecord>& records);
  void Send(const std::string& batch);
  // The next answer; the call's error when it has ended, kOutOfRange when it ended well.
  absl::StatusOr<v1::PublishResponse> Receive();

  // Seal, Send, Receive.
  absl::StatusOr<v1::PublishResponse> Store(const std::vector<TestRecord>& records);

  format::BatchPlace& place() { return place_; }

 private:
  const std::unique_ptr<v1::ExchangeService::Stub> stub_;
  const std::string dataset_;
  const std::string writer_id_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::PublishRequest, v1::PublishResponse>> stream_;
  bool finished_ = false;
  format::BatchPlace place_;
};

}  // namespace allmende::broker
