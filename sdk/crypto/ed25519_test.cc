#include "sdk/crypto/ed25519.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "sdk/crypto/hash.h"

namespace allmende::crypto {
namespace {

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(std::string(bytes));
}

Ed25519PrivateKey ExampleKey() {
  return *Ed25519PrivateKey::FromSeed(std::string(32, 's'));
}

// RFC 8032, section 7.1, tests 1 and 2.
TEST(Ed25519, SignsTheStandardsExamples) {
  const struct {
    const char* seed;
    const char* public_key;
    std::string message;
    const char* signature;
  } cases[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5"
                "f0595bbe24"
                "655141438e7a100b"},
               {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "\x72",
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2e"
                "aeb4302aee"
                "b00d291612bb0c00"}};
  for (const auto& example : cases) {
    const Ed25519PrivateKey key = *Ed25519PrivateKey::FromSeed(absl::HexStringToBytes(example.seed));
    EXPECT_EQ(Hex(AsBytes(key.public_key().bytes())), example.public_key);
    EXPECT_EQ(Hex(AsBytes(key.Sign(example.message))), example.signature);
    EXPECT_TRUE(key.public_key().Verify(example.message, absl::HexStringToBytes(example.signature)));
  }
}

TEST(Ed25519, GeneratedKeysDiffer) {
  const Ed25519PrivateKey key = Ed25519PrivateKey::Generate();
  EXPECT_FALSE(key.public_key() == Ed25519PrivateKey::Generate().public_key());
  EXPECT_TRUE(key.public_key().Verify("message", AsBytes(key.Sign("message"))));
}

TEST(Ed25519, SeedBringsTheKeyBack) {
  const Ed25519PrivateKey key = Ed25519PrivateKey::Generate();
  EXPECT_TRUE(Ed25519PrivateKey::FromSeed(key.Seed().view())->public_key() == key.public_key());
}

TEST(Ed25519, EveryFlippedBitOfASignatureIsRefused) {
  const Ed25519PrivateKey key = ExampleKey();
  const Ed25519Signature signature = key.Sign("message");
  for (size_t bit = 0; bit < 8 * signature.size(); ++bit) {
    Ed25519Signature flipped = signature;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(key.public_key().Verify("message", AsBytes(flipped))) << bit;
  }
}

TEST(Ed25519, AnotherMessageKeyOrLengthIsRefused) {
  const Ed25519PrivateKey key = ExampleKey();
  const Ed25519Signature signature = key.Sign("message");
  EXPECT_FALSE(key.public_key().Verify("messagf", AsBytes(signature)));
  EXPECT_FALSE(key.public_key().Verify("", AsBytes(signature)));
  EXPECT_FALSE(Ed25519PrivateKey::Generate().public_key().Verify("message", AsBytes(signature)));
  EXPECT_FALSE(key.public_key().Verify("message", AsBytes(signature).substr(1)));
  std::string longer(AsBytes(signature));
  longer.push_back('x');
  EXPECT_FALSE(key.public_key().Verify("message", longer));
  EXPECT_FALSE(key.public_key().Verify("message", ""));
}

TEST(Ed25519, KeysOfAnotherLengthAreRefused) {
  for (const size_t size : {0, 31, 33, 64}) {
    EXPECT_EQ(Ed25519PublicKey::FromBytes(std::string(size, 'k')).status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(Ed25519PrivateKey::FromSeed(std::string(size, 'k')).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

// With the neutral element as public key, (R = neutral element, S = 0) is a signature of every message.
TEST(Ed25519, PublicKeysOfSmallOrderAreRefusedWithEitherSign) {
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                          "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"}) {
    std::string key = absl::HexStringToBytes(hex);
    EXPECT_EQ(Ed25519PublicKey::FromBytes(key).status().code(), absl::StatusCode::kInvalidArgument) << hex;
    key[31] = static_cast<char>(key[31] | 0x80);
    EXPECT_EQ(Ed25519PublicKey::FromBytes(key).status().code(), absl::StatusCode::kInvalidArgument) << hex;
  }
}

TEST(Ed25519, PublicKeysThatNameTheirPointASecondTimeAreRefused) {
  for (int y = 0xed; y <= 0xff; ++y) {
    for (const char last : {'\x7f', '\xff'}) {
      std::string key(32, '\xff');
      key[0] = static_cast<char>(y);
      key[31] = last;
      EXPECT_FALSE(Ed25519PublicKey::FromBytes(key).ok()) << y;
    }
  }
}

}  // namespace
}  // namespace allmende::crypto
