#include "broker/server/stream_counts.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "absl/time/clock.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/generic/async_generic_service.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {
namespace {

// Ends calls of `/end`, keeps others open, and knows who called last.
class Service final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    {
      MutexLock lock(mutex_);
      peer_ = context->peer();
      ++calls_;
    }
    changed_.NotifyAll();
    return new Reactor(context->method() == "/end");
  }

  std::string AwaitCall(int number) {
    MutexLock lock(mutex_);
    while (calls_ < number) {
      changed_.Wait(mutex_);
    }
    return peer_;
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    explicit Reactor(bool end) : ended_(end) {
      if (end) {
        Finish(grpc::Status::OK);
      }
    }
    void OnCancel() override {
      if (!ended_) {
        Finish(grpc::Status::CANCELLED);
      }
    }
    void OnDone() override { delete this; }

   private:
    const bool ended_;
  };

  Mutex mutex_;
  CondVar changed_;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  std::string peer_ ABSL_GUARDED_BY(mutex_);
};

class Client {
 public:
  explicit Client(int port) {
    grpc::ChannelArguments own;
    own.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), own);
  }

  void End() {
    Call call(channel_, "/end");
    call.Await();
  }
  void BreakOff(const std::function<void()>& once_begun) {
    Call call(channel_, "/hold");
    once_begun();
    call.context.TryCancel();
    call.Await();
  }

 private:
  struct Call {
    Call(const std::shared_ptr<grpc::Channel>& channel, const std::string& method) : stub(channel) {
      context.set_wait_for_ready(true);
      stream = stub.PrepareUnaryCall(&context, method, grpc::ByteBuffer(), &queue);
      stream->StartCall();
      stream->Finish(&response, &status, this);
    }
    void Await() {
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
    }
    grpc::GenericStub stub;
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::ByteBuffer response;
    grpc::Status status;
    std::unique_ptr<grpc::GenericClientAsyncResponseReader> stream;
  };

  std::shared_ptr<grpc::Channel> channel_;
};

TEST(StreamCounts, EachConnectionHasItsOwn) {
  Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterCallbackGenericService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);
  Client quiet(port);
  Client busy(port);
  Client last(port);
  int calls = 0;
  quiet.End();
  const std::string quiet_peer = service.AwaitCall(++calls);
  std::string busy_peer;
  for (int i = 0; i < 5; ++i) {
    busy.End();
    ++calls;
    busy.BreakOff([&] { busy_peer = service.AwaitCall(++calls); });
  }
  last.End();
  const std::string last_peer = service.AwaitCall(++calls);
  last.BreakOff([&] {
    service.AwaitCall(++calls);
    // gRPC may count a call's end a moment after its client has heard of it.
    const std::unordered_map<std::string, int64_t> expected = {{quiet_peer, 0}, {busy_peer, 5}, {last_peer, 1}};
    std::unordered_map<std::string, int64_t> counts;
    for (int i = 0; i < 1'000 && counts != expected; ++i) {
      absl::SleepFor(absl::Milliseconds(10));
      counts = CountUnfinishedCalls({quiet_peer, busy_peer, last_peer, "ipv4:127.0.0.1:1"});
    }
    EXPECT_EQ(counts, expected);
  });
  server->Shutdown(std::chrono::system_clock::now());
}

}  // namespace
}  // namespace allmende::broker
