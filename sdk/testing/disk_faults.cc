#include "sdk/testing/disk_faults.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/mutex.h"
#include "sdk/base/unique_fd.h"

namespace allmende {
namespace {

std::atomic<int> g_sync_error = 0;
std::atomic<std::size_t> g_sync_count = 0;

struct Gate {
  Mutex mutex;
  CondVar changed;
  bool closed ABSL_GUARDED_BY(mutex) = false;
  std::size_t waiting ABSL_GUARDED_BY(mutex) = 0;
};

Gate& TheGate() {
  static Gate& gate = *new Gate;  // never destroyed: threads may still sync while the process ends
  return gate;
}

int Sync(long system_call, int fd) {
  g_sync_count.fetch_add(1);
  Gate& gate = TheGate();
  {
    MutexLock lock(gate.mutex);
    ++gate.waiting;
    gate.changed.NotifyAll();
    while (gate.closed) {
      gate.changed.Wait(gate.mutex);
    }
    --gate.waiting;
  }
  if (const int error = g_sync_error.load(); error != 0) {
    errno = error;
    return -1;
  }
  return static_cast<int>(::syscall(system_call, fd));
}

// For faults that must work for the test to mean anything.
void Must(bool worked) {
  if (!worked) {
    std::abort();
  }
}

}  // namespace
}  // namespace allmende

extern "C" __attribute__((visibility("default"))) int fsync(int fd) {
  return allmende::Sync(SYS_fsync, fd);
}
extern "C" __attribute__((visibility("default"))) int fdatasync(int fd) {
  return allmende::Sync(SYS_fdatasync, fd);
}

namespace allmende {

FailingSync::FailingSync(int error) {
  g_sync_error.store(error);
}
FailingSync::~FailingSync() {
  g_sync_error.store(0);
}

BlockedSync::BlockedSync() {
  MutexLock lock(TheGate().mutex);
  TheGate().closed = true;
}

BlockedSync::~BlockedSync() {
  MutexLock lock(TheGate().mutex);
  TheGate().closed = false;
  TheGate().changed.NotifyAll();
}

void BlockedSync::AwaitWaiting(std::size_t threads) {
  Gate& gate = TheGate();
  MutexLock lock(gate.mutex);
  while (gate.waiting < threads) {
    gate.changed.Wait(gate.mutex);
  }
}

std::size_t SyncCount() {
  return g_sync_count.load();
}

SmallDisk::SmallDisk(std::size_t bytes) {
  std::string pattern = (std::filesystem::temp_directory_path() / "allmende-disk-XXXXXX").string();
  Must(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
  if (::mount("tmpfs", path_.c_str(), "tmpfs", 0, absl::StrCat("size=", bytes).c_str()) != 0) {
    status_ = SystemError(errno, "mount a small disk on", path_);
  }
}

SmallDisk::~SmallDisk() {
  if (status_.ok()) {
    ::umount2(path_.c_str(), MNT_DETACH);
  }
  ::rmdir(path_.c_str());
}

void SmallDisk::FillUp() {
  UniqueFd fd(::open((path_ + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  Must(fd.valid());
  const std::string block(4096, 'x');
  while (::write(fd.get(), block.data(), block.size()) > 0) {
  }
  Must(errno == ENOSPC);
}

void SmallDisk::MakeRoom() {
  Must(::unlink((path_ + "/filler").c_str()) == 0);
}

void FlipBit(const std::string& path, std::size_t bit) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  Must(fd.valid());
  char byte = 0;
  const auto offset = static_cast<off_t>(bit / 8);
  Must(::pread(fd.get(), &byte, 1, offset) == 1);
  byte = static_cast<char>(byte ^ (1 << bit % 8));
  Must(::pwrite(fd.get(), &byte, 1, offset) == 1);
}

void CutOff(const std::string& path, std::size_t bytes) {
  const std::size_t size = std::filesystem::file_size(path);
  Must(bytes <= size && ::truncate(path.c_str(), static_cast<off_t>(size - bytes)) == 0);
}

}  // namespace allmende
