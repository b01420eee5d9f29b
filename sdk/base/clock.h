// Where code reads the time of day. Session logic gets a Clock handed in, so that tests and the simulator decide what
// time it is. All clocks are thread-safe.
#pragma once

#include <time.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "sdk/base/mutex.h"

namespace allmende {

class Clock {
 public:
  virtual ~Clock() = default;

  // Time of day. It may jump either way when somebody sets the machine's clock; never measure a duration with it.
  virtual absl::Time Now() const = 0;

  // Time since the machine was started, its sleep included. Nobody can set it; measures what passed within one run.
  virtual absl::Duration SinceBoot() const = 0;
};

class SystemClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
  absl::Duration SinceBoot() const override {
    timespec since{};
    ::clock_gettime(CLOCK_BOOTTIME, &since);
    return absl::DurationFromTimespec(since);
  }
};

// Stands still until it is told to move.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(absl::Time now) : now_(now) {}

  absl::Time Now() const override {
    MutexLock lock(mutex_);
    return now_;
  }

  absl::Duration SinceBoot() const override {
    MutexLock lock(mutex_);
    return since_boot_;
  }

  // Time passes. A negative duration turns the clock back, as an operator might.
  void Advance(absl::Duration by) {
    MutexLock lock(mutex_);
    now_ += by;
    since_boot_ += std::max(by, absl::ZeroDuration());
  }

  // Somebody sets the clock: no time passes.
  void Set(absl::Time now) {
    MutexLock lock(mutex_);
    now_ = now;
  }

 private:
  mutable Mutex mutex_;
  absl::Time now_ ABSL_GUARDED_BY(mutex_);
  absl::Duration since_boot_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende
