// A durable queue in a directory of its own. One process at a time. What was added survives a crash and a power
// failure, in order, with salts, times and batch boundaries as they were: so what is sent again after a crash is the
// same bytes.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "sdk/base/mutex.h"
#include "sdk/outbox/batch_queue.h"
#include "sdk/store/database.h"

namespace allmende::outbox {

struct OutboxOptions {
  std::string directory;
  std::string dataset;
  uint64_t cache_bytes_max = 8 << 20;  // of bodies that were just added and are about to be sent
};

class Outbox final : public BatchQueue {
 public:
  // Makes the directory if it is missing.
  //   kFailedPrecondition  another dataset's outbox, or in use by another process
  //   kDataLoss            damaged; a batch is missing or cannot be read
  //   others               as store::Database::Open
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(const OutboxOptions& options);

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
  Outbox(const OutboxOptions& options, std::unique_ptr<store::Database> database)
      : options_(options), database_(std::move(database)) {}

  absl::Status Load();
  absl::Status LoadWaiting();
  bool Waits(uint64_t number) const;
  absl::Status Advance(const session::SendBase& base, store::Durability durability);
  absl::StatusOr<session::PendingBatch> Descriptor(uint64_t number) const;

  // Constant after Open.
  const OutboxOptions options_;
  const std::unique_ptr<store::Database> database_;
  std::string writer_id_;

  mutable Mutex mutex_;
  session::SendBase base_ ABSL_GUARDED_BY(mutex_);
  uint64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  Waiting waiting_ ABSL_GUARDED_BY(mutex_);
  uint64_t settled_records_ ABSL_GUARDED_BY(mutex_) = 0;
  std::deque<QueuedBatch> cache_ ABSL_GUARDED_BY(mutex_);  // the newest batches, as far as they fit
  uint64_t cache_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace allmende::outbox
