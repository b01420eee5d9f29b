#include "broker/log/store_view.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log/write.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

absl::Status Missing(LogId log, Sequence sequence) {
  return absl::DataLossError(
      absl::StrCat("record ", sequence, " of ", LogName(log), " is missing: restore the directory from a backup"));
}

class StoreCursor final : public LogCursor {
 public:
  // `iterator` stands at the entry that begins at `next`, or anywhere if next == end.
  StoreCursor(std::shared_ptr<const LogView> view, std::unique_ptr<store::Iterator> iterator, LogId log, Sequence next,
              Sequence end, std::size_t bytes_max)
      : view_(std::move(view)),
        iterator_(std::move(iterator)),
        log_(log),
        next_(next),
        end_(end),
        bytes_max_(bytes_max) {}

  bool Next() override {
    if (!outcome_.ok() || next_ == end_ || (started_ && given_bytes_ >= bytes_max_)) {
      return false;
    }
    if (started_) {
      iterator_->Next();
    }
    started_ = true;
    outcome_ = Load();
    return outcome_.ok();
  }

  const StoredEntry& entry() const override { return entry_; }
  absl::Status status() const override { return outcome_; }

 private:
  absl::Status Load() {
    if (!iterator_->Valid()) {
      ALLMENDE_RETURN_IF_ERROR(iterator_->status());
      return Missing(log_, next_);
    }
    ALLMENDE_ASSIGN_OR_RETURN(const Sequence first, SequenceOfEntryKey(iterator_->key()));
    if (first != next_) {
      return Missing(log_, next_);
    }
    ALLMENDE_ASSIGN_OR_RETURN(const EncodedEntry stored, DecodeEntry(iterator_->value()));
    next_ += stored.header.count;
    if (stored.header.count == 0 || next_ > end_) {
      return absl::DataLossError(absl::StrCat("the entry at record ", first, " of ", LogName(log_), " is damaged"));
    }
    given_bytes_ += stored.bytes.size();
    entry_ = {first, stored.header.count, stored.header.hash, LogPosition::FromToken(next_ - 1), stored.bytes};
    return absl::OkStatus();
  }

  const std::shared_ptr<const LogView> view_;  // keeps the snapshot
  const std::unique_ptr<store::Iterator> iterator_;
  const LogId log_;
  Sequence next_;
  const Sequence end_;
  const std::size_t bytes_max_;
  std::size_t given_bytes_ = 0;
  bool started_ = false;
  StoredEntry entry_;
  absl::Status outcome_;
};

class StoreSideCursor final : public SideCursor {
 public:
  StoreSideCursor(std::shared_ptr<const LogView> view, std::unique_ptr<store::Iterator> iterator, std::string start)
      : view_(std::move(view)), iterator_(std::move(iterator)), start_(std::move(start)) {}

  bool Next() override {
    if (!started_) {
      iterator_->Seek(start_);
    } else if (iterator_->Valid()) {
      iterator_->Next();
    }
    started_ = true;
    return iterator_->Valid();
  }

  std::string_view key() const override { return iterator_->key(); }
  std::string_view value() const override { return iterator_->value(); }
  absl::Status status() const override { return iterator_->status(); }

 private:
  const std::shared_ptr<const LogView> view_;
  const std::unique_ptr<store::Iterator> iterator_;
  const std::string start_;
  bool started_ = false;
};

// Moves to the entry that contains `sequence`.
absl::StatusOr<FoundEntry> MoveTo(store::Iterator& iterator, LogId log, Sequence sequence) {
  iterator.SeekForPrev(EntryKey(log, sequence));
  if (!iterator.Valid()) {
    ALLMENDE_RETURN_IF_ERROR(iterator.status());
    return Missing(log, sequence);
  }
  FoundEntry found;
  ALLMENDE_ASSIGN_OR_RETURN(found.first, SequenceOfEntryKey(iterator.key()));
  ALLMENDE_ASSIGN_OR_RETURN(const EncodedEntry stored, DecodeEntry(iterator.value()));
  found.header = stored.header;
  if (sequence - found.first >= found.header.count) {
    return Missing(log, sequence);
  }
  return found;
}

}  // namespace

absl::StatusOr<FoundEntry> FindEntry(const store::Database& database, LogId log, Sequence sequence,
                                     const store::Snapshot* snapshot) {
  const std::unique_ptr<store::Iterator> iterator =
      database.Scan(kEntryFamily, {.snapshot = snapshot, .lower = EntryKey(log, 0), .upper = EntryKeysEnd(log)});
  return MoveTo(*iterator, log, sequence);
}

absl::StatusOr<Sequence> EntryAtOrBefore(const store::Database& database, LogId log, Sequence sequence) {
  const std::unique_ptr<store::Iterator> iterator =
      database.Scan(kEntryFamily, {.lower = EntryKey(log, 0), .upper = EntryKeysEnd(log)});
  iterator->SeekForPrev(EntryKey(log, sequence));
  if (!iterator->Valid()) {
    ALLMENDE_RETURN_IF_ERROR(iterator->status());
    return Sequence{0};
  }
  return SequenceOfEntryKey(iterator->key());
}

std::shared_ptr<const StoreView> StoreView::Take(const store::Database& database, ViewGauge& gauge) {
  return std::shared_ptr<const StoreView>(new StoreView(database, gauge));
}

StoreView::StoreView(const store::Database& database, ViewGauge& gauge)
    : database_(database), gauge_(gauge), ticket_(gauge.Enter()), snapshot_(database.TakeSnapshot()) {}

StoreView::~StoreView() {
  snapshot_.reset();
  gauge_.Leave(ticket_);
}

absl::StatusOr<HeadRecord> StoreView::RecordOf(LogId log) const {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<store::PinnedValue> stored,
                            database_.GetPinned(kHeadFamily, HeadKey(log), snapshot_.get()));
  return stored.has_value() ? DecodeHead(stored->value()) : HeadRecord();
}

absl::StatusOr<LogHead> StoreView::HeadOf(LogId log) const {
  ALLMENDE_ASSIGN_OR_RETURN(const HeadRecord record, RecordOf(log));
  return record.ToHead();
}

std::unique_ptr<store::Iterator> StoreView::EntriesUpTo(LogId log, Sequence end) const {
  return database_.Scan(kEntryFamily,
                        {.snapshot = snapshot_.get(), .lower = EntryKey(log, 0), .upper = EntryKey(log, end)});
}

absl::StatusOr<std::unique_ptr<LogCursor>> StoreView::ReadFrom(LogId log, LogPosition position,
                                                               std::size_t bytes_max) const {
  ALLMENDE_ASSIGN_OR_RETURN(const HeadRecord head, RecordOf(log));
  const Sequence sequence = SequenceAt(position);
  ALLMENDE_RETURN_IF_ERROR(CheckReadFrom(log, sequence, head.ToHead()));
  std::unique_ptr<store::Iterator> iterator = EntriesUpTo(log, head.next_sequence);
  if (sequence != head.next_sequence) {
    iterator->Seek(EntryKey(log, sequence));
  }
  return std::make_unique<StoreCursor>(shared_from_this(), std::move(iterator), log, sequence, head.next_sequence,
                                       bytes_max);
}

absl::StatusOr<std::unique_ptr<LogCursor>> StoreView::ReadFromSequence(LogId log, Sequence sequence,
                                                                       std::size_t bytes_max) const {
  ALLMENDE_ASSIGN_OR_RETURN(const HeadRecord head, RecordOf(log));
  ALLMENDE_RETURN_IF_ERROR(CheckReadFrom(log, sequence, head.ToHead()));
  std::unique_ptr<store::Iterator> iterator = EntriesUpTo(log, head.next_sequence);
  Sequence first = sequence;
  if (sequence != head.next_sequence) {
    ALLMENDE_ASSIGN_OR_RETURN(const FoundEntry found, MoveTo(*iterator, log, sequence));
    first = found.first;
  }
  return std::make_unique<StoreCursor>(shared_from_this(), std::move(iterator), log, first, head.next_sequence,
                                       bytes_max);
}

absl::StatusOr<Sequence> StoreView::FirstSequenceWithin(LogId log, std::uint64_t bytes) const {
  ALLMENDE_ASSIGN_OR_RETURN(const HeadRecord head, RecordOf(log));
  if (head.bytes_end - head.bytes_start <= bytes) {
    return head.first_sequence;
  }
  // INVARIANT: the answer is an entry's first sequence in [low, high], or the head's next sequence.
  Sequence low = head.first_sequence;
  Sequence high = head.next_sequence;
  while (low < high) {
    ALLMENDE_ASSIGN_OR_RETURN(const FoundEntry entry,
                              FindEntry(database_, log, low + (high - low) / 2, snapshot_.get()));
    if (head.bytes_end - entry.header.bytes_before <= bytes) {
      high = entry.first;
    } else {
      low = entry.first + entry.header.count;
    }
  }
  return low;
}

absl::StatusOr<std::optional<std::string>> StoreView::GetSide(SideFamily family, std::string_view key) const {
  return database_.Get(FamilyOf(family), key, snapshot_.get());
}

std::unique_ptr<SideCursor> StoreView::ScanSide(SideFamily family, std::string_view prefix,
                                                std::string_view start) const {
  std::unique_ptr<store::Iterator> iterator = database_.Scan(
      FamilyOf(family), {.snapshot = snapshot_.get(), .lower = std::string(prefix), .upper = PrefixEnd(prefix)});
  return std::make_unique<StoreSideCursor>(shared_from_this(), std::move(iterator),
                                           std::string(std::max(prefix, start)));
}

}  // namespace allmende::broker
