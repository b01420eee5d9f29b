#include "sdk/base/file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

mode_t ModeOf(const std::string& path) {
  struct stat found {};
  EXPECT_EQ(::stat(path.c_str(), &found), 0);
  return found.st_mode & 0777;
}

TEST(FileTest, WhatWasWrittenIsReadBack) {
  TestDirectory directory;
  std::string content(100'000, 'x');
  content[0] = 0;
  ASSERT_TRUE(WriteFileAtomically(directory.File("a"), content, FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(ReadFile(directory.File("a"), content.size()).value(), content);
}

TEST(FileTest, PermissionsAreAsAskedWhateverTheUmask) {
  TestDirectory directory;
  const mode_t before = ::umask(0);
  ASSERT_TRUE(WriteFileAtomically(directory.File("key"), "", FileAccess::kOwnerOnly).ok());
  ::umask(0077);
  ASSERT_TRUE(WriteFileAtomically(directory.File("certificate"), "", FileAccess::kEverybody).ok());
  ::umask(before);
  EXPECT_EQ(ModeOf(directory.File("key")), 0600u);
  EXPECT_EQ(ModeOf(directory.File("certificate")), 0644u);
}

TEST(FileTest, ReplacingLeavesNoTemporaryFileBehind) {
  TestDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory.File("a"), "old", FileAccess::kEverybody).ok());
  ASSERT_TRUE(WriteFileAtomically(directory.File("a"), "new", FileAccess::kEverybody).ok());
  EXPECT_EQ(ReadFile(directory.File("a"), 100).value(), "new");
  const std::filesystem::directory_iterator files(directory.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(FileTest, FailedReplacementLeavesTheTargetAlone) {
  TestDirectory directory;
  ASSERT_TRUE(std::filesystem::create_directory(directory.File("taken")));
  std::ofstream(directory.File("taken/inside")) << "kept";
  const absl::Status status = WriteFileAtomically(directory.File("taken"), "new", FileAccess::kEverybody);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot replace `" + directory.File("taken") + "`"));
  EXPECT_EQ(ReadFile(directory.File("taken/inside"), 100).value(), "kept");
  const std::filesystem::directory_iterator files(directory.path());
  EXPECT_EQ(std::distance(begin(files), end(files)), 1);
}

TEST(FileTest, FileOverTheBoundIsRefusedNotCut) {
  TestDirectory directory;
  ASSERT_TRUE(WriteFileAtomically(directory.File("a"), "12345", FileAccess::kEverybody).ok());
  EXPECT_EQ(ReadFile(directory.File("a"), 5).value(), "12345");
  EXPECT_EQ(ReadFile(directory.File("a"), 4).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FileTest, EndlessFileIsRefused) {
  EXPECT_EQ(ReadFile("/dev/zero", 1 << 20).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(FileTest, MissingFileIsNamed) {
  const absl::Status status = ReadFile("/nowhere/at/all", 10).status();
  EXPECT_EQ(status, absl::NotFoundError("cannot open `/nowhere/at/all`: No such file or directory"));
}

TEST(FileTest, DirectoryIsNoFile) {
  TestDirectory directory;
  EXPECT_EQ(ReadFile(directory.path(), 10).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(DirectoryTest, IsMadeOnceAndFoundAgain) {
  TestDirectory directory;
  EXPECT_TRUE(EnsureDirectory(directory.File("new"), FileAccess::kOwnerOnly).ok());
  EXPECT_TRUE(EnsureDirectory(directory.File("new"), FileAccess::kOwnerOnly).ok());
  EXPECT_EQ(ModeOf(directory.File("new")), 0700u);
}

TEST(DirectoryTest, EachObstacleHasItsOwnMessage) {
  TestDirectory directory;
  const absl::Status no_parent = EnsureDirectory(directory.File("a/b"), FileAccess::kOwnerOnly);
  EXPECT_EQ(no_parent.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(no_parent.message()), HasSubstr("its parent `" + directory.File("a") + "` does not exist"));

  std::ofstream(directory.File("file")) << "x";
  const absl::Status file = EnsureDirectory(directory.File("file"), FileAccess::kOwnerOnly);
  EXPECT_EQ(file.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(file.message()), HasSubstr("is a file"));

  const absl::Status below_file = EnsureDirectory(directory.File("file/below"), FileAccess::kOwnerOnly);
  EXPECT_EQ(below_file.code(), absl::StatusCode::kFailedPrecondition);

  const absl::Status read_only = EnsureDirectory("/proc/new", FileAccess::kOwnerOnly);
  EXPECT_FALSE(read_only.ok());
  EXPECT_THAT(std::string(read_only.message()), HasSubstr("cannot create directory `/proc/new`"));
}

TEST(SystemErrorTest, CodesTellWhatToDo) {
  const struct {
    int error;
    absl::StatusCode code;
  } kRows[] = {{ENOSPC, absl::StatusCode::kResourceExhausted}, {EMFILE, absl::StatusCode::kResourceExhausted},
               {EROFS, absl::StatusCode::kFailedPrecondition}, {ENOTDIR, absl::StatusCode::kFailedPrecondition},
               {EEXIST, absl::StatusCode::kAlreadyExists},     {EIO, absl::StatusCode::kUnavailable}};
  for (const auto& row : kRows) {
    EXPECT_EQ(SystemError(row.error, "write", "x").code(), row.code) << row.error;
  }
}

}  // namespace
}  // namespace allmende
