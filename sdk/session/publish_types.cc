#include "sdk/session/publish_types.h"

#include "sdk/format/statement.h"

namespace allmende::session {

format::BatchPlace PlaceOf(const SendBase& base, const PendingBatch& batch, uint64_t sequence,
                           const crypto::Digest& previous) {
  format::BatchPlace place;
  place.dataset = base.dataset;
  place.epoch = base.epoch;
  place.first_sequence = sequence;
  place.created_us = batch.created_us;
  place.schema_hash = batch.schema_hash == crypto::Digest{} ? base.schema_hash : batch.schema_hash;
  place.previous_hash = previous;
  return place;
}

crypto::Digest StatementHashOf(const PendingBatch& batch, const format::BatchPlace& place) {
  format::Statement statement;
  statement.dataset = place.dataset;
  statement.epoch = place.epoch;
  statement.first_sequence = place.first_sequence;
  statement.record_count = batch.record_count;
  statement.created_us = place.created_us;
  statement.schema_hash = place.schema_hash;
  statement.previous_hash = place.previous_hash;
  statement.root = batch.root;
  return format::HashStatement(format::EncodeStatement(statement));
}

}  // namespace allmende::session
