#include <filesystem>

#include "tests/cli_data/commands_fixture.h"

namespace allmende::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kThreeRows[] =
    "2026-01-01T00:00:00Z,a,1.5,S1\n"
    "2026-01-01T01:00:00Z,b,,S2\n"
    "2026-01-01T02:00:00Z,a,2.5,S1\n";

TEST_F(CommandsTest, PublishedRowsAreShownThroughTheView) {
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("rows           3\n"), HasSubstr("stored         3\n"), HasSubstr("last sequence  3\n")));
  ASSERT_EQ(Run("navi", {"subscribe", "amt/pegel", "--stop-at-head", "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_EQ(out_,
            "{\"sequence\":1,\"operation\":\"upsert\",\"event_time\":\"2026-01-01T00:00:00Z\",\"record\":{\"time\":"
            "\"2026-01-01T00:00:00Z\",\"id\":\"a\",\"level\":1.5}}\n"
            "{\"sequence\":2,\"operation\":\"upsert\",\"event_time\":\"2026-01-01T01:00:00Z\",\"record\":{\"time\":"
            "\"2026-01-01T01:00:00Z\",\"id\":\"b\"}}\n"
            "{\"sequence\":3,\"operation\":\"upsert\",\"event_time\":\"2026-01-01T02:00:00Z\",\"record\":{\"time\":"
            "\"2026-01-01T02:00:00Z\",\"id\":\"a\",\"level\":2.5}}\n");
  EXPECT_THAT(err_, AllOf(HasSubstr("fields:   time, id, level\n"), HasSubstr("licence:  cc-by/4.0\n"),
                          HasSubstr("show:     Amt\n")));
}

TEST_F(CommandsTest, SubscribeBeginsAndEndsWhereItIsTold) {
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  const std::vector<std::string> all = {"subscribe", "amt/pegel", "--stop-at-head", "--output", "csv"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), all.begin(), all.end());
    EXPECT_EQ(Run("navi", more), ExitCode::kOk) << err_;
    return out_;
  };
  const std::string header = "sequence,operation,event_time,time,id,level\n";
  const std::string first = "1,upsert,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,a,1.5\n";
  const std::string second = "2,upsert,2026-01-01T01:00:00Z,2026-01-01T01:00:00Z,b,\n";
  const std::string third = "3,upsert,2026-01-01T02:00:00Z,2026-01-01T02:00:00Z,a,2.5\n";
  EXPECT_EQ(with({}), header + first + second + third);
  EXPECT_EQ(with({"--from-start", "--limit", "1"}), header + first);
  EXPECT_EQ(with({"--from-sequence", "2"}), header + second + third);
  EXPECT_EQ(with({"--from-time", "2026-01-01T02:30:00+01:00"}), header + third);
  EXPECT_EQ(Run("navi", {"subscribe", "amt/pegel", "--from-start", "--from-sequence", "2"}), ExitCode::kUsage);
}

TEST_F(CommandsTest, NothingOfAFileWithAMistakeIsStored) {
  const std::string file = Put("f.csv", absl::StrCat(kThreeRows, "2026-02-30T00:00:00Z,a,1,S\n"));
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", file}), ExitCode::kBadInput);
  EXPECT_THAT(err_, HasSubstr("line 5, column `time`: `2026-02-30T00:00:00Z` is no date and time that exists"));
  ASSERT_EQ(Run("navi", {"subscribe", "amt/pegel", "--stop-at-head", "--output", "json"}), ExitCode::kOk);
  EXPECT_EQ(out_, "");
}

TEST_F(CommandsTest, SortedRowsGoOutByEventTime) {
  const std::string file = Put("f.csv", "2026-01-01T02:00:00Z,b,1,\n2026-01-01T01:00:00Z,a,2,\n");
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", file, "--sort"}), ExitCode::kOk) << err_;
  ASSERT_EQ(Run("navi", {"subscribe", "amt/pegel", "--stop-at-head", "--output", "csv"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("1,upsert,2026-01-01T01:00:00Z,2026-01-01T01:00:00Z,a,2\n2,upsert"));
}

TEST_F(CommandsTest, SnapshotsSendWhatChangedAndRecallTakesItBack) {
  const std::string first = Put("1.csv", "2026-01-01T00:00:00Z,a,1,\n2026-01-01T00:00:00Z,b,2,\n");
  const std::string second = Put("2.csv", "2026-01-01T00:00:00Z,b,2,\n2026-01-02T00:00:00Z,c,3,\n");
  const std::string header = "sequence,operation,event_time,time,id,level\n";
  const std::string b = "2,upsert,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,b,2\n";
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", first, "--snapshot"}), ExitCode::kOk) << err_;
  EXPECT_EQ(Table(), header + "1,upsert,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,a,1\n" + b);
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", second, "--snapshot"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("inserted       1\n"), HasSubstr("unchanged      1\n"),
                          HasSubstr("deleted        1\n"), HasSubstr("stored         2\n")));
  EXPECT_EQ(Table(), header + b + "3,upsert,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,c,3\n");
  // The second was wrong.
  ASSERT_EQ(Run("amt", {"recall", "amt/orte", second, "--previous", first, "--dry-run"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_,
              AllOf(HasSubstr("restored   1\n"), HasSubstr("deleted    1\n"), HasSubstr("Nothing was published")));
  ASSERT_EQ(Run("amt", {"recall", "amt/orte", second, "--previous", first}), ExitCode::kOk) << err_;
  EXPECT_EQ(Table(), header + "5,upsert,2026-01-01T00:00:00Z,2026-01-01T00:00:00Z,a,1\n" + b);
  // What the next snapshot is compared with followed the recall.
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", first, "--snapshot"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("unchanged      2\n"), HasSubstr("stored         0\n")));
  // Without a file that was right, only deletes are left.
  ASSERT_EQ(Run("amt", {"recall", "amt/orte", first}), ExitCode::kOk) << err_;
  EXPECT_EQ(Table(), header);
}

TEST_F(CommandsTest, ASnapshotNeedsToKnowWhatWasThereBefore) {
  const std::string first = Put("1.csv", "2026-01-01T00:00:00Z,a,1,\n2026-01-01T00:00:00Z,b,2,\n");
  const std::string second = Put("2.csv", "2026-01-01T00:00:00Z,a,1,\n");
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", first, "--snapshot"}), ExitCode::kOk) << err_;
  const std::vector<std::string> elsewhere = {
      "publish", "amt/orte", second, "--snapshot", "--outbox", folder_.File("other"), "--take-over"};
  EXPECT_EQ(Run("amt", elsewhere), ExitCode::kWrongState);
  EXPECT_THAT(err_, AllOf(HasSubstr("what `amt/orte` held before is not known here"), HasSubstr("--previous")));
  std::vector<std::string> with_previous = elsewhere;
  with_previous.insert(with_previous.end(), {"--previous", first});
  ASSERT_EQ(Run("amt", with_previous), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("deleted        1\n"));
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", Put("3.csv", "2026-01-01T00:00:00Z,a,1,\n2026-01-01T00:00:00Z,a,2,\n"),
                        "--snapshot", "--previous", second}),
            ExitCode::kBadInput);
  EXPECT_THAT(err_, HasSubstr("line 3: has the same key as line 2"));
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", first, "--snapshot"}), ExitCode::kWrongState);
  EXPECT_EQ(Run("amt", {"recall", "amt/pegel", first}), ExitCode::kWrongState);
  EXPECT_THAT(err_, HasSubstr("`amt/pegel` is a stream: what happened stays"));
}

TEST_F(CommandsTest, WithoutABrokerRecordsWaitAndReplicasAnswer) {
  const std::string file = Put("f.csv", kThreeRows);
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", file}), ExitCode::kOk) << err_;
  const std::string replica = folder_.File("replica");
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--dataset", "amt/orte"}), ExitCode::kOk) << err_;
  broker_.Stop();
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", Put("g.csv", "2026-01-03T00:00:00Z,z,9,\n"), "--wait", "300ms"}),
            ExitCode::kTryAgain);
  EXPECT_THAT(err_, AllOf(HasSubstr("1 record waits in the outbox"), HasSubstr("`allmende publish amt/orte` sends")));
  EXPECT_EQ(Run("navi", {"replica", "sync", replica, "--wait", "300ms"}), ExitCode::kTryAgain);
  ASSERT_EQ(Run("navi", {"replica", "get", replica, "a", "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("\"id\":\"a\",\"level\":2.5"));
  EXPECT_THAT(err_, HasSubstr("(offline), complete up to sequence 3"));
  EXPECT_EQ(Run("navi", {"replica", "get", replica, "nobody"}), ExitCode::kNotFound);
  EXPECT_EQ(Run("navi", {"replica", "get", replica}), ExitCode::kUsage);
  EXPECT_EQ(Run("navi", {"replica", "status", replica}), ExitCode::kOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("amt/orte"), HasSubstr("readable       yes"), HasSubstr("records        2\n")));
  // A dataset that was never seen cannot be published to.
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", file}), ExitCode::kTryAgain);
  EXPECT_THAT(err_, HasSubstr("a dataset has to be seen once"));
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  EXPECT_EQ(Run("amt", {"publish", "amt/orte"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("waited before  1\n"), HasSubstr("stored         1\n")));
  ASSERT_EQ(Run("navi", {"replica", "sync", replica}), ExitCode::kOk) << err_;
  EXPECT_EQ(Run("navi", {"replica", "scan", replica, "z", "--output", "json"}), ExitCode::kOk);
  EXPECT_THAT(out_, HasSubstr("\"id\":\"z\",\"level\":9"));
}

TEST_F(CommandsTest, AFileWithoutRowsDoesNotEmptyTheTable) {
  const std::string full = Put("1.csv", "2026-01-01T00:00:00Z,a,1,\n2026-01-01T00:00:00Z,b,2,\n");
  const std::string empty = Put("2.csv", "");
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", full, "--snapshot"}), ExitCode::kOk) << err_;
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", empty, "--snapshot"}), ExitCode::kBadInput);
  EXPECT_THAT(err_,
              AllOf(HasSubstr("2.csv` has no rows; that would delete all 2 records"), HasSubstr("--allow-empty")));
  EXPECT_THAT(Table(), HasSubstr(",a,1\n"));
  // A dry run compares with what was published last, and changes nothing.
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", empty, "--snapshot", "--allow-empty", "--dry-run"}), ExitCode::kOk);
  EXPECT_THAT(out_, AllOf(HasSubstr("deleted        2\n"), HasSubstr("Nothing was published")));
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", empty, "--snapshot", "--dry-run"}), ExitCode::kBadInput);
  EXPECT_THAT(Table(), HasSubstr(",b,2\n"));
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", empty, "--snapshot", "--allow-empty"}), ExitCode::kOk) << err_;
  EXPECT_EQ(Table(), "sequence,operation,event_time,time,id,level\n");
  // Nothing is lost where nothing was.
  EXPECT_EQ(Run("amt", {"publish", "amt/orte", empty, "--snapshot", "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("\"deleted\": 0"), HasSubstr("\"took_us\": ")));
}

TEST_F(CommandsTest, AReplicaStaysWhatItsFirstSyncMadeIt) {
  const std::string rules =
      "  - {rule: navigation, for: {group: navigation}, purpose: verkehrslenkung, licence: cc-by/4.0, source: Amt,\n"
      "     deliver: [public, operational], replica: {without_contact: 7 days}}\n"
      "  - {rule: research, for: {group: navigation}, purpose: forschung, licence: cc-by/4.0, source: Amt,\n"
      "     deliver: [public], replica: {without_contact: 7 days}}\n";
  ASSERT_EQ(broker_.CreateDataset("amt/netz",
                                  "message Record {"
                                  "  google.protobuf.Timestamp time = 1 [$t, $p];"
                                  "  string id = 2 [$k, $p];"
                                  "  optional double level = 3 [(allmende.v1.class) = OPERATIONAL];"
                                  "  string shaft = 4 [(allmende.v1.class) = CRITICAL];"
                                  "}",
                                  true),
            absl::OkStatus());
  const std::string fields = "  public: [time, id]\n  operational: [level]\n  critical: [shaft]\n";
  ASSERT_EQ(broker_.Release("amt/netz", broker::PolicyText("amt/netz", fields, rules)), absl::OkStatus());
  ASSERT_EQ(Run("amt", {"publish", "amt/netz", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  const std::string replica = folder_.File("replica");
  const auto level = [&] {
    EXPECT_EQ(Run("navi", {"replica", "get", replica, "a", "-q"}), ExitCode::kOk) << err_;
    return out_.find("level ") != std::string::npos;
  };
  // The profile's purpose is verkehrslenkung.
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--dataset", "amt/netz", "--purpose", "forschung"}), ExitCode::kOk)
      << err_;
  EXPECT_FALSE(level());
  ASSERT_EQ(Run("navi", {"replica", "sync", replica}), ExitCode::kOk) << err_;
  EXPECT_FALSE(level()) << "no purpose was stated, so the first one counts";
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--purpose", "verkehrslenkung"}), ExitCode::kOk) << err_;
  EXPECT_TRUE(level());
  EXPECT_THAT(err_, Not(HasSubstr("warning")));
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--purpose", "forschung"}), ExitCode::kOk) << err_;
  EXPECT_THAT(err_, HasSubstr("warning: not delivered any more, and removed here: level\n"));
  EXPECT_FALSE(level());

  EXPECT_EQ(Run("logistik", {"replica", "sync", replica}), ExitCode::kWrongState);
  EXPECT_THAT(err_, HasSubstr("holds what `navi` is shown; give `logistik` a directory of its own"));
  EXPECT_EQ(Run("navi", {"replica", "get", replica, "a"}), ExitCode::kOk) << err_;
}

TEST_F(CommandsTest, AReplicaThatIsNotThereIsNotFound) {
  const std::string nowhere = folder_.File("nowhere");
  for (const char* command : {"get", "scan", "status"}) {
    EXPECT_EQ(Run("navi", {"replica", command, nowhere}), ExitCode::kNotFound) << command;
    EXPECT_THAT(err_, AllOf(HasSubstr("there is no replica in `"), Not(HasSubstr("dataset"))));
  }
  EXPECT_EQ(Run("navi", {"replica", "sync", nowhere}), ExitCode::kNotFound);
  EXPECT_THAT(err_, HasSubstr("name its dataset with --dataset"));
  EXPECT_EQ(Run("navi", {"replica", "sync", nowhere, "--dataset", "amt/nirgends"}), ExitCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(nowhere));
  EXPECT_EQ(Run("amt", {"publish", "amt/nirgends", Put("f.csv", kThreeRows), "--outbox", nowhere}),
            ExitCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(nowhere));
}

TEST_F(CommandsTest, ARefusedCopySaysWhatTheRuleLacks) {
  const std::string copy = folder_.File("copy");
  ASSERT_EQ(Run("navi", {"replica", "sync", copy, "--dataset", "amt/pegel"}), ExitCode::kOk) << err_;
  ASSERT_EQ(broker_.Release("amt/pegel", broker::PolicyText("amt/pegel", "  public: [time, id, level]\n",
                                                            "  - rule: navigation\n"
                                                            "    for: {group: navigation}\n"
                                                            "    purpose: verkehrslenkung\n"
                                                            "    deliver: [public]\n")),
            absl::OkStatus());
  EXPECT_EQ(Run("navi", {"replica", "sync", copy}), ExitCode::kRefused);
  EXPECT_THAT(err_, AllOf(HasSubstr("refused: no rule lets `navi` keep a copy of `amt/pegel`"),
                          HasSubstr("would allow it with the line `replica`")));
  EXPECT_EQ(Run("navi", {"replica", "scan", copy}), ExitCode::kNotAllowed);
  EXPECT_THAT(err_, HasSubstr("hint: `allmende replica sync "));
}

TEST_F(CommandsTest, WhatOthersMayReadOfAReplicaIsToldToPrograms) {
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  const std::string replica = folder_.File("replica");
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--dataset", "amt/orte"}), ExitCode::kOk) << err_;
  ASSERT_EQ(Run("navi", {"replica", "status", replica, "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("\"readable\": true, \"why\": null"), HasSubstr("\"age_us\": ")));
  // Fields that are not in the view are not shown as if they were empty.
  ASSERT_EQ(Run("navi", {"replica", "get", replica, "b", "-q"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("level"), Not(HasSubstr("shaft"))));
}

TEST_F(CommandsTest, SubscriptionsWithAnEndDoNotWaitForeverForABroker) {
  broker_.Stop();
  for (const std::vector<std::string>& end : {std::vector<std::string>{"--stop-at-head"}, {"--limit", "1"}}) {
    std::vector<std::string> line = {"subscribe", "amt/pegel", "--wait", "300ms"};
    line.insert(line.end(), end.begin(), end.end());
    EXPECT_EQ(Run("navi", line), ExitCode::kTryAgain);
    EXPECT_THAT(err_, HasSubstr("no broker could be reached: "));
  }
}

TEST_F(CommandsTest, AnotherOutboxHasToTakeTheDatasetOver) {
  const std::string file = Put("f.csv", kThreeRows);
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", file}), ExitCode::kOk) << err_;
  const std::string other = folder_.File("other");
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", file, "--outbox", other}), ExitCode::kWrongState);
  EXPECT_THAT(err_, HasSubstr("`allmende publish amt/pegel --take-over` takes it"));
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", "--outbox", other, "--take-over"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("stored         3\n"));
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", file}), ExitCode::kWrongState);
}

TEST_F(CommandsTest, WhatIsNotAllowedIsTold) {
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  EXPECT_EQ(Run("logistik", {"subscribe", "amt/pegel", "--stop-at-head"}), ExitCode::kRefused);
  EXPECT_THAT(err_, HasSubstr("test.policy.yaml"));
  EXPECT_EQ(Run("logistik", {"replica", "sync", folder_.File("r"), "--dataset", "amt/pegel"}), ExitCode::kRefused);
  EXPECT_EQ(Run("navi", {"publish", "amt/pegel", folder_.File("f.csv")}), ExitCode::kNotAllowed);
  EXPECT_EQ(Run("navi", {"subscribe", "amt/nirgends"}), ExitCode::kNotFound);
  EXPECT_EQ(Run("amt", {"publish", "amt/nirgends", folder_.File("f.csv")}), ExitCode::kNotFound);
}

TEST_F(CommandsTest, PreviewNamesEveryFieldAndWhetherItIsDelivered) {
  ASSERT_EQ(Run("amt", {"dataset", "preview", "amt/pegel", "--as", "navi", "--purpose", "verkehrslenkung"}),
            ExitCode::kOk)
      << err_;
  EXPECT_THAT(out_, AllOf(HasSubstr("level  public          as it is"), HasSubstr("shaft  critical        no"),
                          HasSubstr("licence:  cc-by/4.0"), Not(HasSubstr("time.seconds"))));
  EXPECT_EQ(Run("amt", {"dataset", "preview", "amt/pegel", "--as", "logistik", "--purpose", "forschung"}),
            ExitCode::kRefused);
}

TEST_F(CommandsTest, ScansStopWhereTheyAreTold) {
  ASSERT_EQ(Run("amt", {"publish", "amt/pegel", Put("f.csv", kThreeRows)}), ExitCode::kOk) << err_;
  const std::string replica = folder_.File("replica");
  ASSERT_EQ(Run("navi", {"replica", "sync", replica, "--dataset", "amt/pegel"}), ExitCode::kOk) << err_;
  ASSERT_EQ(Run("navi", {"replica", "scan", replica, "--from-sequence", "2", "--limit", "1", "--output", "csv", "-q"}),
            ExitCode::kOk);
  EXPECT_EQ(out_,
            "sequence,operation,event_time,time,id,level\n2,upsert,2026-01-01T01:00:00Z,2026-01-01T01:00:00Z,b,\n");
  ASSERT_EQ(Run("navi", {"replica", "get", replica, "--sequence", "3", "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("\"sequence\":3"));
  EXPECT_EQ(Run("navi", {"replica", "get", replica, "--sequence", "4"}), ExitCode::kNotFound);
  EXPECT_NE(Run("navi", {"replica", "scan", folder_.File("nothing")}), ExitCode::kOk);
}

TEST_F(CommandsTest, AnUnusableOutboxIsNamed) {
  ASSERT_TRUE(WriteFileAtomically(folder_.File("file"), "x", FileAccess::kEverybody).ok());
  EXPECT_EQ(Run("amt", {"publish", "amt/pegel", Put("f.csv", kThreeRows), "--outbox", folder_.File("file")}),
            ExitCode::kWrongState);
  EXPECT_THAT(err_, HasSubstr(folder_.File("file")));
}

}  // namespace
}  // namespace allmende::cli
