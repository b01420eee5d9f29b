// A publisher's process is killed, again and again, and nothing that it promised is lost or doubled.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/publisher.h"
#include "gtest/gtest.h"
#include "sdk/client/testing/fake_broker.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

constexpr char kDirectory[] = "ALLMENDE_TEST_DIRECTORY";
constexpr char kEndpoint[] = "ALLMENDE_TEST_ENDPOINT";
constexpr char kFirst[] = "ALLMENDE_TEST_FIRST";

PublisherOptions OptionsIn(const std::string& directory) {
  PublisherOptions options;
  options.dataset = "wasser/regen";
  options.outbox_directory = directory + "/outbox";
  options.batch_records_max = 7;
  options.flush_interval = absl::Milliseconds(1);
  return options;
}

// The process that dies: appends numbers without end and says, on its standard output, how far they are flushed.
TEST(PublisherCrashTest, DISABLED_Victim) {
  const std::string directory = std::getenv(kDirectory);
  ClientOptions client_options;
  client_options.endpoints = {std::getenv(kEndpoint)};
  client_options.certificate_file = directory + "/agency.pem";
  client_options.key_file = directory + "/agency.key";
  client_options.authority_file = directory + "/ca.pem";
  const auto client = *Client::Connect(client_options);
  const auto publisher = Publisher::Open(*client, OptionsIn(directory));
  if (!publisher.ok()) ::_exit(3);
  for (int next = std::atoi(std::getenv(kFirst));; ++next) {
    const std::string payload = absl::StrCat(next);
    if (!(*publisher)->Append({.key = "key", .payload = payload}).ok()) ::_exit(4);
    if (next % 50 != 0) continue;
    if (!(*publisher)->Flush().ok()) ::_exit(5);
    const std::string line = absl::StrCat("flushed ", next, "\n");
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) ::_exit(6);
  }
}

// Runs the victim from record `first` on, kills it in the middle, and returns the last record that it called flushed.
int RunVictim(const rpc::TestCity& city, const std::string& endpoint, int first, int flushes) {
  int pipe[2];
  if (::pipe(pipe) != 0) std::abort();
  const std::vector<std::string> environment = {absl::StrCat(kDirectory, "=", city.Path("")),
                                                absl::StrCat(kEndpoint, "=", endpoint),
                                                absl::StrCat(kFirst, "=", first), "PATH=/usr/bin"};
  std::vector<char*> pointers;
  for (const std::string& variable : environment) pointers.push_back(const_cast<char*>(variable.c_str()));
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(pipe[1], STDOUT_FILENO);
    ::close(pipe[0]);
    ::close(pipe[1]);
    ::execle("/proc/self/exe", "victim", "--gtest_also_run_disabled_tests",
             "--gtest_filter=PublisherCrashTest.DISABLED_Victim", nullptr, pointers.data());
    ::_exit(2);
  }
  ::close(pipe[1]);
  std::string output;
  char buffer[256];
  int seen = 0;
  for (ssize_t size = 0; seen < flushes && (size = ::read(pipe[0], buffer, sizeof(buffer))) > 0;) {
    output.append(buffer, size);
    seen = 0;
    for (size_t at = 0; (at = output.find("flushed ", at)) != std::string::npos; ++at) ++seen;
  }
  ::kill(child, SIGKILL);
  for (ssize_t size = 0; (size = ::read(pipe[0], buffer, sizeof(buffer))) > 0;) output.append(buffer, size);
  ::close(pipe[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the victim ended by itself: " << WEXITSTATUS(status);
  // Whole lines only.
  const size_t last = output.rfind("flushed ", output.rfind('\n'));
  return last == std::string::npos ? -1 : std::atoi(output.c_str() + last + 8);
}

TEST(PublisherCrashTest, KeepsWhatWasFlushedAndDoublesNothing) {
  const rpc::TestCity city("musterstadt");
  city.Issue("agency", city.Client("wasserbetriebe"));
  FakeDataset dataset;
  FakeBroker broker(&city, &dataset);
  broker.Start();
  const std::string endpoint = broker.endpoint();
  const auto client = ConnectForTest(city, {endpoint});

  int next = 0;
  for (int round = 0; round < 4; ++round) {
    // With the broker, without it, and with one that loses answers.
    if (round == 1) broker.Kill();
    if (round == 2) broker.Start();
    dataset.DecideFate(
        [round](uint64_t nth) { return round == 2 && nth % 5 == 2 ? BatchFate::kStoreAndCut : BatchFate::kStore; });
    const int flushed = RunVictim(city, endpoint, next, /*flushes=*/4);
    ASSERT_GE(flushed, next) << "round " << round;

    // What is behind the last flush may be there, up to some point.
    auto publisher = Publisher::Open(*client, OptionsIn(city.Path("")));
    ASSERT_TRUE(publisher.ok()) << publisher.status();
    if (round != 1) {
      ASSERT_EQ((*publisher)->WaitUntilStored(absl::Now() + absl::Seconds(30)), absl::OkStatus());
      const std::vector<FakeDataset::Item> records = dataset.Records();
      for (size_t i = 0; i < records.size(); ++i) ASSERT_EQ(records[i].payload, absl::StrCat(i));
      next = static_cast<int>(records.size());
    } else {
      next = static_cast<int>(dataset.Records().size() + (*publisher)->stats().outbox_records);
    }
    ASSERT_GT(next, flushed) << "round " << round;
  }
}

}  // namespace
}  // namespace allmende
