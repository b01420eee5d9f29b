#include "sdk/crypto/ed25519.h"

#include <openssl/evp.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "sdk/crypto/hash.h"
#include "sdk/crypto/openssl.h"

namespace allmende::crypto {
namespace {

using KeyBytes = std::array<uint8_t, kEd25519PublicKeyBytes>;
using DigestContext = OpenSslPtr<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr uint8_t kSignBit = 0x80;  // in the last byte: the sign of x

const unsigned char* Octets(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

// y is not below the prime 2^255 - 19. Such encodings name a point a second time.
bool IsOverlong(const KeyBytes& y) {
  return y[0] >= 0xed && y[31] == 0x7f &&
         std::all_of(y.begin() + 1, y.begin() + 31, [](uint8_t b) { return b == 0xff; });
}

// The y of all eight points whose order divides 8; some of them share theirs.
bool IsSmallOrder(const KeyBytes& y) {
  static const std::array<std::string, 5> kSmallOrder = {
      absl::HexStringToBytes("0000000000000000000000000000000000000000000000000000000000000000"),
      absl::HexStringToBytes("0100000000000000000000000000000000000000000000000000000000000000"),
      absl::HexStringToBytes("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
      absl::HexStringToBytes("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
      absl::HexStringToBytes("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")};
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), AsBytes(y)) != kSmallOrder.end();
}

absl::Status WrongLength(const std::string& what, size_t is, size_t should) {
  return absl::InvalidArgumentError(absl::StrCat(what, " has ", is, " bytes; an Ed25519 key has ", should));
}

}  // namespace

Ed25519PublicKey::Ed25519PublicKey(SharedKey key, std::string_view bytes) : key_(std::move(key)) {
  std::copy(bytes.begin(), bytes.end(), bytes_.begin());
}

absl::StatusOr<Ed25519PublicKey> Ed25519PublicKey::FromBytes(std::string_view bytes) {
  if (bytes.size() != kEd25519PublicKeyBytes) {
    return WrongLength("the public key", bytes.size(), kEd25519PublicKeyBytes);
  }
  KeyBytes y;
  std::copy(bytes.begin(), bytes.end(), y.begin());
  y[31] &= static_cast<uint8_t>(~kSignBit);
  if (IsOverlong(y)) {
    return absl::InvalidArgumentError("the public key is not in its shortest encoding; make a new key pair");
  }
  if (IsSmallOrder(y)) {
    return absl::InvalidArgumentError(
        "the public key is a point of small order, under which anybody can sign; make a new key pair");
  }
  EVP_PKEY* key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, Octets(bytes), bytes.size());
  return Ed25519PublicKey(SharedKey(Require(key, "no memory for a key"), EVP_PKEY_free), bytes);
}

bool Ed25519PublicKey::Verify(std::string_view message, std::string_view signature) const {
  if (signature.size() != kEd25519SignatureBytes) {
    return false;
  }
  const DigestContext context(Require(EVP_MD_CTX_new(), "no memory for a signature"));
  const bool valid =
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
      EVP_DigestVerify(context.get(), Octets(signature), signature.size(), Octets(message), message.size()) == 1;
  if (!valid) {
    ERR_clear_error();  // or the next TLS call of this thread takes it for its own
  }
  return valid;
}

Ed25519PrivateKey::Ed25519PrivateKey(SharedKey key, Ed25519PublicKey public_key)
    : key_(std::move(key)), public_key_(std::move(public_key)) {}

Ed25519PrivateKey Ed25519PrivateKey::FromKey(SharedKey key) {
  KeyBytes bytes;
  size_t size = bytes.size();
  Require(EVP_PKEY_get_raw_public_key(key.get(), bytes.data(), &size), "a private key has no public key");
  // A private key is clamped: its public key is never of small order, and OpenSSL encodes it in the shortest way.
  Ed25519PublicKey public_key(key, AsBytes(bytes));
  return Ed25519PrivateKey(std::move(key), std::move(public_key));
}

Ed25519PrivateKey Ed25519PrivateKey::Generate() {
  EVP_PKEY* key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  return FromKey(SharedKey(Require(key, "no key can be generated"), EVP_PKEY_free));
}

absl::StatusOr<Ed25519PrivateKey> Ed25519PrivateKey::FromSeed(std::string_view seed) {
  if (seed.size() != kEd25519SeedBytes) {
    return WrongLength("the private key", seed.size(), kEd25519SeedBytes);
  }
  EVP_PKEY* key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, Octets(seed), seed.size());
  return FromKey(SharedKey(Require(key, "no memory for a key"), EVP_PKEY_free));
}

SecretBytes Ed25519PrivateKey::Seed() const {
  SecretBytes seed(kEd25519SeedBytes);
  size_t size = seed.size();
  Require(EVP_PKEY_get_raw_private_key(key_.get(), seed.bytes().data(), &size), "a private key cannot be read");
  return seed;
}

Ed25519Signature Ed25519PrivateKey::Sign(std::string_view message) const {
  const DigestContext context(Require(EVP_MD_CTX_new(), "no memory for a signature"));
  Require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()), "signing cannot start");
  Ed25519Signature signature;
  size_t size = signature.size();
  Require(EVP_DigestSign(context.get(), signature.data(), &size, Octets(message), message.size()), "signing failed");
  return signature;
}

}  // namespace allmende::crypto
