// Project Wycheproof's vectors, which hold the mistakes that implementations have made. They are not part of this
// repository; without them these tests are skipped and say so.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/escaping.h"
#include "sdk/crypto/ed25519.h"
#include "sdk/crypto/hkdf.h"
#include "sdk/crypto/hmac.h"

namespace allmende::crypto {
namespace {

using nlohmann::json;

std::filesystem::path VectorFolder() {
  const char* data = std::getenv("ALLMENDE_REAL_DATA");
  const std::filesystem::path root = data != nullptr ? data : ALLMENDE_SOURCE_DIR "/../shared/data";
  return root / "crypto-vectors" / "wycheproof";
}

std::string Bytes(const json& hex) {
  return absl::HexStringToBytes(hex.get<std::string>());
}

class Wycheproof : public testing::Test {
 protected:
  // Calls `check(group, test, is valid)` for each test in `file`; there must be `count`.
  template <typename Check>
  void ForEachTest(const char* file, int count, Check check) {
    const std::filesystem::path path = VectorFolder() / file;
    std::ifstream stream(path);
    if (!stream) {
      GTEST_SKIP() << path << " is not there; set ALLMENDE_REAL_DATA to the folder that has `crypto-vectors`";
    }
    const json vectors = json::parse(stream);
    int seen = 0;
    for (const json& group : vectors.at("testGroups")) {
      for (const json& test : group.at("tests")) {
        SCOPED_TRACE(test.at("tcId").get<int>());
        check(group, test, test.at("result") == "valid");
        ++seen;
      }
    }
    EXPECT_EQ(seen, count);
  }
};

TEST_F(Wycheproof, Ed25519) {
  ForEachTest("ed25519_test.json", 151, [](const json& group, const json& test, bool valid) {
    const auto key = Ed25519PublicKey::FromBytes(Bytes(group.at("publicKey").at("pk")));
    EXPECT_EQ(key.ok() && key->Verify(Bytes(test.at("msg")), Bytes(test.at("sig"))), valid);
  });
}

TEST_F(Wycheproof, HmacSha256) {
  ForEachTest("hmac_sha256_test.json", 174, [](const json& group, const json& test, bool valid) {
    const Digest code = HmacSha256Of(Bytes(test.at("key")), Bytes(test.at("msg")));
    const std::string_view tag = AsBytes(code).substr(0, group.at("tagSize").get<size_t>() / 8);
    EXPECT_EQ(EqualConstantTime(tag, Bytes(test.at("tag"))), valid);
  });
}

TEST_F(Wycheproof, HkdfSha256) {
  ForEachTest("hkdf_sha256_test.json", 86, [](const json&, const json& test, bool valid) {
    const auto derived = HkdfSha256(Bytes(test.at("ikm")), Bytes(test.at("salt")), Bytes(test.at("info")),
                                    test.at("size").get<size_t>());
    EXPECT_EQ(derived.ok() && derived->view() == Bytes(test.at("okm")), valid);
  });
}

}  // namespace
}  // namespace allmende::crypto
