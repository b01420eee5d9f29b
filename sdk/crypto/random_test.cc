#include "sdk/crypto/random.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>

#include "sdk/crypto/secret.h"

namespace allmende::crypto {
namespace {

TEST(RandomBytes, AreOfTheAskedSizeAndDiffer) {
  EXPECT_EQ(RandomBytes(0), "");
  EXPECT_EQ(RandomBytes(3 << 20).size(), 3u << 20);  // more than OpenSSL gives at once
  EXPECT_NE(RandomBytes(16), RandomBytes(16));
}

TEST(RandomBytes, LeaveNoPartUnfilled) {
  const std::string bytes = RandomBytes((2 << 20) + 64);
  EXPECT_NE(bytes.substr(bytes.size() - 64), std::string(64, '\0'));
}

TEST(SaltPool, NeverHandsOutASaltTwice) {
  SaltPool pool;
  SaltPool other;
  std::set<Salt> seen;
  for (int i = 0; i < 2'000; ++i) {  // several fillings
    EXPECT_TRUE(seen.insert(pool.Next()).second);
    EXPECT_TRUE(seen.insert(other.Next()).second);
  }
  EXPECT_FALSE(seen.contains(Salt{})) << "handed out what was overwritten";
}

TEST(SecretBytes, CopiesOnPurposeOnlyAndMoves) {
  SecretBytes secret(std::string_view("secret"));
  SecretBytes copy(secret.view());
  SecretBytes moved = std::move(secret);
  EXPECT_EQ(moved.view(), "secret");
  EXPECT_EQ(secret.size(), 0u);  // NOLINT(bugprone-use-after-move): that is what is tested
  copy = std::move(moved);
  EXPECT_EQ(copy.view(), "secret");
}

TEST(SecretBytes, BeginsWithZeros) {
  EXPECT_EQ(SecretBytes(4).view(), std::string_view("\0\0\0\0", 4));
}

TEST(Cleanse, OverwritesWithZeros) {
  std::array<uint8_t, 4> bytes = {1, 2, 3, 4};
  Cleanse(bytes);
  EXPECT_EQ(bytes, (std::array<uint8_t, 4>{}));
}

TEST(EqualConstantTime, ComparesAsEqualityDoes) {
  EXPECT_TRUE(EqualConstantTime("", ""));
  EXPECT_TRUE(EqualConstantTime("abc", "abc"));
  EXPECT_FALSE(EqualConstantTime("abc", "abd"));
  EXPECT_FALSE(EqualConstantTime("abc", "ab"));
  EXPECT_FALSE(EqualConstantTime("", "a"));
}

}  // namespace
}  // namespace allmende::crypto
