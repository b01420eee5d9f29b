#include "sdk/pki/endpoint.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace allmende::pki {

std::string Endpoint::Text() const {
  const bool is_v6 = absl::StrContains(host, ':');
  return absl::StrCat(is_v6 ? "[" : "", host, is_v6 ? "]" : "", ":", port);
}

absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text) {
  const absl::Status refusal = absl::InvalidArgumentError(
      absl::StrCat("`", text, "` is not `host:port`, such as `localhost:7443` or `[::1]:7443`"));
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return refusal;
  Endpoint endpoint;
  endpoint.host = text.substr(0, colon);
  const std::string port = text.substr(colon + 1);
  if (endpoint.host.size() > 2 && endpoint.host.front() == '[' && endpoint.host.back() == ']') {
    endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  } else if (absl::StrContains(endpoint.host, ':')) {
    return refusal;  // an IPv6 address without brackets: where it ends and the port begins is a guess
  }
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == ':';
  };
  if (endpoint.host.empty() || endpoint.host.size() > 253 ||
      !std::all_of(endpoint.host.begin(), endpoint.host.end(), allowed)) {
    return refusal;
  }
  uint32_t number = 0;
  if (port.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(port.front())) ||
      !absl::SimpleAtoi(port, &number) || number > 65535) {
    return absl::InvalidArgumentError(absl::StrCat("`", port, "` in `", text, "` is not a port; ports go up to 65535"));
  }
  endpoint.port = static_cast<uint16_t>(number);
  return endpoint;
}

}  // namespace allmende::pki
