// Bytes as hexadecimal text.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace allmende {

// Two lower-case digits a byte.
std::string EncodeHex(std::string_view bytes);

// Reads digits of either case. kInvalidArgument: an odd number of digits, or a character that is no digit; the message
// says at which offset.
absl::StatusOr<std::string> DecodeHex(std::string_view text);

}  // namespace allmende
