// The tests' own HMAC against published vectors: what stands on it is only as good.
#include "policy/testing/test_mac.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace allmende::policy::testing {
namespace {

std::string Hex(std::span<const uint8_t> bytes) {
  return absl::BytesToHexString(std::string(bytes.begin(), bytes.end()));
}

TEST(TestMac, Sha256OfPublishedMessages) {
  EXPECT_EQ(Hex(Sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Hex(Sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Hex(Sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Hex(Sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// RFC 4231, test cases 1, 2, 3 and 6.
TEST(TestMac, HmacOfRfc4231) {
  struct Row {
    std::string key, message;
    const char* code;
  };
  const Row rows[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
  };
  for (const Row& row : rows) {
    const TestMac mac(row.key);
    std::array<uint8_t, kMacBytes> code;
    const std::string_view message = row.message;
    const std::vector<std::string_view> parts = {message.substr(0, 3), {}, message.substr(3)};
    ASSERT_TRUE(mac.Compute(parts, code));
    EXPECT_EQ(Hex(code), row.code);
  }
}

}  // namespace
}  // namespace allmende::policy::testing
