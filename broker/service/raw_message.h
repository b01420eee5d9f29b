// Messages as bytes: the streams that carry batches skip protobuf's copies. Thread-safe functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "allmende/v1/exchange.pb.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/support/byte_buffer.h"

namespace allmende::broker {

// The bytes of a received message in one piece.
class FlatMessage {
 public:
  FlatMessage() = default;
  //   kInvalidArgument  the transport could not give the bytes
  static absl::StatusOr<FlatMessage> From(const grpc::ByteBuffer& buffer);

  // Valid as long as this object or a copy of it.
  std::string_view bytes() const { return {reinterpret_cast<const char*>(slice_.begin()), slice_.size()}; }

 private:
  grpc::Slice slice_;
};

// The batch inside a serialized PublishRequest that holds nothing else; empty where it is another message.
std::string_view BatchInPublishRequest(std::string_view message);

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message);

// A serialized SubscribeResponse whose `batch` is this delivery. The content is handed to the transport without a copy.
struct DeliveryFields {
  bool original = false;
  uint64_t first_sequence = 0;
  uint64_t last_sequence = 0;
  int64_t accepted_at_us = 0;
  uint64_t release = 0;
};
grpc::ByteBuffer DeliveryMessage(std::string content, const DeliveryFields& fields);

}  // namespace allmende::broker
