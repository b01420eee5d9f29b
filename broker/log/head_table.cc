#include "broker/log/head_table.h"

#include <algorithm>

namespace allmende::broker {

std::vector<LogId> HeadTable::Logs() const {
  std::vector<LogId> logs;
  {
    MutexLock lock(mutex_);
    for (const auto& [log, head] : heads_) {
      logs.push_back(log);
    }
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace allmende::broker
