#include "examples/heavy_rain/stage/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace heavy_rain {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(20);

std::vector<std::string> Shell(const std::string& script) {
  return {"/bin/sh", "-c", script};
}

class StageTest : public ::testing::Test {
 protected:
  StageTest() {
    std::string folder = ::testing::TempDir() + "stage-XXXXXX";
    folder_ = mkdtemp(folder.data());
    stage_ = *Stage::Create(folder_, [this](const std::string& name, const Report& report) {
      heard_.push_back(absl::StrCat(name, ": ", report.kind(), " ", report.Text("a")));
    });
  }
  ~StageTest() override {
    stage_.reset();
    std::filesystem::remove_all(folder_);
  }

  absl::Status UntilHeard(size_t count) {
    return stage_->Until(absl::Now() + kLong, "reports", [&] { return heard_.size() >= count; });
  }

  std::string LogText(const std::string& name) {
    std::ifstream file(stage_->LogOf(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  std::string folder_;
  std::vector<std::string> heard_;
  std::unique_ptr<Stage> stage_;
};

TEST_F(StageTest, ReportsArriveInOrderAndLinesThatAreNoneGoToTheLog) {
  ASSERT_TRUE(
      stage_->Start("role", Shell("echo first a=1; echo 'no  report'; printf 'second a='; echo 2; read x")).ok());
  ASSERT_TRUE(UntilHeard(2).ok());
  EXPECT_THAT(heard_, ElementsAre("role: first 1", "role: second 2"));
  EXPECT_THAT(LogText("role"), HasSubstr("no  report"));
}

TEST_F(StageTest, TellReachesTheProcess) {
  ASSERT_TRUE(stage_->Start("echo", {"/bin/cat"}).ok());
  ASSERT_TRUE(stage_->Tell("echo", Report("hello").With("a", "w x")).ok());
  ASSERT_TRUE(UntilHeard(1).ok());
  EXPECT_THAT(heard_, ElementsAre("echo: hello w x"));
  EXPECT_EQ(stage_->Tell("nobody", Report("hello")).code(), absl::StatusCode::kAborted);
}

TEST_F(StageTest, TheEndOfAProcessThatShouldRunIsNoticed) {
  ASSERT_TRUE(stage_->Start("role", Shell("echo last a=words; exit 7")).ok());
  const absl::Status status = stage_->Pause(kLong);
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("role ended with exit code 7"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(stage_->LogOf("role")));
  EXPECT_THAT(heard_, ElementsAre("role: last words"));
}

TEST_F(StageTest, AKilledProcessIsGoneAndNotMissed) {
  ASSERT_TRUE(stage_->Start("role", Shell("echo pid a=$$; sleep 1000")).ok());
  ASSERT_TRUE(UntilHeard(1).ok());
  const pid_t pid = std::atoi(heard_[0].substr(heard_[0].rfind(' ')).c_str());
  ASSERT_TRUE(stage_->Kill("role").ok());
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_FALSE(stage_->IsRunning("role"));
  EXPECT_TRUE(stage_->Pause(absl::Milliseconds(60)).ok());
}

TEST_F(StageTest, JoinWaitsForTheEnd) {
  ASSERT_TRUE(stage_->Start("good", Shell("read x; echo done a=1")).ok());
  ASSERT_TRUE(stage_->Tell("good", Report("finish")).ok());
  EXPECT_TRUE(stage_->Join({"good"}, absl::Now() + kLong).ok());
  EXPECT_THAT(heard_, ElementsAre("good: done 1"));
  ASSERT_TRUE(stage_->Start("bad", Shell("exit 3")).ok());
  EXPECT_THAT(std::string(stage_->Join({"bad"}, absl::Now() + kLong).message()), HasSubstr("exit code 3"));
}

TEST_F(StageTest, JoinMindsNotWhoEndsFirst) {
  ASSERT_TRUE(stage_->Start("slow", Shell("read x; sleep 0.2")).ok());
  ASSERT_TRUE(stage_->Start("quick", Shell("read x")).ok());
  for (const char* name : {"slow", "quick"}) ASSERT_TRUE(stage_->Tell(name, Report("finish")).ok());
  EXPECT_TRUE(stage_->Join({"slow", "quick"}, absl::Now() + kLong).ok());
}

TEST_F(StageTest, RunReturnsWhatAToolPrinted) {
  const absl::StatusOr<std::string> said = stage_->Run("tool", Shell("echo one; echo two"));
  ASSERT_TRUE(said.ok()) << said.status();
  EXPECT_EQ(*said, "one\ntwo\n");
}

TEST_F(StageTest, AToolThatFailsOrIsMissingIsTold) {
  const absl::Status failed = stage_->Run("tool", Shell("echo because; exit 5")).status();
  EXPECT_THAT(std::string(failed.message()), HasSubstr("exit code 5"));
  EXPECT_THAT(std::string(failed.message()), HasSubstr("because"));
  const absl::Status missing = stage_->Run("absent", {"/nonexistent/tool"}).status();
  EXPECT_THAT(std::string(missing.message()), HasSubstr("exit code 127"));
  EXPECT_THAT(LogText("absent"), HasSubstr("cannot start /nonexistent/tool"));
}

TEST_F(StageTest, AToolThatHangsIsGivenUp) {
  EXPECT_EQ(stage_->Run("tool", Shell("exec sleep 1000"), absl::Milliseconds(100)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(StageTest, WhatIsWaitedForInVainIsNamed) {
  const absl::Status status =
      stage_->Until(absl::Now() + absl::Milliseconds(60), "better weather", [] { return false; });
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("better weather"));
}

TEST_F(StageTest, CtrlCEndsTheWaiting) {
  raise(SIGINT);
  EXPECT_EQ(stage_->Pause(kLong).code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(stage_->Pause(kLong).code(), absl::StatusCode::kCancelled);
}

TEST_F(StageTest, NoProcessOutlivesTheStageNotEvenADeafOne) {
  ASSERT_TRUE(stage_->Start("deaf", Shell("trap '' TERM INT; echo pid a=$$; while :; do sleep 0.05; done")).ok());
  ASSERT_TRUE(UntilHeard(1).ok());
  const pid_t pid = std::atoi(heard_[0].substr(heard_[0].rfind(' ')).c_str());
  stage_.reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

// The process that made the stage is killed, and what it had started goes with it.
TEST(StageDeathTest, NoProcessOutlivesAStageThatWasKilled) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t maker = fork();
  if (maker == 0) {
    close(ends[0]);
    const auto stage = *Stage::Create("/tmp", [](const std::string&, const Report&) {});
    // The grandchild holds the pipe open as long as it lives.
    if (!stage->Start("stage-test-orphan", {"/bin/sleep", "1000"}).ok()) _exit(1);
    (void)!write(ends[1], "x", 1);
    pause();
    _exit(0);
  }
  close(ends[1]);
  char started = 0;
  ASSERT_EQ(read(ends[0], &started, 1), 1);
  kill(maker, SIGKILL);
  waitpid(maker, nullptr, 0);
  EXPECT_EQ(read(ends[0], &started, 1), 0);  // blocks until the last holder is gone
  close(ends[0]);
  unlink("/tmp/stage-test-orphan.log");
}

}  // namespace
}  // namespace heavy_rain
