// Logs and side keys in memory, and a view of them. A view shares what it sees with the present; what is changed while
// views live is copied first.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/log/records.h"
#include "broker/log/view.h"
#include "broker/log/write.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

struct MemoryEntry {
  EntryHeader header;
  std::string bytes;
};

struct MemoryLogState {
  HeadRecord head;
  std::map<Sequence, MemoryEntry> entries;

  // The entry that contains `sequence`, which is held.
  std::map<Sequence, MemoryEntry>::const_iterator Containing(Sequence sequence) const {
    return --entries.upper_bound(sequence);
  }
};

using MemorySideKeys = std::map<std::string, std::string, std::less<>>;

// Thread-safe. Its views must be gone before it.
class MemoryState {
 public:
  explicit MemoryState(std::size_t logs_max);

  // Does what one write says, or nothing and says why.
  absl::StatusOr<LogHead> Apply(const Write& write);

  LogHead HeadOf(LogId log) const;
  std::vector<LogId> Logs() const;
  std::shared_ptr<const LogView> View();

 private:
  friend class MemoryView;
  struct Content {
    std::map<LogId, std::shared_ptr<MemoryLogState>> logs;
    std::array<std::shared_ptr<MemorySideKeys>, 3> side;
  };

  absl::StatusOr<LogHead> Append(const Write& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<LogHead> Replace(const Write& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::StatusOr<LogHead> Trim(const Write& write) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WriteSide(const std::vector<SideWrite>& writes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  HeadRecord RecordOf(LogId log) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  MemoryLogState& Mutable(LogId log) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LeaveView(Content& content);

  const std::size_t logs_max_;
  mutable Mutex mutex_;
  Content now_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
