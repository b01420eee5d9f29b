#include "broker/gate/pseudonym_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <vector>

#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;
using IfMissing = PseudonymKeys::IfMissing;

class PseudonymKeysTest : public ::testing::Test {
 protected:
  // A pseudonym of the agreement `a`.
  static std::string Pseudonym(const PseudonymKeys& keys) {
    const auto mac = keys.KeyOf("a");
    EXPECT_TRUE(mac.ok()) << mac.status();
    std::string code(policy::kMacBytes, '\0');
    const std::vector<std::string_view> parts = {"x"};
    EXPECT_TRUE((*mac)->Compute(
        parts, std::span<uint8_t, policy::kMacBytes>(reinterpret_cast<uint8_t*>(code.data()), policy::kMacBytes)));
    return code;
  }
  std::string Made() {
    const auto keys = PseudonymKeys::Open(path_, IfMissing::kMake);
    EXPECT_TRUE(keys.ok()) << keys.status();
    return Pseudonym(**keys);
  }
  absl::Status Refused(IfMissing if_missing = IfMissing::kMake) {
    return PseudonymKeys::Open(path_, if_missing).status();
  }

  const TestDirectory directory_;
  const std::string path_ = directory_.File("pseudonym.key");
};

TEST_F(PseudonymKeysTest, TheSecretThatWasMadeIsFoundAgain) {
  const std::string made = Made();
  EXPECT_EQ(Made(), made);
  const auto keys = PseudonymKeys::Open(path_, IfMissing::kRefuse);
  ASSERT_TRUE(keys.ok()) << keys.status();
  EXPECT_EQ(Pseudonym(**keys), made);
  struct stat status = {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::filesystem::remove(path_);
  EXPECT_NE(Made(), made);
}

TEST_F(PseudonymKeysTest, IsNotMadeAnewWhereOneWasUsed) {
  const absl::Status status = Refused(IfMissing::kRefuse);
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(path_ + "` is missing"));
  EXPECT_FALSE(std::filesystem::exists(path_));
}

// Every recipient would get other pseudonyms, and nobody would know why.
TEST_F(PseudonymKeysTest, EveryFlippedBitIsNoticed) {
  Made();
  const std::string good = *ReadFile(path_, 1'000);
  for (size_t bit = 0; bit < 8 * good.size(); ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    ASSERT_TRUE(WriteFileAtomically(path_, bad, FileAccess::kOwnerOnly).ok());
    ASSERT_EQ(Refused().code(), absl::StatusCode::kDataLoss) << "bit " << bit;
  }
}

TEST_F(PseudonymKeysTest, AnotherLengthIsNoticed) {
  Made();
  const std::string good = *ReadFile(path_, 1'000);
  std::vector<std::string> bad = {std::string(32, 's'), good + "x", good + good};
  for (size_t size = 0; size < good.size(); ++size) {
    bad.push_back(good.substr(0, size));
  }
  for (const std::string& content : bad) {
    ASSERT_TRUE(WriteFileAtomically(path_, content, FileAccess::kOwnerOnly).ok());
    const absl::Status status = Refused();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << content.size();
    ASSERT_THAT(std::string(status.message()), HasSubstr("restore it from a backup")) << content.size();
    ASSERT_EQ(*ReadFile(path_, 1'000), content) << "left alone";
  }
}

}  // namespace
}  // namespace allmende::broker
