// Channels to a broker, with the bounds both ends agree on.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/support/channel_arguments.h"
#include "grpcpp/support/status.h"

namespace allmende::rpc {

inline constexpr int kReceiveBytesMax = 4 << 20;  // of one message
inline constexpr int kMetadataBytesMax = 8 << 10;

struct ChannelOptions {
  // A peer that is gone without a word is noticed after the sum of both.
  absl::Duration keepalive_interval = absl::Seconds(15);
  absl::Duration keepalive_timeout = absl::Seconds(5);
  absl::Duration connect_timeout = absl::Seconds(5);  // of one attempt, handshake included
  absl::Duration reconnect_backoff_min = absl::Milliseconds(200);
  absl::Duration reconnect_backoff_max = absl::Seconds(5);
};

grpc::ChannelArguments ChannelArguments(const ChannelOptions& options);

// Where gRPC connects to, and whose certificate it expects there where that is another name.
struct Target {
  std::string address;
  std::string name;  // empty: the host in `address`
};

// A system without /etc/hosts does not know `localhost` (`localhost_known` false): it is this machine all the same, as
// RFC 6761 says.
Target TargetOf(const std::string& endpoint, bool localhost_known);

// `endpoint` is `host:port`; the broker's certificate must name that host. Connects when first used, and again by
// itself.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& endpoint,
                                           const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                                           const ChannelOptions& options = {});

// FromGrpc for calls to `endpoint`: where the connection itself failed, or a message was over a bound, gRPC's text is
// replaced by what happened and what to do next. The code stays.
absl::Status CallStatus(const grpc::Status& status, const std::string& endpoint);

}  // namespace allmende::rpc
