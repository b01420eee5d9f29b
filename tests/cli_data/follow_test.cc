// `publish --follow` and `replica sync --follow` as processes of their own: they go on until they are told to end.
#include <fstream>

#include "tests/cli/child.h"
#include "tests/cli_data/commands_fixture.h"

namespace allmende::cli {
namespace {

TEST_F(CommandsTest, AFollowedFileIsPublishedAsItGrows) {
  const std::string file = Put("grow.csv", "2026-01-01T00:00:00Z,a,1,\n");
  cli_tests::Background follower({ALLMENDE_PROGRAM, "publish", "amt/pegel", file, "--delimiter", ",", "--follow",
                                  "--profile", broker_.Profile("amt")},
                                 folder_.path(), {{"HOME", folder_.path()}, {"LC_ALL", "C.UTF-8"}});
  ASSERT_TRUE(follower.WaitFor("publishes what is appended")) << follower.written();
  std::ofstream(file, std::ios::app) << "2026-01-01T01:00:00Z,b,2,\n2026-01-01T02:00:00Z,c,3,";
  // Waits for new records: the third row is not complete yet.
  ASSERT_EQ(Run("navi", {"subscribe", "amt/pegel", "--from-start", "--limit", "2", "--output", "csv"}), ExitCode::kOk);
  EXPECT_THAT(out_, ::testing::EndsWith("2,upsert,2026-01-01T01:00:00Z,2026-01-01T01:00:00Z,b,2\n"));
  std::ofstream(file, std::ios::app) << "\n";
  ASSERT_EQ(Run("navi", {"subscribe", "amt/pegel", "--from-start", "--limit", "3", "--output", "csv"}), ExitCode::kOk);
  EXPECT_THAT(out_, ::testing::EndsWith("3,upsert,2026-01-01T02:00:00Z,2026-01-01T02:00:00Z,c,3\n"));
  EXPECT_EQ(follower.Stop(), 0) << follower.written();
}

TEST_F(CommandsTest, AReplicaIsReadWhileAnotherProcessFollows) {
  ASSERT_EQ(Run("amt", {"publish", "amt/orte", Put("f.csv", "2026-01-01T00:00:00Z,a,1,\n")}), ExitCode::kOk) << err_;
  const std::string replica = folder_.File("replica");
  cli_tests::Background follower({ALLMENDE_PROGRAM, "replica", "sync", replica, "--dataset", "amt/orte", "--follow",
                                  "--output", "json", "--profile", broker_.Profile("navi")},
                                 folder_.path(), {{"HOME", folder_.path()}, {"LC_ALL", "C.UTF-8"}});
  ASSERT_TRUE(follower.WaitFor("Caught up")) << follower.written();
  ASSERT_EQ(Run("navi", {"replica", "get", replica, "a", "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, ::testing::HasSubstr("\"level\":1"));
  EXPECT_EQ(Run("navi", {"replica", "scan", replica, "--output", "json"}), ExitCode::kOk) << err_;
  EXPECT_THAT(out_, ::testing::HasSubstr("\"id\":\"a\""));
  EXPECT_EQ(Run("navi", {"replica", "status", replica}), ExitCode::kOk) << err_;
  EXPECT_EQ(Run("navi", {"replica", "sync", replica}), ExitCode::kWrongState) << "only one syncs";
  EXPECT_EQ(follower.Stop(), 0) << follower.written();
}

}  // namespace
}  // namespace allmende::cli
