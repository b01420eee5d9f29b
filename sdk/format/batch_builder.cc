#include "sdk/format/batch_builder.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

#include "sdk/base/endian.h"
#include "sdk/format/body.h"

namespace allmende::format {

absl::StatusOr<BatchBody> BatchBody::Parse(std::string bytes) {
  absl::StatusOr<BodySummary> summary = CheckBody(bytes);
  if (!summary.ok()) {
    return std::move(summary).status();
  }
  if (summary->record_count == 0) {
    return absl::InvalidArgumentError("malformed batch: it has no record");
  }
  crypto::Sha256 hasher;
  MerkleRoot tree(hasher);
  for (const RecordView& record : RecordRange(bytes)) {
    tree.Add(LeafOf(record, hasher));
  }
  return BatchBody(std::move(bytes), summary->record_count, tree.Root());
}

absl::Status BatchBuilder::Add(const RecordContent& content) {
  if (absl::Status valid = CheckContent(content); !valid.ok()) {
    return valid;
  }
  const size_t record_bytes = kRecordHeaderBytes + sizeof(crypto::Salt) + content.key.size() + content.payload.size();
  if (record_bytes > kBatchBodyBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("the record has ", record_bytes, " bytes; at most ",
                                                   kBatchBodyBytesMax, " fit into a batch: split it up"));
  }
  if (record_count_ == kBatchRecordsMax || counted_bytes_ + CountedBytes(record_bytes) > kBatchBodyBytesMax) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the batch is full with ", record_count_, " records; the record goes into the next one"));
  }
  const size_t start = bytes_.size();
  AppendRecord(content, salts_.Next(), bytes_);
  const std::string_view encoded = std::string_view(bytes_).substr(start);
  tree_.Add(LeafOf(ReadRecord(encoded), hasher_));
  counted_bytes_ += CountedBytes(record_bytes);
  ++record_count_;
  return absl::OkStatus();
}

absl::StatusOr<BatchBody> BatchBuilder::Finish() {
  if (empty()) {
    return absl::FailedPreconditionError("a batch needs at least one record");
  }
  // A copy of the right size; the buffer stays, because fresh memory for each batch costs more than its copying.
  BatchBody body(bytes_, record_count_, tree_.Root());
  bytes_.clear();
  tree_.Clear();
  counted_bytes_ = 0;
  record_count_ = 0;
  return body;
}

absl::StatusOr<std::string> Seal(const BatchBody& body, const BatchPlace& place,
                                 const crypto::Ed25519PrivateKey* signer) {
  const Statement statement{.dataset = place.dataset,
                            .epoch = place.epoch,
                            .first_sequence = place.first_sequence,
                            .record_count = body.record_count(),
                            .created_us = place.created_us,
                            .schema_hash = place.schema_hash,
                            .previous_hash = place.previous_hash,
                            .root = body.root()};
  if (absl::Status valid = CheckStatement(statement); !valid.ok()) {
    return valid;
  }
  std::string batch = EncodeStatement(statement);
  batch.reserve(kBatchHeaderBytes + body.bytes().size());
  AppendSignatureArea(std::string_view(batch).substr(0, kStatementBytes), signer, batch);
  AppendBigEndian(static_cast<uint32_t>(body.bytes().size()), batch);
  batch.append(body.bytes());
  return batch;
}

}  // namespace allmende::format
