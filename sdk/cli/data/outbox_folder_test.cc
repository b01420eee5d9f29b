#include "sdk/cli/data/outbox_folder.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::HasSubstr;

TEST(TableStateTest, ComesBackAsItWasSaved) {
  const TestDirectory folder;
  const std::string path = folder.File("table");
  EXPECT_FALSE(LoadTable(path)->has_value());
  const TableState table = {{"", "p"}, {std::string("a\0b", 3), std::string(70'000, 'x')}, {"b", ""}};
  for (const TableState& state : {table, TableState()}) {
    ASSERT_TRUE(SaveTable(path, state).ok());
    const auto loaded = LoadTable(path);
    ASSERT_TRUE(loaded.ok()) << loaded.status();
    EXPECT_EQ(**loaded, state);
  }
}

TEST(TableStateTest, AnyDamageIsFound) {
  const TestDirectory folder;
  const std::string path = folder.File("table");
  ASSERT_TRUE(SaveTable(path, {{"key", "payload"}, {"other", "x"}}).ok());
  const std::string good = *ReadFile(path, 1000);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] ^= 1;
    for (const std::string& bad : {flipped, good.substr(0, i)}) {
      ASSERT_TRUE(WriteFileAtomically(path, bad, FileAccess::kOwnerOnly).ok());
      const absl::Status status = LoadTable(path).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << i;
      EXPECT_THAT(std::string(status.message()), HasSubstr("remove it and name the last good file with --previous"));
    }
  }
}

TEST(TableStateTest, ReadsAsAnImportAndFollowsRecords) {
  TableState table = {{"a", "1"}, {"b", "2"}};
  const auto importer = ImportOf(table);
  tabular::ImportedRecord record;
  ASSERT_EQ(*importer->Next(record), tabular::ImportStep::kRecord);
  EXPECT_EQ(record.key, "a");
  EXPECT_EQ(record.payload, "1");
  ASSERT_EQ(*importer->Next(record), tabular::ImportStep::kRecord);
  EXPECT_EQ(*importer->Next(record), tabular::ImportStep::kEnd);
  Apply({.operation = tabular::Operation::kDelete, .key = "a"}, table);
  Apply({.key = "c", .payload = "3"}, table);
  EXPECT_EQ(table, (TableState{{"b", "2"}, {"c", "3"}}));
}

}  // namespace
}  // namespace allmende::cli
