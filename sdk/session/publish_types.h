// What a publisher keeps about batches that wait for the broker, apart from their records.
#pragma once

#include <cstdint>

#include "sdk/crypto/hash.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/dataset_id.h"

namespace allmende::session {

struct PendingBatch {
  uint64_t number = 0;  // in its outbox, ascending from 1
  uint32_t record_count = 0;
  uint64_t encoded_bytes = 0;  // sealed
  int64_t created_us = 0;
  crypto::Digest root{};
  crypto::Digest schema_hash{};  // zeros: the one in force when it is sent
};

// Where the oldest batch that is not acknowledged goes in the dataset's log. Together with the batches it determines
// every statement, and so what was sent before a crash can be told apart from what other writers stored. INVARIANT:
// durable before a batch sealed under it is sent.
struct SendBase {
  format::DatasetId dataset;
  uint64_t epoch = 0;         // 0: there was no contact yet
  uint64_t first_number = 1;  // of the first batch that is not acknowledged
  uint64_t next_sequence = 1;
  crypto::Digest previous_hash{};
  crypto::Digest schema_hash{};

  friend bool operator==(const SendBase&, const SendBase&) = default;
};

// The place of a batch that stands at `sequence`, behind the statement `previous`.
format::BatchPlace PlaceOf(const SendBase& base, const PendingBatch& batch, uint64_t sequence,
                           const crypto::Digest& previous);

// The hash of the statement that sealing the batch at `place` gives.
crypto::Digest StatementHashOf(const PendingBatch& batch, const format::BatchPlace& place);

}  // namespace allmende::session
