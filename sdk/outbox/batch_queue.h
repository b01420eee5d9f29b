// Where a publisher's batches wait until the broker has stored them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/format/batch_builder.h"
#include "sdk/session/publish_types.h"

namespace allmende::outbox {

struct QueuedBatch {
  session::PendingBatch pending;  // Add numbers it
  std::shared_ptr<const format::BatchBody> body;
};

// A body and what its statement needs besides its place.
QueuedBatch MakeQueuedBatch(format::BatchBody body, int64_t created_us, const crypto::Digest& schema_hash);

// Thread-safe; Add is for one thread at a time.
class BatchQueue {
 public:
  virtual ~BatchQueue() = default;

  // Appends `batches` and gives them their numbers. OK means that they will survive whatever the queue survives.
  //   kResourceExhausted  the disk is full; nothing was added, try again later
  //   kDataLoss           the disk failed; nothing more is taken until it is opened anew
  virtual absl::Status Add(std::span<QueuedBatch> batches) = 0;

  // The batches from `from_number` on, as far as there are any, until `bytes_max` is exceeded. kDataLoss: damaged.
  virtual absl::StatusOr<std::vector<session::PendingBatch>> List(uint64_t from_number, uint64_t bytes_max) = 0;

  // kDataLoss: it waits and cannot be read. kNotFound: acknowledged, dropped or never added.
  virtual absl::StatusOr<std::shared_ptr<const format::BatchBody>> Body(uint64_t number) = 0;

  // OK means that `base` survives. Batches before base.first_number are dropped. Errors as Add.
  virtual absl::Status SaveBase(const session::SendBase& base) = 0;

  // SaveBase for what the broker has stored: OK may be forgotten in a power failure.
  virtual absl::Status Acknowledge(const session::SendBase& base) = 0;

  virtual std::string writer_id() const = 0;
  virtual session::SendBase base() const = 0;
  virtual uint64_t last_number() const = 0;  // of the last batch added; base().first_number - 1: none waits

  struct Waiting {
    uint64_t bytes = 0;  // encoded
    uint64_t records = 0;
  };
  virtual Waiting waiting() const = 0;

  // Records of batches that were acknowledged or dropped since the queue was opened. Never falls.
  virtual uint64_t settled_records() const = 0;
};

}  // namespace allmende::outbox
