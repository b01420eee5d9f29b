// The HMAC that a broker hands to views, with the key of a vector.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "policy/view/mac.h"
#include "sdk/crypto/hmac.h"

namespace allmende {

class HmacMac final : public policy::Mac {
 public:
  explicit HmacMac(std::string_view key) : keyed_(key) {}

  bool Compute(std::span<const std::string_view> parts, std::span<uint8_t, policy::kMacBytes> out) const override {
    crypto::HmacSha256 hmac = keyed_.Clone();
    for (const std::string_view part : parts) hmac.Update(part);
    std::ranges::copy(hmac.Finish(), out.begin());
    return true;
  }

 private:
  const crypto::HmacSha256 keyed_;
};

}  // namespace allmende
