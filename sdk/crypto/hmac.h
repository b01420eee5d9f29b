// HMAC-SHA-256 (RFC 2104).
#pragma once

#include <memory>
#include <string_view>

#include "sdk/crypto/hash.h"

struct evp_mac_ctx_st;

namespace allmende::crypto {

// Authenticates any number of messages under one key. The key is worked in once, so a short message costs about 200 ns.
// Not thread-safe; give each thread its own Clone. Cleanses the key at its end. Aborts where OpenSSL has no HMAC or no
// memory.
class HmacSha256 {
 public:
  // A key of any length, also an empty one.
  explicit HmacSha256(std::string_view key);
  ~HmacSha256();
  HmacSha256(HmacSha256&&) noexcept;
  HmacSha256& operator=(HmacSha256&&) noexcept;

  // A second object with the same key, at the start of a message.
  HmacSha256 Clone() const;

  HmacSha256& Update(std::string_view bytes);
  // Returns the code of everything since the last Finish, and starts a new message.
  Digest Finish();

 private:
  struct FreeContext {
    void operator()(evp_mac_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_mac_ctx_st, FreeContext>;

  explicit HmacSha256(Context context);

  Context context_;
};

// The code of one message. Compare codes with EqualConstantTime.
Digest HmacSha256Of(std::string_view key, std::string_view message);

}  // namespace allmende::crypto
