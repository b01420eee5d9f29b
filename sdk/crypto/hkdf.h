// HKDF with SHA-256 (RFC 5869): keys for several uses out of one secret.
#pragma once

#include <cstddef>
#include <string_view>

#include "absl/status/statusor.h"
#include "sdk/crypto/secret.h"

namespace allmende::crypto {

inline constexpr size_t kHkdfBytesMax = 255 * 32;

// Derives `output_bytes` bytes. `info` names the use, so that keys for two uses tell nothing about each other; `salt`
// may be empty. Thread-safe.
//   kInvalidArgument  `output_bytes` is 0 or over kHkdfBytesMax
absl::StatusOr<SecretBytes> HkdfSha256(std::string_view secret, std::string_view salt, std::string_view info,
                                       size_t output_bytes);

}  // namespace allmende::crypto
