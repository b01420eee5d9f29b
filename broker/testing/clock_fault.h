// Sets the clock of this test process, as somebody does the machine's. A program that links this gets its own
// clock_gettime in place of the C library's, in shared libraries too; steady clocks go on as they are.
#pragma once

#include "absl/time/time.h"

namespace allmende::broker {

// While it lives, the time of day is off by `by`. Beginning and ending it may take a second or two.
class TurnedClock {
 public:
  explicit TurnedClock(absl::Duration by);
  ~TurnedClock();
  TurnedClock(const TurnedClock&) = delete;
  TurnedClock& operator=(const TurnedClock&) = delete;
};

}  // namespace allmende::broker
