#include "sdk/pki/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/pki/endpoint.h"
#include "sdk/testing/test_directory.h"

namespace allmende::pki {
namespace {

using ::testing::HasSubstr;

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

TEST(EndpointTest, GoodOnesReadBack) {
  for (const char* text : {"localhost:7443", "127.0.0.1:0", "[::1]:65535", "exchange.musterstadt.de:443"}) {
    const absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text);
    ASSERT_TRUE(endpoint.ok()) << endpoint.status();
    EXPECT_EQ(endpoint->Text(), text);
  }
  EXPECT_EQ(ParseEndpoint("[::1]:1")->host, "::1");
}

TEST(EndpointTest, BadOnesSayWhatIsWrong) {
  for (const char* text : {"", "localhost", ":1", "::1:7443", "[]:1", "a b:1", "https://x:1", "x/y:1", "[::1:1"}) {
    EXPECT_THAT(Text(ParseEndpoint(text).status()), HasSubstr("is not `host:port`")) << text;
  }
  for (const char* text : {"x:", "x:65536", "x:-1", "x:+1", "x: 1", "x:1a", "x:99999999999999"}) {
    EXPECT_THAT(Text(ParseEndpoint(text).status()), HasSubstr("is not a port")) << text;
  }
}

class ProfileTest : public testing::Test {
 protected:
  void Write(const std::string& text) {
    const absl::Status status = WriteFileAtomically(directory_.File("profile.yaml"), text, FileAccess::kEverybody);
    ASSERT_TRUE(status.ok()) << status;
  }

  const TestDirectory directory_;
};

TEST_F(ProfileTest, ReadsBackAsItWasSaved) {
  Profile profile;
  profile.directory = directory_.path();
  profile.city = "musterstadt";
  profile.participant = "bwb";
  profile.member = "anna";
  profile.endpoints = {"localhost:7443", "[::1]:7443"};
  profile.purpose = "Gefahrenabwehr: \"Starkregen\" # 1\\n";
  profile.key = "/somewhere/else/key.pem";
  ASSERT_TRUE(SaveProfile(profile).ok());
  for (const std::string& path : {directory_.path(), directory_.File("profile.yaml")}) {
    const absl::StatusOr<Profile> read = LoadProfile(path);
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->city, profile.city);
    EXPECT_EQ(read->participant, profile.participant);
    EXPECT_EQ(read->member, profile.member);
    EXPECT_EQ(read->endpoints, profile.endpoints);
    EXPECT_EQ(read->purpose, profile.purpose);
    EXPECT_EQ(read->Pair().certificate, directory_.File("cert.pem"));
    EXPECT_EQ(read->Pair().key, "/somewhere/else/key.pem");
    EXPECT_EQ(read->AuthorityPath(), directory_.File("ca.pem"));
  }
}

TEST_F(ProfileTest, PurposesOfAllKindsSurvive) {
  Profile profile;
  profile.directory = directory_.path();
  profile.city = "no";  // a city that YAML would take for a boolean
  profile.participant = "0e1";
  profile.endpoints = {"localhost:7443"};
  for (const char* purpose :
       {"yes", "null", "~", "1e3", "0x1", "- a", "{a}", "a: b", "a #b", "'", "\"", "a\tb", "ä€𝄞", " x "}) {
    profile.purpose = purpose;
    ASSERT_TRUE(SaveProfile(profile).ok());
    const absl::StatusOr<Profile> read = LoadProfile(directory_.path());
    ASSERT_TRUE(read.ok()) << purpose << ": " << read.status();
    EXPECT_EQ(read->purpose, purpose);
    EXPECT_EQ(read->city, "no");
    EXPECT_EQ(read->participant, "0e1");
  }
}

TEST_F(ProfileTest, AllMistakesAreToldAtOnce) {
  Write(
      "city: Muster Stadt\n"
      "partcipant: bwb\n"
      "member: Anna\n"
      "endpoints: [localhost, \"x:0\"]\n");
  const absl::Status status = LoadProfile(directory_.path()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::string file = directory_.File("profile.yaml");
  EXPECT_THAT(Text(status), HasSubstr(absl::StrCat(file, ":1:7: `Muster Stadt` cannot be a city's name")));
  EXPECT_THAT(Text(status), HasSubstr(absl::StrCat(file, ":1:1: `participant` is missing here")));
  EXPECT_THAT(Text(status),
              HasSubstr(absl::StrCat(file, ":2:1: unknown key `partcipant`; did you mean `participant`?")));
  EXPECT_THAT(Text(status), HasSubstr("`Anna` cannot be a member's name"));
  EXPECT_THAT(Text(status), HasSubstr("`localhost` is not `host:port`"));
  EXPECT_THAT(Text(status), HasSubstr("`x:0` needs the broker's port"));
}

TEST_F(ProfileTest, UnreadableProfiles) {
  EXPECT_EQ(LoadProfile(directory_.File("nowhere")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(LoadProfile(directory_.path()).status().code(), absl::StatusCode::kNotFound);
  for (const char* text : {"", "city", "- a", "city: &a x\n", "city: x\ncity: y\n", "city: \xff\n", "city: [\n"}) {
    Write(text);
    const absl::Status status = LoadProfile(directory_.path()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(Text(status), HasSubstr("profile.yaml:")) << text;
  }
}

}  // namespace
}  // namespace allmende::pki
