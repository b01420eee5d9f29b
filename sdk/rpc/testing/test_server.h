// For tests: a listener over loopback that answers any call with the caller's name.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "sdk/rpc/peer.h"
#include "sdk/rpc/server_options.h"
#include "sdk/rpc/status.h"

namespace allmende::rpc {

// Serves one server in its life, as gRPC wants it.
class WhoAmI final : public grpc::CallbackGenericService {
 public:
  // Borrows `peers`. `now` is what the handlers take for the time.
  WhoAmI(PeerIdentifier* peers, absl::Time now) : peers_(peers), now_us_(absl::ToUnixMicros(now)) {}

  // From the next call on.
  void SetNow(absl::Time now) { now_us_ = absl::ToUnixMicros(now); }
  int handlers_reached() const { return handlers_reached_; }

  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    ++handlers_reached_;
    const absl::StatusOr<std::shared_ptr<const pki::Identity>> identity =
        peers_->Identify(*context->auth_context(), absl::FromUnixMicros(now_us_));
    return new Answer(identity.ok() ? (*identity)->Name() : "", ToGrpc(identity.status()));
  }

 private:
  // Reads the request, so that its bounds count, and then answers.
  class Answer final : public grpc::ServerGenericBidiReactor {
   public:
    Answer(const std::string& text, grpc::Status status) : status_(std::move(status)) {
      const grpc::Slice slice(text);
      answer_ = grpc::ByteBuffer(&slice, 1);
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      if (!ok || !status_.ok()) {
        Finish(status_);
      } else {
        StartWriteAndFinish(&answer_, grpc::WriteOptions(), grpc::Status::OK);
      }
    }
    void OnDone() override { delete this; }

   private:
    const grpc::Status status_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer answer_;
  };

  PeerIdentifier* const peers_;
  std::atomic<int64_t> now_us_;
  std::atomic<int> handlers_reached_ = 0;
};

class TestServer {
 public:
  // Serves `service` on a port of its own, or on `port`; port() is 0 if that failed.
  TestServer(WhoAmI* service, const std::shared_ptr<grpc::ServerCredentials>& credentials,
             const ServerOptions& options = {}, int port = 0) {
    grpc::ServerBuilder builder;
    ApplyServerOptions(options, builder);
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), credentials, &port_);
    builder.RegisterCallbackGenericService(service);
    server_ = builder.BuildAndStart();
  }
  ~TestServer() {
    if (server_ != nullptr) server_->Shutdown(std::chrono::system_clock::now());
  }

  int port() const { return server_ == nullptr ? 0 : port_; }
  std::string endpoint() const { return absl::StrCat("localhost:", port_); }

 private:
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

struct Reply {
  grpc::Status status;
  std::string name;
};

struct Request {
  size_t message_bytes = 0;
  size_t metadata_bytes = 0;
  grpc_compression_algorithm compression = GRPC_COMPRESS_NONE;
};

// What the server answers on `channel`.
inline Reply AskWhoAmI(const std::shared_ptr<grpc::Channel>& channel, const Request& request = {}) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  context.AddMetadata("filler", std::string(request.metadata_bytes, 'x'));
  context.set_compression_algorithm(request.compression);
  const grpc::Slice slice(std::string(request.message_bytes, 'x'));
  const grpc::ByteBuffer message(&slice, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/allmende.test/WhoAmI", message, &queue);
  call->StartCall();
  Reply reply;
  int tag = 0;
  call->Finish(&response, &reply.status, &tag);
  void* done = nullptr;
  bool ok = false;
  queue.Next(&done, &ok);
  grpc::Slice answer;
  if (reply.status.ok() && response.DumpToSingleSlice(&answer).ok()) {
    reply.name.assign(reinterpret_cast<const char*>(answer.begin()), answer.size());
  }
  return reply;
}

}  // namespace allmende::rpc
