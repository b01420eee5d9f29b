// What people and programs get to read: tables, details, progress, errors, refusals.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/exit_code.h"
#include "sdk/cli/frame/progress.h"
#include "sdk/cli/frame/refusal.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/testing/test_context.h"

namespace allmende::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Table SomeTable() {
  Table table({"name", "records", "stored_bytes", "last"});
  table.AddRow({Cell::Text("wasser/regen"), Cell::Whole(182'613), Cell::Bytes(4'800'000),
                Cell::Time(absl::FromUnixSeconds(1'790'000'000))});
  table.AddRow({Cell::Text("bäume, \"alt\""), Cell::Whole(7), Cell::Bytes(12), Cell::Time(absl::InfinitePast())});
  return table;
}

TEST(TableTest, TextIsAligned) {
  TestContext test;
  Write(test.context, SomeTable());
  EXPECT_EQ(test.Out(),
            "name          records   stored  last\n"
            "wasser/regen  182,613  4.6 MiB  2026-09-21 14:13:20Z\n"
            "bäume, \"alt\"        7     12 B  -\n");
}

TEST(TableTest, ProgramsGetPlainNumbersAndTimes) {
  TestContext test;
  test.context.output = OutputFormat::kJson;
  Write(test.context, SomeTable());
  EXPECT_EQ(test.Out(),
            "[\n"
            "  {\"name\": \"wasser/regen\", \"records\": 182613, \"stored_bytes\": 4800000, "
            "\"last\": \"2026-09-21T14:13:20Z\"},\n"
            "  {\"name\": \"bäume, \\\"alt\\\"\", \"records\": 7, \"stored_bytes\": 12, \"last\": null}\n"
            "]\n");
  test.context.output = OutputFormat::kCsv;
  Write(test.context, SomeTable());
  EXPECT_EQ(test.Out(),
            "name,records,stored_bytes,last\n"
            "wasser/regen,182613,4800000,2026-09-21T14:13:20Z\n"
            "\"bäume, \"\"alt\"\"\",7,12,\n");
}

TEST(TableTest, AnEmptyTableSaysSoToPeopleAndIsEmptyForPrograms) {
  TestContext test;
  Table table({"name"});
  table.SetEmptyText("no datasets yet");
  Write(test.context, table);
  EXPECT_EQ(test.Out(), "");
  EXPECT_EQ(test.Err(), "no datasets yet\n");
  test.context.output = OutputFormat::kJson;
  Write(test.context, table);
  EXPECT_EQ(test.Out(), "[]\n");
  test.context.output = OutputFormat::kCsv;
  Write(test.context, table);
  EXPECT_EQ(test.Out(), "name\n");
}

TEST(TableTest, NothingThatOthersWroteSteersTheTerminal) {
  TestContext test;
  Table table({"title"});
  table.AddRow({Cell::Text("a\x1b[2Jb\nc\xc2\x9b\xff")});
  Write(test.context, table);
  EXPECT_EQ(test.Out(), "title\na\\x1b[2Jb\\x0ac\\xc2\\x9b\\xff\n");
  test.context.output = OutputFormat::kJson;
  Write(test.context, table);
  EXPECT_THAT(test.Out(), HasSubstr("a\\u001b[2Jb\\nc"));
}

TEST(TableTest, ColoursOnlyWhereTheyAreWanted) {
  TestContext test;
  Table table({"state"});
  table.AddRow({Cell::Text("revoked", Style::kWarning)});
  Write(test.context, table);
  EXPECT_THAT(test.Out(), Not(HasSubstr("\x1b")));
  test.context.out_colours = true;
  Write(test.context, table);
  EXPECT_THAT(test.Out(), HasSubstr("\x1b[33mrevoked\x1b[0m"));
}

TEST(DetailsTest, OneThingInThreeForms) {
  Details details;
  details.Add("name", Cell::Text("wasser/regen"));
  details.Add("roles", Cell::List({"agency", "officer"}));
  details.Add("lease_us", Cell::Duration(absl::Hours(6)));
  details.Add("revoked", Cell::Bool(false));
  TestContext test;
  Write(test.context, details);
  EXPECT_EQ(test.Out(),
            "name     wasser/regen\n"
            "roles    agency, officer\n"
            "lease    6 h\n"
            "revoked  no\n");
  test.context.output = OutputFormat::kJson;
  Write(test.context, details);
  EXPECT_EQ(test.Out(),
            "{\"name\": \"wasser/regen\", \"roles\": [\"agency\", \"officer\"], \"lease_us\": 21600000000, "
            "\"revoked\": false}\n");
  test.context.output = OutputFormat::kCsv;
  Write(test.context, details);
  EXPECT_EQ(test.Out(), "name,roles,lease_us,revoked\nwasser/regen,agency officer,21600000000,false\n");
}

TEST(PlainTextTest, AmountsAndTimes) {
  EXPECT_EQ(CountText(0), "0");
  EXPECT_EQ(CountText(999), "999");
  EXPECT_EQ(CountText(-1234567), "-1,234,567");
  EXPECT_EQ(CountText(100000), "100,000");
  EXPECT_EQ(BytesText(1023), "1023 B");
  EXPECT_EQ(BytesText(1536), "1.5 KiB");
  EXPECT_EQ(BytesText(int64_t{3} << 40), "3.0 TiB");
  EXPECT_EQ(DurationText(absl::Seconds(59)), "59 s");
  EXPECT_EQ(DurationText(absl::Seconds(125)), "2 min 05 s");
  EXPECT_EQ(DurationText(absl::Hours(52)), "2 d 4 h");
  EXPECT_EQ(DurationText(-absl::Seconds(125)), "-2 min 05 s");
  EXPECT_EQ(DurationText(absl::Minutes(2)), "2 min");
  EXPECT_EQ(DurationText(absl::Hours(6)), "6 h");
  EXPECT_EQ(DurationText(absl::Hours(24 * 7)), "7 d");
  EXPECT_EQ(DurationText(absl::InfiniteDuration()), "without end");
}

TEST(PlainTextTest, DurationsAreReadWithTheirUnit) {
  absl::Duration duration;
  for (const auto& [text, expected] :
       std::vector<std::pair<std::string, absl::Duration>>{{"0s", absl::ZeroDuration()},
                                                           {"250ms", absl::Milliseconds(250)},
                                                           {"10 min", absl::Minutes(10)},
                                                           {"6h", absl::Hours(6)},
                                                           {"90 d", absl::Hours(2160)}}) {
    EXPECT_TRUE(ParseDuration(text, duration)) << text;
    EXPECT_EQ(duration, expected) << text;
  }
  for (const char* text : {"", "6", "h", "-6h", "6 hours", "1.5h", "6h 30min", "9223372036854775807d", "6H"}) {
    EXPECT_FALSE(ParseDuration(text, duration)) << text;
  }
}

TEST(PlainTextTest, ShellWordsAreQuotedWhereTheyMustBe) {
  EXPECT_EQ(ShellWord("a/b-c.yaml"), "a/b-c.yaml");
  EXPECT_EQ(ShellWord(""), "''");
  EXPECT_EQ(ShellWord("it's $HOME"), "'it'\\''s $HOME'");
}

TEST(PlainTextTest, LongTextsAreWrappedAtWords) {
  EXPECT_EQ(Wrapped("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(Wrapped("unbreakable", 4, 2), "unbreakable");
  EXPECT_EQ(Wrapped("", 4, 2), "");
}

TEST(ErrorTest, EachCodeHasItsExitCode) {
  const std::pair<absl::StatusCode, ExitCode> cases[] = {
      {absl::StatusCode::kOk, ExitCode::kOk},
      {absl::StatusCode::kInvalidArgument, ExitCode::kBadInput},
      {absl::StatusCode::kNotFound, ExitCode::kNotFound},
      {absl::StatusCode::kUnauthenticated, ExitCode::kNotAllowed},
      {absl::StatusCode::kPermissionDenied, ExitCode::kNotAllowed},
      {absl::StatusCode::kAlreadyExists, ExitCode::kWrongState},
      {absl::StatusCode::kFailedPrecondition, ExitCode::kWrongState},
      {absl::StatusCode::kAborted, ExitCode::kWrongState},
      {absl::StatusCode::kUnavailable, ExitCode::kTryAgain},
      {absl::StatusCode::kDeadlineExceeded, ExitCode::kTryAgain},
      {absl::StatusCode::kResourceExhausted, ExitCode::kLimitReached},
      {absl::StatusCode::kDataLoss, ExitCode::kDataDamaged},
      {absl::StatusCode::kInternal, ExitCode::kInternal},
      {absl::StatusCode::kCancelled, ExitCode::kInterrupted},
  };
  for (const auto& [code, expected] : cases) EXPECT_EQ(ExitCodeOf(absl::Status(code, "x")), expected);
  EXPECT_EQ(ExitCodeOf(UsageError("x")), ExitCode::kUsage);
  EXPECT_THAT(ExitCodeHelp(), HasSubstr("    6  refused         the policy does not permit it"));
}

TEST(ErrorTest, SaysWhereWhyAndWhatNext) {
  EXPECT_EQ(ErrorText(absl::NotFoundError("there is no dataset `x`"), false), "error: there is no dataset `x`\n");
  EXPECT_EQ(ErrorText(WithHint(absl::NotFoundError("there is no dataset `x`"), "`allmende dataset list`"), false),
            "error: there is no dataset `x`\n  hint: `allmende dataset list`\n");
  EXPECT_EQ(ErrorText(absl::InvalidArgumentError("a.yaml:1:2: one\na.yaml:3:4: two"), false),
            "error: 2 problems\n  a.yaml:1:2: one\n  a.yaml:3:4: two\n");
  EXPECT_THAT(ErrorText(absl::UnavailableError("127.0.0.1:7443: nobody listens"), false),
              HasSubstr("\n  hint: `allmende profile show`"));
  EXPECT_THAT(ErrorText(absl::NotFoundError("x"), true), StartsWith("\x1b[1;31merror:\x1b[0m x"));
  EXPECT_EQ(ErrorText(absl::InternalError(""), false).substr(0, 16), "error: INTERNAL\n");
}

TEST(ErrorTest, ProgramsGetJson) {
  EXPECT_EQ(ErrorJson(UsageError("no `x`", "try \"y\"")),
            "{\"error\":{\"code\":\"usage\",\"message\":\"no `x`\",\"hint\":\"try \\\"y\\\"\"}}\n");
}

v1::Refusal SomeRefusal() {
  v1::Refusal refusal;
  refusal.set_code("no-rule-matches");
  (*refusal.mutable_arguments())["participant"] = "navi-ag";
  (*refusal.mutable_arguments())["dataset"] = "wasser/pegel";
  (*refusal.mutable_arguments())["purpose"] = "werbung";
  (*refusal.mutable_arguments())["action"] = "subscribe";
  refusal.set_rule("verkehr");
  refusal.set_rule_file("pegel.policy.yaml");
  refusal.set_rule_line(31);
  refusal.add_missing()->set_kind("purpose");
  refusal.mutable_missing(0)->add_any_of("verkehrslenkung");
  return refusal;
}

TEST(RefusalTest, NamesRuleAndWayOut) {
  TestContext test;
  EXPECT_EQ(ShowRefusal(test.context, SomeRefusal()), ExitCode::kRefused);
  EXPECT_EQ(test.Err(),
            "refused: no rule lets `navi-ag` subscribe to `wasser/pegel` for purpose `werbung`; rule `verkehr` "
            "(pegel.policy.yaml:31) would allow it for purpose `verkehrslenkung`\n");
  test.context.language = policy::Language::kGerman;
  ShowRefusal(test.context, SomeRefusal());
  EXPECT_THAT(test.Err(), StartsWith("abgelehnt: keine Regel erlaubt"));
  EXPECT_EQ(test.Out(), "");
}

TEST(RefusalTest, ProgramsGetItsParts) {
  TestContext test;
  test.context.output = OutputFormat::kJson;
  ShowRefusal(test.context, SomeRefusal());
  EXPECT_THAT(test.Err(), HasSubstr("\"rule\":\"verkehr\",\"rule_file\":\"pegel.policy.yaml\",\"rule_line\":31,"
                                    "\"missing\":[{\"kind\":\"purpose\",\"any_of\":[\"verkehrslenkung\"]}]}}\n"));
}

TEST(ProgressTest, PlainLinesEveryFewSecondsWithoutATerminal) {
  TestContext test;
  {
    Progress progress(test.context, {.label = "import", .unit = "rows", .total = 1000});
    for (int i = 1; i <= 10; ++i) {
      test.elapsed += absl::Seconds(1);
      progress.Set(i * 100);
    }
    progress.Finish();
  }
  EXPECT_EQ(test.Err(),
            "import:  50%, 500 of 1,000 rows, 100 a second, 6 s left\n"
            "import: 100%, 1,000 of 1,000 rows, 100 a second\n"
            "import: 1,000 rows in 10 s, 100 a second\n");
}

TEST(ProgressTest, ABarOnATerminal) {
  TestContext test;
  test.context.err_is_terminal = true;
  Progress progress(test.context, {.label = "import", .unit = "rows", .total = 1000});
  test.elapsed = absl::Seconds(2);
  progress.Set(500);
  const std::string bar = test.Err();
  EXPECT_EQ(
      bar, "\rimport [####################--------------------]  50%  500 of 1,000 rows, 250 a second, 3 s left\x1b[K");
  EXPECT_LE(DisplayWidth(bar) - 4, test.context.columns);
  progress.Set(501);
  EXPECT_EQ(test.Err(), "") << "it was drawn just now";
  progress.Finish();
  EXPECT_EQ(test.Err(), "\r\x1b[Kimport: 501 rows in 2.0 s, 250 a second\n");
}

TEST(ProgressTest, TheRateIsThatOfTheLastSeconds) {
  TestContext test;
  Progress progress(test.context, {.label = "sync", .bytes = true});
  for (int i = 1; i <= 100; ++i) {  // quick, then slow
    test.elapsed += absl::Seconds(1);
    progress.Set(i <= 50 ? i * 1'048'576 : 50 * 1'048'576 + (i - 50) * 1024);
  }
  EXPECT_THAT(test.Err(), HasSubstr("sync: 50.0 MiB, 1.0 KiB/s\n"));
}

TEST(ProgressTest, AnUnfinishedBarIsTakenAway) {
  TestContext test;
  test.context.err_is_terminal = true;
  {
    Progress progress(test.context, {.label = "sync"});
    test.elapsed = absl::Seconds(1);
    progress.Set(1);
    test.Err();
  }
  EXPECT_EQ(test.Err(), "\r\x1b[K");
}

TEST(ProgressTest, QuietMeansQuiet) {
  TestContext test;
  test.context.quiet = true;
  Progress progress(test.context, {.label = "sync"});
  test.elapsed = absl::Seconds(20);
  progress.Set(1);
  progress.Finish();
  EXPECT_EQ(test.Err(), "");
}

}  // namespace
}  // namespace allmende::cli
