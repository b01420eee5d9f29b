#include "broker/log/store_group.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "absl/time/time.h"
#include "broker/log/store_view.h"
#include "sdk/base/endian.h"
#include "sdk/base/status.h"

namespace allmende::broker {

bool StoreGroup::Add(Write& write) {
  const bool looks = write.kind == Write::Kind::kReplace || write.kind == Write::Kind::kTrim;
  if (looks && changed_.contains(write.log)) {
    return false;
  }
  const bool looks_at_side = std::any_of(write.side_writes.begin(), write.side_writes.end(),
                                         [](const SideWrite& side) { return side.kind == SideWrite::Kind::kDeleteIf; });
  if (looks_at_side && changes_) {
    return false;
  }
  absl::StatusOr<LogHead> head = Stage(write);
  outcomes_.push_back({std::move(write), std::move(head)});
  return true;
}

absl::StatusOr<LogHead> StoreGroup::Stage(const Write& write) {
  switch (write.kind) {
    case Write::Kind::kAppend:
      return StageAppend(write);
    case Write::Kind::kSide:
      return StageSideAlone(write.side_writes);
    case Write::Kind::kReplace:
      return StageReplace(write);
    case Write::Kind::kTrim:
      return StageTrim(write);
    case Write::Kind::kReclaim:
      return StageReclaim(write.log, HeadOf(write.log), 0);  // once more, all of it
  }
  return absl::InternalError("no such write");
}

HeadRecord StoreGroup::HeadOf(LogId log) const {
  const auto changed = changed_.find(log);
  return changed != changed_.end() ? changed->second : heads_.Find(log).value_or(HeadRecord());
}

absl::StatusOr<LogHead> StoreGroup::StageAppend(const Write& write) {
  HeadRecord head = HeadOf(write.log);
  if (SequenceAt(write.expected) != head.next_sequence) {
    return NotTheHead(write.log, write.expected, head.next_sequence);
  }
  if (head.last_entry == 0) {
    if (heads_.size() + new_logs_ >= options_.logs_max) {
      return TooManyLogs(options_.logs_max);
    }
    ++new_logs_;
  }
  for (const LogEntry& entry : write.entries) {
    const std::string key = EntryKey(write.log, head.next_sequence);
    const std::string header = EncodeEntryHeader(Extend(head, entry));
    writes_.PutParts(kEntryFamily, key, std::array<std::string_view, 2>{header, entry.bytes});
    chained_.append(key).append(crypto::AsBytes(entry.hash));
  }
  StageSide(write.side_writes);
  if (grown_.empty() || grown_.back() != write.log) {
    grown_.push_back(write.log);
  }
  changed_[write.log] = head;
  changes_ = true;
  return head.ToHead();
}

absl::StatusOr<LogHead> StoreGroup::StageSideAlone(const std::vector<SideWrite>& writes) {
  std::vector<const SideWrite*> met;
  for (const SideWrite& write : writes) {
    if (write.kind == SideWrite::Kind::kDeleteIf) {
      ALLMENDE_ASSIGN_OR_RETURN(const auto value, database_.Get(FamilyOf(write.family), write.key));
      if (value.has_value() && *value == write.value) {
        met.push_back(&write);
      }
    }
  }
  StageSide(writes);
  for (const SideWrite* write : met) {
    writes_.Delete(FamilyOf(write->family), write->key);
  }
  return LogHead();
}

void StoreGroup::StageSide(const std::vector<SideWrite>& writes) {
  for (const SideWrite& write : writes) {
    const store::Family family = FamilyOf(write.family);
    switch (write.kind) {
      case SideWrite::Kind::kPut:
        writes_.Put(family, write.key, write.value);
        break;
      case SideWrite::Kind::kDelete:
        writes_.Delete(family, write.key);
        break;
      case SideWrite::Kind::kDeletePrefix:
        writes_.DeleteRange(family, write.key, PrefixEnd(write.key));
        break;
      case SideWrite::Kind::kDeleteIf:
        break;  // StageSideAlone
    }
    changes_ = true;
  }
}

absl::StatusOr<LogHead> StoreGroup::StageReplace(const Write& write) {
  const HeadRecord head = HeadOf(write.log);
  const LogEntry& entry = write.entries.front();
  if (write.sequence < head.first_sequence || write.sequence >= head.next_sequence) {
    return NoEntryAt(write.log, write.sequence);
  }
  ALLMENDE_ASSIGN_OR_RETURN(const FoundEntry found, FindEntry(database_, write.log, write.sequence, nullptr));
  if (found.first != write.sequence) {
    return NoEntryAt(write.log, write.sequence);
  }
  ALLMENDE_RETURN_IF_ERROR(CheckReplacement(write.log, write.sequence, entry, found.header.count, found.header.hash));
  const std::string header = EncodeEntryHeader(found.header);
  writes_.PutParts(kEntryFamily, EntryKey(write.log, write.sequence),
                   std::array<std::string_view, 2>{header, entry.bytes});
  StageSide(write.side_writes);
  changes_ = true;
  return head.ToHead();
}

absl::StatusOr<LogHead> StoreGroup::StageTrim(const Write& write) {
  HeadRecord head = HeadOf(write.log);
  if (write.sequence > head.next_sequence) {
    return TrimAfterHead(write.log, write.sequence, head.next_sequence);
  }
  if (write.sequence <= head.first_sequence) {
    return head.ToHead();
  }
  if (write.sequence == head.next_sequence) {
    TrimAll(head);
  } else {
    ALLMENDE_ASSIGN_OR_RETURN(const FoundEntry found, FindEntry(database_, write.log, write.sequence, nullptr));
    if (found.first == head.first_sequence) {
      return head.ToHead();
    }
    TrimTo(head, found.first, found.header);
  }
  changed_[write.log] = head;
  changes_ = true;
  return ReclaimIsDue(write.log, head) ? StageReclaim(write.log, head, head.reclaimed_to) : head.ToHead();
}

bool StoreGroup::ReclaimIsDue(LogId log, const HeadRecord& head) {
  if (head.bytes_start - head.reclaimed_bytes >= options_.reclaim_bytes_min) {
    return true;
  }
  const auto now = std::chrono::steady_clock::now();
  const auto [last, first_trim] = reclaims_.try_emplace(log, now);
  return !first_trim && now - last->second >= absl::ToChronoNanoseconds(options_.reclaim_interval);
}

absl::StatusOr<LogHead> StoreGroup::StageReclaim(LogId log, HeadRecord head, Sequence from) {
  if (from < head.first_sequence) {
    writes_.DeleteRange(kEntryFamily, EntryKey(log, from), EntryKey(log, head.first_sequence));
    head.reclaimed_to = head.first_sequence;
    head.reclaimed_bytes = head.bytes_start;
    changed_[log] = head;
    reclaimed_.push_back(log);
    changes_ = true;
  }
  reclaims_[log] = std::chrono::steady_clock::now();
  return head.ToHead();
}

CommitMark StoreGroup::Seal(const CommitMark& last) {
  for (const auto& [log, head] : changed_) {
    writes_.Put(kHeadFamily, HeadKey(log), EncodeHead(head));
  }
  CommitMark mark;
  mark.number = last.number + 1;
  std::string number;
  AppendBigEndian(mark.number, number);
  mark.chain = crypto::Sha256Of(crypto::AsBytes(last.chain), number, chained_);
  const std::string encoded = EncodeMark(mark);
  writes_.Put(kCommitFamily, CommitKey(mark.number), encoded);
  writes_.Put(kCommitFamily, kLastCommitKey, encoded);
  std::sort(grown_.begin(), grown_.end());
  grown_.erase(std::unique(grown_.begin(), grown_.end()), grown_.end());
  return mark;
}

}  // namespace allmende::broker
