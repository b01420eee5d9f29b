#include "sdk/cli/frame/run.h"

#include <cstdio>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/cli/frame/completion.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

absl::StatusOr<ExitCode> Greet(Context& context, const Values& values) {
  *context.out << "hello " << values.Text("WHO") << "\n";
  return values.Switch("sad") ? ExitCode::kProblemsFound : ExitCode::kOk;
}

absl::StatusOr<ExitCode> Fail(Context&, const Values&) {
  return absl::NotFoundError("nothing here");
}

Program TestProgram() {
  return {.name = "tool",
          .version = "1.0",
          .summary = "a test",
          .groups = {{"data", "data of all kinds"}},
          .commands = {{.name = "greet",
                        .summary = "says hello",
                        .details = "To one person at a time.",
                        .examples = {"tool greet world"},
                        .arguments = {{.name = "WHO", .help = "who is greeted"}},
                        .options = {{.name = "sad", .help = "with a sad face"},
                                    {.name = "mood",
                                     .help = "how",
                                     .kind = ValueKind::kChoice,
                                     .choices = {"good", "bad"},
                                     .fallback = "good"}},
                        .run = Greet},
                       {.name = "data fail", .summary = "fails", .run = Fail},
                       {.name = "data load",
                        .summary = "it's a file's way in",
                        .arguments = {{.name = "FILE", .help = "which", .kind = ValueKind::kFile}},
                        .run = Fail}}};
}

TEST(RunTest, ResultsAndExitCodesComeFromTheCommand) {
  TestContext test;
  EXPECT_EQ(RunProgram(TestProgram(), {"greet", "world"}, test.context), ExitCode::kOk);
  EXPECT_EQ(test.Out(), "hello world\n");
  EXPECT_EQ(RunProgram(TestProgram(), {"greet", "world", "--sad"}, test.context), ExitCode::kProblemsFound);
  EXPECT_EQ(RunProgram(TestProgram(), {"data", "fail"}, test.context), ExitCode::kNotFound);
  EXPECT_EQ(test.Err(), "error: nothing here\n");
  EXPECT_EQ(RunProgram(TestProgram(), {"data", "fail", "-o", "json"}, test.context), ExitCode::kNotFound);
  EXPECT_EQ(test.Err(), "{\"error\":{\"code\":\"not-found\",\"message\":\"nothing here\"}}\n");
}

TEST(RunTest, UsageErrorsAreTold) {
  TestContext test;
  EXPECT_EQ(RunProgram(TestProgram(), {"gret"}, test.context), ExitCode::kUsage);
  EXPECT_EQ(test.Err(), "error: there is no command `tool gret`\n  hint: did you mean `tool greet`?\n");
  EXPECT_EQ(RunProgram(TestProgram(), {"help", "exit-code"}, test.context), ExitCode::kUsage);
  EXPECT_EQ(test.Err(), "error: there is no page `exit-code`\n  hint: did you mean `tool help exit-codes`?\n");
}

TEST(RunTest, OutputThatCannotBeWrittenIsAnError) {
  TestContext test;
  std::ofstream full("/dev/full");
  test.context.out = &full;
  EXPECT_EQ(RunProgram(TestProgram(), {"greet", "world"}, test.context), ExitCode::kLimitReached);
  EXPECT_THAT(test.Err(), StartsWith("error: the results could not be written"));
}

TEST(RunTest, HelpOfACommand) {
  TestContext test;
  EXPECT_EQ(RunProgram(TestProgram(), {"greet", "--help"}, test.context), ExitCode::kOk);
  const std::string help = test.Out();
  EXPECT_THAT(help, StartsWith("tool greet: says hello\n"
                               "\n"
                               "usage: tool greet WHO [options]\n"
                               "\n"
                               "To one person at a time.\n"
                               "\n"
                               "  WHO  who is greeted\n"
                               "\n"
                               "options\n"
                               "      --sad            with a sad face\n"
                               "      --mood good|bad  how (default: good)\n"));
  EXPECT_THAT(help, HasSubstr("\noptions of every command\n  -p, --profile NAME"));
  EXPECT_THAT(help, HasSubstr("\nexamples\n  tool greet world\n"));
  EXPECT_EQ(RunProgram(TestProgram(), {"help", "greet"}, test.context), ExitCode::kOk);
  EXPECT_EQ(test.Out(), help);
}

TEST(RunTest, OverviewNamesEveryCommandAndPage) {
  TestContext test;
  EXPECT_EQ(RunProgram(TestProgram(), {}, test.context), ExitCode::kOk);
  const std::string overview = test.Out();
  for (const char* part : {"tool: a test\n", "\ndata of all kinds\n  data fail  fails\n", "  greet ", "  completion ",
                           "  help exit-codes "}) {
    EXPECT_THAT(overview, HasSubstr(part));
  }
  EXPECT_EQ(RunProgram(TestProgram(), {"data", "--help"}, test.context), ExitCode::kOk);
  EXPECT_THAT(test.Out(), StartsWith("tool data: data of all kinds\n\n  data fail  fails\n"));
  EXPECT_EQ(RunProgram(TestProgram(), {"help", "exit-codes"}, test.context), ExitCode::kOk);
  EXPECT_EQ(test.Out(), ExitCodeHelp());
  EXPECT_EQ(RunProgram(TestProgram(), {"--version"}, test.context), ExitCode::kOk);
  EXPECT_EQ(test.Out(), "tool 1.0\n");
}

std::string Complete(const std::string& script, const std::string& directory, const std::string& words) {
  std::ofstream(directory + "/script.sh") << script << "\nCOMP_WORDS=(" << words
                                          << ")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_tool\n"
                                             "printf '%s ' \"${COMPREPLY[@]}\"\n";
  FILE* pipe = popen(("cd " + directory + " && bash script.sh 2>&1").c_str(), "r");
  std::string text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text.push_back(static_cast<char>(c));
  pclose(pipe);
  return text;
}

TEST(CompletionTest, BashCompletesWordsOptionsChoicesAndFiles) {
  const TestDirectory directory;
  TestContext test;
  ASSERT_EQ(RunProgram(TestProgram(), {"completion", "bash"}, test.context), ExitCode::kOk);
  const std::string script = test.Out();
  const std::pair<const char*, const char*> cases[] = {
      {"tool gr", "greet "},
      {"tool data ''", "fail load "},
      {"tool --profile x data l", "load "},
      {"tool greet --m", "--mood "},
      {"tool greet --mood ''", "good bad "},
      {"tool greet -o ''", "table json csv "},
      {"tool --output j", "json "},
      {"tool completion z", "zsh "},
      {"tool data load scr", "script.sh "},
      {"tool -p scr", "script.sh "},
      {"tool greet world --s", "--sad "},
      {"tool nothing ''", "greet data help completion "},
  };
  for (const auto& [words, expected] : cases) {
    EXPECT_EQ(Complete(script, directory.path(), words), expected) << words;
  }
}

TEST(CompletionTest, FishAndZshKnowEveryCommand) {
  const Program program = TestProgram();
  EXPECT_THAT(CompletionScript(program, "zsh"), HasSubstr("bashcompinit\n"));
  const std::string fish = CompletionScript(program, "fish");
  EXPECT_THAT(fish, HasSubstr("-n '__tool_at_start' -a 'greet' -d 'says hello'\n"));
  EXPECT_THAT(fish, HasSubstr("-n '__tool_at \"data\"' -a 'load' -d 'it\\'s a file\\'s way in'\n"));
  EXPECT_THAT(fish, HasSubstr("-n '__tool_at \"greet\"' -l mood -x -a 'good bad' -d 'how'\n"));
}

}  // namespace
}  // namespace allmende::cli
