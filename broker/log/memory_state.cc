#include "broker/log/memory_state.h"

#include <utility>

#include "sdk/base/status.h"

namespace allmende::broker {

MemoryState::MemoryState(std::size_t logs_max) : logs_max_(logs_max) {
  for (std::shared_ptr<MemorySideKeys>& keys : now_.side) {
    keys = std::make_shared<MemorySideKeys>();
  }
}

absl::StatusOr<LogHead> MemoryState::Apply(const Write& write) {
  MutexLock lock(mutex_);
  switch (write.kind) {
    case Write::Kind::kAppend:
      return Append(write);
    case Write::Kind::kSide:
      WriteSide(write.side_writes);
      return LogHead();
    case Write::Kind::kReplace:
      return Replace(write);
    case Write::Kind::kTrim:
      return Trim(write);
    case Write::Kind::kReclaim:
      return RecordOf(write.log).ToHead();
  }
  return absl::InternalError("no such write");
}

HeadRecord MemoryState::RecordOf(LogId log) const {
  const auto found = now_.logs.find(log);
  return found == now_.logs.end() ? HeadRecord() : found->second->head;
}

// Views come and go under the mutex, so nobody else can see what is not shared now.
MemoryLogState& MemoryState::Mutable(LogId log) {
  std::shared_ptr<MemoryLogState>& state = now_.logs[log];
  if (state == nullptr) {
    state = std::make_shared<MemoryLogState>();
  } else if (state.use_count() > 1) {
    state = std::make_shared<MemoryLogState>(*state);
  }
  return *state;
}

absl::StatusOr<LogHead> MemoryState::Append(const Write& write) {
  const HeadRecord head = RecordOf(write.log);
  if (SequenceAt(write.expected) != head.next_sequence) {
    return NotTheHead(write.log, write.expected, head.next_sequence);
  }
  if (head.last_entry == 0 && now_.logs.size() >= logs_max_) {
    return TooManyLogs(logs_max_);
  }
  MemoryLogState& state = Mutable(write.log);
  for (const LogEntry& entry : write.entries) {
    const Sequence first = state.head.next_sequence;
    const EntryHeader header = Extend(state.head, entry);
    state.entries[first] = {header, entry.bytes};
  }
  WriteSide(write.side_writes);
  return state.head.ToHead();
}

absl::StatusOr<LogHead> MemoryState::Replace(const Write& write) {
  const HeadRecord head = RecordOf(write.log);
  if (write.sequence < head.first_sequence || write.sequence >= head.next_sequence) {
    return NoEntryAt(write.log, write.sequence);
  }
  const MemoryLogState& state = *now_.logs[write.log];
  const auto found = state.entries.find(write.sequence);
  if (found == state.entries.end()) {
    return NoEntryAt(write.log, write.sequence);
  }
  const EntryHeader& header = found->second.header;
  ALLMENDE_RETURN_IF_ERROR(
      CheckReplacement(write.log, write.sequence, write.entries.front(), header.count, header.hash));
  Mutable(write.log).entries[write.sequence].bytes = write.entries.front().bytes;
  WriteSide(write.side_writes);
  return head.ToHead();
}

absl::StatusOr<LogHead> MemoryState::Trim(const Write& write) {
  const HeadRecord head = RecordOf(write.log);
  if (write.sequence > head.next_sequence) {
    return TrimAfterHead(write.log, write.sequence, head.next_sequence);
  }
  if (write.sequence <= head.first_sequence) {
    return head.ToHead();
  }
  MemoryLogState& state = Mutable(write.log);
  if (write.sequence == head.next_sequence) {
    TrimAll(state.head);
    state.entries.clear();
  } else {
    const auto kept = state.Containing(write.sequence);
    TrimTo(state.head, kept->first, kept->second.header);
    state.entries.erase(state.entries.begin(), kept);
  }
  return state.head.ToHead();
}

void MemoryState::WriteSide(const std::vector<SideWrite>& writes) {
  for (const SideWrite& write : writes) {
    std::shared_ptr<MemorySideKeys>& keys = now_.side[static_cast<std::size_t>(write.family)];
    if (keys.use_count() > 1) {
      keys = std::make_shared<MemorySideKeys>(*keys);
    }
    switch (write.kind) {
      case SideWrite::Kind::kPut:
        (*keys)[write.key] = write.value;
        break;
      case SideWrite::Kind::kDelete:
        keys->erase(write.key);
        break;
      case SideWrite::Kind::kDeleteIf:
        if (const auto found = keys->find(write.key); found != keys->end() && found->second == write.value) {
          keys->erase(found);
        }
        break;
      case SideWrite::Kind::kDeletePrefix:
        keys->erase(keys->lower_bound(write.key), keys->lower_bound(PrefixEnd(write.key)));
        break;
    }
  }
}

LogHead MemoryState::HeadOf(LogId log) const {
  MutexLock lock(mutex_);
  return RecordOf(log).ToHead();
}

std::vector<LogId> MemoryState::Logs() const {
  std::vector<LogId> logs;
  MutexLock lock(mutex_);
  for (const auto& [log, state] : now_.logs) {
    logs.push_back(log);
  }
  return logs;
}

void MemoryState::LeaveView(Content& content) {
  MutexLock lock(mutex_);
  content = {};
}

}  // namespace allmende::broker
