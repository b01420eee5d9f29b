#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/profile/commands.h"
#include "sdk/cli/profile/profiles.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/pki/city.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    test_.environment["HOME"] = directory_.path();
    program_ = {.name = "allmende", .version = "1", .summary = "", .groups = {}, .commands = {}};
    AddProfileCommands(program_);
    pki::CityOptions options;
    options.city = "musterstadt";
    options.first.resize(2);
    options.first[0].participant = "bwb";
    options.first[0].roles = {pki::Role::kAgency};
    options.first[1].participant = "navi-ag";
    options.first[1].roles = {pki::Role::kOperator};
    options.first[1].validity = absl::Hours(1);
    EXPECT_TRUE(pki::InitCity(City(), options, test_.now).ok());
  }

  ExitCode Do(const std::vector<std::string>& line) { return RunProgram(program_, line, test_.context); }
  std::string City() const { return directory_.File("city"); }
  std::string FolderOf(const std::string& participant) const { return City() + "/participants/" + participant; }
  std::string Profiles() const { return directory_.File(".config/allmende/profiles"); }

  TestDirectory directory_;
  TestContext test_;
  Program program_;
};

TEST_F(ProfileTest, TheFirstOneAddedBecomesTheDefault) {
  ASSERT_EQ(Do({"profile", "add", "water", FolderOf("bwb")}), ExitCode::kOk) << test_.Err();
  EXPECT_EQ(test_.Out(),
            "profile `water`: bwb of musterstadt, 127.0.0.1:7443\n"
            "it is the default from now on\n");
  ASSERT_EQ(Do({"profile", "add", "navi", FolderOf("navi-ag") + "/profile.yaml"}), ExitCode::kOk) << test_.Err();
  EXPECT_EQ(test_.Out(), "profile `navi`: navi-ag of musterstadt, 127.0.0.1:7443\n");
  EXPECT_THAT(*ProfileNames(test_.context), ElementsAre("default", "navi", "water"));
  EXPECT_EQ(*ChosenProfile(test_.context), Profiles() + "/default");
}

TEST_F(ProfileTest, TheCommandLineGoesBeforeTheEnvironmentAndThisBeforeTheDefault) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  Do({"profile", "add", "navi", FolderOf("navi-ag")});
  test_.environment["ALLMENDE_PROFILE"] = "navi";
  EXPECT_EQ(*ChosenProfile(test_.context), Profiles() + "/navi");
  test_.context.profile = "water";
  EXPECT_EQ(*ChosenProfile(test_.context), Profiles() + "/water");
  test_.context.profile = FolderOf("bwb");
  EXPECT_EQ(*ChosenProfile(test_.context), FolderOf("bwb"));
}

TEST_F(ProfileTest, AFileOfThatNameWillDo) {
  std::filesystem::create_directories(Profiles());
  std::ofstream(Profiles() + "/own.yaml") << "city: musterstadt\nparticipant: bwb\nendpoints: [127.0.0.1:7443]\n";
  EXPECT_EQ(*FindProfile(test_.context, "own"), Profiles() + "/own.yaml");
  test_.environment["XDG_CONFIG_HOME"] = directory_.File("xdg");
  EXPECT_FALSE(FindProfile(test_.context, "own").ok()) << "another place was set";
}

TEST_F(ProfileTest, ListShowsWhoTheyAreAndWhatIsWrong) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  Do({"profile", "add", "navi", FolderOf("navi-ag")});
  test_.now += absl::Hours(2);
  test_.Out();
  EXPECT_EQ(Do({"profile", "list"}), ExitCode::kOk);
  const std::string text = test_.Out();
  EXPECT_THAT(text, HasSubstr("water  bwb          musterstadt  127.0.0.1:7443  yes      ready\n"));
  EXPECT_THAT(text, HasSubstr("navi   navi-ag      musterstadt  127.0.0.1:7443  no       "));
  EXPECT_THAT(text, HasSubstr("expired"));
  EXPECT_EQ(Do({"profile", "show", "navi"}), ExitCode::kProblemsFound);
  EXPECT_EQ(Do({"profile", "show", "-o", "json"}), ExitCode::kOk);
}

TEST_F(ProfileTest, UseAndRemove) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  Do({"profile", "add", "navi", FolderOf("navi-ag")});
  EXPECT_EQ(Do({"profile", "use", "navi"}), ExitCode::kOk);
  test_.Out();
  EXPECT_EQ(Do({"profile", "show", "-o", "csv"}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("navi-ag"));
  EXPECT_EQ(Do({"profile", "remove", "navi"}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("no profile is the default now"));
  EXPECT_TRUE(std::filesystem::exists(FolderOf("navi-ag") + "/key.pem")) << "its files stay";
  const auto chosen = ChosenProfile(test_.context);
  EXPECT_EQ(chosen.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(HintOf(chosen.status()), HasSubstr("there are: water"));
}

struct Wrong {
  std::vector<std::string> line;
  ExitCode code;
  std::string text;
};

TEST_F(ProfileTest, MistakesAreExplained) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  test_.Out();
  std::filesystem::create_directories(Profiles() + "/own");
  std::ofstream(Profiles() + "/own/profile.yaml") << "city: musterstadt\n";
  std::filesystem::create_symlink("loop", directory_.File("loop"));
  const Wrong cases[] = {
      {{"profile", "add", "water", FolderOf("navi-ag")}, ExitCode::kWrongState, "`--replace`"},
      {{"profile", "add", "../x", FolderOf("bwb")}, ExitCode::kBadInput, "cannot name a profile"},
      {{"profile", "add", "x", directory_.File("nowhere")}, ExitCode::kNotFound, "nowhere"},
      {{"profile", "add", "x", Profiles() + "/own"}, ExitCode::kBadInput, "participant"},
      {{"profile", "show", "watr"}, ExitCode::kNotFound, "did you mean `water`?"},
      {{"profile", "show", "./nothing"}, ExitCode::kNotFound, "there is no profile at `./nothing`"},
      {{"profile", "add", "x", directory_.File("loop")}, ExitCode::kWrongState, "loop"},
      {{"profile", "use", "nobody-here"}, ExitCode::kNotFound, "there are: default, own, water"},
      {{"profile", "remove", "own"}, ExitCode::kWrongState, "perhaps the only copy of its key"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_EQ(Do(wrong.line), wrong.code) << wrong.text;
    EXPECT_THAT(test_.Err(), HasSubstr(wrong.text));
    EXPECT_EQ(test_.Out(), "");
  }
}

TEST_F(ProfileTest, WithoutAnyProfileItSaysHowToGetOne) {
  const auto chosen = ChosenProfile(test_.context);
  EXPECT_EQ(chosen.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(HintOf(chosen.status()), StartsWith("`allmende profile add NAME DIR`"));
  test_.environment.clear();
  EXPECT_EQ(ChosenProfile(test_.context).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(ProfileTest, AFolderHereIsMeantByItsPath) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(City() + "/participants");
  const absl::Status status = FindProfile(test_.context, "navi-ag").status();
  std::filesystem::current_path(before);
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(HintOf(status), "`./navi-ag` is the folder");
}

TEST_F(ProfileTest, WhatIsGoneIsNotOffered) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  Do({"profile", "add", "navi", FolderOf("navi-ag")});
  std::filesystem::remove_all(FolderOf("bwb"));
  EXPECT_EQ(HintOf(FindProfile(test_.context, "zz").status()), "there are: navi");
}

TEST_F(ProfileTest, AFolderThatIsGoneIsNamed) {
  Do({"profile", "add", "water", FolderOf("bwb")});
  std::filesystem::remove_all(City());
  EXPECT_THAT(std::string(FindProfile(test_.context, "water").status().message()), HasSubstr("which is gone"));
}

}  // namespace
}  // namespace allmende::cli
