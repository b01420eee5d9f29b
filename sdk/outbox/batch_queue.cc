#include "sdk/outbox/batch_queue.h"

#include <utility>

namespace allmende::outbox {

QueuedBatch MakeQueuedBatch(format::BatchBody body, int64_t created_us, const crypto::Digest& schema_hash) {
  QueuedBatch batch;
  batch.pending.record_count = body.record_count();
  batch.pending.encoded_bytes = format::kBatchHeaderBytes + body.bytes().size();
  batch.pending.created_us = created_us;
  batch.pending.root = body.root();
  batch.pending.schema_hash = schema_hash;
  batch.body = std::make_shared<const format::BatchBody>(std::move(body));
  return batch;
}

}  // namespace allmende::outbox
