#include "broker/service/raw_message.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace allmende::broker {
namespace {

using google::protobuf::internal::WireFormatLite;

constexpr uint32_t Tag(int field, WireFormatLite::WireType type) {
  return static_cast<uint32_t>(field) << 3 | static_cast<uint32_t>(type);
}

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

void AppendField(int field, uint64_t value, std::string& out) {
  if (value != 0) {
    AppendVarint(Tag(field, WireFormatLite::WIRETYPE_VARINT), out);
    AppendVarint(value, out);
  }
}

// A slice that owns `bytes`.
grpc::Slice Own(std::string bytes) {
  auto* owned = new std::string(std::move(bytes));
  return grpc::Slice(
      owned->data(), owned->size(), [](void* pointer) { delete static_cast<std::string*>(pointer); }, owned);
}

}  // namespace

absl::StatusOr<FlatMessage> FlatMessage::From(const grpc::ByteBuffer& buffer) {
  FlatMessage message;
  if (buffer.TrySingleSlice(&message.slice_).ok() || buffer.DumpToSingleSlice(&message.slice_).ok()) {
    return message;
  }
  return absl::InvalidArgumentError("the message cannot be decompressed: send it uncompressed");
}

std::string_view BatchInPublishRequest(std::string_view message) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const uint8_t*>(message.data()),
                                               static_cast<int>(message.size()));
  uint32_t length = 0;
  if (input.ReadTag() != Tag(v1::PublishRequest::kBatchFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED) ||
      !input.ReadVarint32(&length)) {
    return {};
  }
  const auto at = static_cast<size_t>(input.CurrentPosition());
  return length == message.size() - at ? message.substr(at) : std::string_view();
}

grpc::ByteBuffer ToByteBuffer(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice = Own(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

grpc::ByteBuffer DeliveryMessage(std::string content, const DeliveryFields& fields) {
  const int content_field =
      fields.original ? v1::Delivery::kOriginalFieldNumber : v1::Delivery::kTransformedFieldNumber;
  std::string content_head;
  AppendVarint(Tag(content_field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED), content_head);
  AppendVarint(content.size(), content_head);
  std::string tail;
  AppendField(v1::Delivery::kFirstSequenceFieldNumber, fields.first_sequence, tail);
  AppendField(v1::Delivery::kLastSequenceFieldNumber, fields.last_sequence, tail);
  AppendField(v1::Delivery::kAcceptedAtUsFieldNumber, static_cast<uint64_t>(fields.accepted_at_us), tail);
  AppendField(v1::Delivery::kReleaseFieldNumber, fields.release, tail);
  std::string head;
  AppendVarint(Tag(v1::SubscribeResponse::kBatchFieldNumber, WireFormatLite::WIRETYPE_LENGTH_DELIMITED), head);
  AppendVarint(content_head.size() + content.size() + tail.size(), head);
  head.append(content_head);
  const grpc::Slice slices[] = {grpc::Slice(head), Own(std::move(content)), grpc::Slice(tail)};
  return grpc::ByteBuffer(slices, 3);
}

}  // namespace allmende::broker
