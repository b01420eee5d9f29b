#include "sdk/crypto/hash.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "absl/strings/escaping.h"
#include "sdk/crypto/hkdf.h"
#include "sdk/crypto/hmac.h"

namespace allmende::crypto {
namespace {

std::string Hex(std::string_view bytes) {
  return absl::BytesToHexString(std::string(bytes));
}

// FIPS 180-4 examples.
TEST(Sha256, HashesTheStandardsExamples) {
  EXPECT_EQ(Hex(AsBytes(Sha256Of(""))), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(AsBytes(Sha256Of("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(AsBytes(Sha256Of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(AsBytes(Sha256Of(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PartsAreHashedAsOne) {
  EXPECT_EQ(Sha256Of("a", "", "bc"), Sha256Of("abc"));
}

TEST(Sha256, StartsAnewAfterEachMessage) {
  Sha256 hasher;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(hasher.Update("a").Update("bc").Finish(), Sha256Of("abc"));
    EXPECT_EQ(hasher.Finish(), Sha256Of(""));
  }
}

TEST(Sha256, MovesInTheMiddleOfAMessage) {
  Sha256 hasher;
  hasher.Update("a");
  Sha256 other = std::move(hasher);
  EXPECT_EQ(other.Update("bc").Finish(), Sha256Of("abc"));
}

TEST(Sha256, ThreadsDoNotShareAHasher) {
  ThreadSha256().Update("left over");
  std::thread([] { EXPECT_EQ(Sha256Of("abc"), Sha256().Update("abc").Finish()); }).join();
  ThreadSha256().Finish();
}

// RFC 4231, test cases 1, 2 and 6 (a key longer than a block).
TEST(HmacSha256, AuthenticatesTheStandardsExamples) {
  EXPECT_EQ(Hex(AsBytes(HmacSha256Of(std::string(20, '\x0b'), "Hi There"))),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(Hex(AsBytes(HmacSha256Of("Jefe", "what do ya want for nothing?"))),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      Hex(AsBytes(HmacSha256Of(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"))),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, AnEmptyKeyIsAKey) {
  EXPECT_EQ(Hex(AsBytes(HmacSha256Of("", ""))), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(HmacSha256, KeepsItsKeyFromMessageToMessage) {
  HmacSha256 mac("key");
  const Digest first = mac.Update("message").Finish();
  EXPECT_NE(mac.Update("another").Finish(), first);
  EXPECT_EQ(mac.Update("mess").Update("age").Finish(), first);
}

TEST(HmacSha256, CloneHasTheKeyAndIsAtTheStartOfAMessage) {
  HmacSha256 mac("key");
  mac.Update("something");
  HmacSha256 clone = mac.Clone();
  EXPECT_EQ(clone.Update("message").Finish(), HmacSha256Of("key", "message"));
  EXPECT_EQ(mac.Finish(), HmacSha256Of("key", "something"));
}

TEST(HkdfSha256, RefusesLengthsThatItCannotDerive) {
  EXPECT_EQ(HkdfSha256("secret", "", "use", 0).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HkdfSha256("secret", "", "use", kHkdfBytesMax + 1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(HkdfSha256("secret", "", "use", kHkdfBytesMax)->size(), kHkdfBytesMax);
}

TEST(HkdfSha256, UsesDoNotShareKeys) {
  const SecretBytes one = *HkdfSha256("secret", "salt", "one", 32);
  EXPECT_EQ(HkdfSha256("secret", "salt", "one", 32)->view(), one.view());
  EXPECT_NE(HkdfSha256("secret", "salt", "other", 32)->view(), one.view());
  EXPECT_NE(HkdfSha256("secret", "pepper", "one", 32)->view(), one.view());
}

}  // namespace
}  // namespace allmende::crypto
