#include "sdk/base/lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"

namespace allmende {
namespace {

// What a lock file says; 0 where it says nothing, or is the file of somebody who linked it here.
int OwnerPid(int fd) {
  char text[32] = {};
  const ssize_t got = ::pread(fd, text, sizeof(text) - 1, 0);
  int pid = 0;
  return got > 0 && absl::SimpleAtoi(text, &pid) ? pid : 0;
}

// "process 1234 (allmended)", or "another process" if the file does not say.
std::string Owner(int fd) {
  const int pid = OwnerPid(fd);
  if (pid == 0) {
    return "another process";
  }
  absl::StatusOr<std::string> name = ReadFile(absl::StrCat("/proc/", pid, "/comm"), 64);
  if (!name.ok()) {
    return absl::StrCat("process ", pid);
  }
  if (!name->empty() && name->back() == '\n') {
    name->pop_back();
  }
  return absl::StrCat("process ", pid, " (", *name, ")");
}

}  // namespace

absl::StatusOr<LockFile> LockFile::Acquire(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!fd.valid() && errno == ELOOP) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", path, "` is a symbolic link, which no lock file is: look who put it there, and remove it"));
  }
  if (!fd.valid()) {
    return SystemError(errno, "open", path);
  }
  struct stat status = {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", path, "` is no plain file: look who put it there, and remove it"));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) {
      return SystemError(errno, "lock", path);
    }
    return absl::FailedPreconditionError(
        absl::StrCat("`", path, "` is locked by ", Owner(fd.get()), ": stop it first, or use another directory"));
  }
  // Only a courtesy to whoever is refused: the lock holds even if this cannot be written, as on a full disk.
  const std::string pid = absl::StrCat(::getpid(), "\n");
  if ((status.st_size == 0 || OwnerPid(fd.get()) != 0) && ::ftruncate(fd.get(), 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
  }
  return LockFile(std::move(fd));
}

}  // namespace allmende
