#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/cli/city/commands.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

class CityCommandsTest : public ::testing::Test {
 protected:
  CityCommandsTest() {
    program_ = {.name = "allmende", .version = "1", .summary = "", .groups = {}, .commands = {}};
    AddCityCommands(program_);
  }
  ExitCode Do(const std::vector<std::string>& line) { return RunProgram(program_, line, test_.context); }
  std::string City() const { return directory_.File("musterstadt"); }
  // Makes the city, without a word about it.
  void Init() {
    ASSERT_EQ(Do({"city", "init", City(), "--participant", "bwb=agency"}), ExitCode::kOk) << test_.Err();
    test_.Out();
  }
  // The first serial number in what `pki list` says of a participant.
  std::string SerialOf(const std::string& participant) {
    Do({"pki", "list", City(), "--participant", participant, "-o", "csv"});
    const std::string text = test_.Out();
    const size_t line = text.find('\n') + 1;
    const size_t from = text.find(',', text.find(',', line) + 1) + 1;
    return text.substr(from, text.find(',', from) - from);
  }

  TestDirectory directory_;
  TestContext test_;
  Program program_;
};

TEST_F(CityCommandsTest, InitSaysWhatItMadeAndWhatComesNext) {
  ASSERT_EQ(Do({"city", "init", City() + "/"}), ExitCode::kOk) << test_.Err();
  const std::string text = test_.Out();
  EXPECT_THAT(text, HasSubstr("The city `musterstadt` is ready in " + City() + ":\n"));
  EXPECT_THAT(text, HasSubstr("(agency, officer, crisis-authority)\n"));
  EXPECT_THAT(text, HasSubstr("\nnext: allmended --config " + City() + "/broker.yaml\n"));
  EXPECT_THAT(text, HasSubstr("then: allmende profile add city-administration " + City() +
                              "/participants/city-administration\n"));
  for (const char* file : {"broker.yaml", "policies/city.baseline.yaml", "ca/key.pem", "broker/cert.pem",
                           "revoked.list", "participants/city-administration/profile.yaml"}) {
    EXPECT_TRUE(std::filesystem::exists(City() + "/" + file)) << file;
  }
}

TEST_F(CityCommandsTest, InitTellsProgramsTheSame) {
  ASSERT_EQ(Do({"city", "init", City(), "-o", "json", "--listen", "0.0.0.0:8443", "--host", "austausch.example.de",
                "--participant", "bwb=agency", "--participant", "navi-ag=operator,auditor"}),
            ExitCode::kOk);
  EXPECT_EQ(test_.Out(), "{\"city\": \"musterstadt\", \"directory\": \"" + City() + "\", \"config\": \"" + City() +
                             "/broker.yaml\", \"listen\": \"0.0.0.0:8443\", \"profiles\": [\"" + City() +
                             "/participants/bwb\", \"" + City() + "/participants/navi-ag\"]}\n");
  EXPECT_EQ(test_.Err(), "");
}

TEST_F(CityCommandsTest, IssueWritesAProfileAndSaysHowToHandItOver) {
  Init();
  ASSERT_EQ(Do({"pki", "issue", City(), "navi-ag", "--role", "operator", "--role", "auditor", "--valid-for", "30d"}),
            ExitCode::kOk);
  const std::string text = test_.Out();
  EXPECT_THAT(text, HasSubstr("participant  navi-ag\n"));
  EXPECT_THAT(text, HasSubstr("roles        operator, auditor\n"));
  EXPECT_THAT(text, HasSubstr("valid until  2026-10-21 "));
  EXPECT_THAT(text, HasSubstr("`allmende profile add navi-ag " + City() + "/participants/navi-ag`"));
  EXPECT_TRUE(std::filesystem::exists(City() + "/participants/navi-ag/key.pem"));
}

TEST_F(CityCommandsTest, AMembersProfileHasANameOfItsOwn) {
  Init();
  ASSERT_EQ(Do({"pki", "issue", City(), "bwb", "--member", "anna", "--role", "officer"}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("`allmende profile add bwb-anna " + City() + "/members/bwb/anna`"));
}

TEST_F(CityCommandsTest, ListShowsWhatWasIssuedAndItsState) {
  Init();
  Do({"pki", "issue", City(), "bwb", "--member", "anna", "--role", "officer", "--valid-for", "20d"});
  Do({"pki", "issue", City(), "navi-ag", "--role", "operator"});
  Do({"pki", "revoke", City(), "--participant", "navi-ag", "--reason", "contract ended"});
  test_.Out();
  ASSERT_EQ(Do({"pki", "list", City()}), ExitCode::kOk);
  const std::string text = test_.Out();
  EXPECT_THAT(text, MatchesRegex("participant +roles +serial +issued +valid until +state\n"
                                 "\\(broker\\) .* valid\n"
                                 "bwb .* valid\n"
                                 "bwb/anna .* ends soon\n"
                                 "navi-ag .* revoked: contract ended\n"));
}

TEST_F(CityCommandsTest, ASerialIsRevokedAloneAndAParticipantAsAWhole) {
  Init();
  const std::string serial = SerialOf("bwb");
  ASSERT_EQ(Do({"pki", "revoke", City(), "--serial", serial, "--reason", "laptop lost"}), ExitCode::kOk) << test_.Err();
  EXPECT_THAT(test_.Out(), HasSubstr("notices within a second"));
  EXPECT_EQ(Do({"pki", "revoke", City(), "--serial", serial}), ExitCode::kWrongState) << "it is revoked already";
  EXPECT_EQ(Do({"pki", "issue", City(), "bwb", "--role", "agency", "--renew"}), ExitCode::kOk);
  EXPECT_EQ(Do({"pki", "revoke", City(), "--participant", "bwb"}), ExitCode::kOk);
  EXPECT_EQ(Do({"pki", "issue", City(), "bwb", "--role", "agency", "--renew"}), ExitCode::kWrongState);
}

struct Wrong {
  std::vector<std::string> line;
  ExitCode code;
  std::string text;
};

TEST_F(CityCommandsTest, MistakesAreExplainedAndChangeNothing) {
  Init();
  std::ofstream(directory_.File("file")) << "x";
  const std::string city = City();
  const Wrong cases[] = {
      {{"city", "init", city}, ExitCode::kWrongState, "musterstadt"},
      {{"city", "init", directory_.File("Groß Stadt")}, ExitCode::kUsage, "`--name musterstadt`"},
      {{"city", "init", directory_.File("a/b/c")}, ExitCode::kNotFound, "a/b"},
      {{"city", "init", directory_.File("file")}, ExitCode::kWrongState, "file"},
      {{"city", "init", directory_.File("neu"), "--participant", "bwb"}, ExitCode::kUsage, "--participant bwb=agency"},
      {{"city", "init", directory_.File("neu"), "--participant", "bwb=boss"}, ExitCode::kBadInput, "boss"},
      {{"city", "init", directory_.File("neu"), "--participant", "B W B=agency"}, ExitCode::kBadInput, "B W B"},
      {{"city", "init", directory_.File("neu"), "--listen", "127.0.0.1"}, ExitCode::kBadInput, "127.0.0.1"},
      {{"pki", "issue", city, "bwb", "--role", "agency"}, ExitCode::kWrongState, "`--renew`"},
      {{"pki", "issue", city, "neu"}, ExitCode::kUsage, "`--role` is missing"},
      {{"pki", "issue", city, "neu", "--role", "operater"}, ExitCode::kUsage, "did you mean `operator`?"},
      {{"pki", "issue", city, "neu", "--role", "operator", "--valid-for", "9999d"}, ExitCode::kBadInput, "20 years"},
      {{"pki", "issue", directory_.path(), "neu", "--role", "operator"}, ExitCode::kNotFound, "allmende city init"},
      {{"pki", "revoke", city}, ExitCode::kUsage, "one of `--serial`, `--certificate` or `--participant`"},
      {{"pki", "revoke", city, "--serial", "00", "--participant", "x"}, ExitCode::kUsage, "one of `--serial`"},
      {{"pki", "revoke", city, "--participant", "nobody"}, ExitCode::kNotFound, "allmende pki list"},
      {{"pki", "list", directory_.File("nowhere")}, ExitCode::kNotFound, "nowhere"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_EQ(Do(wrong.line), wrong.code) << wrong.text;
    EXPECT_THAT(test_.Err(), HasSubstr(wrong.text));
    EXPECT_EQ(test_.Out(), "");
  }
  EXPECT_FALSE(std::filesystem::exists(directory_.File("neu")));
  Do({"pki", "list", city});
  EXPECT_THAT(test_.Out(), Not(HasSubstr("neu")));
}

TEST_F(CityCommandsTest, TheBrokersCertificateIsRenewed) {
  Init();
  EXPECT_EQ(Do({"pki", "renew-broker", City(), "--valid-for", "10d"}), ExitCode::kOk) << test_.Err();
  Do({"pki", "list", City()});
  EXPECT_THAT(test_.Out(), HasSubstr("ends soon"));
}

}  // namespace
}  // namespace allmende::cli
