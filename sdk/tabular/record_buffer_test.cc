#include "sdk/tabular/record_buffer.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/importer.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

ImportedRecord Record(const std::string& key, std::optional<int64_t> second, const std::string& payload = "p") {
  ImportedRecord record{.key = key, .payload = payload};
  if (second.has_value()) record.event_time = absl::FromUnixSeconds(*second);
  return record;
}

std::string Keys(const RecordBuffer& buffer) {
  std::string keys;
  for (size_t i = 0; i < buffer.size(); ++i) keys.append(buffer.key(i));
  return keys;
}

TEST(RecordBufferTest, SortsByTimeAndKeepsTheOrderOfEqualTimes) {
  RecordBuffer buffer;
  for (const auto& [key, second] : {std::pair("a", 3), {"b", -1}, {"c", 3}, {"d", 2}, {"e", -1}}) {
    ASSERT_TRUE(buffer.Append(Record(key, second)).ok());
  }
  EXPECT_EQ(Keys(buffer), "abcde");
  ASSERT_TRUE(buffer.SortByEventTime().ok());
  EXPECT_EQ(Keys(buffer), "bedac");
}

TEST(RecordBufferTest, RefusesToSortWhatHasNoTime) {
  RecordBuffer buffer;
  ASSERT_TRUE(buffer.Append(Record("a", 3)).ok());
  ImportedRecord second = Record("b", std::nullopt);
  second.line = 7;
  ASSERT_TRUE(buffer.Append(second).ok());
  EXPECT_THAT(std::string(buffer.SortByEventTime().message()), StartsWith("line 7: the record has no event time"));
}

TEST(RecordBufferTest, NamesTheFileOfARecordThatHasNoTime) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true]; Timestamp at = 2 [(event_time) = true];");
  const auto plan = PlanFromYaml("delete_rows: {column: gone, is: [x]}\n", schema);
  ASSERT_TRUE(plan.ok()) << plan.status();
  const auto file = [&](const char* name, const char* rows) {
    return Importer::Read(SourceFromText(std::string("id,at,gone\n") + rows), name, *plan, {});
  };
  RecordBuffer buffer;
  ASSERT_TRUE(buffer.AppendAll(*file("1.csv", "a,2024-01-01T00:00:00Z,\n")).ok());
  ASSERT_TRUE(buffer.AppendAll(*file("2.csv", "b,2024-01-01T00:00:00Z,\nc,,x\n")).ok());
  ASSERT_TRUE(buffer.AppendAll(*file("3.csv", "d,2024-01-01T00:00:00Z,\n")).ok());
  EXPECT_THAT(std::string(buffer.SortByEventTime().message()),
              StartsWith("`2.csv`, line 3: the record has no event time"));
}

TEST(RecordBufferTest, GivesBackWhatItTook) {
  RecordBuffer buffer;
  ImportedRecord deleted = Record("gone", std::nullopt, "");
  deleted.operation = Operation::kDelete;
  deleted.line = 9;
  ASSERT_TRUE(buffer.Append(Record("large", 5, std::string(3 << 20, 'x'))).ok());  // larger than a chunk
  ASSERT_TRUE(buffer.Append(deleted).ok());
  ImportedRecord record;
  buffer.Get(0, record);
  EXPECT_EQ(record.key, "large");
  EXPECT_EQ(record.payload.size(), size_t{3} << 20);
  EXPECT_EQ(record.event_time, absl::FromUnixSeconds(5));
  buffer.Get(1, record);
  EXPECT_EQ(record.operation, Operation::kDelete);
  EXPECT_EQ(record.key, "gone");
  EXPECT_EQ(record.line, 9);
  EXPECT_FALSE(record.event_time.has_value());
  EXPECT_TRUE(record.payload.empty());
}

TEST(RecordBufferTest, StopsAtItsBound) {
  constexpr size_t kMax = size_t{4} << 20;
  RecordBuffer buffer(kMax);
  absl::Status status;
  size_t taken = 0;
  while ((status = buffer.Append(Record(absl::StrCat(taken), 1, std::string(1000, 'x')))).ok()) {
    ASSERT_LE(buffer.bytes_used(), kMax);
    ++taken;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(status.message()), HasSubstr("do not fit in the 4 MiB allowed for sorting"));
  EXPECT_EQ(buffer.size(), taken);
  EXPECT_GT(taken, 2000u);
}

TEST(RecordBufferTest, RefusesAFollowedFile) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true];");
  auto importer = Importer::Read(SourceFromText("id\na\n"), "f.csv", *PlanFromYaml("", schema), {.follow = true});
  RecordBuffer buffer;
  EXPECT_EQ(buffer.AppendAll(*importer).code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace allmende::tabular
