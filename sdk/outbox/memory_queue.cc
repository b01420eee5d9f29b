#include "sdk/outbox/memory_queue.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::outbox {

absl::Status MemoryQueue::Add(std::span<QueuedBatch> batches) {
  MutexLock lock(mutex_);
  for (QueuedBatch& batch : batches) {
    batch.pending.number = LastNumber() + 1;
    waiting_.bytes += batch.pending.encoded_bytes;
    waiting_.records += batch.pending.record_count;
    batches_.push_back(batch);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<session::PendingBatch>> MemoryQueue::List(uint64_t from_number, uint64_t bytes_max) {
  MutexLock lock(mutex_);
  std::vector<session::PendingBatch> list;
  uint64_t bytes = 0;
  for (uint64_t i = std::max(from_number, base_.first_number) - base_.first_number; i < batches_.size(); ++i) {
    list.push_back(batches_[i].pending);
    bytes += list.back().encoded_bytes;
    if (bytes > bytes_max) break;
  }
  return list;
}

absl::StatusOr<std::shared_ptr<const format::BatchBody>> MemoryQueue::Body(uint64_t number) {
  MutexLock lock(mutex_);
  if (number < base_.first_number || number > LastNumber()) {
    return absl::NotFoundError(absl::StrCat("batch ", number, " does not wait"));
  }
  return batches_[number - base_.first_number].body;
}

absl::Status MemoryQueue::SaveBase(const session::SendBase& base) {
  MutexLock lock(mutex_);
  while (!batches_.empty() && batches_.front().pending.number < base.first_number) {
    waiting_.bytes -= batches_.front().pending.encoded_bytes;
    waiting_.records -= batches_.front().pending.record_count;
    settled_records_ += batches_.front().pending.record_count;
    batches_.pop_front();
  }
  base_ = base;
  return absl::OkStatus();
}

absl::Status MemoryQueue::Acknowledge(const session::SendBase& base) {
  return SaveBase(base);
}

session::SendBase MemoryQueue::base() const {
  MutexLock lock(mutex_);
  return base_;
}

uint64_t MemoryQueue::last_number() const {
  MutexLock lock(mutex_);
  return LastNumber();
}

BatchQueue::Waiting MemoryQueue::waiting() const {
  MutexLock lock(mutex_);
  return waiting_;
}

uint64_t MemoryQueue::settled_records() const {
  MutexLock lock(mutex_);
  return settled_records_;
}

}  // namespace allmende::outbox
