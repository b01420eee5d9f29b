#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/file.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/regime/commands.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr char kProto[] = R"(syntax = "proto3";
import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";
message Rain {
  google.protobuf.Timestamp time = 1 [(allmende.v1.class) = PUBLIC, (allmende.v1.event_time) = true];
  string gauge = 2 [(allmende.v1.class) = PUBLIC];
  double rain = 3 [(allmende.v1.class) = OPERATIONAL];
}
)";

constexpr char kPolicy[] = R"(language: en
dataset: water/rain
publisher: bwb
valid: {from: 2026-01-01}

fields:
  public: [time, gauge]
  operational: [rain]

rules:
  - rule: open
    for: everyone
    purpose: any
    deliver: [public]

tests:
  - {who: anybody, gets: [public], never: [rain]}
)";

class PolicyCheckTest : public ::testing::Test {
 protected:
  PolicyCheckTest() {
    program_ = {.name = "allmende", .version = "1", .summary = "", .groups = {}, .commands = {}};
    AddRegimeCommands(program_);
    schema_ = Put("rain.proto", kProto);
  }
  std::string Put(const std::string& name, const std::string& text) {
    const std::string path = directory_.File(name);
    EXPECT_TRUE(WriteFileAtomically(path, text, FileAccess::kEverybody).ok());
    return path;
  }
  std::string Changed(const std::string& from, const std::string& to) {
    std::string text = kPolicy;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }
  ExitCode Do(const std::vector<std::string>& line) { return RunProgram(program_, line, test_.context); }

  TestDirectory directory_;
  TestContext test_;
  Program program_;
  std::string schema_;
};

TEST_F(PolicyCheckTest, AFileInOrder) {
  const std::string file = Put("rain.policy.yaml", kPolicy);
  EXPECT_EQ(Do({"policy", "check", file, "--schema", schema_}), ExitCode::kOk) << test_.Out();
  EXPECT_EQ(test_.Out(), file + ": in order, 1 test passed\n");
  EXPECT_EQ(Do({"policy", "check", file}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("as far as it can be seen without the schema"));
  EXPECT_EQ(Do({"policy", "check", file, "-q", "--schema", schema_}), ExitCode::kOk);
  EXPECT_EQ(test_.Out(), "");
}

TEST_F(PolicyCheckTest, ErrorsAreShownAsTheBrokerShowsThem) {
  const std::string file =
      Put("rain.policy.yaml", Changed("deliver: [public]", "deliver: [public]\n    dutys: [name the source]"));
  EXPECT_EQ(Do({"policy", "check", file}), ExitCode::kProblemsFound);
  const std::string text = test_.Out();
  EXPECT_THAT(text, AllOf(StartsWith(file + ":15:5: error: "), HasSubstr("dutys"), HasSubstr("did you mean `duties`?"),
                          HasSubstr("    dutys: [name the source]\n"), HasSubstr("^~~~~\n")));
}

TEST_F(PolicyCheckTest, TheSchemaShowsFieldsThatAreNotThere) {
  const std::string file = Put("rain.policy.yaml", Changed("public: [time, gauge]", "public: [time, gauge, snow]"));
  EXPECT_EQ(Do({"policy", "check", file}), ExitCode::kOk) << "nobody can see that without the schema";
  test_.Out();
  EXPECT_EQ(Do({"policy", "check", file, "--schema", schema_}), ExitCode::kProblemsFound);
  EXPECT_THAT(test_.Out(), HasSubstr("`snow`"));
}

TEST_F(PolicyCheckTest, AFailedTestIsAProblem) {
  const std::string file = Put("rain.policy.yaml", Changed("never: [rain]", "gets_also: [rain]"));
  EXPECT_EQ(Do({"policy", "check", file, "--schema", schema_}), ExitCode::kProblemsFound);
}

TEST_F(PolicyCheckTest, FormatsForPrograms) {
  const std::string file =
      Put("rain.policy.yaml", Changed("deliver: [public]", "deliver: [public]\n    dutys: [name the source]"));
  EXPECT_EQ(Do({"policy", "check", file, "--format", "json"}), ExitCode::kProblemsFound);
  const std::string json = test_.Out();
  EXPECT_THAT(json, AllOf(StartsWith("{\"file\": \"" + file +
                                     "\", \"line\": 15, \"column\": 5, \"severity\": \"error\", "
                                     "\"code\": \"AP0201\", \"message\": \""),
                          HasSubstr("\"hint\": \"")));
  EXPECT_EQ(Do({"policy", "check", file, "-o", "json"}), ExitCode::kProblemsFound);
  EXPECT_EQ(test_.Out(), json);
  EXPECT_EQ(Do({"policy", "check", file, "--format", "github"}), ExitCode::kProblemsFound);
  EXPECT_THAT(test_.Out(), StartsWith("::error file=" + file + ",line=15,col=5::"));
}

TEST_F(PolicyCheckTest, ABaselineIsToldFromAPolicy) {
  const std::string baseline = Put("city.baseline.yaml",
                                   "language: en\nbaseline: musterstadt\npublisher: amt\nvalid: {from: 2026-01-01}\n"
                                   "limits:\n  - limit: no-operational\n    for: everyone\n    never: "
                                   "[operational]\ntests:\n  - {who: anybody, never: [operational]}\n");
  EXPECT_EQ(Do({"policy", "check", baseline}), ExitCode::kOk) << test_.Out();
  test_.Out();
  const std::string wider = Put("rain.policy.yaml", Changed("deliver: [public]", "deliver: [public, operational]"));
  EXPECT_EQ(Do({"policy", "check", wider, "--schema", schema_, "--baseline", baseline}), ExitCode::kOk)
      << "the baseline takes it away, with a warning at most: " << test_.Out();
}

TEST_F(PolicyCheckTest, AllFilesAreLookedAt) {
  const std::string good = Put("a.policy.yaml", kPolicy);
  const std::string bad = Put("b.policy.yaml", "language: en\n");
  EXPECT_EQ(Do({"policy", "check", bad, good}), ExitCode::kProblemsFound);
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("b.policy.yaml:"), HasSubstr("a.policy.yaml: in order")));
}

struct Wrong {
  std::vector<std::string> line;
  ExitCode code;
  std::string text;
};

TEST_F(PolicyCheckTest, FilesThatCannotBeUsed) {
  const std::string good = Put("a.policy.yaml", kPolicy);
  const std::string broken = Put("broken.proto", "syntax = \"proto3\";\nmessage M { string a = ; }\n");
  const Wrong cases[] = {
      {{"policy", "check", directory_.File("nothing.yaml")}, ExitCode::kNotFound, "nothing.yaml"},
      {{"policy", "check", directory_.path()}, ExitCode::kWrongState, directory_.path()},
      {{"policy", "check", good, "--schema", broken}, ExitCode::kBadInput, "broken.proto:2:"},
      {{"policy", "check", good, "--schema", schema_, "--message", "Snow"}, ExitCode::kBadInput, "Snow"},
      {{"policy", "check", good, "--baseline", good}, ExitCode::kBadInput, "a.policy.yaml:"},
      {{"policy", "check", good, "--format", "xml"}, ExitCode::kUsage, "text, json, github"},
      {{"policy", "list"}, ExitCode::kUsage, "`--baseline`"},
      {{"policy", "list", "x", "--baseline"}, ExitCode::kUsage, "`--baseline`"},
      {{"policy", "release", Put("bad.yaml", "{")}, ExitCode::kProblemsFound, ""},
      {{"crisis", "declare", "heat"}, ExitCode::kUsage, "either `--for` or `--until`"},
      {{"crisis", "declare", "heat", "--for", "6"}, ExitCode::kUsage, "`6h`"},
      {{"status", "--profile", "nobody"}, ExitCode::kWrongState, "HOME"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_EQ(Do(wrong.line), wrong.code) << wrong.text;
    EXPECT_THAT(test_.Err(), HasSubstr(wrong.text));
  }
}

}  // namespace
}  // namespace allmende::cli
