// Makes the disk of this test process fail. A program that links this gets its own fsync and fdatasync in place of the
// C library's, in shared libraries too; without a fault they do the real thing.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"

namespace allmende {

// While it lives, fsync and fdatasync fail with `error` (EIO, ENOSPC).
class FailingSync {
 public:
  explicit FailingSync(int error);
  ~FailingSync();
  FailingSync(const FailingSync&) = delete;
  FailingSync& operator=(const FailingSync&) = delete;
};

// While it lives, every fsync and fdatasync waits; `waiting` says how many do.
class BlockedSync {
 public:
  BlockedSync();
  ~BlockedSync();  // lets all go
  BlockedSync(const BlockedSync&) = delete;
  BlockedSync& operator=(const BlockedSync&) = delete;

  // Returns when at least `threads` threads wait.
  void AwaitWaiting(std::size_t threads);
};

// How many times fsync and fdatasync were called so far.
std::size_t SyncCount();

// A file system of its own, `bytes` large, mounted while the object lives.
class SmallDisk {
 public:
  explicit SmallDisk(std::size_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Why there is none: mounting takes root. A test that gets an error skips itself, visibly.
  const absl::Status& status() const { return status_; }
  const std::string& path() const { return path_; }

  void FillUp();    // until not a byte is left
  void MakeRoom();  // undoes FillUp

 private:
  std::string path_;
  absl::Status status_;
};

// Flips one bit of a file.
void FlipBit(const std::string& path, std::size_t bit);

// Cuts `bytes` off the end of a file.
void CutOff(const std::string& path, std::size_t bytes);

}  // namespace allmende
