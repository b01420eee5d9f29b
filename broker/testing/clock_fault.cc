#include "broker/testing/clock_fault.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "absl/time/clock.h"

namespace allmende::broker {
namespace {

std::atomic<int64_t> g_offset_seconds = 0;

// Abseil looks at the system's clock now and then only. Whatever reads the time through it shall see the same.
void Turn(absl::Duration offset) {
  g_offset_seconds = absl::ToInt64Seconds(offset);
  timespec now = {};
  do {
    absl::SleepFor(absl::Milliseconds(10));
    clock_gettime(CLOCK_REALTIME, &now);
  } while (absl::AbsDuration(absl::Now() - absl::TimeFromTimespec(now)) > absl::Milliseconds(100));
}

}  // namespace

TurnedClock::TurnedClock(absl::Duration by) {
  Turn(by);
}
TurnedClock::~TurnedClock() {
  Turn(absl::ZeroDuration());
}

}  // namespace allmende::broker

extern "C" __attribute__((visibility("default"))) int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const int failed = static_cast<int>(::syscall(SYS_clock_gettime, clock, time));
  if (failed == 0 && clock == CLOCK_REALTIME) {
    time->tv_sec += allmende::broker::g_offset_seconds.load(std::memory_order_relaxed);
  }
  return failed;
}
