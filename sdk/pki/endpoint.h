// Where a broker listens, or where it is called. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace allmende::pki {

struct Endpoint {
  std::string host;  // name or address, an IPv6 address without its brackets
  uint16_t port = 0;

  std::string Text() const;  // as it is written: `host:port`, `[::1]:7443`
};

// kInvalidArgument with what is wrong. Port 0 (the system chooses one) makes sense for listening only, so a caller that
// does not listen refuses it.
absl::StatusOr<Endpoint> ParseEndpoint(const std::string& text);

}  // namespace allmende::pki
