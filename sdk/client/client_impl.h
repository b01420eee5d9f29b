// What stands behind Client, for the rest of the SDK: the calls over all endpoints.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "sdk/client/channels.h"
#include "sdk/client/tuning.h"

namespace allmende {

// Thread-safe.
struct Client::Impl {
  std::unique_ptr<Channels> channels;  // at least one
  std::string purpose;
  std::string participant;
  absl::Duration deadline;
  absl::Duration connect_timeout;

  StreamTuning tuning;

  // Index of the endpoint to begin with: the one that answered last.
  std::atomic<size_t> preferred = 0;

  enum class Repeat {
    kSafe,    // on another endpoint, or once more on the only one
    kUnsafe,  // sent once, to an endpoint that is connected; kUnavailable where it stays open what became of it
  };

  // One try of a call.
  using Try = absl::FunctionRef<grpc::Status(const std::shared_ptr<grpc::Channel>&, grpc::ClientContext&)>;

  absl::Status Call(Repeat repeat, Try attempt);

  // The most common kind: `(stub.*method)(context, request, response)`.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Unary(Repeat repeat,
                                 grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                 const Request& request) {
    Response response;
    absl::Status status =
        Call(repeat, [&](const std::shared_ptr<grpc::Channel>& channel, grpc::ClientContext& context) {
          typename Service::Stub stub(channel);
          return (stub.*method)(&context, request, &response);
        });
    if (!status.ok()) return status;
    return response;
  }
};

}  // namespace allmende
