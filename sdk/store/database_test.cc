#include "sdk/store/database.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/store/rocks.h"
#include "sdk/testing/test_directory.h"

namespace allmende::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;

constexpr Family kFruit{0};
constexpr Family kTrees{1};

DatabaseOptions OptionsFor(const std::string& path) {
  DatabaseOptions options;
  options.path = path;
  options.purpose = "test garden";
  options.families = {{.name = "fruit"}, {.name = "trees", .compressed = true}};
  return options;
}

std::unique_ptr<Database> MustOpen(const DatabaseOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(options);
  EXPECT_TRUE(database.ok()) << database.status();
  return database.ok() ? *std::move(database) : nullptr;
}

void Put(Database& database, Family family, std::string_view key, std::string_view value) {
  WriteSet writes(database);
  writes.Put(family, key, value);
  ASSERT_TRUE(database.Commit(writes, Durability::kSynced).ok());
}

std::vector<std::string> Keys(Iterator& iterator) {
  std::vector<std::string> keys;
  for (; iterator.Valid(); iterator.Next()) {
    keys.emplace_back(iterator.key());
  }
  EXPECT_TRUE(iterator.status().ok()) << iterator.status();
  return keys;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

class DatabaseTest : public ::testing::Test {
 protected:
  TestDirectory directory_;
  const DatabaseOptions options_ = OptionsFor(directory_.File("db"));
};

TEST_F(DatabaseTest, FamiliesAreSeparate) {
  auto database = MustOpen(options_);
  Put(*database, kFruit, "apple", "red");
  EXPECT_THAT(database->Get(kFruit, "apple").value(), Optional(std::string("red")));
  EXPECT_EQ(database->Get(kTrees, "apple").value(), std::nullopt);
}

TEST_F(DatabaseTest, CommitAppliesAllInOrder) {
  auto database = MustOpen(options_);
  Put(*database, kFruit, "b", "old");
  WriteSet writes(*database);
  writes.Put(kFruit, "a", "1");
  writes.Delete(kFruit, "b");
  writes.Put(kTrees, "c", "2");
  writes.Put(kTrees, "c", "3");
  const std::string_view parts[] = {"he", "", "llo"};
  writes.PutParts(kTrees, "d", parts);
  EXPECT_FALSE(writes.empty());
  ASSERT_TRUE(database->Commit(writes, Durability::kBuffered).ok());
  EXPECT_THAT(database->Get(kFruit, "a").value(), Optional(std::string("1")));
  EXPECT_EQ(database->Get(kFruit, "b").value(), std::nullopt);
  EXPECT_THAT(database->Get(kTrees, "c").value(), Optional(std::string("3")));
  EXPECT_THAT(database->Get(kTrees, "d").value(), Optional(std::string("hello")));
  writes.Clear();
  EXPECT_TRUE(writes.empty());
}

TEST_F(DatabaseTest, DeletedRangeExcludesItsEnd) {
  auto database = MustOpen(options_);
  WriteSet writes(*database);
  for (const char* key : {"a", "b", "c", "d"}) writes.Put(kFruit, key, "x");
  writes.DeleteRange(kFruit, "b", "d");
  ASSERT_TRUE(database->Commit(writes, Durability::kSynced).ok());
  auto iterator = database->Scan(kFruit);
  iterator->SeekToFirst();
  EXPECT_THAT(Keys(*iterator), ElementsAre("a", "d"));
}

TEST_F(DatabaseTest, ScanKeepsToItsBounds) {
  auto database = MustOpen(options_);
  for (const char* key : {"a", "b1", "b2", "b3", "c"}) Put(*database, kFruit, key, key);
  auto iterator = database->Scan(kFruit, {.lower = "b", .upper = "c"});
  iterator->SeekToFirst();
  EXPECT_THAT(Keys(*iterator), ElementsAre("b1", "b2", "b3"));
  iterator->SeekToLast();
  ASSERT_TRUE(iterator->Valid());
  EXPECT_EQ(iterator->key(), "b3");
  iterator->Prev();
  EXPECT_EQ(iterator->value(), "b2");
  iterator->SeekForPrev("b2x");
  EXPECT_EQ(iterator->key(), "b2");
  iterator->Seek("b3x");
  EXPECT_FALSE(iterator->Valid());
  EXPECT_TRUE(iterator->status().ok());
}

TEST_F(DatabaseTest, SnapshotSeesOneMoment) {
  auto database = MustOpen(options_);
  Put(*database, kFruit, "a", "before");
  {
    const auto snapshot = database->TakeSnapshot();
    Put(*database, kFruit, "a", "after");
    Put(*database, kFruit, "b", "new");
    ASSERT_TRUE(database->Flush().ok());
    EXPECT_THAT(database->Get(kFruit, "a", snapshot.get()).value(), Optional(std::string("before")));
    auto iterator = database->Scan(kFruit, {.snapshot = snapshot.get()});
    iterator->SeekToFirst();
    EXPECT_THAT(Keys(*iterator), ElementsAre("a"));
  }
  EXPECT_THAT(database->Get(kFruit, "a").value(), Optional(std::string("after")));
}

TEST_F(DatabaseTest, PinnedValueOutlivesItsReplacement) {
  auto database = MustOpen(options_);
  const std::string value(100'000, 'v');
  Put(*database, kFruit, "a", value);
  std::optional<PinnedValue> pinned = database->GetPinned(kFruit, "a").value();
  ASSERT_TRUE(pinned.has_value());
  Put(*database, kFruit, "a", "other");
  ASSERT_TRUE(database->Flush().ok());
  const PinnedValue moved = *std::move(pinned);
  EXPECT_EQ(moved.value(), value);
  EXPECT_FALSE(database->GetPinned(kFruit, "b").value().has_value());
}

TEST_F(DatabaseTest, EverythingIsThereAfterReopening) {
  for (int round = 0; round < 3; ++round) {
    auto database = MustOpen(options_);
    for (int i = 0; i < round; ++i) {
      EXPECT_TRUE(database->Get(kFruit, absl::StrCat(i)).value().has_value());
    }
    WriteSet writes(*database);
    writes.Put(kFruit, absl::StrCat(round), "x");
    ASSERT_TRUE(database->Commit(writes, Durability::kBuffered).ok());
  }
}

// A plain map is the reference for random commits, with reopening in between.
TEST_F(DatabaseTest, BehavesLikeAMap) {
  constexpr unsigned kSeed = 20240611;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  std::array<std::map<std::string, std::string>, 2> reference;
  auto database = MustOpen(options_);
  for (int round = 0; round < 300; ++round) {
    WriteSet writes(*database);
    for (unsigned i = random() % 20; i > 0; --i) {
      const unsigned family = random() % 2;
      const std::string key = absl::StrCat(random() % 100);
      if (random() % 3 == 0) {
        writes.Delete(Family{family}, key);
        reference[family].erase(key);
      } else {
        reference[family][key] = std::string(random() % 500, 'x');
        writes.Put(Family{family}, key, reference[family][key]);
      }
    }
    ASSERT_TRUE(database->Commit(writes, Durability::kBuffered).ok());
    if (random() % 30 == 0) {
      ASSERT_TRUE(database->Flush().ok());
    }
    if (random() % 30 == 0) {
      database.reset();
      database = MustOpen(options_);
    }
  }
  for (unsigned family = 0; family < 2; ++family) {
    std::map<std::string, std::string> stored;
    auto iterator = database->Scan(Family{family});
    for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
      stored.emplace(iterator->key(), iterator->value());
    }
    EXPECT_TRUE(iterator->status().ok());
    EXPECT_EQ(stored, reference[family]);
  }
}

TEST_F(DatabaseTest, CheckpointIsADatabaseOfItsOwn) {
  auto database = MustOpen(options_);
  Put(*database, kFruit, "a", "1");
  DatabaseOptions copy = options_;
  copy.path = directory_.File("copy");
  ASSERT_TRUE(database->Checkpoint(copy.path).ok());
  Put(*database, kFruit, "a", "2");
  EXPECT_THAT(MustOpen(copy)->Get(kFruit, "a").value(), Optional(std::string("1")));
  const absl::Status again = database->Checkpoint(copy.path);
  EXPECT_EQ(again.code(), absl::StatusCode::kAlreadyExists);
}

TEST_F(DatabaseTest, PurgedBytesAreInNoFile) {
  const std::string secret = "the-name-of-somebody";
  auto database = MustOpen(options_);
  Put(*database, kFruit, "a", secret);
  ASSERT_TRUE(database->Flush().ok());
  Put(*database, kFruit, "a", "erased");
  ASSERT_TRUE(database->Purge(kFruit, "a", "b").ok());
  database.reset();
  for (const auto& file : std::filesystem::directory_iterator(options_.path)) {
    std::ifstream stream(file.path(), std::ios::binary);
    const std::string content(std::istreambuf_iterator<char>(stream), {});
    EXPECT_EQ(content.find(secret), std::string::npos) << file.path();
  }
}

TEST_F(DatabaseTest, DroppedFilesGiveTheirSpaceBackAndOthersStay) {
  auto database = MustOpen(options_);
  const std::string value(100'000, 'x');
  for (int i = 100; i < 400; ++i) Put(*database, kFruit, absl::StrCat(i), value);
  ASSERT_TRUE(database->Purge(kFruit, "1", "9").ok());  // into files of the lower levels
  const std::uint64_t before = database->ApproximateSize(kFruit, "1", "9");
  WriteSet writes(*database);
  writes.DeleteRange(kFruit, "100", "300");
  ASSERT_TRUE(database->Commit(writes, Durability::kSynced).ok());
  ASSERT_TRUE(database->DropFiles(kFruit, "100", "300").ok());
  EXPECT_LT(database->ApproximateSize(kFruit, "1", "9"), before * 2 / 3);
  auto iterator = database->Scan(kFruit);
  iterator->SeekToFirst();
  EXPECT_EQ(Keys(*iterator).size(), 100u);
}

TEST_F(DatabaseTest, ReaderOpensBesideTheWriter) {
  auto writer = MustOpen(options_);
  Put(*writer, kFruit, "a", "1");
  DatabaseOptions options = options_;
  options.read_only = true;
  auto reader = MustOpen(options);
  EXPECT_THAT(reader->Get(kFruit, "a").value(), Optional(std::string("1")));
  WriteSet writes(*reader);
  writes.Put(kFruit, "b", "2");
  EXPECT_EQ(reader->Commit(writes, Durability::kSynced).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(DatabaseTest, NewFamilyMayBeAdded) {
  {
    auto database = MustOpen(options_);
    Put(*database, kTrees, "oak", "old");
  }
  DatabaseOptions grown = options_;
  grown.families.push_back({.name = "flowers"});
  {
    auto database = MustOpen(grown);
    Put(*database, Family{2}, "rose", "white");
    EXPECT_THAT(database->Get(kTrees, "oak").value(), Optional(std::string("old")));
  }
  EXPECT_THAT(MustOpen(options_)->Get(kTrees, "oak").value(), Optional(std::string("old")));
}

TEST_F(DatabaseTest, SizeAndMemoryAreReported) {
  auto database = MustOpen(options_);
  Put(*database, kFruit, "a", std::string(300'000, 'x'));
  EXPECT_GE(database->Memory().unwritten_bytes, 300'000u);
  ASSERT_TRUE(database->Flush().ok());
  EXPECT_LT(database->Memory().unwritten_bytes, 300'000u);
  EXPECT_GE(database->ApproximateSize(kFruit, "a", "b"), 290'000u);
  EXPECT_EQ(database->ApproximateSize(kFruit, "b", "c"), 0u);
}

TEST_F(DatabaseTest, LogIsCutAtItsBound) {
  DatabaseOptions options = options_;
  options.wal_bytes_max = 2 << 20;
  options.families[0].buffer_bytes = 1 << 20;
  auto database = MustOpen(options);
  Put(*database, kTrees, "old", "keeps the log until it is written to a file");
  const std::string value(50'000, 'x');
  for (int i = 0; i < 200; ++i) Put(*database, kFruit, absl::StrCat(i), value);
  ASSERT_TRUE(database->Flush().ok());  // waits for what goes on in the background
  std::size_t log_bytes = 0;
  for (const auto& file : std::filesystem::directory_iterator(options.path)) {
    if (file.path().extension() == ".log") log_bytes += file.file_size();
  }
  EXPECT_LE(log_bytes, 4u << 20);
}

TEST_F(DatabaseTest, ThreadsCommitTogether) {
  auto database = MustOpen(options_);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 50; ++i) Put(*database, kFruit, absl::StrCat(t, "/", i), "x");
    });
  }
  for (std::thread& thread : threads) thread.join();
  auto iterator = database->Scan(kFruit);
  iterator->SeekToFirst();
  EXPECT_EQ(Keys(*iterator).size(), 200u);
}

TEST_F(DatabaseTest, SecondOpenerIsRefusedAndToldByWhom) {
  auto database = MustOpen(options_);
  const absl::Status second = Database::Open(options_).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second), HasSubstr(absl::StrCat("is locked by process ", ::getpid())));
}

TEST_F(DatabaseTest, NewerFormatIsRefused) {
  DatabaseOptions newer = options_;
  newer.format_version = 7;
  MustOpen(newer).reset();
  const absl::Status status = Database::Open(options_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("has format 7 of a test garden, this program knows formats up to 1"));
  MustOpen(newer).reset();  // the attempt changed nothing
}

TEST_F(DatabaseTest, DatabaseOfAnotherPurposeIsRefused) {
  MustOpen(options_).reset();
  DatabaseOptions other = options_;
  other.purpose = "broker log";
  const absl::Status status = Database::Open(other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(status), HasSubstr("holds a test garden, not a broker log"));
}

TEST_F(DatabaseTest, NothingIsMadeUnlessAsked) {
  DatabaseOptions options = options_;
  options.create_if_missing = false;
  EXPECT_EQ(Database::Open(options).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(options.path));
}

TEST_F(DatabaseTest, UselessPathsAreNamed) {
  DatabaseOptions options = options_;
  options.path = directory_.File("no/parent");
  const absl::Status no_parent = Database::Open(options).status();
  EXPECT_EQ(no_parent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Message(no_parent), HasSubstr("its parent `" + directory_.File("no") + "` does not exist"));

  std::ofstream(directory_.File("file")) << "x";
  options.path = directory_.File("file");
  const absl::Status file = Database::Open(options).status();
  EXPECT_EQ(file.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(file), HasSubstr("is a file, a directory is needed"));
}

// Root may write anywhere, so a child that is nobody tries.
TEST_F(DatabaseTest, UnwritableDirectoryIsNamed) {
  std::filesystem::create_directory(directory_.File("db"));
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  std::filesystem::permissions(directory_.File("db"), std::filesystem::perms(0555));
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);
    const absl::Status status = Database::Open(options_).status();
    const bool clear = status.code() == absl::StatusCode::kFailedPrecondition &&
                       Message(status) == "cannot write to directory `" + options_.path + "`: Permission denied";
    ::_exit(clear ? 0 : 1);
  }
  int outcome = -1;
  ASSERT_EQ(::waitpid(child, &outcome, 0), child);
  EXPECT_EQ(WEXITSTATUS(outcome), 0);
}

TEST(StoreStatusTest, WhatTheEngineSaysInSeveralLinesIsOneLine) {
  const absl::Status status = ToStatus(rocksdb::Status::Corruption("first\nsecond\r\nthird"), "open", "garden");
  EXPECT_EQ(status, absl::DataLossError("cannot open the database `garden`: it is damaged (first second  third)"));
}

}  // namespace
}  // namespace allmende::store
