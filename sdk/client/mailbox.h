// What happens elsewhere, in order, for the one thread that decides about it.
#pragma once

#include <chrono>
#include <deque>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "sdk/base/mutex.h"

namespace allmende {

// Deadlines of this process's own waiting: setting the machine's clock does not move them.
using SteadyTime = std::chrono::steady_clock::time_point;

// `after` may be infinite, in both directions.
inline SteadyTime SteadyDeadline(absl::Duration after) {
  if (after >= absl::Hours(24 * 365)) return SteadyTime::max();
  if (after <= absl::ZeroDuration()) return std::chrono::steady_clock::now();
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(after);
}

// Thread-safe. Not bounded by itself: whoever pushes has at most a few items underway.
template <typename Item>
class Mailbox {
 public:
  void Push(Item item) {
    MutexLock lock(mutex_);
    items_.push_back(std::move(item));
    arrived_.NotifyOne();
  }

  // The next item; nothing if none came until `deadline`.
  std::optional<Item> Pop(SteadyTime deadline) {
    MutexLock lock(mutex_);
    while (items_.empty()) {
      if (deadline == SteadyTime::max()) {
        arrived_.Wait(mutex_);
        continue;
      }
      const auto left = deadline - std::chrono::steady_clock::now();
      if (left <= left.zero()) return std::nullopt;
      arrived_.WaitFor(mutex_, absl::FromChrono(left));
    }
    std::optional<Item> item(std::move(items_.front()));
    items_.pop_front();
    return item;
  }

 private:
  Mutex mutex_;
  CondVar arrived_;
  std::deque<Item> items_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende
