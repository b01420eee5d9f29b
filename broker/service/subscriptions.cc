#include "broker/service/subscriptions.h"

#include <algorithm>

namespace allmende::broker {

void Subscriptions::Add(const std::shared_ptr<Pump>& pump) {
  MutexLock lock(mutex_);
  if (pumps_.size() == pumps_.capacity()) {
    pumps_.erase(std::remove_if(pumps_.begin(), pumps_.end(), [](const auto& weak) { return weak.expired(); }),
                 pumps_.end());
  }
  pumps_.push_back(pump);
}

void Subscriptions::WakeAll() {
  std::vector<std::weak_ptr<Pump>> pumps;
  {
    MutexLock lock(mutex_);
    pumps = pumps_;
  }
  for (const std::weak_ptr<Pump>& weak : pumps) {
    if (const std::shared_ptr<Pump> pump = weak.lock()) {
      pump->Wake();
    }
  }
}

}  // namespace allmende::broker
