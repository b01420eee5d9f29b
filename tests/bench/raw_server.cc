#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "broker/service/raw_message.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"
#include "sdk/pki/layout.h"
#include "sdk/rpc/server_options.h"
#include "sdk/rpc/tls.h"
#include "tests/bench/benches.h"
#include "tests/bench/sample.h"

namespace allmende::bench {
namespace {

constexpr uint32_t kBatchRecords = 256;
using Service = v1::ExchangeService::WithRawCallbackMethod_Subscribe<v1::ExchangeService::Service>;

// Writes the same message as often as the request's `from_sequence` says, one at a time, as fast as gRPC takes them.
class Flood final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  Flood(const grpc::ByteBuffer& message, uint64_t times) : message_(message), left_(times) { Next(); }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      left_ = 0;
    }
    Next();
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (left_ == 0) {
      return Finish(grpc::Status::OK);
    }
    --left_;
    StartWrite(&message_);
  }

  grpc::ByteBuffer message_;
  uint64_t left_;
};

class RawService final : public Service {
 public:
  explicit RawService(grpc::ByteBuffer message) : message_(std::move(message)) {}
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext*,
                                                        const grpc::ByteBuffer* request) override {
    const auto flat = broker::FlatMessage::From(*request);
    v1::SubscribeRequest wanted;
    wanted.ParseFromArray(flat->bytes().data(), static_cast<int>(flat->bytes().size()));
    return new Flood(message_, wanted.from_sequence());
  }

 private:
  const grpc::ByteBuffer message_;
};

absl::StatusOr<grpc::ByteBuffer> MakeMessage() {
  crypto::SaltPool salts;
  format::BatchBuilder builder(salts);
  Sample sample;
  for (uint32_t i = 0; i < kBatchRecords; ++i) {
    const NewRecord& record = sample.Make(i, kBatchRecords);
    format::RecordContent content;
    content.key = record.key;
    content.event_time_us = absl::ToUnixMicros(*record.event_time);
    content.payload = record.payload;
    ALLMENDE_RETURN_IF_ERROR(builder.Add(content));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const format::BatchBody body, builder.Finish());
  format::BatchPlace place;
  place.dataset = *format::DatasetId::FromBytes(std::string(16, 'd'));
  place.epoch = 1;
  place.first_sequence = 1;
  ALLMENDE_ASSIGN_OR_RETURN(std::string batch, format::Seal(body, place));
  broker::DeliveryFields fields;
  fields.original = true;
  fields.first_sequence = 1;
  fields.last_sequence = kBatchRecords;
  return broker::DeliveryMessage(std::move(batch), fields);
}

absl::Status Serve(const std::string& city) {
  const pki::CityLayout layout(city);
  ALLMENDE_ASSIGN_OR_RETURN(const std::string roots, ReadFile(layout.AuthorityCertificate(), 1 << 20));
  ALLMENDE_ASSIGN_OR_RETURN(
      const auto tls, rpc::ServerTls::Create({layout.BrokerCertificate(), layout.BrokerKey()}, roots, absl::Now()));
  ALLMENDE_ASSIGN_OR_RETURN(grpc::ByteBuffer message, MakeMessage());
  RawService service(std::move(message));
  grpc::ServerBuilder builder;
  rpc::ApplyServerOptions({}, builder);
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", tls->credentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError("the raw server cannot listen");
  }
  std::fprintf(stderr, "raw at=127.0.0.1:%d\n", port);
  server->Wait();  // until it is killed
  return absl::OkStatus();
}

}  // namespace

int RunRawServer(const std::string& city) {
  const absl::Status served = Serve(city);
  std::fprintf(stderr, "%s\n", served.ToString().c_str());
  return 1;
}

}  // namespace allmende::bench
