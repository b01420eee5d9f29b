// Processes that die while they write: what they acknowledged must be there.
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "broker/log/log_conformance.h"
#include "broker/log/store_log.h"
#include "broker/log/store_open.h"
#include "sdk/base/mutex.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

constexpr char kPathVariable[] = "ALLMENDE_TEST_WRITER_LOG";
constexpr unsigned kLogs = 3;
constexpr std::size_t kUnderWay = 16;

absl::StatusOr<LogHash> HashOf(LogId, std::string_view bytes) {
  return crypto::Sha256Of(bytes);
}

StoreLogOptions OptionsFor(const std::string& path) {
  StoreLogOptions options;
  options.path = path;
  options.hash_of = HashOf;
  return options;
}

// Each entry names its place and carries the hash of the one before it.
std::string ChainedBytes(const LogHash& before, Sequence first, std::size_t bytes) {
  std::string content = absl::StrCat(first, " ");
  content.append(crypto::AsBytes(before));
  content.resize(std::max(content.size(), bytes), 'x');
  return content;
}

// Appends to one log, with several appends under way, and says on standard output what was acknowledged: four bytes for
// the log, eight for the next sequence.
class ChainWriter {
 public:
  ChainWriter(StoreLog& log, LogId id, std::uint32_t records, std::size_t bytes)
      : log_(log), id_(id), records_(records), bytes_(bytes) {
    const LogHead head = log.HeadOf(id);
    position_ = head.position;
    next_ = head.next_sequence;
    hash_ = head.hash;
  }

  void Append() {
    {
      MutexLock lock(mutex_);
      while (under_way_ == kUnderWay) fewer_.Wait(mutex_);
      ++under_way_;
    }
    std::vector<LogEntry> entries = {EntryOf(ChainedBytes(hash_, next_, bytes_), records_)};
    hash_ = entries[0].hash;
    const LogPosition after = log_.After(position_, entries);
    std::vector<SideWrite> side = {SideWrite::Put(SideFamily::kState, SideKeyPrefix(id_), absl::StrCat(next_))};
    const absl::Status accepted =
        log_.Append(RequestFor(id_, position_, std::move(entries), std::move(side)), [this](absl::StatusOr<LogHead> h) {
          if (!h.ok()) ::abort();
          const std::uint64_t said[2] = {static_cast<std::uint32_t>(id_), h->next_sequence};
          if (::write(STDOUT_FILENO, said, sizeof(said)) != sizeof(said)) ::_exit(3);
          MutexLock lock(mutex_);
          --under_way_;
          fewer_.NotifyAll();
        });
    if (!accepted.ok()) ::abort();
    position_ = after;
    next_ += records_;
  }

 private:
  StoreLog& log_;
  const LogId id_;
  const std::uint32_t records_;
  const std::size_t bytes_;
  LogPosition position_;
  Sequence next_ = 1;
  LogHash hash_{};
  Mutex mutex_;
  CondVar fewer_;
  std::size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Not a test of its own: what the process does that dies.
TEST(StoreLogWriter, DISABLED_Process) {
  const char* path = ::getenv(kPathVariable);
  ASSERT_NE(path, nullptr);
  auto log = StoreLog::Open(OptionsFor(path)).value();
  std::vector<std::unique_ptr<ChainWriter>> writers;
  for (unsigned i = 0; i < kLogs; ++i) {
    writers.push_back(std::make_unique<ChainWriter>(*log, LogId{i}, 1 + i, 50 + 5000 * i));
  }
  while (true) {
    for (auto& writer : writers) writer->Append();
  }
}

TEST(StoreLogWriter, DISABLED_MillionRecords) {
  const char* path = ::getenv(kPathVariable);
  ASSERT_NE(path, nullptr);
  auto log = StoreLog::Open(OptionsFor(path)).value();
  ChainWriter writer(*log, LogId{1}, 256, 256 * 256);
  while (true) writer.Append();
}

// A writer in a process of its own, which is killed at the latest with this object.
class WriterProcess {
 public:
  WriterProcess(const std::string& path, const std::string& what) {
    int pipe[2];
    if (::pipe(pipe) != 0) ::abort();
    const std::string filter = "--gtest_filter=StoreLogWriter.DISABLED_" + what;
    ::setenv(kPathVariable, path.c_str(), 1);
    process_ = ::fork();
    if (process_ == 0) {
      ::dup2(pipe[1], STDOUT_FILENO);
      ::close(pipe[0]);
      ::execl("/proc/self/exe", "writer", filter.c_str(), "--gtest_also_run_disabled_tests",
              "--gtest_output=", nullptr);
      ::_exit(127);
    }
    ::close(pipe[1]);
    output_ = ::fdopen(pipe[0], "r");
    // What the test library says comes first, up to the line about this test.
    char line[200];
    while (std::fgets(line, sizeof(line), output_) != nullptr && std::string(line).find("[ RUN") != 0) {
    }
  }
  ~WriterProcess() {
    Kill();
    std::fclose(output_);
  }

  // The next acknowledgement; false once the process is dead and all was read.
  bool Next(LogId& log, Sequence& next) {
    std::uint64_t said[2];
    if (std::fread(said, sizeof(said), 1, output_) != 1) return false;
    log = LogId{static_cast<std::uint32_t>(said[0])};
    next = said[1];
    return true;
  }

  void Kill() {
    if (process_ > 0) {
      ::kill(process_, SIGKILL);
      ::waitpid(process_, nullptr, 0);
      process_ = -1;
    }
  }

 private:
  pid_t process_ = -1;
  std::FILE* output_ = nullptr;
};

// Reads the whole log and follows its chain; returns the next sequence.
Sequence CheckChain(const Log& log, LogId id) {
  const auto view = log.View();
  auto cursor = view->ReadFrom(id, {}, std::size_t{1} << 40).value();
  LogHash before{};
  Sequence next = 1;
  while (cursor->Next()) {
    const StoredEntry& entry = cursor->entry();
    EXPECT_EQ(entry.first_sequence, next);
    EXPECT_EQ(entry.bytes, ChainedBytes(before, next, entry.bytes.size()));
    EXPECT_EQ(entry.hash, crypto::Sha256Of(entry.bytes));
    before = entry.hash;
    next += entry.count;
  }
  EXPECT_TRUE(cursor->status().ok()) << cursor->status();
  const LogHead head = view->HeadOf(id).value();
  EXPECT_EQ(head.next_sequence, next);
  EXPECT_EQ(head.hash, before);
  return next;
}

TEST(StoreLogKillTest, EverythingAcknowledgedIsThereAfterAKill) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  TestDirectory directory;
  const std::string path = directory.File("log");
  std::vector<Sequence> acknowledged(kLogs, 1);
  for (int round = 0; round < 12; ++round) {
    WriterProcess writer(path, "Process");
    LogId log{};
    Sequence next = 0;
    const unsigned kill_after = random() % 400;
    for (unsigned heard = 0; writer.Next(log, next); ++heard) {
      acknowledged[static_cast<std::uint32_t>(log)] = next;
      if (heard == kill_after) writer.Kill();  // what it had said by then is still read
    }
    auto reopened = StoreLog::Open(OptionsFor(path));
    ASSERT_TRUE(reopened.ok()) << reopened.status();
    for (unsigned i = 0; i < kLogs; ++i) {
      const Sequence end = CheckChain(**reopened, LogId{i});
      EXPECT_GE(end, acknowledged[i]);
      EXPECT_LE(end, acknowledged[i] + kUnderWay * (1 + i));
      if (end > 1) {
        const auto side = (*reopened)->View()->GetSide(SideFamily::kState, SideKeyPrefix(LogId{i}));
        EXPECT_EQ(side.value(), absl::StrCat(end - (1 + i)));  // as of the last entry, no other
      }
    }
  }
}

std::string NewestLogFile(const std::string& path) {
  std::string newest;
  for (const auto& file : std::filesystem::directory_iterator(DatabasePath(path))) {
    if (file.path().extension() == ".log") newest = std::max(newest, file.path().string());
  }
  return newest;
}

// A disk that lied about its syncs loses what it acknowledged; cutting the write-ahead log does the same.
TEST(StoreLogKillTest, AcknowledgedTailThatIsGoneIsNoticed) {
  TestDirectory directory;
  const std::string path = directory.File("log");
  {
    WriterProcess writer(path, "Process");
    LogId log{};
    Sequence next = 0;
    for (int heard = 0; heard < 300; ++heard) ASSERT_TRUE(writer.Next(log, next));
  }
  for (const std::size_t cut : {1, 100, 4096, 100'000}) {
    SCOPED_TRACE(cut);
    const std::string copy = directory.File(absl::StrCat("copy", cut));
    std::filesystem::copy(path, copy, std::filesystem::copy_options::recursive);
    CutOff(NewestLogFile(copy), cut);
    // The very last commit may not have been acknowledged yet; anything before it was.
    auto opened = StoreLog::Open(OptionsFor(copy));
    if (cut > 100'000 - 1) {
      EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
      EXPECT_THAT(std::string(opened.status().message()), HasSubstr("was acknowledged"));
    }
    if (opened.ok()) {
      for (unsigned i = 0; i < kLogs; ++i) CheckChain(**opened, LogId{i});
      continue;
    }
    EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss);
    StoreLogOptions accept = OptionsFor(copy);
    accept.accept_loss = true;
    auto accepted = StoreLog::Open(std::move(accept));
    ASSERT_TRUE(accepted.ok()) << accepted.status();
    EXPECT_EQ((*accepted)->losses().size(), 1u);
    for (unsigned i = 0; i < kLogs; ++i) CheckChain(**accepted, LogId{i});
  }
}

// Whatever bit flips: what was acknowledged is there, or the log does not open, or the read that meets it fails.
TEST(StoreLogKillTest, FlippedBitsNeverMakeAShorterLogLookWhole) {
  TestDirectory directory;
  const std::string path = directory.File("log");
  std::vector<Sequence> acknowledged(kLogs, 1);
  {
    WriterProcess writer(path, "Process");
    LogId log{};
    Sequence next = 0;
    for (int heard = 0; heard < 3000 && writer.Next(log, next); ++heard) {
      acknowledged[static_cast<std::uint32_t>(log)] = next;
    }
  }
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(DatabasePath(path))) {
    const std::string extension = file.path().extension();
    if ((extension == ".log" || extension == ".sst") && file.file_size() > 0) files.push_back(file.path().filename());
  }
  constexpr unsigned kSeed = 3;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  int noticed = 0;
  constexpr int kRounds = 40;
  for (int round = 0; round < kRounds; ++round) {
    const std::string copy = directory.File("copy");
    std::filesystem::remove_all(copy);
    std::filesystem::copy(path, copy, std::filesystem::copy_options::recursive);
    const std::string file = DatabasePath(copy) + "/" + files[random() % files.size()];
    const std::size_t bit = random() % (8 * std::filesystem::file_size(file));
    SCOPED_TRACE(absl::StrCat(file, " bit ", bit));
    FlipBit(file, bit);
    auto opened = StoreLog::Open(OptionsFor(copy));
    if (!opened.ok()) {
      EXPECT_EQ(opened.status().code(), absl::StatusCode::kDataLoss) << opened.status();
      ++noticed;
      continue;
    }
    const auto view = (*opened)->View();
    for (unsigned i = 0; i < kLogs; ++i) {
      EXPECT_GE(view->HeadOf(LogId{i})->next_sequence, acknowledged[i]);
      auto cursor = view->ReadFrom(LogId{i}, {}, std::size_t{1} << 40).value();
      Sequence next = 1;
      while (cursor->Next()) {
        EXPECT_EQ(cursor->entry().hash, crypto::Sha256Of(cursor->entry().bytes));
        next += cursor->entry().count;
      }
      if (cursor->status().ok()) {
        EXPECT_EQ(next, view->HeadOf(LogId{i})->next_sequence);
      } else {
        EXPECT_EQ(cursor->status().code(), absl::StatusCode::kDataLoss);
        ++noticed;
        break;
      }
    }
  }
  EXPECT_GE(noticed, kRounds / 2);  // the rest hit files that are not needed any more, filters, properties
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
TEST(StoreLogKillTest, MillionRecordsOpenInLessThanASecond) {
  TestDirectory directory;
  const std::string path = directory.File("log");
  {
    WriterProcess writer(path, "MillionRecords");
    LogId log{};
    Sequence next = 0;
    while (next < 1'000'000) ASSERT_TRUE(writer.Next(log, next));
  }
  std::uintmax_t wal_bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(DatabasePath(path))) {
    if (file.path().extension() == ".log") wal_bytes += file.file_size();
  }
  EXPECT_LE(wal_bytes, 64u << 20);
  // Processor time, because tests may run beside other work.
  const auto processor_seconds = [] {
    rusage use{};
    ::getrusage(RUSAGE_SELF, &use);
    return static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
           static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
  };
  const auto begin = std::chrono::steady_clock::now();
  const double processor_begin = processor_seconds();
  auto log = StoreLog::Open(OptionsFor(path));
  const double processor = processor_seconds() - processor_begin;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
  ASSERT_TRUE(log.ok()) << log.status();
  EXPECT_GE((*log)->HeadOf(LogId{1}).next_sequence, 1'000'000u);
  EXPECT_LT(processor, 1.0);
  RecordProperty("seconds", absl::StrCat(elapsed.count()));
  std::printf("opened after a kill in %.3f s, %.3f s of processor time, %zu bytes of write-ahead log\n",
              elapsed.count(), processor, static_cast<std::size_t>(wal_bytes));
}
#endif

}  // namespace
}  // namespace allmende::broker
