// Walks over one state of a replica.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/replica.h"
#include "sdk/base/mutex.h"
#include "sdk/replica/copies.h"
#include "sdk/replica/published.h"

namespace allmende::replica {

inline constexpr size_t kCursorsMax = 64;

// Who walks over the replica. Thread-safe.
class CursorPlaces {
 public:
  // How many were taken so far.
  uint64_t count() const;
  // Whether one of the first `count` is still taken, so that what a replica held then is still looked at.
  bool AnyOfFirst(uint64_t count) const;

 private:
  friend class CursorPlace;

  mutable Mutex mutex_;
  uint64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::set<uint64_t> taken_ ABSL_GUARDED_BY(mutex_);
};

// One of the places for open cursors; given back with the object. To be taken before anything is looked at.
class CursorPlace {
 public:
  // kResourceExhausted: all are taken. Borrows `places`.
  static absl::StatusOr<CursorPlace> Take(CursorPlaces* places);
  CursorPlace(CursorPlace&& other) noexcept : places_(std::exchange(other.places_, nullptr)), number_(other.number_) {}
  CursorPlace& operator=(CursorPlace&&) = delete;
  ~CursorPlace();

 private:
  CursorPlace(CursorPlaces* places, uint64_t number) : places_(places), number_(number) {}
  CursorPlaces* places_;
  uint64_t number_;
};

struct CursorRange {
  std::string lower = {};  // database keys; `upper` is not included
  std::string upper = {};
};

CursorRange TableRange(uint64_t copy, const ScanOptions& options);
CursorRange StreamRange(uint64_t copy, const ScanOptions& options);

class Cursor final : public ReplicaCursor {
 public:
  // Borrows `published`. `damaged` is called when damage is met.
  Cursor(CursorPlace place, std::unique_ptr<store::Snapshot> snapshot, std::unique_ptr<store::Iterator> iterator,
         Published* published, Published::Admission admission, absl::Duration max_staleness,
         std::function<void()> damaged);

  bool Next() override;
  const RecordView& record() const override { return record_; }
  const absl::Status& status() const override { return status_; }
  const ReadInfo& info() const override { return admission_.info; }

 private:
  bool Fail(absl::Status status);
  absl::Status CheckStill();

  const CursorPlace place_;
  const std::unique_ptr<store::Snapshot> snapshot_;
  const std::unique_ptr<store::Iterator> iterator_;  // null: an empty range
  Published* const published_;
  Published::Admission admission_;
  const absl::Duration max_staleness_;
  const std::function<void()> damaged_;

  uint64_t steps_ = 0;
  bool done_ = false;
  RecordView record_;
  absl::Status status_;
};

}  // namespace allmende::replica
