// The signature behind a statement or an attestation. docs/formats.md, Signature area. Stateless; thread-safe.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "sdk/crypto/ed25519.h"

namespace allmende::format {

inline constexpr size_t kSignatureAreaBytes = 69;  // algorithm, key id, signature

// Tells signing keys apart; says nothing about who holds one.
using KeyId = std::array<uint8_t, 4>;
KeyId KeyIdOf(const crypto::Ed25519PublicKey& key);

enum class SignatureAlgorithm : uint8_t { kNone = 0, kEd25519 = 1 };

// Appends the area. Without a `signer` (null) it says that there is no signature.
void AppendSignatureArea(std::string_view signed_bytes, const crypto::Ed25519PrivateKey* signer, std::string& out);

// The kSignatureAreaBytes bytes of an area, which it borrows.
class SignatureArea {
 public:
  explicit SignatureArea(std::string_view bytes) : bytes_(bytes) {}

  // OK when the area is well-formed. The other functions need one that is.
  //   kInvalidArgument  no signature, but bytes where it would stand; or a signature of zeros
  //   kUnimplemented    an algorithm that this program does not know
  absl::Status Check() const;

  SignatureAlgorithm algorithm() const { return static_cast<SignatureAlgorithm>(bytes_[0]); }
  KeyId key_id() const;  // zeros where there is no signature

  // OK when `key` signed `signed_bytes`.
  //   kUnauthenticated  not signed, signed with another key, or the bytes or the signature were changed
  absl::Status Verify(std::string_view signed_bytes, const crypto::Ed25519PublicKey& key) const;

 private:
  std::string_view bytes_;
};

}  // namespace allmende::format
