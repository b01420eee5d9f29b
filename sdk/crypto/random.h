// Random bytes that nobody can predict, and salts drawn in bulk.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sdk/crypto/secret.h"

namespace allmende::crypto {

// Fills `bytes` from OpenSSL's generator. Thread-safe. Aborts where the system has no randomness to give: going on
// without would publish guessable salts and keys.
void FillRandom(std::span<uint8_t> bytes);

// For ids and nonces. Keys belong into SecretBytes and FillRandom.
std::string RandomBytes(size_t size);

using Salt = std::array<uint8_t, 16>;

// Where salts come from. A simulator or a test hands in its own; everybody else takes a SaltPool.
class SaltSource {
 public:
  virtual ~SaltSource() = default;
  virtual Salt Next() = 0;
};

// Draws many salts at once, because one by one they would cost more than all hashing (1 us each). A salt that was
// handed out is overwritten in the pool: once it is erased from its record, it is gone. Not thread-safe.
class SaltPool final : public SaltSource {
 public:
  SaltPool();
  Salt Next() override;

 private:
  SecretBytes pool_;
  size_t used_bytes_;
};

}  // namespace allmende::crypto
