// The demo, played fast: it proves what it claims, and fails for each fault that is put into it on purpose.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace heavy_rain {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

struct Outcome {
  int exit_code = -1;
  std::string printed;
};

void ExpectAtMostEightyColumns(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    size_t columns = 0;
    for (const char c : line) columns += (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    EXPECT_LE(columns, 80u) << line;
  }
}

class DemoTest : public ::testing::Test {
 protected:
  DemoTest() {
    std::string folder = ::testing::TempDir() + "demo-XXXXXX";
    folder_ = mkdtemp(folder.data());
  }
  ~DemoTest() override {
    if (!HasFailure()) fs::remove_all(folder_);
  }

  // Starts the demo with `arguments`; its folder goes into ours.
  void Start(const std::vector<std::string>& arguments) {
    ASSERT_EQ(pipe(pipe_), 0);
    pid_ = fork();
    if (pid_ == 0) {
      const std::string program = (fs::read_symlink("/proc/self/exe").parent_path() / "heavy_rain").string();
      setenv("TMPDIR", folder_.c_str(), 1);
      dup2(pipe_[1], STDOUT_FILENO);
      dup2(pipe_[1], STDERR_FILENO);
      close(pipe_[0]);
      close(pipe_[1]);
      std::vector<char*> words = {const_cast<char*>(program.c_str())};
      for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
      words.push_back(nullptr);
      execv(words[0], words.data());
      _exit(127);
    }
    close(pipe_[1]);
  }

  // What it prints until `text`, or until its end.
  void ReadUntil(const std::string& text, std::string& printed) {
    char buffer[4096];
    while (text.empty() || printed.find(text) == std::string::npos) {
      const ssize_t bytes = read(pipe_[0], buffer, sizeof(buffer));
      if (bytes <= 0) return;
      printed.append(buffer, static_cast<size_t>(bytes));
    }
  }

  Outcome Finish(std::string printed = "") {
    Outcome outcome;
    outcome.printed = std::move(printed);
    ReadUntil("", outcome.printed);  // every process that holds the pipe is gone then
    close(pipe_[0]);
    int status = 0;
    waitpid(pid_, &status, 0);
    outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return outcome;
  }

  Outcome Play(const std::vector<std::string>& arguments) {
    Start(arguments);
    return Finish();
  }

  bool LeftSomething() const { return !fs::is_empty(folder_); }

  std::string folder_;
  pid_t pid_ = 0;
  int pipe_[2] = {-1, -1};
};

TEST_F(DemoTest, ProvesWhatItClaims) {
  const Outcome outcome = Play({"--pace", "20"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.printed;
  for (const char* text :
       {"INVENTED", "REFUSED", "SIGKILL", "[ok]     0 lost", "[ok]     0 duplicates", "[ok]     0 forbidden",
        "[ok]     0 failed reads", "well_galleries.policy.yaml:", "PROVEN"}) {
    EXPECT_THAT(outcome.printed, HasSubstr(text));
  }
  EXPECT_THAT(outcome.printed, Not(HasSubstr("FAILED")));
  EXPECT_THAT(outcome.printed, Not(HasSubstr("\x1b")));
  ExpectAtMostEightyColumns(outcome.printed);
  EXPECT_FALSE(LeftSomething());
}

struct Break {
  const char* fault;
  const char* said;
};

class BrokenDemoTest : public DemoTest, public ::testing::WithParamInterface<Break> {};

TEST_P(BrokenDemoTest, IsNotProven) {
  const Outcome outcome = Play({"--pace", "5", "--break", GetParam().fault});
  EXPECT_EQ(outcome.exit_code, 1) << outcome.printed;
  EXPECT_THAT(outcome.printed, HasSubstr(GetParam().said));
  EXPECT_THAT(outcome.printed, HasSubstr("NOT PROVEN"));
  EXPECT_THAT(outcome.printed, HasSubstr("Logs: " + folder_));
  EXPECT_TRUE(LeftSomething());
}

INSTANTIATE_TEST_SUITE_P(All, BrokenDemoTest,
                         ::testing::Values(Break{"lose", "sequence 49 is missing"}, Break{"duplicate", "came before"},
                                           Break{"leak", "a value of `gallery`, which must not be seen"}),
                         [](const auto& test) { return test.param.fault; });

TEST_F(DemoTest, CtrlCLeavesNothingBehind) {
  Start({"--pace", "200"});
  std::string printed;
  ReadUntil("--- 1.", printed);
  kill(pid_, SIGINT);
  const Outcome outcome = Finish(printed);
  EXPECT_EQ(outcome.exit_code, 130) << outcome.printed;
  EXPECT_FALSE(LeftSomething());
}

TEST_F(DemoTest, AFolderWithoutDataIsRefused) {
  const Outcome outcome = Play({"--data", folder_});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.printed, HasSubstr("rain.csv"));
}

TEST_F(DemoTest, AWrongCommandLineIsRefused) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"--dta", "x"}, {"--data"}, {"--pace", "soon"}, {"--pace", "-1"}, {"--break", "everything"}}) {
    EXPECT_EQ(Play(arguments).exit_code, 2) << arguments[0];
  }
}

TEST_F(DemoTest, PlaysRecordedDataToo) {
  const char* const data = std::getenv("ALLMENDE_REAL_DATA");
  const std::string folder =
      (data != nullptr ? std::string(data) : ALLMENDE_SOURCE_DIR "/../shared/data") + "/berlin-water-model";
  if (!fs::exists(folder)) {
    GTEST_SKIP() << folder << " is not there; set ALLMENDE_REAL_DATA to the folder that has `berlin-water-model`";
  }
  const Outcome outcome = Play({"--pace", "5", "--data", folder});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.printed;
  EXPECT_THAT(outcome.printed, HasSubstr("Deutscher Wetterdienst"));
  ExpectAtMostEightyColumns(outcome.printed);
  EXPECT_FALSE(LeftSomething());
}

}  // namespace
}  // namespace heavy_rain
