// Bounds of a broker's listener. What gRPC cannot bound (calls in flight per peer, resets, descriptors) is bounded by
// the broker itself.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "grpcpp/server_builder.h"

namespace allmende::rpc {

struct ServerOptions {
  int64_t receive_bytes_max = 4 << 20;  // of one message
  int64_t metadata_bytes_max = 8 << 10;
  int streams_per_connection_max = 100;
  int64_t memory_bytes_max = 256 << 20;  // for all connections' buffers together
  absl::Duration handshake_timeout = absl::Seconds(5);
  // Connections are asked to close after this age and cut after the grace, so that a renewed certificate, a changed
  // trust and a moved endpoint reach everybody. Clients reconnect by themselves.
  absl::Duration connection_age = absl::Minutes(10);
  absl::Duration connection_age_grace = absl::Minutes(2);
  absl::Duration keepalive_interval = absl::Seconds(20);
  absl::Duration keepalive_timeout = absl::Seconds(8);
  absl::Duration client_ping_interval_min = absl::Seconds(10);
  // Whether the listener describes its services to whoever asks, in a program that links gRPC's reflection.
  bool reflection = false;
};

// Sets every bound on `builder`, and that a port in use is an error instead of being shared. Compressed messages are
// refused (UNIMPLEMENTED): the bound of a message is looked at only when it has been inflated, a thousandfold. Handlers
// run on gRPC's callback threads, of which there are only two on a small machine: a reaction must not block.
void ApplyServerOptions(const ServerOptions& options, grpc::ServerBuilder& builder);

}  // namespace allmende::rpc
