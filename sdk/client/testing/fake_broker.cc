#include "sdk/client/testing/fake_broker.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "sdk/rpc/server_options.h"
#include "sdk/rpc/status.h"

namespace allmende {

class FakeBroker::Service final : public v1::ExchangeService::Service {
 public:
  explicit Service(FakeDataset* dataset) : dataset_(dataset) {}

  void Stop() { stopping_ = true; }

  grpc::Status Publish(grpc::ServerContext*,
                       grpc::ServerReaderWriter<v1::PublishResponse, v1::PublishRequest>* stream) override {
    v1::PublishRequest request;
    if (!stream->Read(&request) || !request.has_open()) return grpc::Status(grpc::INVALID_ARGUMENT, "no open");
    const absl::StatusOr<v1::PublishOpened> opened = dataset_->OpenPublish(request.open());
    if (!opened.ok()) return rpc::ToGrpc(opened.status());
    v1::PublishResponse response;
    *response.mutable_opened() = *opened;
    stream->Write(response);
    while (stream->Read(&request)) {
      const BatchFate fate = dataset_->NextFate();
      if (fate == BatchFate::kCut) return grpc::Status(grpc::UNAVAILABLE, "the connection broke");
      if (fate == BatchFate::kDiskFailed) return grpc::Status(grpc::DATA_LOSS, "the disk failed");
      if (fate == BatchFate::kExpired) return grpc::Status(grpc::UNAUTHENTICATED, "the certificate expired");
      response = fate == BatchFate::kRefuse ? BadRecord() : dataset_->Store(request.batch());
      if (fate == BatchFate::kStoreAndCut) return grpc::Status(grpc::UNAVAILABLE, "the connection broke");
      stream->Write(response);
      if (response.has_refused()) return grpc::Status::OK;
    }
    return grpc::Status::OK;
  }

  grpc::Status Subscribe(grpc::ServerContext* context, const v1::SubscribeRequest* request,
                         grpc::ServerWriter<v1::SubscribeResponse>* writer) override {
    return rpc::ToGrpc(dataset_->Serve(
        *request, [&] { return stopping_ || context->IsCancelled(); },
        [&](const v1::SubscribeResponse& response) { return writer->Write(response); }));
  }

 private:
  static v1::PublishResponse BadRecord() {
    v1::PublishResponse response;
    v1::PublishRefused& refused = *response.mutable_refused();
    refused.set_code(v1::BAD_RECORD);
    refused.set_problem_count(1);
    v1::RecordProblem& problem = *refused.add_problems();
    problem.set_index(1);
    problem.set_field("level");
    problem.set_code("out-of-range");
    problem.set_detail("it is too high");
    return response;
  }

  FakeDataset* const dataset_;
  std::atomic<bool> stopping_ = false;
};

FakeBroker::FakeBroker(const rpc::TestCity* city, FakeDataset* dataset) : dataset_(dataset) {
  const pki::PairFiles files = city->Issue("broker", city->Broker());
  absl::StatusOr<std::unique_ptr<rpc::ServerTls>> tls =
      rpc::ServerTls::Create(files, city->authority_pem(), city->now());
  EXPECT_TRUE(tls.ok()) << tls.status();
  tls_ = *std::move(tls);
}

FakeBroker::~FakeBroker() {
  Kill();
}

void FakeBroker::Start() {
  service_ = std::make_unique<Service>(dataset_);
  grpc::ServerBuilder builder;
  rpc::ApplyServerOptions({}, builder);
  builder.AddListeningPort(absl::StrCat("127.0.0.1:", port_), tls_->credentials(), &port_);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
  ASSERT_NE(server_, nullptr);
}

void FakeBroker::Kill() {
  if (server_ == nullptr) return;
  service_->Stop();
  server_->Shutdown(std::chrono::system_clock::now());
  server_.reset();
}

std::string FakeBroker::endpoint() const {
  return absl::StrCat("localhost:", port_);
}

std::unique_ptr<Client> ConnectForTest(const rpc::TestCity& city, const std::vector<std::string>& endpoints) {
  const pki::PairFiles files = city.Issue("agency", city.Client("wasserbetriebe"));
  ClientOptions options;
  options.endpoints = endpoints;
  options.certificate_file = files.certificate;
  options.key_file = files.key;
  options.authority_file = city.Path("ca.pem");
  options.purpose = "testing";
  absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(options);
  EXPECT_TRUE(client.ok()) << client.status();
  StreamTuning& tuning = (*client)->impl().tuning;
  tuning.pause_min = absl::Milliseconds(5);
  tuning.pause_max = absl::Milliseconds(50);
  return *std::move(client);
}

}  // namespace allmende
