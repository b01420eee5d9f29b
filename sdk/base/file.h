// Small files, read and written whole; and the directories they stand in. Paths appear in the messages as given.
// Thread-safe. Blocks on the disk: never call from an RPC handler's thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace allmende {

// Who may read a file besides its owner.
enum class FileAccess {
  kOwnerOnly,  // 0600 (directories 0700): keys, databases
  kEverybody,  // 0644 (directories 0755): certificates, configuration
};

// The error of a system call, as one sentence: "cannot <action> `path`: <reason>". The code follows `error`:
//   kNotFound           no such file or directory
//   kFailedPrecondition not allowed, a read-only file system, a file where a directory should be or the
//                       reverse, a path too long or in a circle
//   kResourceExhausted  disk, quota or descriptors used up
//   kAlreadyExists      exists already
//   kUnavailable        anything else
absl::Status SystemError(int error, std::string_view action, std::string_view path);

// kNotFound and the others as in SystemError; kInvalidArgument: more than `bytes_max` bytes (nothing is returned).
absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t bytes_max);

// Replaces `path` so that after a crash it holds either the old content or the new one, whole. OK means fsynced, file
// and directory. On error the old content stands.
absl::Status WriteFileAtomically(const std::string& path, std::string_view content, FileAccess access);

// Makes `path` if it is not there; its parent must exist. OK means it is a directory this process may write to.
//   kNotFound           the parent is missing
//   kFailedPrecondition `path` is there and no directory, or not writable
absl::Status EnsureDirectory(const std::string& path, FileAccess access);

// Makes new, renamed and removed names in the directory survive a power failure.
absl::Status SyncDirectory(const std::string& path);

}  // namespace allmende
