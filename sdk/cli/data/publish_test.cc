// `publish` as far as it goes without a broker: what it says about command lines, files and mappings.
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "absl/strings/str_replace.h"
#include "sdk/base/file.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr char kSchema[] = R"pb(syntax = "proto3"
                                ;
import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";
message Level {
  google.protobuf.Timestamp time = 1 [(allmende.v1.event_time) = true];
  string gauge = 2 [(allmende.v1.key) = true];
  optional double level = 3;
}
)pb";

class PublishTest : public ::testing::Test {
 protected:
  void SetUp() override { Write("level.proto", kSchema); }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(folder_.File(name), text, FileAccess::kEverybody).ok());
  }

  ExitCode Run(const std::vector<std::string>& arguments) {
    Program program{.name = "allmende", .version = "0", .summary = "test"};
    program.commands.push_back(PublishCommand());
    return RunProgram(program, arguments, test_.context);
  }

  // `publish a/b FILE --dry-run --schema level.proto` and more.
  ExitCode DryRun(const std::string& file, const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments = {"publish",   "a/b",      folder_.File(file),
                                          "--dry-run", "--schema", folder_.File("level.proto")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Run(arguments);
  }

  const TestDirectory folder_;
  TestContext test_;
};

TEST_F(PublishTest, DryRunShowsWhatAFileWouldBecome) {
  Write("f.csv", "time;gauge;level\n2024-07-01 12:00;A;1,5\n2024-07-01 13:00;A;\n");
  EXPECT_EQ(DryRun("f.csv", {"--zone", "Europe/Berlin", "--decimal", ","}), ExitCode::kOk) << test_.Err();
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("rows           2\n"), HasSubstr("absent values  level: 1\n"),
                                 HasSubstr("2024-07-01T10:00:00Z  A      1.5"), HasSubstr("Nothing was published")));
}

TEST_F(PublishTest, DryRunShowsWhatASnapshotWouldChange) {
  const std::string header = "time,gauge,level\n";
  Write("1.csv", header + "2024-07-01T12:00:00Z,A,1\n2024-07-01T12:00:00Z,B,2\n2024-07-01T12:00:00Z,C,3\n");
  Write("2.csv", header + "2024-07-01T12:00:00Z,A,1\n2024-07-01T13:00:00Z,B,2\n2024-07-01T12:00:00Z,D,3\n");
  Write("empty.csv", header);
  const std::vector<std::string> snapshot = {"--snapshot", "--previous", folder_.File("1.csv")};
  EXPECT_EQ(DryRun("2.csv", snapshot), ExitCode::kOk) << test_.Err();
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("inserted       1\n"), HasSubstr("updated        1\n"),
                                 HasSubstr("unchanged      1\n"), HasSubstr("deleted        1\n")));
  EXPECT_EQ(DryRun("empty.csv", snapshot), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(),
              AllOf(HasSubstr("has no rows; that would delete all 3 records"), HasSubstr("--allow-empty")));
  EXPECT_EQ(DryRun("empty.csv", {"--snapshot", "--previous", folder_.File("1.csv"), "--allow-empty"}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("deleted        3\n"));
  EXPECT_EQ(DryRun("2.csv", {"--snapshot", "--previous", folder_.File("empty.csv")}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), HasSubstr("inserted       3\n"));
}

TEST_F(PublishTest, ColumnsOfDataKeepTheirNames) {
  Write("size.proto", absl::StrReplaceAll(kSchema, {{"level = 3", "size_bytes = 3"}, {"gauge", "stop_id"}}));
  Write("f.csv", "time,stop_id,size_bytes\n2024-07-01T12:00:00Z,A,7\n");
  EXPECT_EQ(Run({"publish", "a/b", folder_.File("f.csv"), "--dry-run", "--schema", folder_.File("size.proto")}),
            ExitCode::kOk)
      << test_.Err();
  EXPECT_THAT(test_.Out(), HasSubstr("stop_id  size_bytes\n"));
}

TEST_F(PublishTest, DryRunNamesEveryBadRow) {
  Write("f.csv", "time,gauge,level\n2024-07-01T12:00:00Z,A,much\n2024-02-30T12:00:00Z,A,1\n2024-07-01T12:00:00Z,A,1\n");
  EXPECT_EQ(DryRun("f.csv", {"--output", "json"}), ExitCode::kProblemsFound);
  EXPECT_THAT(test_.Err(), AllOf(HasSubstr("line 2, column `level`: `much` is not a number"),
                                 HasSubstr("line 3, column `time`: `2024-02-30T12:00:00Z` is no date and time that")));
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("\"rows\": 3"), HasSubstr("\"bad_rows\": 2"), HasSubstr("\"records\": 1")));
}

TEST_F(PublishTest, FilesAndMappingsThatDoNotFitAreBadInput) {
  Write("f.csv", "time,gauge,level,more\n2024-07-01T12:00:00Z,A,1,2\n");
  EXPECT_EQ(DryRun("f.csv"), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(), HasSubstr("has a column that no field takes: `more`"));
  Write("m.yaml", "fields:\n  hight: more\n");
  EXPECT_EQ(DryRun("f.csv", {"--mapping", folder_.File("m.yaml")}), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(), HasSubstr("m.yaml:2: field `hight` is not in the schema"));
  Write("m.yaml", "ignore: [more\n");
  EXPECT_EQ(DryRun("f.csv", {"--mapping", folder_.File("m.yaml")}), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(), HasSubstr("m.yaml:"));
  Write("latin.csv", "time,gauge,level\n2024-07-01T12:00:00Z,M\xFCggelsee,1\n");
  EXPECT_EQ(DryRun("latin.csv"), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(), HasSubstr("line 2: byte 0xFC is no UTF-8"));
  EXPECT_EQ(DryRun("latin.csv", {"--encoding", "windows-1252"}), ExitCode::kOk);
  EXPECT_EQ(DryRun("none.csv"), ExitCode::kNotFound);
  Write("level.proto", "message {");
  EXPECT_EQ(DryRun("f.csv"), ExitCode::kBadInput);
  EXPECT_THAT(test_.Err(), HasSubstr("level.proto:1:9"));
}

TEST_F(PublishTest, CommandLinesThatContradictThemselvesAreRefused) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"publish"}, "DATASET"},
      {{"publish", "a/b", "--dry-run"}, "no FILE is named"},
      {{"publish", "a/b", "--snapshot"}, "no FILE is named"},
      {{"publish", "a/b", "f", "--schema", "s.proto"}, "--schema is for --dry-run"},
      {{"publish", "a/b", "f", "--follow", "--sort"}, "--follow takes one file"},
      {{"publish", "a/b", "f", "g", "--follow"}, "--follow takes one file"},
      {{"publish", "a/b", "f", "g", "--snapshot"}, "--snapshot takes one file"},
      {{"publish", "a/b", "f", "--previous", "g"}, "--previous is for --snapshot"},
      {{"publish", "a/b", "f", "--allow-empty"}, "--allow-empty is for --snapshot"},
      {{"publish", "a/b", "f", "--dry-run", "--follow"}, "--follow does not go along"},
      {{"publish", "a/b", "-", "--dry-run", "--snapshot"}, "does not take `-`"},
      {{"publish", "a/b", "f", "--dry-run", "--snapshot", "--schema", "s.proto"}, "takes --previous, too"},
      {{"publish", "a/b", "f", "--format", "xml"}, "csv"},
      {{"publish", "a/b", "f", "--wait", "soon"}, "soon"},
      {{"publish", "a/b", "f", "--delimiter", "ab", "--dry-run", "--schema", folder_.File("level.proto")},
       "`ab` is no delimiter"},
  };
  for (const auto& [arguments, message] : cases) {
    EXPECT_EQ(Run(arguments), ExitCode::kUsage) << message;
    EXPECT_THAT(test_.Err(), HasSubstr(message));
  }
}

TEST_F(PublishTest, AsksForAProfile) {
  EXPECT_EQ(Run({"publish", "a/b", "f.csv"}), ExitCode::kWrongState);
  test_.environment["HOME"] = folder_.path();
  EXPECT_EQ(Run({"publish", "a/b", "f.csv"}), ExitCode::kNotFound);
  EXPECT_THAT(test_.Err(), HasSubstr("profile"));
}

}  // namespace
}  // namespace allmende::cli
