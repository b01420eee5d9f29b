// What the database does when the disk does not do its part.
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/store/database.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::store {
namespace {

using ::testing::HasSubstr;

constexpr Family kFamily{0};

DatabaseOptions OptionsFor(const std::string& path) {
  DatabaseOptions options;
  options.path = path;
  options.purpose = "test garden";
  options.families = {{.name = "fruit", .buffer_bytes = 256 << 10}};
  return options;
}

absl::Status Put(Database& database, std::string_view key, std::string_view value) {
  WriteSet writes(database);
  writes.Put(kFamily, key, value);
  return database.Commit(writes, Durability::kSynced);
}

std::vector<std::string> FilesOf(const std::string& path, const std::string& extension) {
  std::vector<std::string> files;
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() == extension && file.file_size() > 0) files.push_back(file.path().string());
  }
  return files;
}

TEST(DatabaseFaultTest, AfterAFailedSyncNothingIsAcceptedUntilReopened) {
  TestDirectory directory;
  auto database = Database::Open(OptionsFor(directory.File("db"))).value();
  ASSERT_TRUE(Put(*database, "a", "1").ok());
  {
    FailingSync failing(EIO);
    const absl::Status status = Put(*database, "b", "2");
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
    EXPECT_THAT(std::string(status.message()), HasSubstr("the disk failed"));
  }
  // The disk is well again, but nobody knows what it holds.
  EXPECT_EQ(Put(*database, "c", "3").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(database->Get(kFamily, "a").value(), "1");
  EXPECT_EQ(database->Get(kFamily, "b").value(), std::nullopt);

  database.reset();
  database = Database::Open(OptionsFor(directory.File("db"))).value();
  EXPECT_EQ(database->Get(kFamily, "a").value(), "1");
  EXPECT_EQ(database->Get(kFamily, "c").value(), std::nullopt);
  EXPECT_TRUE(Put(*database, "c", "3").ok());
}

TEST(DatabaseFaultTest, FullDiskStopsWritesNotReadsAndEndsByItself) {
  SmallDisk disk(8 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  auto database = Database::Open(OptionsFor(disk.path() + "/db")).value();
  ASSERT_TRUE(Put(*database, "before", "1").ok());
  disk.FillUp();
  const std::string value(20'000, 'x');
  absl::Status status;
  int accepted = 0;
  while (status.ok() && accepted < 1000) {
    status = Put(*database, absl::StrCat("during", accepted), value);
    accepted += status.ok() ? 1 : 0;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("the disk is full"));
  EXPECT_EQ(database->Get(kFamily, "before").value(), "1");
  EXPECT_EQ(Put(*database, "still", "x").code(), absl::StatusCode::kResourceExhausted);

  disk.MakeRoom();
  const absl::Time deadline = absl::Now() + absl::Seconds(10);
  do {
    status = Put(*database, "after", "2");
    absl::SleepFor(absl::Milliseconds(20));
  } while (!status.ok() && absl::Now() < deadline);
  EXPECT_TRUE(status.ok()) << status;

  database.reset();
  database = Database::Open(OptionsFor(disk.path() + "/db")).value();
  EXPECT_EQ(database->Get(kFamily, "before").value(), "1");
  EXPECT_EQ(database->Get(kFamily, "after").value(), "2");
  for (int i = 0; i < accepted; ++i) {
    EXPECT_EQ(database->Get(kFamily, absl::StrCat("during", i)).value(), value) << i;
  }
}

TEST(DatabaseFaultTest, ClosesAndOpensOnAFullDisk) {
  SmallDisk disk(8 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  auto database = Database::Open(OptionsFor(disk.path() + "/db")).value();
  ASSERT_TRUE(Put(*database, "before", "1").ok());
  disk.FillUp();
  for (int i = 0; i < 100; ++i) {
    if (!Put(*database, absl::StrCat(i), std::string(20'000, 'x')).ok()) break;
  }
  database.reset();
  disk.FillUp();  // closing may have freed some
  EXPECT_EQ(Database::Open(OptionsFor(disk.path() + "/db")).status().code(), absl::StatusCode::kResourceExhausted);
  disk.MakeRoom();
  database = Database::Open(OptionsFor(disk.path() + "/db")).value();
  EXPECT_EQ(database->Get(kFamily, "before").value(), "1");
  EXPECT_TRUE(Put(*database, "after", "2").ok());
}

TEST(DatabaseFaultTest, FailedFlushIsReportedAndStopsWrites) {
  TestDirectory directory;
  auto database = Database::Open(OptionsFor(directory.File("db"))).value();
  ASSERT_TRUE(Put(*database, "a", "1").ok());
  {
    FailingSync failing(EIO);
    EXPECT_EQ(database->Flush().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Put(*database, "b", "2").code(), absl::StatusCode::kDataLoss);
  database.reset();
  database = Database::Open(OptionsFor(directory.File("db"))).value();
  EXPECT_EQ(database->Get(kFamily, "a").value(), "1");
}

TEST(DatabaseFaultTest, NoRoomToOpenIsSaidSo) {
  SmallDisk disk(1 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  disk.FillUp();
  EXPECT_EQ(Database::Open(OptionsFor(disk.path() + "/db")).status().code(), absl::StatusCode::kResourceExhausted);
}

// Fills a database so that all its data is in files, and returns how many keys it has.
int FillFiles(const std::string& path) {
  auto database = Database::Open(OptionsFor(path)).value();
  constexpr int kKeys = 500;
  for (int i = 0; i < kKeys; ++i) {
    WriteSet writes(*database);
    writes.Put(kFamily, absl::StrCat(1000 + i), std::string(1000, static_cast<char>('a' + i % 26)));
    EXPECT_TRUE(database->Commit(writes, Durability::kBuffered).ok());
  }
  EXPECT_TRUE(database->Flush().ok());
  return kKeys;
}

TEST(DatabaseFaultTest, FlippedBitInAFileIsNoticedAndNoValueIsWrong) {
  TestDirectory directory;
  const std::string original = directory.File("original");
  const int keys = FillFiles(original);
  int noticed = 0;
  for (int round = 0; round < 40; ++round) {
    const std::string path = directory.File("damaged");
    std::filesystem::remove_all(path);
    std::filesystem::copy(original, path);
    const std::string file = FilesOf(path, ".sst").front();
    const std::size_t bits = 8 * std::filesystem::file_size(file);
    FlipBit(file, bits / 40 * static_cast<std::size_t>(round) + 3);

    absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(OptionsFor(path));
    if (!database.ok()) {
      EXPECT_EQ(database.status().code(), absl::StatusCode::kDataLoss);
      ++noticed;
      continue;
    }
    int seen = 0;
    auto iterator = (*database)->Scan(kFamily);
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next(), ++seen) {
      EXPECT_EQ(iterator->value(), std::string(1000, static_cast<char>('a' + seen % 26)));
    }
    if (!iterator->status().ok()) {
      EXPECT_EQ(iterator->status().code(), absl::StatusCode::kDataLoss);
      ++noticed;
    } else {
      EXPECT_EQ(seen, keys) << "a scan ended early without an error, round " << round;
    }
  }
  EXPECT_GE(noticed, 30);  // the rest hit what a scan does not need: filters, properties
}

TEST(DatabaseFaultTest, MissingFilesAreNotTakenForANewDatabase) {
  TestDirectory directory;
  FillFiles(directory.File("db"));
  std::filesystem::copy(directory.File("db"), directory.File("headless"));
  std::filesystem::remove(directory.File("headless/CURRENT"));
  const absl::Status headless = Database::Open(OptionsFor(directory.File("headless"))).status();
  EXPECT_EQ(headless.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(headless.message()), HasSubstr("CURRENT is missing"));

  std::filesystem::remove(FilesOf(directory.File("db"), ".sst").front());
  EXPECT_EQ(Database::Open(OptionsFor(directory.File("db"))).status().code(), absl::StatusCode::kDataLoss);
}

TEST(DatabaseFaultTest, DirectoryOfAnotherProgramIsRefused) {
  TestDirectory directory;
  std::filesystem::create_directory(directory.File("db"));
  std::ofstream(directory.File("db/CURRENT")) << "no manifest\n";
  EXPECT_EQ(Database::Open(OptionsFor(directory.File("db"))).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace allmende::store
