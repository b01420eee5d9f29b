#include "broker/data/retention.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/data/keys.h"
#include "sdk/base/status.h"
#include "sdk/format/batch.h"

namespace allmende::broker {
namespace {

// Of one call, so that the log's queue keeps room for publishers.
constexpr size_t kSideWritesMax = 16'384;

struct Accepted {
  Sequence first = 0;
  Sequence next = 0;
  absl::Time at;
};

// The batch that contains `sequence`, which is held.
absl::StatusOr<Accepted> AcceptedAt(const LogView& view, LogId log, Sequence sequence) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view.ReadFromSequence(log, sequence, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    return absl::DataLossError("an entry of the log is missing");
  }
  const StoredEntry& entry = cursor->entry();
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(entry.bytes));
  return Accepted{entry.first_sequence, entry.first_sequence + entry.count, stored.envelope.accepted_at};
}

// The first sequence that is young enough to stay; the head's next one if none is. Looks at a number of batches that
// grows with the logarithm of what is due: at one where nothing is. Batches are accepted in the order of time; where
// the clock was set back in between, what stays begins at some young batch behind an old one, or at the oldest.
absl::StatusOr<Sequence> FirstYoungerThan(const LogView& view, LogId log, const LogHead& head, absl::Time oldest) {
  // INVARIANT: the batch before `low`, if there is one, is too old; the one at `high`, if there is one, is not.
  Sequence low = head.first_sequence;
  Sequence high = head.next_sequence;
  Sequence step = 0;
  while (low < high) {
    ALLMENDE_ASSIGN_OR_RETURN(const Accepted batch, AcceptedAt(view, log, low + std::min(step, (high - low) / 2)));
    if (batch.at < oldest) {
      low = batch.next;
      step = 2 * step + (batch.next - batch.first);
    } else {
      high = batch.first;
    }
  }
  return low;
}

// The first sequence of the oldest batch that stays.
absl::StatusOr<Sequence> FirstToKeep(const LogView& view, LogId log, const LogHead& head,
                                     const v1::Retention& retention, absl::Time now) {
  Sequence keep_from = head.first_sequence;
  if (retention.max_age_us() > 0) {
    ALLMENDE_ASSIGN_OR_RETURN(keep_from,
                              FirstYoungerThan(view, log, head, now - absl::Microseconds(retention.max_age_us())));
  }
  if (retention.max_bytes() > 0) {
    ALLMENDE_ASSIGN_OR_RETURN(const Sequence within,
                              view.FirstSequenceWithin(log, static_cast<uint64_t>(retention.max_bytes())));
    keep_from = std::max(keep_from, within);
  }
  if (keep_from <= head.first_sequence) {
    return head.first_sequence;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Accepted kept, AcceptedAt(view, log, std::min(keep_from, head.next_sequence - 1)));
  return kept.first;
}

// Takes the keys out of the index that would point at nothing once what lies before some place is given up. Nobody
// waits for the index meanwhile: a key that comes again before the log has carried it out keeps its new entry.
class KeyCleaner {
 public:
  KeyCleaner(Log& log, const LogView& view, LogId id) : log_(log), view_(view), id_(id) {}

  // Returns the first sequence of [from, cut) that is not cleaned yet, or `cut`.
  absl::StatusOr<Sequence> Clean(Sequence from, Sequence cut) {
    ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view_.ReadFromSequence(id_, from, kReadBytes));
    while (from < cut && written_ < kSideWritesMax && cursor->Next()) {
      ALLMENDE_RETURN_IF_ERROR(CleanEntry(cursor->entry()));
      from = cursor->entry().first_sequence + cursor->entry().count;
    }
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    ALLMENDE_RETURN_IF_ERROR(Flush());
    return from;
  }

 private:
  static constexpr size_t kReadBytes = 32 << 20;
  static constexpr size_t kPerWrite = 1'000;

  absl::Status CleanEntry(const StoredEntry& entry) {
    ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(entry.bytes));
    ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView batch, format::BatchView::Parse(stored.batch));
    Sequence sequence = entry.first_sequence;
    for (const format::RecordView& record : batch.records()) {
      if (record.has_content() && record.operation == format::Operation::kUpsert) {
        ALLMENDE_RETURN_IF_ERROR(CleanKey(record.key, sequence));
      }
      ++sequence;
    }
    return absl::OkStatus();
  }

  absl::Status CleanKey(std::string_view record_key, Sequence sequence) {
    std::string key = KeyIndexKey(id_, record_key);
    std::string value = EncodeSequence(sequence);
    ALLMENDE_ASSIGN_OR_RETURN(const auto latest, view_.GetSide(SideFamily::kKeyIndex, key));
    if (latest != value) {
      return absl::OkStatus();
    }
    deletes_.push_back(SideWrite::DeleteIf(SideFamily::kKeyIndex, std::move(key), std::move(value)));
    newest_ = sequence;
    return deletes_.size() < kPerWrite ? absl::OkStatus() : Flush();
  }

  absl::Status Flush() {
    if (deletes_.empty()) {
      return absl::OkStatus();
    }
    written_ += deletes_.size();
    deletes_.push_back(SideWrite::Put(SideFamily::kState, NewestExpiredKey(id_), EncodeSequence(newest_)));
    return log_.WriteSide(std::exchange(deletes_, {}), [](const absl::Status&) {});
  }

  Log& log_;
  const LogView& view_;
  const LogId id_;
  std::vector<SideWrite> deletes_;
  Sequence newest_ = 0;
  size_t written_ = 0;
};

// Takes out the entries of batches before `cut`. The newest of them stays, and names `cut`: what lies between there and
// the batch of the next entry may be as young as it says. Returns whether there are more.
absl::StatusOr<bool> CleanTimes(Log& log, const LogView& view, LogId id, Sequence cut) {
  const std::unique_ptr<SideCursor> cursor = view.ScanSide(SideFamily::kTimeIndex, SideKeyPrefix(id), {});
  std::vector<SideWrite> writes;
  std::string newest;  // of those before `cut`
  bool cut_has_one = false;
  bool more = false;
  while (!more && cursor->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const Sequence first, DecodeSequence(cursor->value()));
    if (first >= cut) {
      cut_has_one = first == cut;
      break;
    }
    if (!newest.empty()) {
      writes.push_back(SideWrite::Delete(SideFamily::kTimeIndex, std::move(newest)));
    }
    newest = std::string(cursor->key());
    more = writes.size() >= kSideWritesMax;
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  if (!newest.empty() && !more) {
    writes.push_back(cut_has_one ? SideWrite::Delete(SideFamily::kTimeIndex, std::move(newest))
                                 : SideWrite::Put(SideFamily::kTimeIndex, std::move(newest), EncodeSequence(cut)));
  }
  if (!writes.empty()) {
    ALLMENDE_RETURN_IF_ERROR(log.WriteSide(std::move(writes), [](const absl::Status&) {}));
  }
  return more;
}

// A stream has none.
absl::StatusOr<bool> HasKeys(const LogView& view, LogId log) {
  const std::unique_ptr<SideCursor> cursor = view.ScanSide(SideFamily::kKeyIndex, SideKeyPrefix(log), {});
  const bool any = cursor->Next();
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  return any;
}

}  // namespace

absl::StatusOr<bool> ApplyRetention(Log& log, LogId id, const v1::Retention& retention, absl::Time now) {
  if (retention.max_age_us() == 0 && retention.max_bytes() == 0) {
    return false;
  }
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id));
  if (head.first_sequence >= head.next_sequence) {
    return false;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence due, FirstToKeep(*view, id, head, retention, now));
  Sequence cut = due;
  // The keys go first: of batches that are gone nobody could tell them.
  if (head.first_sequence < due) {
    ALLMENDE_ASSIGN_OR_RETURN(const bool has_keys, HasKeys(*view, id));
    if (has_keys) {
      ALLMENDE_ASSIGN_OR_RETURN(cut, KeyCleaner(log, *view, id).Clean(head.first_sequence, due));
    }
  }
  ALLMENDE_ASSIGN_OR_RETURN(const bool more_times, CleanTimes(log, *view, id, cut));
  if (head.first_sequence < cut) {
    ALLMENDE_RETURN_IF_ERROR(log.TrimBefore(id, cut, [](const absl::Status&) {}));
  }
  return more_times || cut < due;
}

absl::StatusOr<Sequence> NewestExpired(const LogView& view, LogId log) {
  ALLMENDE_ASSIGN_OR_RETURN(const auto found, view.GetSide(SideFamily::kState, NewestExpiredKey(log)));
  if (!found.has_value()) {
    return Sequence{0};
  }
  return DecodeSequence(*found);
}

}  // namespace allmende::broker
