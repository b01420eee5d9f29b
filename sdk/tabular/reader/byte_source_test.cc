#include "sdk/tabular/reader/byte_source.h"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

std::string TempFile(const std::string& name, const std::string& content) {
  const std::string path = testing::TempDir() + "byte_source_" + std::to_string(getpid()) + "_" + name;
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string ReadSome(ByteSource& source) {
  char buffer[64];
  const absl::StatusOr<size_t> count = source.Read(buffer, sizeof(buffer));
  return count.ok() ? std::string(buffer, *count) : std::string(count.status().message());
}

TEST(FileSourceTest, SaysWhyAFileCannotBeOpened) {
  const absl::Status missing = OpenFile("/nowhere/rain.csv").status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()), HasSubstr("cannot open `/nowhere/rain.csv`"));
  const absl::Status folder = OpenFile("/").status();
  EXPECT_EQ(folder.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(folder.message()), HasSubstr("is a folder; name a file"));
}

TEST(FileSourceTest, FindsWhatIsAppendedLater) {
  const std::string path = TempFile("grows", "one");
  auto source = OpenFile(path);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(ReadSome(**source), "one");
  EXPECT_EQ(ReadSome(**source), "");
  std::ofstream(path, std::ios::app) << "two";
  EXPECT_EQ(ReadSome(**source), "two");
  std::filesystem::remove(path);
}

TEST(FileSourceTest, NoticesThatAFileBecameShorter) {
  const std::string path = TempFile("shrinks", "one two three");
  auto source = OpenFile(path);
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(ReadSome(**source), "one two three");
  std::filesystem::resize_file(path, 3);
  EXPECT_THAT(ReadSome(**source), HasSubstr("became shorter while it was read"));
  std::filesystem::remove(path);
}

TEST(UnpackedTest, PassesShortAndEmptyDataOn) {
  for (const std::string text : {"", "x", "xy", "\x1F"}) {
    auto source = Unpacked(SourceFromText(text), "f", false);
    EXPECT_EQ(ReadSome(*source), text);
    EXPECT_EQ(ReadSome(*source), "");
  }
}

TEST(OpenRowsTest, ReadsAFile) {
  const std::string path = TempFile("rows.csv", "a\n1\n");
  auto reader = OpenRows(path, {});
  ASSERT_TRUE(reader.ok());
  Row row;
  EXPECT_EQ(*(*reader)->Next(row), ReadStep::kRow);
  EXPECT_EQ(*(*reader)->Next(row), ReadStep::kEnd);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace allmende::tabular
