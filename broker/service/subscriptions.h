// The open subscriptions, so that all of them can be told that something changed.
#pragma once

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "broker/work/executor.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe. Holds no more pumps than twice the open subscriptions.
class Subscriptions {
 public:
  void Add(const std::shared_ptr<Pump>& pump);
  // The regime, a policy, the time or the broker's state changed.
  void WakeAll();

 private:
  Mutex mutex_;
  std::vector<std::weak_ptr<Pump>> pumps_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
