#include "sdk/cli/frame/parse.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/cli/frame/error.h"

namespace allmende::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<ExitCode> Nothing(Context&, const Values&) {
  return ExitCode::kOk;
}

const Program& TestProgram() {
  static const Program* const kProgram = new Program{
      .name = "tool",
      .version = "1.0",
      .summary = "a test",
      .groups = {{"data", "data of all kinds"}},
      .commands = {
          {.name = "data create",
           .summary = "makes one",
           .arguments = {{.name = "NAME", .help = "how it is called"}},
           .options = {{.name = "schema", .help = "the schema", .kind = ValueKind::kFile, .required = true},
                       {.name = "kind",
                        .help = "which",
                        .kind = ValueKind::kChoice,
                        .choices = {"stream", "table"},
                        .fallback = "stream"},
                       {.name = "for", .help = "how long", .kind = ValueKind::kDuration},
                       {.name = "until", .help = "until when", .kind = ValueKind::kTime},
                       {.name = "rows", .help = "how many", .kind = ValueKind::kWhole, .fallback = "7", .letter = 'r'},
                       {.name = "tag", .help = "a word", .kind = ValueKind::kText, .repeated = true},
                       {.name = "force", .help = "whatever happens"}},
           .run = Nothing},
          {.name = "data list", .summary = "lists them", .run = Nothing},
          {.name = "data parts drop", .summary = "drops parts", .run = Nothing},
          {.name = "check",
           .summary = "checks files",
           .arguments = {{.name = "MODE", .help = "how", .kind = ValueKind::kChoice, .choices = {"fast", "full"}},
                         {.name = "FILE", .help = "what", .kind = ValueKind::kFile, .repeated = true}},
           .run = Nothing},
          {.name = "show",
           .summary = "shows one",
           .arguments = {{.name = "NAME", .help = "which", .optional = true}},
           .run = Nothing},
      }};
  return *kProgram;
}

absl::StatusOr<Invocation> Parse(const std::vector<std::string>& arguments) {
  return ParseCommandLine(TestProgram(), arguments);
}

TEST(ParseTest, CommandsAreFoundByTheirWords) {
  for (const char* name : {"data list", "data parts drop", "show"}) {
    std::vector<std::string> words;
    std::istringstream stream(name);
    for (std::string word; stream >> word;) words.push_back(word);
    const auto parsed = Parse(words);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->command->name, name);
  }
}

TEST(ParseTest, ValuesArriveWithTheirKinds) {
  const auto parsed =
      Parse({"data", "create", "rain", "--schema", "a.proto", "--kind=table", "--for", "90 min", "--until",
             "2026-11-25T18:00:00+01:00", "-r", "12", "--tag", "a", "--tag", "b", "--force"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const Values& values = parsed->values;
  EXPECT_EQ(values.Text("NAME"), "rain");
  EXPECT_EQ(values.Text("schema"), "a.proto");
  EXPECT_EQ(values.Text("kind"), "table");
  EXPECT_EQ(values.Duration("for"), absl::Minutes(90));
  EXPECT_EQ(values.Time("until"), absl::FromUnixSeconds(1795626000));
  EXPECT_EQ(values.Whole("rows"), 12);
  EXPECT_THAT(values.Texts("tag"), ElementsAre("a", "b"));
  EXPECT_TRUE(values.Switch("force"));
}

TEST(ParseTest, WhatIsNotGivenHasItsFallback) {
  const auto parsed = Parse({"data", "create", "rain", "--schema", "a"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->values.Text("kind"), "stream");
  EXPECT_FALSE(parsed->values.Has("kind"));
  EXPECT_EQ(parsed->values.Whole("rows"), 7);
  EXPECT_THAT(parsed->values.Texts("tag"), IsEmpty());
  EXPECT_FALSE(parsed->values.Switch("force"));
  EXPECT_EQ(parsed->values.Time("until"), absl::InfinitePast());
}

TEST(ParseTest, GlobalOptionsStandAnywhere) {
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"--profile", "bwb", "-o", "json", "-q", "data", "list"},
                                             {"data", "--profile", "bwb", "--output=json", "list", "--quiet"},
                                             {"data", "list", "-p", "bwb", "-ojson", "-q"}}) {
    const auto parsed = Parse(line);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->profile, "bwb");
    EXPECT_EQ(parsed->output, OutputFormat::kJson);
    EXPECT_TRUE(parsed->quiet);
  }
}

TEST(ParseTest, ManyArgumentsGoToTheLastOne) {
  const auto parsed = Parse({"check", "full", "a.yaml", "b.yaml", "--", "-c.yaml"});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->values.Text("MODE"), "full");
  EXPECT_THAT(parsed->values.Texts("FILE"), ElementsAre("a.yaml", "b.yaml", "-c.yaml"));
}

TEST(ParseTest, HelpIsGivenWhateverElseIsWrong) {
  for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
           {"data", "create", "--help"}, {"data", "create", "--nonsense", "-h"}, {"data", "--help"}, {"--help"}, {}}) {
    const auto parsed = Parse(line);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(parsed->what, Invocation::What::kHelp);
  }
}

struct Wrong {
  std::vector<std::string> line;
  std::string message;
  std::string hint;
};

TEST(ParseTest, WrongLinesAreExplained) {
  const Wrong cases[] = {
      {{"dta"}, "there is no command `tool dta`", "did you mean `tool data`?"},
      {{"data", "creat"}, "there is no command `tool data creat`", "did you mean `tool data create`?"},
      {{"data", "zzzzzz"}, "there is no command `tool data zzzzzz`", "`tool data --help` lists what there is"},
      {{"data", "\x1b[31m"}, "there is no command `tool data \\x1b[31m`", "--help"},
      {{"data"}, "`tool data` needs one more word", "`tool data --help` lists what there is"},
      {{"data", "create", "--schema", "a"}, "NAME is missing: how it is called", "`tool data create --help`"},
      {{"data", "create", "x"}, "`--schema` is missing: the schema", "`tool data create --help`"},
      {{"data", "create", "x", "--schema"}, "`--schema` lacks its value FILE: the schema", ""},
      {{"data", "create", "x", "--schema", ""}, "`--schema` cannot be ``: it is empty", ""},
      {{"data", "create", "x", "--schema", "a", "--schema", "b"},
       "`--schema` is given 2 times, and only one can count",
       ""},
      {{"data", "create", "x", "--shema", "a"},
       "`tool data create` has no option `--shema`",
       "did you mean `--schema`?"},
      {{"data", "create", "x", "y", "--schema", "a"}, "`y` is one argument too many", "`tool data create --help`"},
      {{"data", "create", "x", "--schema", "a", "--kind", "strem"},
       "`--kind` cannot be `strem`: use stream, table",
       "did you mean `stream`?"},
      {{"data", "create", "x", "--schema", "a", "--for", "90"}, "give a number with its unit, as `30s`", ""},
      {{"data", "create", "x", "--schema", "a", "--for", "99999999999999999d"}, "`--for` cannot be", ""},
      {{"data", "create", "x", "--schema", "a", "--until", "tomorrow"}, "as `2026-11-25T18:00:00+01:00`", ""},
      {{"data", "create", "x", "--schema", "a", "--rows", "-3"}, "give a whole number from 0", ""},
      {{"data", "create", "x", "--schema", "a", "--rows", "99999999999999999999"}, "give a whole number from 0", ""},
      {{"data", "list", "--output", "xml"}, "`--output` cannot be `xml`: use table, json, csv", ""},
      {{"data", "list", "--profile"}, "`--profile` lacks its value NAME", ""},
      {{"check", "full"}, "FILE is missing: what", "`tool check --help`"},
      {{"check", "slow", "a"}, "MODE cannot be `slow`: use fast, full", ""},
  };
  for (const Wrong& wrong : cases) {
    const auto parsed = Parse(wrong.line);
    ASSERT_FALSE(parsed.ok()) << wrong.message;
    EXPECT_TRUE(IsUsageError(parsed.status())) << parsed.status();
    EXPECT_EQ(ExitCodeOf(parsed.status()), ExitCode::kUsage);
    EXPECT_THAT(std::string(parsed.status().message()), HasSubstr(wrong.message));
    EXPECT_THAT(HintOf(parsed.status()), HasSubstr(wrong.hint)) << wrong.message;
  }
}

}  // namespace
}  // namespace allmende::cli
