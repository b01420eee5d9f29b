#include "sdk/subscriber/batch_decoder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/format/delivery.h"

namespace allmende {

namespace {

absl::Status OtherThanSaid(const v1::Delivery& delivery, const char* what) {
  return absl::DataLossError(absl::StrCat("the delivery from ", delivery.first_sequence(), " to ",
                                          delivery.last_sequence(), " holds other ", what, " than it says"));
}

RecordView ViewOf(uint64_t sequence, const format::RecordView& from) {
  RecordView record;
  record.sequence = sequence;
  record.operation = static_cast<Operation>(from.operation);
  record.key = from.key;
  if (from.event_time_us.has_value()) record.event_time = absl::FromUnixMicros(*from.event_time_us);
  record.payload = from.payload;
  return record;
}

RecordView ViewOf(const format::DeliveryEntry& from) {
  RecordView record;
  record.sequence = from.first_sequence;
  record.operation = static_cast<Operation>(from.kind);
  record.key_is_pseudonym = from.key_is_pseudonym;
  record.key = from.key;
  if (from.event_time_us.has_value()) record.event_time = absl::FromUnixMicros(*from.event_time_us);
  record.payload = from.payload;
  return record;
}

}  // namespace

void RecordBatchDecoder::Begin(const v1::Opened& opened) {
  dataset_id_ = opened.dataset_id();
  snapshot_through_ = opened.snapshot() ? opened.head_sequence() : 0;
}

absl::StatusOr<RecordBatch> RecordBatchDecoder::Decode(v1::Delivery& delivery, uint64_t skip_through) {
  RecordBatch batch;
  batch.original_ = delivery.has_original();
  batch.bytes_ = std::make_unique<const std::string>(
      std::move(batch.original_ ? *delivery.mutable_original() : *delivery.mutable_transformed()));
  batch.first_sequence_ = std::max(delivery.first_sequence(), skip_through + 1);
  batch.last_sequence_ = delivery.last_sequence();
  batch.accepted_at_ = absl::FromUnixMicros(delivery.accepted_at_us());
  batch.release_ = delivery.release();
  ALLMENDE_RETURN_IF_ERROR(batch.original_ ? ReadOriginal(delivery, skip_through, batch)
                                           : ReadTransformed(delivery, skip_through, batch));
  return batch;
}

absl::Status RecordBatchDecoder::ReadOriginal(const v1::Delivery& delivery, uint64_t skip_through, RecordBatch& batch) {
  ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView view, format::BatchView::Parse(*batch.bytes_));
  const format::Statement& statement = view.statement();
  if (statement.dataset.bytes() != dataset_id_ || statement.first_sequence != delivery.first_sequence() ||
      statement.last_sequence() != delivery.last_sequence()) {
    return OtherThanSaid(delivery, "records");
  }
  if (verify_) {
    ALLMENDE_RETURN_IF_ERROR(view.CheckRoot());
    ALLMENDE_RETURN_IF_ERROR(CheckChain(view));
  }
  batch.records_.reserve(statement.record_count);
  uint64_t sequence = statement.first_sequence;
  for (const format::RecordView& record : view.records()) {
    if (sequence > skip_through && record.has_content()) batch.records_.push_back(ViewOf(sequence, record));
    ++sequence;
  }
  return absl::OkStatus();
}

absl::Status RecordBatchDecoder::CheckChain(const format::BatchView& view) {
  const format::Statement& statement = view.statement();
  if (head_.dataset == statement.dataset && head_.next_sequence > 1) {
    if (statement.first_sequence == head_.next_sequence) {
      if (absl::Status follows = format::CheckFollows(head_, statement); !follows.ok()) {
        return absl::DataLossError(absl::StrCat("the batch from ", statement.first_sequence,
                                                " does not follow the one before: ", follows.message()));
      }
    } else if (statement.first_sequence < head_.next_sequence && statement.next_sequence() > head_.next_sequence) {
      return absl::DataLossError(absl::StrCat("the batch from ", statement.first_sequence, " to ",
                                              statement.last_sequence(), " overlaps the one before, which ends at ",
                                              head_.next_sequence - 1));
    }
  }
  if (head_.dataset != statement.dataset || statement.next_sequence() > head_.next_sequence) {
    head_ = format::HeadAfter(statement, view.statement_bytes());
  }
  return absl::OkStatus();
}

absl::Status RecordBatchDecoder::ReadTransformed(const v1::Delivery& delivery, uint64_t skip_through,
                                                 RecordBatch& batch) const {
  ALLMENDE_ASSIGN_OR_RETURN(const format::DeliveryView view, format::DeliveryView::Parse(*batch.bytes_));
  const format::Attestation& attestation = view.attestation();
  if (attestation.dataset.bytes() != dataset_id_ || attestation.first_sequence != delivery.first_sequence() ||
      attestation.last_sequence != delivery.last_sequence() || attestation.release != delivery.release()) {
    return OtherThanSaid(delivery, "records");
  }
  if (attestation.snapshot && attestation.last_sequence > snapshot_through_) {
    return OtherThanSaid(delivery, "parts of a snapshot");
  }
  if (verify_ && attestation.content_hash.has_value()) ALLMENDE_RETURN_IF_ERROR(view.CheckContent());
  batch.records_.reserve(view.entry_count());
  view.ForEach([&](const format::DeliveryEntry& entry) {
    if (entry.is_record() && entry.first_sequence > skip_through) batch.records_.push_back(ViewOf(entry));
  });
  return absl::OkStatus();
}

}  // namespace allmende
