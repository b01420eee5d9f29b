// The Bazel build's list of targets against CMake's, and the script that writes the one from the other.
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

struct Outcome {
  int code = -1;  // -1: ended by a signal, or not started
  std::string output;
};

// Runs a shell command; both of its outputs are read as one.
Outcome Shell(const std::string& command) {
  Outcome outcome;
  FILE* const stream = popen((command + " 2>&1").c_str(), "r");
  if (stream == nullptr) {
    return outcome;
  }
  char part[4096];
  for (size_t count = fread(part, 1, sizeof(part), stream); count > 0; count = fread(part, 1, sizeof(part), stream)) {
    outcome.output.append(part, count);
  }
  const int status = pclose(stream);
  outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

std::string ReadText(const std::filesystem::path& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.is_open()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteText(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

// A copy of the scripts beside a build folder of four targets, with the list that belongs to it.
class BazelListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
    root_ = std::filesystem::path(::testing::TempDir()) / (std::string("bazel_list_") + info->name());
    std::filesystem::remove_all(root_);
    std::filesystem::create_directories(root_ / "build");
    std::filesystem::create_directories(root_ / "bazel-compat");
    for (const char* const name : {"generate", "system.bzl"}) {
      std::filesystem::copy_file(std::filesystem::path(ALLMENDE_SOURCE_DIR) / "bazel-compat" / name,
                                 root_ / "bazel-compat" / name);
    }
    WriteTargets(kTargets);
    const Outcome generated = Generate("");
    ASSERT_EQ(generated.code, 0) << generated.output;
  }

  void TearDown() override { std::filesystem::remove_all(root_); }

  void WriteTargets(const std::string& lines) { WriteText(root_ / "build/targets.txt", lines); }

  Outcome Generate(const std::string& arguments) {
    return Shell("'" + (root_ / "bazel-compat/generate").string() + "' " + arguments + " '" +
                 (root_ / "build").string() + "'");
  }

  std::string List() { return ReadText(root_ / "bazel-compat/targets.bzl"); }

  static constexpr char kTargets[] =
      "messages|proto_messages|proto|a.proto|protobuf::libprotobuf\n"
      "library|policy_key|policy/key|key.cc|proto_messages,absl::status\n"
      "library|policy_testing|policy/testing|mutate.cc|policy_key,GTest::gtest\n"
      "library|broker_work|broker/work|executor.cc|policy_key\n";

  std::filesystem::path root_;
};

TEST(BazelTest, ListIsWhatCMakeBuilds) {
  const Outcome check = Shell("'" ALLMENDE_SOURCE_DIR "/bazel-compat/generate' --check '" ALLMENDE_BUILD_DIR "'");
  EXPECT_EQ(check.code, 0) << check.output;
}

TEST(BazelTest, BuildScriptExplainsItself) {
  const Outcome help = Shell("'" ALLMENDE_SOURCE_DIR "/bazel-compat/build' --help");
  EXPECT_EQ(help.code, 0) << help.output;
  EXPECT_THAT(help.output, AllOf(HasSubstr("usage: bazel-compat/build"), HasSubstr("./dev setup build bazel")));
}

TEST(BazelTest, BuildScriptRefusesAnUnknownOption) {
  const Outcome build = Shell("'" ALLMENDE_SOURCE_DIR "/bazel-compat/build' --fast");
  EXPECT_EQ(build.code, 1);
  EXPECT_THAT(build.output, HasSubstr("`--fast` is no option"));
}

TEST_F(BazelListTest, FreshListPasses) {
  const Outcome check = Generate("--check");
  EXPECT_EQ(check.code, 0) << check.output;
}

TEST_F(BazelListTest, BrokerAndHelpersOfTestsStayOut) {
  EXPECT_THAT(List(), AllOf(HasSubstr("\"policy_key\""), Not(HasSubstr("broker")), Not(HasSubstr("testing"))));
}

TEST_F(BazelListTest, NewSourceIsNoticedAndTheCommandNamed) {
  WriteTargets(
      "library|policy_key|policy/key|key.cc,new.cc|proto_messages,absl::status\n"
      "messages|proto_messages|proto|a.proto|protobuf::libprotobuf\n");
  const Outcome check = Generate("--check");
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.output, AllOf(HasSubstr("+            \"new.cc\","), HasSubstr("run `bazel-compat/generate`")));
}

TEST_F(BazelListTest, NewDependencyIsNoticed) {
  WriteTargets(std::string(kTargets) + "library|policy_wire|policy/wire|wire.cc|policy_key\n");
  const std::string before = List();
  EXPECT_EQ(Generate("").code, 0);
  EXPECT_NE(List(), before);
  WriteTargets(std::string(kTargets) + "library|policy_wire|policy/wire|wire.cc|policy_key,absl::time\n");
  const Outcome check = Generate("--check");
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.output, HasSubstr("+            \"absl::time\","));
}

TEST_F(BazelListTest, RemovedTargetIsNoticed) {
  WriteTargets("messages|proto_messages|proto|a.proto|protobuf::libprotobuf\n");
  const Outcome check = Generate("--check");
  EXPECT_EQ(check.code, 1);
  EXPECT_THAT(check.output, HasSubstr("-        \"name\": \"policy_key\","));
}

TEST_F(BazelListTest, CheckChangesNothing) {
  const std::string before = List();
  WriteTargets("messages|proto_messages|proto|b.proto|protobuf::libprotobuf\n");
  EXPECT_EQ(Generate("--check").code, 1);
  EXPECT_EQ(List(), before);
}

TEST_F(BazelListTest, OrderOfFoldersDoesNotMatter) {
  WriteTargets(
      "library|policy_key|policy/key|key.cc|proto_messages,absl::status\n"
      "messages|proto_messages|proto|a.proto|protobuf::libprotobuf\n");
  const Outcome check = Generate("--check");
  EXPECT_EQ(check.code, 0) << check.output;
}

TEST_F(BazelListTest, LibraryThatNobodySaysHowToLinkIsNamed) {
  const std::string before = List();
  WriteTargets("library|policy_key|policy/key|key.cc|Lua::lua,absl::status,policy_gone\n");
  for (const std::string arguments : {"", "--check"}) {
    const Outcome outcome = Generate(arguments);
    EXPECT_EQ(outcome.code, 1);
    EXPECT_THAT(outcome.output, AllOf(HasSubstr("bazel-compat/system.bzl"), HasSubstr("`Lua::lua`, `policy_gone`")));
  }
  EXPECT_EQ(List(), before);
}

TEST_F(BazelListTest, BuildFolderWithoutAListIsRefused) {
  std::filesystem::remove(root_ / "build/targets.txt");
  const Outcome outcome = Generate("");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.output, AllOf(HasSubstr("has no targets.txt"), HasSubstr("./dev build")));
}

TEST_F(BazelListTest, UnknownOptionIsRefused) {
  const Outcome outcome = Generate("--all");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_THAT(outcome.output, HasSubstr("`--all` is no option"));
}

}  // namespace
}  // namespace allmende
