#include "broker/data/record_finder.h"

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

absl::Status Damaged(LogId log, Sequence sequence) {
  return absl::DataLossError(
      absl::StrCat("record ", sequence, " of ", LogName(log), " cannot be read: restore the directory from a backup"));
}

}  // namespace

absl::StatusOr<std::optional<format::RecordView>> RecordFinder::Find(Sequence sequence) {
  const bool here = walk_.has_value() && sequence >= walk_->statement().first_sequence &&
                    sequence <= walk_->statement().last_sequence();
  if (!here) {
    ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view_->HeadOf(log_));
    if (sequence < head.first_sequence) {
      return std::nullopt;
    }
    ALLMENDE_RETURN_IF_ERROR(Open(sequence));
  }
  const size_t index = sequence - walk_->statement().first_sequence;
  while (records_.size() <= index) {
    if (!walk_->Next()) {
      return Damaged(log_, sequence);
    }
    records_.push_back(walk_->record());
  }
  return records_[index];
}

absl::Status RecordFinder::Open(Sequence sequence) {
  walk_.reset();
  records_.clear();
  ALLMENDE_ASSIGN_OR_RETURN(cursor_, view_->ReadFromSequence(log_, sequence, 1));
  if (!cursor_->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor_->status());
    return Damaged(log_, sequence);
  }
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor_->entry().bytes));
  absl::StatusOr<format::BatchWalk> walk = format::BatchWalk::Open(stored.batch);
  if (!walk.ok() || sequence < walk->statement().first_sequence || sequence > walk->statement().last_sequence()) {
    return Damaged(log_, sequence);
  }
  walk_ = *std::move(walk);
  return absl::OkStatus();
}

}  // namespace allmende::broker
