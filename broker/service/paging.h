// Lists in pages. A page token is opaque to the client; here it is the name or number to go on after.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"

namespace allmende::broker {

inline uint32_t PageSize(uint32_t asked) {
  return asked == 0 ? 100 : std::min<uint32_t>(asked, 1'000);
}

// The number a token stands for; 0 for the first page.
//   kInvalidArgument  not a token of such a list
inline absl::StatusOr<uint64_t> PageNumber(const std::string& token) {
  uint64_t number = 0;
  if (!token.empty() && !absl::SimpleAtoi(token, &number)) {
    return absl::InvalidArgumentError("`page_token` is not one of this list: leave it empty to start again");
  }
  return number;
}

}  // namespace allmende::broker
