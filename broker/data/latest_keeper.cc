#include "broker/data/latest_keeper.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "broker/data/keys.h"
#include "sdk/base/status.h"
#include "sdk/format/batch.h"
#include "sdk/format/erase.h"

namespace allmende::broker {
namespace {

// Below so many new records a pass is not worth its reading.
constexpr uint64_t kGrowthMin = 1'024;

absl::StatusOr<Sequence> NumberAt(const LogView& view, const std::string& key) {
  ALLMENDE_ASSIGN_OR_RETURN(const auto found, view.GetSide(SideFamily::kState, key));
  if (!found.has_value()) {
    return Sequence{0};
  }
  return DecodeSequence(*found);
}

}  // namespace

absl::StatusOr<Sequence> NewestErasedTombstone(const LogView& view, LogId log) {
  return NumberAt(view, ErasedTombstoneKey(log));
}

absl::StatusOr<uint64_t> ErasureCount(const LogView& view, LogId log) {
  return NumberAt(view, ErasureCountKey(log));
}

absl::StatusOr<bool> LatestKeeper::BeginIfDue(const LogView& view, LogId log, Pass& pass) const {
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view.HeadOf(log));
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence through, NumberAt(view, LatestThroughKey(log)));
  ALLMENDE_ASSIGN_OR_RETURN(const uint64_t live, NumberAt(view, LatestLiveKey(log)));
  pass = {head.first_sequence, head.next_sequence, 0};
  return head.next_sequence - std::max<Sequence>(through, 1) >= std::max(live, kGrowthMin);
}

absl::StatusOr<LatestKeeper::Found> LatestKeeper::Look(const LogView& view, LogId log, const StoredEntry& entry,
                                                       std::optional<absl::Time> tombstones_before,
                                                       uint64_t& live) const {
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(entry.bytes));
  ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView batch, format::BatchView::Parse(stored.batch));
  Found found;
  uint32_t index = 0;
  for (const format::RecordView& record : batch.records()) {
    const Sequence sequence = entry.first_sequence + index;
    if (record.has_content()) {
      ALLMENDE_ASSIGN_OR_RETURN(const auto latest, view.GetSide(SideFamily::kKeyIndex, KeyIndexKey(log, record.key)));
      Sequence latest_sequence = 0;
      if (latest.has_value()) {
        ALLMENDE_ASSIGN_OR_RETURN(latest_sequence, DecodeSequence(*latest));
      }
      const bool tombstone = record.operation == format::Operation::kDelete;
      const bool old = tombstones_before.has_value() && stored.envelope.accepted_at < *tombstones_before;
      // A delete stays for its time also where the key came back: if a reader may not see the record that came, nothing
      // else tells it that what it holds is gone.
      const bool erase = latest_sequence != sequence && (!tombstone || old);
      if (erase) {
        found.indexes.push_back(index);
        if (tombstone) {
          found.newest_tombstone = sequence;
        }
      } else {
        ++live;
      }
    }
    ++index;
  }
  return found;
}

absl::Status LatestKeeper::Erase(const LogView& view, LogId log, const StoredEntry& entry, const Found& found) {
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(entry.bytes));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string erased, format::Erase(stored.batch, found.indexes));
  LogEntry replacement;
  replacement.bytes.append(stored.envelope_bytes);
  replacement.bytes.append(erased);
  replacement.count = entry.count;
  replacement.hash = entry.hash;
  std::vector<SideWrite> side_writes;
  const auto [count, first] = erasures_.try_emplace(static_cast<uint32_t>(log), 0);
  if (first) {
    ALLMENDE_ASSIGN_OR_RETURN(count->second, ErasureCount(view, log));
  }
  side_writes.push_back(SideWrite::Put(SideFamily::kState, ErasureCountKey(log), EncodeSequence(++count->second)));
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence before, NewestErasedTombstone(view, log));
  if (found.newest_tombstone > before) {
    side_writes.push_back(
        SideWrite::Put(SideFamily::kState, ErasedTombstoneKey(log), EncodeSequence(found.newest_tombstone)));
  }
  const size_t bytes = replacement.bytes.size();
  *under_way_bytes_ += bytes;
  // What fails is found again by the next pass.
  absl::Status accepted =
      log_.Replace(log, entry.first_sequence, std::move(replacement), std::move(side_writes),
                   [under_way = under_way_bytes_, bytes](const absl::Status&) { *under_way -= bytes; });
  if (!accepted.ok()) {
    *under_way_bytes_ -= bytes;
  }
  return accepted;
}

absl::Status LatestKeeper::Step(const DatasetState& dataset, absl::Time now, absl::Duration tombstone_age,
                                size_t bytes_max) {
  const LogId log{dataset.log};
  const std::shared_ptr<const LogView> view = log_.View();
  if (!passes_.contains(dataset.log)) {
    Pass begun;
    ALLMENDE_ASSIGN_OR_RETURN(const bool due, BeginIfDue(*view, log, begun));
    if (!due) {
      return absl::OkStatus();
    }
    passes_[dataset.log] = begun;
  }
  Pass& pass = passes_[dataset.log];
  std::optional<absl::Time> tombstones_before;
  if (tombstone_age > absl::ZeroDuration()) {
    tombstones_before = now - tombstone_age;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(log));
  pass.next = std::max(pass.next, head.first_sequence);  // trimmed meanwhile
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view->ReadFromSequence(log, pass.next, bytes_max));
  while (pass.next < pass.through && !Waiting() && cursor->Next()) {
    const StoredEntry& entry = cursor->entry();
    uint64_t live = 0;
    ALLMENDE_ASSIGN_OR_RETURN(const Found found, Look(*view, log, entry, tombstones_before, live));
    if (!found.indexes.empty()) {
      ALLMENDE_RETURN_IF_ERROR(Erase(*view, log, entry, found));
    }
    pass.live += live;
    pass.next = entry.first_sequence + entry.count;
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  if (pass.next < pass.through) {
    return absl::OkStatus();
  }
  std::vector<SideWrite> done;
  done.push_back(SideWrite::Put(SideFamily::kState, LatestThroughKey(log), EncodeSequence(pass.through)));
  done.push_back(SideWrite::Put(SideFamily::kState, LatestLiveKey(log), EncodeSequence(pass.live)));
  ALLMENDE_RETURN_IF_ERROR(log_.WriteSide(std::move(done), [](absl::Status) {}));
  passes_.erase(dataset.log);
  return absl::OkStatus();
}

}  // namespace allmende::broker
