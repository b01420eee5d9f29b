// Ed25519 signatures (RFC 8032, the plain variant: no pre-hash, no context).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/statusor.h"
#include "sdk/crypto/secret.h"

struct evp_pkey_st;

namespace allmende::crypto {

inline constexpr size_t kEd25519PublicKeyBytes = 32;
inline constexpr size_t kEd25519SeedBytes = 32;
inline constexpr size_t kEd25519SignatureBytes = 64;

using Ed25519Signature = std::array<uint8_t, kEd25519SignatureBytes>;

using SharedKey = std::shared_ptr<evp_pkey_st>;  // OpenSSL's, never changed

// Whoever holds it can check what the private key signed. Immutable; thread-safe; cheap to copy.
class Ed25519PublicKey {
 public:
  // Takes the 32 bytes of RFC 8032.
  //   kInvalidArgument  another length; one of the points of small order, under which one signature fits every message;
  //                     or an encoding that is not the shortest (y not below the prime)
  // A point that is not on the curve may pass; nothing verifies under it.
  static absl::StatusOr<Ed25519PublicKey> FromBytes(std::string_view bytes);

  // Whether `signature` is the key's over `message`. False for a signature of another length than 64.
  [[nodiscard]] bool Verify(std::string_view message, std::string_view signature) const;

  const std::array<uint8_t, kEd25519PublicKeyBytes>& bytes() const { return bytes_; }

  friend bool operator==(const Ed25519PublicKey& a, const Ed25519PublicKey& b) { return a.bytes_ == b.bytes_; }

 private:
  friend class Ed25519PrivateKey;
  Ed25519PublicKey(SharedKey key, std::string_view bytes);

  SharedKey key_;
  std::array<uint8_t, kEd25519PublicKeyBytes> bytes_;
};

// Immutable; thread-safe; copies share the key, which OpenSSL cleanses with the last of them.
class Ed25519PrivateKey {
 public:
  // Aborts where the system has no randomness.
  static Ed25519PrivateKey Generate();

  // Takes the 32 bytes that RFC 8032 calls the private key.
  //   kInvalidArgument  another length
  static absl::StatusOr<Ed25519PrivateKey> FromSeed(std::string_view seed);

  SecretBytes Seed() const;

  // The same message always gives the same signature.
  Ed25519Signature Sign(std::string_view message) const;

  const Ed25519PublicKey& public_key() const { return public_key_; }

 private:
  Ed25519PrivateKey(SharedKey key, Ed25519PublicKey public_key);
  static Ed25519PrivateKey FromKey(SharedKey key);

  SharedKey key_;
  Ed25519PublicKey public_key_;
};

}  // namespace allmende::crypto
