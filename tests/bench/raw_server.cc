#include <cstdio>
#include <memory>
#include <string>
#include <vector>

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

constexpr uint64_t kBatchRecords = 256;
using Service = v1::ExchangeService::WithRawCallbackMethod_Subscribe<v1::ExchangeService::Service>;

// Writes all messages, one at a time, as fast as gRPC takes them.
class Flood final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit Flood(const std::vector<grpc::ByteBuffer>& messages) : next_(messages.begin()), end_(messages.end()) {
    Next();
  }
  void OnWriteDone(bool ok) override {
    if (!ok) {
      next_ = end_;
    }
    Next();
  }
  void OnDone() override { delete this; }

 private:
  void Next() {
    if (next_ == end_) {
      return Finish(grpc::Status::OK);
    }
    StartWrite(&*next_++);
  }

  std::vector<grpc::ByteBuffer>::const_iterator next_;
  const std::vector<grpc::ByteBuffer>::const_iterator end_;
};

class RawService final : public Service {
 public:
  explicit RawService(std::vector<grpc::ByteBuffer> messages) : messages_(std::move(messages)) {}
  grpc::ServerWriteReactor<grpc::ByteBuffer>* Subscribe(grpc::CallbackServerContext*,
                                                        const grpc::ByteBuffer*) override {
    return new Flood(messages_);
  }

 private:
  const std::vector<grpc::ByteBuffer> messages_;
};

// The deliveries of a dataset of that many records, in memory: what the stream carries is as fresh to the processor's
// caches as what a broker reads from its log.
absl::StatusOr<std::vector<grpc::ByteBuffer>> MakeMessages(uint64_t records) {
  crypto::SaltPool salts;
  Sample sample;
  std::vector<grpc::ByteBuffer> messages;
  for (uint64_t first = 0; first < records; first += kBatchRecords) {
    format::BatchBuilder builder(salts);
    for (uint64_t number = first; number < first + kBatchRecords; ++number) {
      const NewRecord& record = sample.Make(number, records);
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
    place.first_sequence = first + 1;
    ALLMENDE_ASSIGN_OR_RETURN(std::string batch, format::Seal(body, place));
    broker::DeliveryFields fields;
    fields.original = true;
    fields.first_sequence = place.first_sequence;
    fields.last_sequence = first + kBatchRecords;
    messages.push_back(broker::DeliveryMessage(std::move(batch), fields));
  }
  return messages;
}

absl::Status Serve(const std::string& city, uint64_t records) {
  const pki::CityLayout layout(city);
  ALLMENDE_ASSIGN_OR_RETURN(const std::string roots, ReadFile(layout.AuthorityCertificate(), 1 << 20));
  ALLMENDE_ASSIGN_OR_RETURN(
      const auto tls, rpc::ServerTls::Create({layout.BrokerCertificate(), layout.BrokerKey()}, roots, absl::Now()));
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<grpc::ByteBuffer> messages, MakeMessages(records));
  RawService service(std::move(messages));
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

int RunRawServer(const std::string& city, uint64_t records) {
  const absl::Status served = Serve(city, records);
  std::fprintf(stderr, "%s\n", served.ToString().c_str());
  return 1;
}

}  // namespace allmende::bench
