#include "sdk/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/base/unique_fd.h"

namespace allmende {
namespace {

absl::StatusCode CodeFor(int error) {
  switch (error) {
    case ENOENT:
      return absl::StatusCode::kNotFound;
    // kPermissionDenied is what a broker says of a caller; of a file, its owner or mode must be changed first.
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG:
      return absl::StatusCode::kFailedPrecondition;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case EFBIG:
      return absl::StatusCode::kResourceExhausted;
    case EEXIST:
      return absl::StatusCode::kAlreadyExists;
    default:
      return absl::StatusCode::kUnavailable;
  }
}

std::string Parent(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

absl::Status WriteAll(int fd, std::string_view content, const std::string& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError(errno, "write", path);
    }
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

// Writes and syncs `path` under the name that mkstemp made.
absl::Status FillTemporary(int fd, std::string_view content, FileAccess access, const std::string& path) {
  if (::fchmod(fd, access == FileAccess::kOwnerOnly ? 0600 : 0644) != 0) {
    return SystemError(errno, "set the permissions of", path);
  }
  ALLMENDE_RETURN_IF_ERROR(WriteAll(fd, content, path));
  if (::fsync(fd) != 0) {
    return SystemError(errno, "sync", path);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status SystemError(int error, std::string_view action, std::string_view path) {
  return absl::Status(CodeFor(error),
                      absl::StrCat("cannot ", ForAbsl(action), " `", ForAbsl(path), "`: ", std::strerror(error)));
}

absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) {
    return SystemError(errno, "open", path);
  }
  std::string content;
  // One byte more than allowed tells a file of exactly `bytes_max` from a longer one, whatever its size said before.
  char buffer[16384];
  while (content.size() <= bytes_max) {
    const ssize_t got = ::read(fd.get(), buffer, sizeof(buffer));
    if (got < 0) {
      if (errno == EINTR) continue;
      return SystemError(errno, "read", path);
    }
    if (got == 0) {
      return content;
    }
    content.append(buffer, static_cast<std::size_t>(got));
  }
  return absl::InvalidArgumentError(absl::StrCat("`", path, "` is larger than the ", bytes_max, " bytes allowed"));
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content, FileAccess access) {
  // In the same directory, because a rename is atomic within one file system only.
  std::string temporary = absl::StrCat(path, ".new-XXXXXX");
  UniqueFd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd.valid()) {
    return SystemError(errno, "create", path);
  }
  absl::Status status = FillTemporary(fd.get(), content, access, path);
  if (status.ok() && ::rename(temporary.c_str(), path.c_str()) != 0) {
    status = SystemError(errno, "replace", path);
  }
  if (!status.ok()) {
    ::unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(Parent(path));
}

absl::Status EnsureDirectory(const std::string& path, FileAccess access) {
  if (::mkdir(path.c_str(), access == FileAccess::kOwnerOnly ? 0700 : 0755) == 0) {
    return SyncDirectory(Parent(path));
  }
  const int error = errno;
  struct stat found;
  if (error == EEXIST && ::stat(path.c_str(), &found) == 0) {
    if (!S_ISDIR(found.st_mode)) {
      return absl::FailedPreconditionError(
          absl::StrCat("`", path, "` is a file, a directory is needed here: move it away or name another path"));
    }
    if (::access(path.c_str(), W_OK | X_OK) != 0) {
      return SystemError(errno, "write to directory", path);
    }
    return absl::OkStatus();
  }
  if (error == ENOENT) {
    return absl::NotFoundError(
        absl::StrCat("cannot create directory `", path, "`: its parent `", Parent(path), "` does not exist"));
  }
  return SystemError(error, "create directory", path);
}

absl::Status SyncDirectory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) {
    return SystemError(errno, "open directory", path);
  }
  if (::fsync(fd.get()) != 0) {
    return SystemError(errno, "sync directory", path);
  }
  return absl::OkStatus();
}

}  // namespace allmende
