// A queue for publishers without an outbox: it is gone with the process.
#pragma once

#include <deque>

#include "absl/base/thread_annotations.h"
#include "sdk/base/mutex.h"
#include "sdk/outbox/batch_queue.h"

namespace allmende::outbox {

class MemoryQueue final : public BatchQueue {
 public:
  explicit MemoryQueue(std::string writer_id) : writer_id_(std::move(writer_id)) {}

  absl::Status Add(std::span<QueuedBatch> batches) override;
  absl::StatusOr<std::vector<session::PendingBatch>> List(uint64_t from_number, uint64_t bytes_max) override;
  absl::StatusOr<std::shared_ptr<const format::BatchBody>> Body(uint64_t number) override;
  absl::Status SaveBase(const session::SendBase& base) override;
  absl::Status Acknowledge(const session::SendBase& base) override;
  std::string writer_id() const override { return writer_id_; }
  session::SendBase base() const override;
  uint64_t last_number() const override;
  Waiting waiting() const override;
  uint64_t settled_records() const override;

 private:
  uint64_t LastNumber() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { return base_.first_number + batches_.size() - 1; }

  // Constant after construction.
  const std::string writer_id_;

  mutable Mutex mutex_;
  session::SendBase base_ ABSL_GUARDED_BY(mutex_);
  std::deque<QueuedBatch> batches_ ABSL_GUARDED_BY(mutex_);  // from base_.first_number on
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t settled_records_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace allmende::outbox
