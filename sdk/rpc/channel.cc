#include "sdk/rpc/channel.h"

#include <netdb.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "grpcpp/create_channel.h"
#include "sdk/rpc/status.h"

namespace allmende::rpc {
namespace {

// What gRPC says when a connection does not come about, and what it means. The first that fits counts.
struct Failure {
  const char* needle;
  const char* before;
  const char* after;
};

constexpr Failure kFailures[] = {
    {"is not in peer certificate", "the broker at `",
     "` shows a certificate for another host; call it by a name that its certificate has"},
    {"certificate verify failed", "whoever listens at `",
     "` is no broker of this city, or its certificate has expired; if the city has a new authority, fetch its "
     "`ca.pem`"},
    {"WRONG_VERSION_NUMBER", "whoever listens at `", "` does not speak this protocol; is the port right?"},
    {"Handshake read failed", "whoever listens at `",
     "` ended the handshake: it is no broker, or it takes no more connections; is the port right?"},
    {"Ssl handshake failed", "whoever listens at `", "` does not speak this protocol; is the port right?"},
    {"Connection refused", "nobody listens at `", "`; is the broker running, and the port right?"},
    {"DNS resolution failed", "the host in `", "` is not known; check its spelling and the network"},
    {"No route to host", "there is no way to `", "`; check the network"},
    {"timed out", "`", "` does not answer; check the network and firewalls"},
    {"Timeout", "`", "` does not answer; check the network and firewalls"},
    {"failed to connect to all addresses; last error: UNAVAILABLE", "`",
     "` closed the connection during the handshake: it is no broker, or it does not accept this certificate (expired, "
     "or "
     "issued by another city)"},
};

constexpr char kLocalhost[] = "localhost";

bool SystemKnowsLocalhost() {
  static const bool known = [] {
    addrinfo* found = nullptr;
    if (getaddrinfo(kLocalhost, nullptr, nullptr, &found) != 0) {
      return false;
    }
    freeaddrinfo(found);
    return true;
  }();
  return known;
}

}  // namespace

Target TargetOf(const std::string& endpoint, bool localhost_known) {
  const std::string host = endpoint.substr(0, endpoint.rfind(':'));
  if (localhost_known || host != kLocalhost) {
    return {endpoint, ""};
  }
  return {absl::StrCat("127.0.0.1", endpoint.substr(host.size())), kLocalhost};
}

grpc::ChannelArguments ChannelArguments(const ChannelOptions& options) {
  const auto milliseconds = [](absl::Duration duration) {
    return static_cast<int>(absl::ToInt64Milliseconds(duration));
  };

  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kReceiveBytesMax);
  arguments.SetInt(GRPC_ARG_MAX_METADATA_SIZE, kMetadataBytesMax);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, milliseconds(options.keepalive_interval));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, milliseconds(options.keepalive_timeout));
  // Streams that only receive send no data for hours, and their pings must go on.
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, milliseconds(options.reconnect_backoff_min));
  // In spite of its name it bounds one attempt to connect.
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, milliseconds(options.connect_timeout));
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, milliseconds(options.reconnect_backoff_max));
  // What to retry is the SDK's decision: gRPC does not know which calls are safe to repeat.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  return arguments;
}

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& endpoint,
                                           const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                           const ChannelOptions& options) {
  const Target target = TargetOf(endpoint, SystemKnowsLocalhost());
  grpc::ChannelArguments arguments = ChannelArguments(options);
  if (!target.name.empty()) {
    arguments.SetSslTargetNameOverride(target.name);
  }
  return grpc::CreateCustomChannel(target.address, credentials, arguments);
}

absl::Status CallStatus(const grpc::Status& status, const std::string& endpoint) {
  absl::Status plain = FromGrpc(status);
  // gRPC's own bounds: `Received message larger than max (5242880 vs. 4194304)`, in either direction.
  if (absl::IsResourceExhausted(plain) && absl::StrContains(plain.message(), "message larger than max")) {
    const size_t figures = plain.message().find('(');
    return absl::ResourceExhaustedError(
        absl::StrCat("a message between here and the broker at `", endpoint, "` is too large ",
                     figures == plain.message().npos ? "" : plain.message().substr(figures),
                     " bytes; send or ask for less at once"));
  }
  if (absl::IsDeadlineExceeded(plain) && plain.message() == "Deadline Exceeded") {  // gRPC's own words
    return absl::DeadlineExceededError(
        absl::StrCat("no answer came from `", endpoint, "` in time; is it a broker, and the port right?"));
  }
  if (!absl::IsUnavailable(plain)) return plain;
  for (const Failure& failure : kFailures) {
    if (!absl::StrContains(plain.message(), failure.needle)) continue;
    return absl::UnavailableError(absl::StrCat(failure.before, endpoint, failure.after));
  }
  return plain;
}

}  // namespace allmende::rpc
