// Which views are alive, so that what they may still show is not taken from the disk.
#pragma once

#include <cstdint>
#include <set>

#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe.
class ViewGauge {
 public:
  std::uint64_t Enter() {
    MutexLock lock(mutex_);
    live_.insert(++last_);
    return last_;
  }

  void Leave(std::uint64_t ticket) {
    MutexLock lock(mutex_);
    live_.erase(ticket);
    left_.NotifyAll();
  }

  // The last view that was taken, dead or alive.
  std::uint64_t last() const {
    MutexLock lock(mutex_);
    return last_;
  }

  // Whether some view up to `ticket` is alive.
  bool HasUpTo(std::uint64_t ticket) const {
    MutexLock lock(mutex_);
    return !live_.empty() && *live_.begin() <= ticket;
  }

  // Returns when every view that is alive now is gone.
  void AwaitOlder() {
    MutexLock lock(mutex_);
    const std::uint64_t now = last_;
    while (!live_.empty() && *live_.begin() <= now) {
      left_.Wait(mutex_);
    }
  }

 private:
  mutable Mutex mutex_;
  CondVar left_;
  std::uint64_t last_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<std::uint64_t> live_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
