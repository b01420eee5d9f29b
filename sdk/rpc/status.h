// The one place where absl::Status and grpc::Status are turned into each other. Codes are the same numbers. Structured
// detail (a serialized message such as allmende.v1.Refusal) travels beside the message, in `grpc-status-details-bin`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "grpcpp/support/status.h"

namespace allmende::rpc {

// A peer refuses more than 8 KiB of trailing metadata and then sees that instead of the error. So a message is cut at
// kMessageBytesMax of its encoded form (a byte outside ASCII takes three), and detail over kDetailBytesMax is left out:
// half a serialized message says nothing. Whoever makes detail keeps lists in it short.
inline constexpr size_t kMessageBytesMax = 2048;
inline constexpr size_t kDetailBytesMax = 3072;

// `status` with `detail` attached; an OK status stays as it is.
absl::Status WithDetail(absl::Status status, std::string_view detail);

// What WithDetail attached, also after the way over the wire.
std::optional<std::string> DetailOf(const absl::Status& status);

grpc::Status ToGrpc(const absl::Status& status);
absl::Status FromGrpc(const grpc::Status& status);

}  // namespace allmende::rpc
