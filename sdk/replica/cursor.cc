#include "sdk/replica/cursor.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "sdk/replica/encoding.h"

namespace allmende::replica {

namespace {

// So many records may still be handed out after a lease ended: a check costs as much as some records do.
constexpr uint64_t kStepsBetweenChecks = 64;

// The first key behind all that begin with `prefix`; empty: there is none.
std::string Behind(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

}  // namespace

uint64_t CursorPlaces::count() const {
  MutexLock lock(mutex_);
  return count_;
}

bool CursorPlaces::AnyOfFirst(uint64_t count) const {
  MutexLock lock(mutex_);
  return !taken_.empty() && *taken_.begin() < count;
}

absl::StatusOr<CursorPlace> CursorPlace::Take(CursorPlaces* places) {
  MutexLock lock(places->mutex_);
  if (places->taken_.size() >= kCursorsMax) {
    return absl::ResourceExhaustedError(absl::StrCat(kCursorsMax, " cursors are open; close one first"));
  }
  places->taken_.insert(places->count_);
  return CursorPlace(places, places->count_++);
}

CursorPlace::~CursorPlace() {
  if (places_ == nullptr) return;
  MutexLock lock(places_->mutex_);
  places_->taken_.erase(number_);
}

CursorRange TableRange(uint64_t copy, const ScanOptions& options) {
  CursorRange range;
  range.lower = TableKey(copy, std::max(options.prefix, options.from));
  range.upper = CopyPrefix(copy + 1);
  if (!options.to.empty()) range.upper = std::min(range.upper, TableKey(copy, options.to));
  if (!options.prefix.empty()) range.upper = std::min(range.upper, Behind(TableKey(copy, options.prefix)));
  return range;
}

CursorRange StreamRange(uint64_t copy, const ScanOptions& options) {
  CursorRange range;
  range.lower = StreamKey(copy, options.from_sequence);
  range.upper = options.to_sequence == std::numeric_limits<uint64_t>::max() ? CopyPrefix(copy + 1)
                                                                            : StreamKey(copy, options.to_sequence + 1);
  return range;
}

Cursor::Cursor(CursorPlace place, std::unique_ptr<store::Snapshot> snapshot, std::unique_ptr<store::Iterator> iterator,
               Published* published, Published::Admission admission, absl::Duration max_staleness,
               std::function<void()> damaged)
    : place_(std::move(place)),
      snapshot_(std::move(snapshot)),
      iterator_(std::move(iterator)),
      published_(published),
      admission_(std::move(admission)),
      max_staleness_(max_staleness),
      damaged_(std::move(damaged)),
      done_(iterator_ == nullptr) {}

bool Cursor::Fail(absl::Status status) {
  done_ = true;
  status_ = std::move(status);
  if (absl::IsDataLoss(status_)) damaged_();
  return false;
}

absl::Status Cursor::CheckStill() {
  if (absl::Status status = published_->CheckOpen(admission_); !status.ok()) return status;
  return published_->Admit(max_staleness_).status();
}

bool Cursor::Next() {
  if (done_) return false;
  if (steps_++ % kStepsBetweenChecks == 0) {
    if (absl::Status status = CheckStill(); !status.ok()) return Fail(std::move(status));
  }
  if (steps_ == 1) {
    iterator_->SeekToFirst();
  } else {
    iterator_->Next();
  }
  if (!iterator_->Valid()) {
    done_ = true;
    return iterator_->status().ok() ? false : Fail(iterator_->status());
  }
  absl::StatusOr<RecordView> record = admission_.Copy().is_table
                                          ? DecodeTableRecord(iterator_->key(), iterator_->value())
                                          : DecodeStreamRecord(iterator_->key(), iterator_->value());
  if (!record.ok()) return Fail(record.status());
  record_ = *record;
  return true;
}

}  // namespace allmende::replica
