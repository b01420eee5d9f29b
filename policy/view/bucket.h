// Looking up a bucket. Internal to policy/view.
#pragma once

#include <algorithm>
#include <limits>
#include <type_traits>

#include "policy/view/view_plan.h"

namespace allmende::policy::view {

// What stands for `value`. Not-a-number comes back without the payload that it can carry.
template <typename T>
T Bucketed(const BucketTable<T>& table, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (value != value) {
      return std::numeric_limits<T>::quiet_NaN();
    }
  }
  // A value that equals a bound lies above it.
  const auto bucket = std::upper_bound(table.bounds.begin(), table.bounds.end(), value) - table.bounds.begin();
  return table.shown[bucket];
}

}  // namespace allmende::policy::view
