// SHA-256.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

struct evp_md_ctx_st;

namespace allmende::crypto {

using Digest = std::array<uint8_t, 32>;

// The bytes of a fixed-size value, for APIs that take bytes. Valid as long as `value`.
template <size_t kSize>
std::string_view AsBytes(const std::array<uint8_t, kSize>& value) {
  return {reinterpret_cast<const char*>(value.data()), kSize};
}

// Hashes any number of messages, one after the other. One object is far cheaper than one a message: it keeps what
// OpenSSL would look up and allocate anew (122 ns instead of about 500 ns for 65 bytes). Not thread-safe. Aborts where
// OpenSSL has no SHA-256 or no memory.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& Update(std::string_view bytes);
  // Returns the hash of everything since the last Finish, and starts a new message.
  Digest Finish();

 private:
  struct FreeContext {
    void operator()(evp_md_ctx_st* context) const;
  };
  std::unique_ptr<evp_md_ctx_st, FreeContext> context_;
};

// The calling thread's own hasher, at the start of a message. Finish before anything else can use it.
Sha256& ThreadSha256();

// The hash of the parts, one after the other, without separators. Thread-safe.
template <typename... Parts>
Digest Sha256Of(const Parts&... parts) {
  Sha256& hasher = ThreadSha256();
  (hasher.Update(parts), ...);
  return hasher.Finish();
}

}  // namespace allmende::crypto
