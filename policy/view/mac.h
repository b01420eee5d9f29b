// The keyed hash behind pseudonyms. policy/ holds no cryptography: whoever applies a view hands one in.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace allmende::policy {

inline constexpr size_t kMacBytes = 32;

// HMAC-SHA-256 under one key: the one of the program's `pseudonym_key_id`. Must be thread-safe.
class Mac {
 public:
  virtual ~Mac() = default;

  // Writes the code of all `parts` in a row to `out`. Returns false if it cannot; the record is then not delivered.
  virtual bool Compute(std::span<const std::string_view> parts, std::span<uint8_t, kMacBytes> out) const = 0;
};

}  // namespace allmende::policy
