#include "broker/service/read.h"

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "policy/view/view.h"
#include "sdk/base/status.h"
#include "sdk/format/batch.h"

namespace allmende::broker {
namespace {

constexpr uint32_t kRecordsMax = 10'000;
constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr size_t kReadBytes = 1 << 20;

// The record as the view delivers it; kWithheld and kErased ones as such. False where the reader must not see even
// that.
void ApplyView(const Entitled& entitled, const format::RecordView& record, Sequence sequence,
               policy::ViewOutput& output, v1::Record& out) {
  out.set_sequence(sequence);
  if (!record.has_content()) {
    out.set_operation(static_cast<v1::Operation>(record.operation));
    return;
  }
  const policy::ViewResult result = entitled.view->Apply(
      {static_cast<policy::RecordOperation>(record.operation), record.key, record.event_time_us, record.payload},
      output);
  if (result == policy::ViewResult::kError || (result == policy::ViewResult::kFiltered && entitled.kind != v1::TABLE)) {
    out.set_operation(v1::WITHHELD);
    return;
  }
  out.set_key(std::string(output.key));
  out.set_key_is_pseudonym(output.key_is_pseudonym);
  if (result == policy::ViewResult::kFiltered) {
    out.set_operation(v1::DELETE);  // the reader of a table may hold an earlier version that passed the filter
    return;
  }
  out.set_operation(static_cast<v1::Operation>(record.operation));
  out.set_payload(std::string(output.payload));
  if (output.event_time_us.has_value()) {
    out.set_has_event_time(true);
    out.set_event_time_us(*output.event_time_us);
  }
}

}  // namespace

absl::Status ReadRecords(const Log& log, const DatasetState& dataset, const Entitled& entitled,
                         const v1::ReadRequest& request, v1::Records& records) {
  const LogId id{dataset.log};
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id));
  const Sequence from = std::max<Sequence>(request.from_sequence(), head.first_sequence);
  if (from > head.next_sequence) {
    return absl::OutOfRangeError(
        absl::StrCat("`", dataset.name, "` ends at sequence ", head.next_sequence - 1, ", not at ", from));
  }
  const uint32_t records_max = request.records_max() == 0 ? kRecordsMax : std::min(request.records_max(), kRecordsMax);
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view->ReadFromSequence(id, from, kReadBytes));
  policy::ViewOutput output;
  size_t bytes = 0;
  Sequence next = from;
  bool full = false;
  while (!full && cursor->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
    ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView batch, format::BatchView::Parse(stored.batch));
    Sequence sequence = batch.statement().first_sequence;
    for (const format::RecordView& record : batch.records()) {
      full = static_cast<uint32_t>(records.records_size()) >= records_max || bytes >= kAnswerBytesMax;
      if (full) {
        break;
      }
      if (sequence >= from) {
        v1::Record& out = *records.add_records();
        ApplyView(entitled, record, sequence, output, out);
        bytes += out.key().size() + out.payload().size() + 16;
        next = sequence + 1;
      }
      ++sequence;
    }
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  records.set_next_sequence(next);
  records.set_head_sequence(head.next_sequence - 1);
  *records.mutable_terms() = entitled.terms;
  return absl::OkStatus();
}

absl::Status LookupRecord(const Log& log, const DatasetState& dataset, const Entitled& entitled,
                          const v1::LookupRequest& request, v1::LookupResponse& response) {
  if (dataset.kind != v1::TABLE) {
    return absl::InvalidArgumentError(absl::StrCat("`", dataset.name, "` is a stream: only a table has keys"));
  }
  if (entitled.view->key_treatment() != policy::KeyTreatment::kKeep) {
    return absl::FailedPreconditionError(absl::StrCat(
        "your view of `", dataset.name, "` replaces keys by pseudonyms, so a key cannot be looked up: keep a replica"));
  }
  *response.mutable_terms() = entitled.terms;
  response.set_absent(true);
  const LogId id{dataset.log};
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const auto latest, view->GetSide(SideFamily::kKeyIndex, KeyIndexKey(id, request.key())));
  if (!latest.has_value()) {
    return absl::OkStatus();
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence wanted, DecodeSequence(*latest));
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id));
  if (wanted < head.first_sequence) {
    return absl::OkStatus();  // its batch is no longer kept; the index is not cleaned of it
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view->ReadFromSequence(id, wanted, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    return absl::DataLossError(absl::StrCat("record ", wanted, " of `", dataset.name, "` is indexed but missing"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
  ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView batch, format::BatchView::Parse(stored.batch));
  policy::ViewOutput output;
  Sequence sequence = batch.statement().first_sequence;
  for (const format::RecordView& record : batch.records()) {
    if (sequence == wanted) {
      v1::Record out;
      ApplyView(entitled, record, sequence, output, out);
      if (out.operation() == v1::UPSERT) {
        *response.mutable_record() = std::move(out);
      }
      break;
    }
    ++sequence;
  }
  return absl::OkStatus();
}

}  // namespace allmende::broker
