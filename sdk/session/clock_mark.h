// How late it must be at least, whatever the time of day is set to. Pure; not thread-safe.
#pragma once

#include <algorithm>

#include "absl/time/time.h"

namespace allmende::session {

// Both readings of a clock, taken together.
struct LocalTime {
  absl::Time wall;            // time of day, which somebody may set either way
  absl::Duration since_boot;  // goes on evenly, in a sleeping machine too; only comparable within one run of it
};

// The time of day that was seen once, and what has passed since by the clock that nobody can set. So turning the clock
// back shows even if nobody has looked at it before.
class ClockMark {
 public:
  // `seen` in an earlier run; InfinitePast: never.
  ClockMark(absl::Time seen, const LocalTime& now) { Set(std::max(seen, now.wall), now); }

  // Never before a time that was seen.
  absl::Time LatestAt(const LocalTime& now) const {
    return std::max(now.wall, seen_ + std::max(now.since_boot - since_boot_, absl::ZeroDuration()));
  }
  absl::Time See(const LocalTime& now) {
    Set(LatestAt(now), now);
    return seen_;
  }
  // A broker was heard, so what is shown now is right.
  void Vouch(const LocalTime& now) { Set(now.wall, now); }

 private:
  void Set(absl::Time seen, const LocalTime& now) {
    seen_ = seen;
    since_boot_ = now.since_boot;
  }

  absl::Time seen_;
  absl::Duration since_boot_;  // at `seen_`
};

}  // namespace allmende::session
