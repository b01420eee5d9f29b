// Internal to policy/view.
#pragma once

#include <algorithm>
#include <cstdint>

namespace allmende::policy::view {

// `value` rounded down to a multiple of `step`, but not below `least`.
inline int64_t RoundDown(int64_t value, int64_t step, int64_t least) {
  const int64_t over = value % step;
  const int64_t down = over < 0 ? over + step : over;
  return value < least + down ? least : std::max(value - down, least);
}

}  // namespace allmende::policy::view
