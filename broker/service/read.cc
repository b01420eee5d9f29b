#include "broker/service/read.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "broker/data/record_finder.h"
#include "policy/view/view.h"
#include "sdk/base/status.h"
#include "sdk/format/batch.h"

namespace allmende::broker {
namespace {

constexpr uint32_t kRecordsMax = 10'000;
constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr size_t kReadBytes = 1 << 20;

absl::Status CheckDataset(const DatasetState& dataset, const format::DatasetId& stored, Sequence sequence) {
  return stored.bytes() == dataset.id
             ? absl::OkStatus()
             : absl::DataLossError(absl::StrCat("the batch stored at sequence ", sequence, " of `", dataset.name,
                                                "` is of another dataset: restore the broker's directory from a "
                                                "backup"));
}

// Reads records as the view delivers them.
class Reader {
 public:
  Reader(const Entitled& entitled, std::shared_ptr<const LogView> view, LogId log)
      : entitled_(entitled), finder_(std::move(view), log) {}

  // Withheld and erased ones as such. `previous` as StoredBatch::Previous.
  absl::StatusOr<v1::Record> Apply(const format::RecordView& record, Sequence sequence, Sequence previous) {
    v1::Record out;
    out.set_sequence(sequence);
    if (!record.has_content()) {
      out.set_operation(static_cast<v1::Operation>(record.operation));
      return out;
    }
    policy::RecordInput input{static_cast<policy::RecordOperation>(record.operation), record.key, record.event_time_us,
                              record.payload};
    policy::ViewResult result = entitled_.view->Apply(input, output_);
    const bool filtered = result == policy::ViewResult::kFiltered;
    const bool deleted = input.operation == policy::RecordOperation::kDelete && entitled_.view->filters_rows();
    if (filtered || deleted) {
      ALLMENDE_ASSIGN_OR_RETURN(const bool was_shown, WasShown(record.key, previous));
      if (!was_shown) {
        out.set_operation(v1::WITHHELD);
        return out;
      }
    }
    if (filtered) {
      input.operation = policy::RecordOperation::kDelete;
      input.payload = {};
      result = entitled_.view->Apply(input, output_);
      output_.event_time_us.reset();  // of the record that is kept back
    }
    if (result != policy::ViewResult::kDeliver) {
      out.set_operation(v1::WITHHELD);
      return out;
    }
    out.set_operation(static_cast<v1::Operation>(input.operation));
    out.set_key(std::string(output_.key));
    out.set_key_is_pseudonym(output_.key_is_pseudonym);
    out.set_payload(std::string(output_.payload));
    if (output_.event_time_us.has_value()) {
      out.set_has_event_time(true);
      out.set_event_time_us(*output_.event_time_us);
    }
    return out;
  }

 private:
  // Whether who reads the whole table, as it is stored now, has come by this record of the key and not by a later one.
  absl::StatusOr<bool> WasShown(std::string_view key, Sequence previous) {
    if (entitled_.kind != v1::TABLE || previous == 0) {
      return false;
    }
    ALLMENDE_ASSIGN_OR_RETURN(const std::optional<format::RecordView> record, finder_.Find(previous));
    return record.has_value() && record->has_content() && record->key == key && entitled_.view->Passes(record->payload);
  }

  const Entitled& entitled_;
  RecordFinder finder_;
  policy::ViewOutput output_;
};

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
  Reader reader(entitled, view, id);
  size_t bytes = 0;
  Sequence next = from;
  bool full = false;
  while (!full && cursor->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
    ALLMENDE_ASSIGN_OR_RETURN(const format::BatchView batch, format::BatchView::Parse(stored.batch));
    Sequence sequence = batch.statement().first_sequence;
    ALLMENDE_RETURN_IF_ERROR(CheckDataset(dataset, batch.statement().dataset, sequence));
    for (const format::RecordView& record : batch.records()) {
      full = static_cast<uint32_t>(records.records_size()) >= records_max || bytes >= kAnswerBytesMax;
      if (full) {
        break;
      }
      if (sequence >= from) {
        const Sequence previous = stored.Previous(sequence - batch.statement().first_sequence);
        ALLMENDE_ASSIGN_OR_RETURN(v1::Record out, reader.Apply(record, sequence, previous));
        bytes += out.key().size() + out.payload().size() + 16;
        *records.add_records() = std::move(out);
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
  RecordFinder finder(view, id);
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<format::RecordView> record, finder.Find(wanted));
  if (!record.has_value()) {
    return absl::OkStatus();  // its batch is no longer kept
  }
  ALLMENDE_RETURN_IF_ERROR(CheckDataset(dataset, finder.dataset(), wanted));
  // What came before it does not matter: without a record there is nothing to show.
  ALLMENDE_ASSIGN_OR_RETURN(v1::Record out, Reader(entitled, view, id).Apply(*record, wanted, 0));
  if (out.operation() == v1::UPSERT) {
    *response.mutable_record() = std::move(out);
  }
  return absl::OkStatus();
}

}  // namespace allmende::broker
