// What the log on the disk does when the disk, or the process, does not do its part.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/log/head_file.h"
#include "broker/log/log_conformance.h"
#include "broker/log/store_format.h"
#include "broker/log/store_log.h"
#include "broker/log/store_open.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr LogId kRain{7};
constexpr LogId kSewers{8};

absl::StatusOr<LogHash> HashOf(LogId, std::string_view bytes) {
  return crypto::Sha256Of(bytes);
}

StoreLogOptions OptionsFor(const std::string& path) {
  StoreLogOptions options;
  options.path = path;
  options.hash_of = HashOf;
  return options;
}

std::unique_ptr<StoreLog> MustOpen(StoreLogOptions options) {
  absl::StatusOr<std::unique_ptr<StoreLog>> log = StoreLog::Open(std::move(options));
  EXPECT_TRUE(log.ok()) << log.status();
  return log.ok() ? *std::move(log) : nullptr;
}

absl::StatusOr<LogHead> Append(Log& log, LogId id, std::string bytes, std::vector<SideWrite> side_writes = {}) {
  return AppendAndWait(log,
                       RequestFor(id, log.HeadOf(id).position, {EntryOf(std::move(bytes))}, std::move(side_writes)));
}

std::vector<std::string> Entries(const Log& log, LogId id) {
  const auto view = log.View();
  return Drain(view->ReadFromSequence(id, view->HeadOf(id)->first_sequence, std::size_t{1} << 30));
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

class StoreLogFaultTest : public ::testing::Test {
 protected:
  // Writes `entries` entries, "1", "2", ..., to kRain and closes.
  void Fill(const std::string& path, int entries) {
    auto log = MustOpen(OptionsFor(path));
    for (int i = 1; i <= entries; ++i) {
      ASSERT_TRUE(Append(*log, kRain, absl::StrCat(i)).ok());
    }
  }

  // Changes what lies in the database, behind the log's back.
  void Tamper(const std::function<void(store::WriteSet&)>& change) {
    const auto database = store::Database::Open(StoreOptions(DatabasePath(path_), 32 << 20)).value();
    store::WriteSet writes(*database);
    change(writes);
    ASSERT_TRUE(database->Commit(writes, store::Durability::kSynced).ok());
  }

  std::string StoredEntry(Sequence first) {
    const auto database = store::Database::Open(StoreOptions(DatabasePath(path_), 32 << 20)).value();
    return database->Get(kEntryFamily, EntryKey(kRain, first)).value().value();
  }

  // Expects a refusal with `what`, then that `accept_loss` goes on with `entries` entries and that this lasts.
  void ExpectLoss(const std::string& what, std::size_t entries) {
    const absl::Status refused = StoreLog::Open(OptionsFor(path_)).status();
    EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(Message(refused), HasSubstr(what));
    EXPECT_THAT(Message(refused), HasSubstr("restore the directory from a backup, or start with `--accept-loss`"));
    StoreLogOptions accept = OptionsFor(path_);
    accept.accept_loss = true;
    {
      auto log = MustOpen(std::move(accept));
      ASSERT_NE(log, nullptr);
      ASSERT_THAT(log->losses(), SizeIs(1));
      EXPECT_THAT(log->losses().front().what, HasSubstr(what));
      EXPECT_THAT(Entries(*log, kRain), SizeIs(entries));
      EXPECT_TRUE(Append(*log, kRain, "goes on").ok());
    }
    auto log = MustOpen(OptionsFor(path_));
    ASSERT_NE(log, nullptr);
    EXPECT_THAT(log->losses(), IsEmpty());
    EXPECT_THAT(Entries(*log, kRain), SizeIs(entries + 1));
  }

  TestDirectory directory_;
  const std::string path_ = directory_.File("log");
};

TEST_F(StoreLogFaultTest, AfterAFailedSyncNothingIsAcceptedUntilReopened) {
  auto log = MustOpen(OptionsFor(path_));
  const LogHead head = Append(*log, kRain, "before").value();
  {
    const FailingSync failing(EIO);
    const absl::Status failed = Append(*log, kRain, "during").status();
    EXPECT_EQ(failed.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(Message(failed), HasSubstr("takes nothing more until it is opened again"));
  }
  // The disk is well again, but nobody knows what it holds.
  EXPECT_EQ(Append(*log, kSewers, "after").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(log->WriteSide({}, [](absl::Status) { ADD_FAILURE(); }).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(log->statistics().failed);
  EXPECT_EQ(log->HeadOf(kRain), head);
  EXPECT_THAT(Entries(*log, kRain), ElementsAre("1+1:before"));
  log.reset();
  log = MustOpen(OptionsFor(path_));
  EXPECT_EQ(Entries(*log, kRain).front(), "1+1:before");
  EXPECT_TRUE(Append(*log, kRain, "works").ok());
}

TEST_F(StoreLogFaultTest, WritesWaitingBehindAFailedSyncFailToo) {
  auto log = MustOpen(OptionsFor(path_));
  std::vector<absl::StatusCode> codes;
  const FailingSync failing(EIO);
  {
    BlockedSync blocked;
    ASSERT_TRUE(
        log->Append(RequestFor(kRain, {}, {EntryOf("a")}), [&](auto h) { codes.push_back(h.status().code()); }).ok());
    blocked.AwaitWaiting(1);
    ASSERT_TRUE(
        log->Append(RequestFor(kSewers, {}, {EntryOf("b")}), [&](auto h) { codes.push_back(h.status().code()); }).ok());
    ASSERT_TRUE(
        log->WriteSide({SideWrite::Put(SideFamily::kState, "k", "v")}, [&](auto s) { codes.push_back(s.code()); })
            .ok());
  }
  log.reset();
  EXPECT_THAT(codes,
              ElementsAre(absl::StatusCode::kDataLoss, absl::StatusCode::kDataLoss, absl::StatusCode::kDataLoss));
}

TEST_F(StoreLogFaultTest, FullDiskStopsWritesNotReadsAndEndsByItself) {
  SmallDisk disk(24 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  const std::string path = disk.path() + "/log";
  auto log = MustOpen(OptionsFor(path));
  ASSERT_TRUE(Append(*log, kRain, "before").ok());
  disk.FillUp();
  const std::string bytes(50'000, 'x');
  std::size_t accepted = 1;
  absl::Status status;
  while (accepted < 1000) {
    status = Append(*log, kRain, bytes, {SideWrite::Put(SideFamily::kState, absl::StrCat(accepted), "v")}).status();
    if (!status.ok()) break;
    ++accepted;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(Message(status), HasSubstr("the disk is full"));
  EXPECT_THAT(Entries(*log, kRain), SizeIs(accepted));
  EXPECT_EQ(log->View()->GetSide(SideFamily::kState, absl::StrCat(accepted)).value(), std::nullopt);
  EXPECT_FALSE(log->statistics().failed);

  disk.MakeRoom();
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  do {
    status = Append(*log, kRain, "after").status();
  } while (!status.ok() && absl::Now() < deadline);
  EXPECT_TRUE(status.ok()) << status;
  log.reset();
  log = MustOpen(OptionsFor(path));
  EXPECT_THAT(Entries(*log, kRain), SizeIs(accepted + 1));
}

TEST_F(StoreLogFaultTest, NoRoomToOpenIsSaidSo) {
  SmallDisk disk(1 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  disk.FillUp();
  EXPECT_EQ(StoreLog::Open(OptionsFor(disk.path() + "/log")).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(StoreLogFaultTest, DatabaseOfAnEarlierTimeIsRefused) {
  Fill(path_, 3);
  std::filesystem::copy(DatabasePath(path_), directory_.File("old"), std::filesystem::copy_options::recursive);
  Fill(path_, 2);
  std::filesystem::remove_all(DatabasePath(path_));
  std::filesystem::rename(directory_.File("old"), DatabasePath(path_));
  ExpectLoss("the log ends with commit 3, but commit 5 was acknowledged", 3);
}

TEST_F(StoreLogFaultTest, EmptyDatabaseBesideAMarkIsRefused) {
  Fill(path_, 3);
  std::filesystem::remove_all(DatabasePath(path_));
  ExpectLoss("the log ends with commit 0, but commit 3 was acknowledged", 0);
}

TEST_F(StoreLogFaultTest, DatabaseOfAnotherHistoryIsRefused) {
  Fill(path_, 3);
  const std::string other = directory_.File("other");
  std::filesystem::copy(path_, other, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(Append(*MustOpen(OptionsFor(path_)), kRain, "here").ok());
  {
    auto log = MustOpen(OptionsFor(other));
    ASSERT_TRUE(Append(*log, kRain, "there").ok());
    ASSERT_TRUE(Append(*log, kRain, "and on").ok());
  }
  std::filesystem::remove_all(DatabasePath(path_));
  std::filesystem::rename(DatabasePath(other), DatabasePath(path_));
  ExpectLoss("the log, with 5 commits, has another history than the file", 5);
}

TEST_F(StoreLogFaultTest, MissingMarkIsRefused) {
  Fill(path_, 3);
  std::filesystem::remove(HeadFilePath(path_));
  ExpectLoss("is missing, so nobody knows whether the log is complete", 3);
}

TEST_F(StoreLogFaultTest, DamagedMarkIsRefused) {
  Fill(path_, 3);
  FlipBit(HeadFilePath(path_), 8 * 30);
  FlipBit(HeadFilePath(path_), 8 * (4096 + 30));
  ExpectLoss("is damaged, so nobody knows whether the log is complete", 3);
}

TEST_F(StoreLogFaultTest, MarkTornInOnePlaceStillServes) {
  for (const std::size_t place : {0, 4096}) {
    const std::string path = directory_.File(absl::StrCat("log", place));
    Fill(path, 3);
    FlipBit(HeadFilePath(path), 8 * (place + 30));
    EXPECT_THAT(Entries(*MustOpen(OptionsFor(path)), kRain), SizeIs(3));
  }
}

TEST_F(StoreLogFaultTest, FlippedBitsInTheMarkAreNeverTakenForAMark) {
  const std::string file = directory_.File("head");
  const CommitMark mark{7, crypto::Sha256Of(std::string_view("chain"))};
  for (std::size_t bit = 0; bit < 8 * 92; ++bit) {
    ASSERT_TRUE(HeadFile::Create(file, mark).ok());
    FlipBit(file, bit);
    EXPECT_EQ(HeadFile::Read(file).value(), mark);  // from the other place
    FlipBit(file, 8 * 4096 + bit);
    EXPECT_EQ(HeadFile::Read(file).status().code(), absl::StatusCode::kDataLoss);
  }
}

TEST_F(StoreLogFaultTest, MissingLastEntryIsRefused) {
  Fill(path_, 3);
  Tamper([](store::WriteSet& writes) { writes.Delete(kEntryFamily, EntryKey(kRain, 3)); });
  ExpectLoss("log 7 should end with the entry at record 3, which is missing; what is whole ends before record 3", 2);
}

TEST_F(StoreLogFaultTest, SeveralMissingEntriesAtTheEndAreAllFound) {
  Fill(path_, 5);
  Tamper([](store::WriteSet& writes) { writes.DeleteRange(kEntryFamily, EntryKey(kRain, 2), EntryKeysEnd(kRain)); });
  ExpectLoss("what is whole ends before record 2", 1);
}

TEST_F(StoreLogFaultTest, LogOfWhichNothingIsLeftBeginsAnew) {
  Fill(path_, 2);
  Tamper([](store::WriteSet& writes) { writes.DeleteRange(kEntryFamily, EntryKey(kRain, 0), EntryKeysEnd(kRain)); });
  ExpectLoss("what is whole ends before record 1", 0);
}

TEST_F(StoreLogFaultTest, LastEntryWithOtherBytesIsRefused) {
  Fill(path_, 3);
  std::string entry = StoredEntry(3);
  entry.back() = '!';
  Tamper([&](store::WriteSet& writes) { writes.Put(kEntryFamily, EntryKey(kRain, 3), entry); });
  StoreLogOptions without_hashes = OptionsFor(path_);
  without_hashes.hash_of = nullptr;
  EXPECT_NE(MustOpen(std::move(without_hashes)), nullptr);  // nothing to notice it by
  ExpectLoss("which is not the one that was written; what is whole ends before record 3", 2);
}

TEST_F(StoreLogFaultTest, LastEntryWithAnotherHashIsRefused) {
  Fill(path_, 3);
  std::string entry = StoredEntry(3);
  entry[kEntryHeaderBytes - 1] = static_cast<char>(entry[kEntryHeaderBytes - 1] ^ 1);
  Tamper([&](store::WriteSet& writes) { writes.Put(kEntryFamily, EntryKey(kRain, 3), entry); });
  ExpectLoss("which is not the one that was written", 2);
}

TEST_F(StoreLogFaultTest, MissingEntryInTheMiddleEndsAReadWithAnError) {
  Fill(path_, 5);
  Tamper([](store::WriteSet& writes) { writes.Delete(kEntryFamily, EntryKey(kRain, 3)); });
  auto log = MustOpen(OptionsFor(path_));
  EXPECT_THAT(Entries(*log, kRain), ElementsAre("1+1:1", "2+1:2", "!DATA_LOSS"));
  const auto view = log->View();
  EXPECT_THAT(Drain(view->ReadFromSequence(kRain, 3, 100)), ElementsAre("!DATA_LOSS"));
  EXPECT_THAT(Drain(view->ReadFromSequence(kRain, 4, 100)), ElementsAre("4+1:4", "5+1:5"));
}

TEST_F(StoreLogFaultTest, DirectoryWithAnotherDatabaseIsRefused) {
  std::filesystem::create_directory(path_);
  store::DatabaseOptions other;
  other.path = DatabasePath(path_);
  other.purpose = "publisher outbox";
  ASSERT_TRUE(store::Database::Open(other).ok());
  const absl::Status status = StoreLog::Open(OptionsFor(path_)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("holds a publisher outbox, not a broker log"));
}

}  // namespace
}  // namespace allmende::broker
