#include "sdk/base/lock_file.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

TEST(LockFileTest, SecondOwnerInThisProcessIsRefused) {
  TestDirectory directory;
  absl::StatusOr<LockFile> first = LockFile::Acquire(directory.File("lock"));
  ASSERT_TRUE(first.ok()) << first.status();
  const absl::Status second = LockFile::Acquire(directory.File("lock")).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(second.message()), HasSubstr(absl::StrCat("locked by process ", ::getpid())));
}

TEST(LockFileTest, IsFreeAfterItsOwnerIsGone) {
  TestDirectory directory;
  { ASSERT_TRUE(LockFile::Acquire(directory.File("lock")).ok()); }
  EXPECT_TRUE(LockFile::Acquire(directory.File("lock")).ok());
}

TEST(LockFileTest, OtherProcessIsNamedAndItsDeathFreesTheLock) {
  TestDirectory directory;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const auto lock = LockFile::Acquire(directory.File("lock"));
    const char outcome = lock.ok() ? 'y' : 'n';
    if (::write(ready[1], &outcome, 1) == 1) ::pause();
    ::_exit(0);
  }
  char outcome = 0;
  ASSERT_EQ(::read(ready[0], &outcome, 1), 1);
  ASSERT_EQ(outcome, 'y');

  const absl::Status refused = LockFile::Acquire(directory.File("lock")).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr(absl::StrCat("locked by process ", child, " (")));

  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(LockFile::Acquire(directory.File("lock")).ok());
}

// Whoever can write to the directory must not make the broker overwrite a file that only it can write to.
TEST(LockFileTest, WhatALinkLeadsToIsLeftAlone) {
  TestDirectory directory;
  const std::string victim = directory.File("victim");
  ASSERT_TRUE(WriteFileAtomically(victim, "precious", FileAccess::kOwnerOnly).ok());
  ASSERT_EQ(::symlink(victim.c_str(), directory.File("soft").c_str()), 0);
  ASSERT_EQ(::link(victim.c_str(), directory.File("hard").c_str()), 0);
  ASSERT_EQ(::mkfifo(directory.File("pipe").c_str(), 0600), 0);
  for (const char* name : {"soft", "pipe"}) {
    const absl::Status status = LockFile::Acquire(directory.File(name)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << name << ": " << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("remove it")) << name;
  }
  EXPECT_TRUE(LockFile::Acquire(directory.File("hard")).ok()) << "a copy of the directory may be made of such links";
  EXPECT_EQ(*ReadFile(victim, 100), "precious");
}

TEST(LockFileTest, MissingDirectoryIsNamed) {
  const absl::Status status = LockFile::Acquire("/nowhere/lock").status();
  EXPECT_EQ(status, absl::NotFoundError("cannot open `/nowhere/lock`: No such file or directory"));
}

}  // namespace
}  // namespace allmende
