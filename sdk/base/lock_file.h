// One process at a time on a directory. The lock is the kernel's (flock), so a killed process leaves none behind; the
// file stays, with the process number of its last owner.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "sdk/base/unique_fd.h"

namespace allmende {

// Held while the object lives. A child made by fork shares it until it calls exec.
class LockFile {
 public:
  // Takes the lock on the file `path`, made if missing.
  //   kFailedPrecondition another process (or this one) holds it, the message names the process; or `path` is a
  //                       symbolic link or no plain file
  //   others              as SystemError in file.h
  static absl::StatusOr<LockFile> Acquire(const std::string& path);

  LockFile(LockFile&&) noexcept = default;
  LockFile& operator=(LockFile&&) noexcept = default;

 private:
  explicit LockFile(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace allmende
