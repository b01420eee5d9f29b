// Walks over one state of a replica.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/replica.h"
#include "sdk/replica/copies.h"
#include "sdk/replica/published.h"

namespace allmende::replica {

inline constexpr int kCursorsMax = 64;

// One of the places for open cursors; given back with the object.
class CursorPlace {
 public:
  // kResourceExhausted: all are taken. Borrows `taken`.
  static absl::StatusOr<CursorPlace> Take(std::atomic<int>* taken);
  CursorPlace(CursorPlace&& other) noexcept : taken_(std::exchange(other.taken_, nullptr)) {}
  CursorPlace& operator=(CursorPlace&&) = delete;
  ~CursorPlace();

 private:
  explicit CursorPlace(std::atomic<int>* taken) : taken_(taken) {}
  std::atomic<int>* taken_;
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
