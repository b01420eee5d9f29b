#include "broker/log/store_log.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/log/log_conformance.h"
#include "broker/log/store_format.h"
#include "broker/log/store_open.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr LogId kRain{7};
constexpr LogId kSewers{8};

class StoreHarness final : public LogHarness {
 public:
  void Open(const ConformanceLimits& limits) override {
    log_.reset();
    StoreLogOptions options;
    options.path = directory_.File("log");
    options.queued_writes_max = limits.queued_writes_max;
    options.queued_bytes_max = limits.queued_bytes_max;
    options.entry_bytes_max = limits.entry_bytes_max;
    options.logs_max = limits.logs_max;
    options.watches_max = limits.watches_max;
    absl::StatusOr<std::unique_ptr<StoreLog>> opened = StoreLog::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  void Close() override { log_.reset(); }
  Log& log() override { return *log_; }

  void Settle() override {
    // A second time for what callbacks started.
    for (int i = 0; i < 2; ++i) {
      AwaitReported();
    }
  }
  void Hold() override {
    blocked_.emplace();
    // The committer takes what comes first; so that it is not the test's own write, give it one.
    ASSERT_TRUE(log_->WriteSide({SideWrite::Delete(SideFamily::kState, "none")}, [](const absl::Status&) {}).ok());
    blocked_->AwaitWaiting(1);
  }
  void Release() override { blocked_.reset(); }

 private:
  void AwaitReported() {
    Mutex mutex;
    CondVar reported;
    bool done = false;
    absl::Status accepted;
    do {  // the queue may still be full
      accepted = log_->WriteSide({}, [&](const absl::Status&) {
        MutexLock lock(mutex);
        done = true;
        reported.NotifyAll();
      });
    } while (absl::IsResourceExhausted(accepted));
    ASSERT_TRUE(accepted.ok()) << accepted;
    MutexLock lock(mutex);
    while (!done) {
      reported.Wait(mutex);
    }
  }

  TestDirectory directory_;
  std::unique_ptr<StoreLog> log_;
  std::optional<BlockedSync> blocked_;
};

INSTANTIATE_TEST_SUITE_P(StoreLog, LogConformance,
                         ::testing::Values(LogImplementation{"store", [] { return std::make_unique<StoreHarness>(); }}),
                         [](const auto& test) { return test.param.name; });

class StoreLogTest : public ::testing::Test {
 protected:
  void SetUp() override { Open(); }

  void Open(StoreLogOptions options = {}) {
    log_.reset();
    options.path = path_;
    absl::StatusOr<std::unique_ptr<StoreLog>> opened = StoreLog::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }

  LogHead Append(LogId id, std::vector<LogEntry> entries) {
    absl::StatusOr<LogHead> head = AppendAndWait(*log_, RequestFor(id, log_->HeadOf(id).position, std::move(entries)));
    EXPECT_TRUE(head.ok()) << head.status();
    return head.value_or(LogHead());
  }

  void Trim(Sequence sequence) {
    ASSERT_TRUE(log_->TrimBefore(kRain, sequence, [](const absl::Status& status) { EXPECT_TRUE(status.ok()); }).ok());
    Append(kSewers, {EntryOf("behind it in the queue")});
  }

  std::vector<std::string> Entries() {
    const auto view = log_->View();
    return Drain(view->ReadFromSequence(kRain, view->HeadOf(kRain)->first_sequence, 1 << 20));
  }

  bool AnyFileHolds(const std::string& bytes) const {
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_)) {
      if (!file.is_regular_file()) continue;
      std::ifstream stream(file.path(), std::ios::binary);
      const std::string content(std::istreambuf_iterator<char>(stream), {});
      if (content.find(bytes) != std::string::npos) return true;
    }
    return false;
  }

  TestDirectory directory_;
  const std::string path_ = directory_.File("log");
  std::unique_ptr<StoreLog> log_;
};

TEST_F(StoreLogTest, WritesThatWaitShareOneSync) {
  std::atomic<int> reported = 0;
  {
    BlockedSync blocked;
    ASSERT_TRUE(log_->Append(RequestFor(kSewers, {}, {EntryOf("first")}), [](auto) {}).ok());
    blocked.AwaitWaiting(1);
    LogPosition position;
    for (int i = 0; i < 100; ++i) {
      std::vector<LogEntry> entries = {EntryOf("a")};
      const LogPosition next = log_->After(position, entries);
      ASSERT_TRUE(log_->Append(RequestFor(kRain, position, std::move(entries)), [&](auto) { ++reported; }).ok());
      position = next;
    }
    EXPECT_EQ(log_->statistics().queued_writes, 100u);
  }
  Append(LogId{9}, {EntryOf("behind them in the queue")});
  EXPECT_EQ(reported.load(), 100);
  EXPECT_LE(log_->statistics().commits, 3u);
  EXPECT_EQ(log_->statistics().writes, 102u);
  EXPECT_EQ(log_->statistics().queued_bytes, 0u);
}

TEST_F(StoreLogTest, NothingIsReportedOrReadBeforeItIsSynced) {
  std::atomic<bool> reported = false;
  {
    BlockedSync blocked;
    ASSERT_TRUE(log_->Append(RequestFor(kRain, {}, {EntryOf("a")}), [&](auto) { reported = true; }).ok());
    blocked.AwaitWaiting(1);
    EXPECT_FALSE(reported.load());
    EXPECT_EQ(log_->HeadOf(kRain), LogHead());
    EXPECT_EQ(log_->View()->HeadOf(kRain).value(), LogHead());
  }
  Append(kSewers, {EntryOf("behind it in the queue")});
  EXPECT_TRUE(reported.load());
}

TEST_F(StoreLogTest, ClosingWritesWhatWasAccepted) {
  std::atomic<int> reported = 0;
  LogPosition position;
  for (int i = 0; i < 500; ++i) {
    std::vector<LogEntry> entries = {EntryOf("a")};
    const LogPosition next = log_->After(position, entries);
    ASSERT_TRUE(log_->Append(RequestFor(kRain, position, std::move(entries)),
                             [&](absl::StatusOr<LogHead> head) { reported += head.ok() ? 1 : 0; })
                    .ok());
    position = next;
  }
  log_.reset();
  EXPECT_EQ(reported.load(), 500);
  Open();
  EXPECT_EQ(log_->HeadOf(kRain).entries, 500u);
}

TEST_F(StoreLogTest, CallbackThatWritesWhileClosingIsRefusedOrServed) {
  std::atomic<int> refused_or_reported = 0;
  std::atomic<int> started = 0;
  for (int i = 0; i < 50; ++i) {
    const absl::Status accepted = log_->WriteSide({SideWrite::Put(SideFamily::kState, "k", "v")}, [&](absl::Status) {
      ++started;
      const absl::Status again =
          log_->WriteSide({SideWrite::Put(SideFamily::kState, "k", "w")}, [&](absl::Status) { ++refused_or_reported; });
      refused_or_reported += again.ok() ? 0 : 1;
    });
    ASSERT_TRUE(accepted.ok());
  }
  delete log_.get();  // the pointer stays for the callbacks
  (void)log_.release();
  EXPECT_EQ(started.load(), 50);
  EXPECT_EQ(refused_or_reported.load(), 50);
}

TEST_F(StoreLogTest, WritersOnManyThreadsEachKeepTheirOrder) {
  std::vector<std::thread> writers;
  for (unsigned t = 0; t < 4; ++t) {
    writers.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) Append(LogId{t}, {EntryOf(absl::StrCat(i))});
    });
  }
  for (std::thread& writer : writers) writer.join();
  for (unsigned t = 0; t < 4; ++t) {
    const auto view = log_->View();
    auto cursor = view->ReadFrom(LogId{t}, {}, 1 << 20).value();
    int next = 0;
    while (cursor->Next()) EXPECT_EQ(cursor->entry().bytes, absl::StrCat(next++));
    EXPECT_EQ(next, 50);
  }
}

TEST_F(StoreLogTest, ReadersSeeWholeAppendsWhileOthersWrite) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int i = 0; i < 200; ++i) Append(kRain, {EntryOf("a", 2), EntryOf("b", 3)});
    stop = true;
  });
  while (!stop.load()) {
    const auto view = log_->View();
    const LogHead head = view->HeadOf(kRain).value();
    EXPECT_EQ(head.next_sequence % 5, 1u);
    EXPECT_EQ(Drain(view->ReadFrom(kRain, {}, 1 << 20)).size(), head.entries);
  }
  writer.join();
}

TEST_F(StoreLogTest, SecondOpenerIsRefusedAndToldByWhom) {
  StoreLogOptions options;
  options.path = path_;
  const absl::Status second = StoreLog::Open(std::move(options)).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr(absl::StrCat("is locked by process ", ::getpid())));
  Append(kRain, {EntryOf("a")});  // the first one does not notice
}

TEST_F(StoreLogTest, TrimmedEntriesAreDeletedInLargePieces) {
  StoreLogOptions options;
  options.reclaim_bytes_min = 100'000;
  Open(std::move(options));
  for (int i = 0; i < 20; ++i) Append(kRain, {EntryOf(std::string(10'000, static_cast<char>('a' + i)))});
  Trim(5);
  const auto held = [&] {
    log_.reset();
    int entries = 0;
    const auto database = store::Database::Open(StoreOptions(DatabasePath(path_), 32 << 20)).value();
    auto iterator = database->Scan(kEntryFamily, {.lower = EntryKey(kRain, 0), .upper = EntryKeysEnd(kRain)});
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++entries;
    return entries;
  };
  EXPECT_EQ(held(), 20);
  options = {};
  options.reclaim_bytes_min = 100'000;
  Open(std::move(options));
  Trim(12);
  EXPECT_EQ(log_->HeadOf(kRain).entries, 9u);
  EXPECT_EQ(held(), 9);
}

TEST_F(StoreLogTest, TrimAfterTheIntervalDeletesHoweverLittleItIs) {
  StoreLogOptions options;
  options.reclaim_interval = absl::ZeroDuration();
  Open(std::move(options));
  Append(kRain, {EntryOf("a"), EntryOf("b"), EntryOf("c")});
  Trim(2);
  Trim(3);
  log_.reset();
  const auto database = store::Database::Open(StoreOptions(DatabasePath(path_), 32 << 20)).value();
  EXPECT_FALSE(database->Get(kEntryFamily, EntryKey(kRain, 1)).value().has_value());
  EXPECT_TRUE(database->Get(kEntryFamily, EntryKey(kRain, 3)).value().has_value());
}

TEST_F(StoreLogTest, TrimmedSpaceIsGivenBack) {
  StoreLogOptions options;
  options.reclaim_bytes_min = 4 << 20;
  options.memory_bytes_max = 4 << 20;
  Open(options);
  const auto bytes_on_disk = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path_)) {
      std::error_code gone;
      const std::uintmax_t size = file.is_regular_file() ? file.file_size(gone) : 0;
      bytes += gone ? 0 : size;
    }
    return bytes;
  };
  std::uintmax_t most = 0;
  for (int i = 0; i < 600; ++i) {
    Append(kRain, {EntryOf(std::string(256 << 10, 'x'))});
    if (i % 10 == 0) {
      const Sequence keep_from = log_->View()->FirstSequenceWithin(kRain, 8 << 20).value();
      ASSERT_TRUE(log_->TrimBefore(kRain, keep_from, [](const absl::Status&) {}).ok());
      most = std::max(most, bytes_on_disk());
    }
  }
  EXPECT_LT(most, 75u << 20);  // of 150 MiB that were written, 8 MiB are held
}

TEST_F(StoreLogTest, PurgedBytesAreInNoFile) {
  const LogEntry secret = EntryOf("the-name-of-somebody", 2);
  Append(kRain, {EntryOf("trimmed-away-name"), EntryOf("a"), secret, EntryOf("b")});
  EXPECT_TRUE(AnyFileHolds("the-name-of-somebody"));
  absl::Status replaced;
  ASSERT_TRUE(
      log_->Replace(kRain, 3, {"erased", 2, secret.hash}, {}, [&](absl::Status status) { replaced = status; }).ok());
  Trim(2);
  ASSERT_TRUE(replaced.ok());
  ASSERT_TRUE(log_->Purge(kRain, 4, 6).ok());  // 4 is inside the entry
  ASSERT_TRUE(log_->Purge(kRain, 1, 2).ok());
  EXPECT_FALSE(AnyFileHolds("the-name-of-somebody"));
  EXPECT_FALSE(AnyFileHolds("trimmed-away-name"));
  EXPECT_THAT(Entries(), ElementsAre("2+1:a", "3+2:erased", "5+1:b"));
  Open();
  EXPECT_THAT(Entries(), ElementsAre("2+1:a", "3+2:erased", "5+1:b"));
}

TEST_F(StoreLogTest, PurgeWaitsForViewsThatStillShowTheBytes) {
  const LogEntry secret = EntryOf("the-name-of-somebody");
  Append(kRain, {secret});
  auto view = log_->View();
  auto cursor = view->ReadFrom(kRain, {}, 100).value();
  ASSERT_TRUE(log_->Replace(kRain, 1, {"erased", 1, secret.hash}, {}, [](const absl::Status&) {}).ok());
  std::atomic<bool> purged = false;
  std::thread purger([&] {
    EXPECT_TRUE(log_->Purge(kRain, 1, 2).ok());
    purged = true;
  });
  Append(kSewers, {EntryOf("the log goes on meanwhile")});
  view.reset();
  EXPECT_FALSE(purged.load());
  EXPECT_THAT(Drain(*cursor), ElementsAre("1+1:the-name-of-somebody"));
  cursor.reset();
  purger.join();
  EXPECT_FALSE(AnyFileHolds("the-name-of-somebody"));
}

TEST_F(StoreLogTest, CheckpointIsALogOfItsOwn) {
  Append(kRain, {EntryOf("a")});
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    while (!stop.load()) Append(kSewers, {EntryOf("busy")});
  });
  ASSERT_TRUE(log_->Checkpoint(directory_.File("copy")).ok());
  stop = true;
  writer.join();
  EXPECT_EQ(log_->Checkpoint(directory_.File("copy")).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(log_->Checkpoint(directory_.File("no/parent")).code(), absl::StatusCode::kNotFound);
  Append(kRain, {EntryOf("b")});
  StoreLogOptions options;
  options.path = directory_.File("copy");
  auto copy = StoreLog::Open(std::move(options)).value();
  EXPECT_THAT(Drain(copy->View()->ReadFrom(kRain, {}, 100)), ElementsAre("1+1:a"));
  EXPECT_TRUE(AppendAndWait(*copy, RequestFor(kRain, copy->HeadOf(kRain).position, {EntryOf("c")})).ok());
}

TEST_F(StoreLogTest, MarkReachesTheDiskWithoutFurtherWrites) {
  Append(kRain, {EntryOf("a")});
  const std::size_t syncs = SyncCount();
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  while (SyncCount() == syncs && absl::Now() < deadline) std::this_thread::yield();
  EXPECT_GT(SyncCount(), syncs);
}

}  // namespace
}  // namespace allmende::broker
