// A process that syncs a replica is killed, again and again; what it leaves is the table as it was at its watermark.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/replica.h"
#include "gtest/gtest.h"
#include "sdk/client/testing/fake_broker.h"

namespace allmende {
namespace {

constexpr char kDirectory[] = "ALLMENDE_TEST_DIRECTORY";
constexpr char kEndpoint[] = "ALLMENDE_TEST_ENDPOINT";

// The process that dies: syncs without end, and says so on its standard output once it has caught up.
TEST(ReplicaCrashTest, DISABLED_Victim) {
  const std::string directory = std::getenv(kDirectory);
  ClientOptions options;
  options.endpoints = {std::getenv(kEndpoint)};
  options.certificate_file = directory + "/agency.pem";
  options.key_file = directory + "/agency.key";
  options.authority_file = directory + "/ca.pem";
  const auto client = *Client::Connect(options);
  const auto replica = Replica::Open(directory + "/replica", {.dataset = "wasser/pegel"});
  if (!replica.ok() || !(*replica)->StartSync(*client).ok()) ::_exit(3);
  if (!(*replica)->WaitUntilSynced(absl::InfiniteFuture()).ok()) ::_exit(4);
  if (::write(STDOUT_FILENO, "synced\n", 7) != 7) ::_exit(5);
  ::pause();
}

class Victim {
 public:
  Victim(const std::string& directory, const std::string& endpoint) {
    const std::string variables[] = {absl::StrCat(kDirectory, "=", directory), absl::StrCat(kEndpoint, "=", endpoint),
                                     "PATH=/usr/bin"};
    std::vector<char*> environment;
    for (const std::string& variable : variables) environment.push_back(const_cast<char*>(variable.c_str()));
    environment.push_back(nullptr);
    int pipe[2];
    if (::pipe(pipe) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::close(pipe[0]);
      ::close(pipe[1]);
      ::execle("/proc/self/exe", "victim", "--gtest_also_run_disabled_tests",
               "--gtest_filter=ReplicaCrashTest.DISABLED_Victim", nullptr, environment.data());
      ::_exit(2);
    }
    ::close(pipe[1]);
    output_ = pipe[0];
  }

  void AwaitSynced() {
    std::string output;
    char buffer[256];
    for (ssize_t size = 0; output.find("synced\n") == std::string::npos;) {
      size = ::read(output_, buffer, sizeof(buffer));
      ASSERT_GT(size, 0) << "the victim ended by itself";
      output.append(buffer, size);
    }
  }

  ~Victim() {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    ::close(output_);
  }

 private:
  pid_t child_ = 0;
  int output_ = 0;
};

// The table after its first `changes` changes.
std::map<std::string, std::string> TableAfter(const std::vector<FakeDataset::Item>& items, uint64_t changes) {
  std::map<std::string, std::string> table;
  for (uint64_t i = 0; i < changes; ++i) {
    if (items[i].operation == format::Operation::kDelete) {
      table.erase(items[i].key);
    } else {
      table[items[i].key] = items[i].payload;
    }
  }
  return table;
}

TEST(ReplicaCrashTest, LeavesTheTableAsItWasAtItsWatermark) {
  const rpc::TestCity city("musterstadt");
  city.Issue("agency", city.Client("wasserbetriebe"));
  FakeDataset dataset(v1::TABLE);
  FakeBroker broker(&city, &dataset);
  broker.Start();
  int change = 0;
  const auto store_batch = [&] {
    std::vector<std::string> keys;
    std::vector<std::string> payloads;
    for (int i = 0; i < 5; ++i, ++change) {
      keys.push_back(absl::StrCat("key ", change * 7 % 40));
      payloads.push_back(change % 6 == 5 ? "" : absl::StrCat("value ", change));
    }
    std::vector<format::RecordContent> records;
    for (int i = 0; i < 5; ++i) {
      format::RecordContent record;
      if (payloads[i].empty()) record.operation = format::Operation::kDelete;
      record.key = keys[i];
      record.payload = payloads[i];
      records.push_back(record);
    }
    dataset.Append(records);
  };

  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 20; ++i) store_batch();
    {
      Victim victim(city.Path(""), broker.endpoint());
      victim.AwaitSynced();
      // It dies at some place of these.
      for (int i = 0; i < 40 + round; ++i) store_batch();
    }
    const auto replica = Replica::Open(city.Path("replica"), {});
    ASSERT_TRUE(replica.ok()) << replica.status();
    const ReplicaStatus status = (*replica)->status();
    ASSERT_TRUE(status.complete);
    const auto expected = TableAfter(dataset.Records(), status.info.watermark);
    std::map<std::string, std::string> found;
    const auto cursor = (*replica)->Scan();
    ASSERT_TRUE(cursor.ok()) << cursor.status();
    while ((*cursor)->Next()) {
      found.emplace(std::string((*cursor)->record().key), std::string((*cursor)->record().payload));
    }
    EXPECT_EQ(found, expected) << "round " << round << ", watermark " << status.info.watermark;
    EXPECT_EQ(status.records, expected.size());
  }
}

}  // namespace
}  // namespace allmende
