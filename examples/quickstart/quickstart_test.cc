// The commands at the head of quickstart.cc, as a newcomer types them.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <string>

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// That nobody uses now.
int FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_family = AF_INET;
  socklen_t size = sizeof(address);
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// Runs `script` in bash with the programs on the path; returns what it printed, and its exit code at the end.
std::string Bash(const std::string& script) {
  const std::string programs = fs::read_symlink("/proc/self/exe").parent_path().string();
  std::string folder = ::testing::TempDir() + "quickstart-XXXXXX";
  const std::string text = "cd " + std::string(mkdtemp(folder.data())) + "\nPATH=" + programs +
                           ":$PATH\nexamples=" ALLMENDE_SOURCE_DIR "/examples\nport=" + std::to_string(FreePort()) +
                           "\n" + script;
  const std::string file = folder + "/script";
  FILE* const out = std::fopen(file.c_str(), "w");
  std::fputs(text.c_str(), out);
  std::fclose(out);
  FILE* const bash = popen(("bash " + file + " 2>&1").c_str(), "r");
  std::string printed;
  for (int c; (c = std::fgetc(bash)) != EOF;) printed.push_back(static_cast<char>(c));
  const int status = pclose(bash);
  fs::remove_all(folder);
  return printed + "exit " + std::to_string(WEXITSTATUS(status));
}

TEST(QuickstartTest, PublishesFollowsAndCopies) {
  const std::string printed = Bash(R"(
set -e
allmende -q city init berlin --listen 127.0.0.1:$port --participant berliner-wasserbetriebe=agency,officer
allmended --config berlin/broker.yaml 2>broker.log &
broker=$!
trap 'kill $broker; wait $broker' EXIT
export ALLMENDE_PROFILE=berlin/participants/berliner-wasserbetriebe
until allmende status >status.log 2>&1; do kill -0 $broker; done
allmende dataset create wasser/regen --schema $examples/schemas/rain.proto --policy $examples/policies/rain.policy.yaml
quickstart berlin/participants/berliner-wasserbetriebe
quickstart berlin/participants/berliner-wasserbetriebe
)");
  EXPECT_THAT(printed, HasSubstr("   3  Mitte  11.8 mm/h\nthe copy holds 3 records"));
  EXPECT_THAT(printed, HasSubstr("   6  Mitte  11.8 mm/h\nthe copy holds 6 records"));
  EXPECT_THAT(printed, HasSubstr("exit 0"));
}

TEST(QuickstartTest, WithoutAProfileItSaysWhatIsMissing) {
  EXPECT_THAT(Bash("quickstart nowhere"), HasSubstr("nowhere"));
  EXPECT_THAT(Bash("quickstart"), HasSubstr("usage: quickstart PROFILE"));
}

}  // namespace
