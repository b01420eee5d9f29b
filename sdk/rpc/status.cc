#include "sdk/rpc/status.h"

#include "absl/strings/cord.h"

namespace allmende::rpc {
namespace {

constexpr char kDetailUrl[] = "allmende/detail";
constexpr std::string_view kEllipsis = "…";

// Bytes of a character once gRPC has percent-encoded it.
size_t EncodedBytes(char c) {
  return c >= 0x20 && c <= 0x7e && c != '%' ? 1 : 3;
}

bool StartsCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0u) != 0x80;
}

std::string CutMessage(std::string_view message) {
  const size_t budget = kMessageBytesMax - 3 * kEllipsis.size();
  size_t encoded = 0;
  size_t cut = 0;  // the last place where a character starts and the ellipsis still fits
  for (size_t i = 0; i < message.size(); ++i) {
    if (encoded <= budget && StartsCharacter(message[i])) cut = i;
    encoded += EncodedBytes(message[i]);
  }
  if (encoded <= kMessageBytesMax) return std::string(message);
  return std::string(message.substr(0, cut)).append(kEllipsis);
}

}  // namespace

absl::Status WithDetail(absl::Status status, std::string_view detail) {
  if (!status.ok()) status.SetPayload(kDetailUrl, absl::Cord(std::string(detail)));
  return status;
}

std::optional<std::string> DetailOf(const absl::Status& status) {
  const absl::optional<absl::Cord> payload = status.GetPayload(kDetailUrl);
  if (!payload.has_value()) return std::nullopt;
  return std::string(*payload);
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string detail = DetailOf(status).value_or("");
  if (detail.size() > kDetailBytesMax) detail.clear();
  const std::string message(status.message());
  // absl::Status maps foreign codes to kUnknown; the canonical ones have the numbers of gRPC's.
  return {static_cast<grpc::StatusCode>(status.code()), CutMessage(message), detail};
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status out(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  if (out.code() != static_cast<absl::StatusCode>(status.error_code())) {
    out = absl::UnknownError(status.error_message());
  }
  if (!status.error_details().empty()) out = WithDetail(std::move(out), status.error_details());
  return out;
}

}  // namespace allmende::rpc
