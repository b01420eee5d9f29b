#include "sdk/crypto/random.h"

#include <openssl/rand.h>

#include <algorithm>

#include "sdk/crypto/openssl.h"

namespace allmende::crypto {
namespace {

constexpr size_t kPoolBytes = 4096;  // 256 salts

// OpenSSL takes an int; nobody asks for more at once.
constexpr size_t kFillBytesMax = 1 << 20;

}  // namespace

void FillRandom(std::span<uint8_t> bytes) {
  while (!bytes.empty()) {
    const size_t count = std::min(bytes.size(), kFillBytesMax);
    Require(RAND_bytes(bytes.data(), static_cast<int>(count)), "no randomness");
    bytes = bytes.subspan(count);
  }
}

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  FillRandom({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

SaltPool::SaltPool() : pool_(kPoolBytes), used_bytes_(kPoolBytes) {}

Salt SaltPool::Next() {
  if (used_bytes_ == kPoolBytes) {
    FillRandom(pool_.bytes());
    used_bytes_ = 0;
  }
  Salt salt;
  const std::span<uint8_t> drawn = pool_.bytes().subspan(used_bytes_, salt.size());
  std::copy(drawn.begin(), drawn.end(), salt.begin());
  Cleanse(drawn);
  used_bytes_ += salt.size();
  return salt;
}

}  // namespace allmende::crypto
