// The durable heads of all logs, in memory.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "broker/log/records.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe.
class HeadTable {
 public:
  explicit HeadTable(absl::flat_hash_map<LogId, HeadRecord> heads) : heads_(std::move(heads)) {}

  std::optional<HeadRecord> Find(LogId log) const {
    MutexLock lock(mutex_);
    const auto found = heads_.find(log);
    return found == heads_.end() ? std::nullopt : std::optional<HeadRecord>(found->second);
  }

  void Update(const std::map<LogId, HeadRecord>& changed) {
    MutexLock lock(mutex_);
    for (const auto& [log, head] : changed) {
      heads_[log] = head;
    }
  }

  std::size_t size() const {
    MutexLock lock(mutex_);
    return heads_.size();
  }

  std::vector<LogId> Logs() const;  // in order

 private:
  mutable Mutex mutex_;
  absl::flat_hash_map<LogId, HeadRecord> heads_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
