// HMAC-SHA-256 (RFC 2104, FIPS 180-4) for tests, slow and plain: policy/ has no cryptography of its own.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "policy/view/mac.h"

namespace allmende::policy::testing {

std::array<uint8_t, kMacBytes> Sha256(std::string_view message);

class TestMac : public Mac {
 public:
  explicit TestMac(std::string_view key);

  bool Compute(std::span<const std::string_view> parts, std::span<uint8_t, kMacBytes> out) const override;

 private:
  std::string inner_pad_;
  std::string outer_pad_;
};

// Fails always.
class BrokenMac : public Mac {
 public:
  bool Compute(std::span<const std::string_view>, std::span<uint8_t, kMacBytes>) const override { return false; }
};

}  // namespace allmende::policy::testing
