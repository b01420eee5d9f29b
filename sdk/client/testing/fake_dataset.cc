// The subscribing half of FakeDataset.
#include "sdk/client/testing/fake_dataset.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace allmende {

namespace {

constexpr absl::Duration kLookAround = absl::Milliseconds(5);  // gRPC does not say when a caller goes away

std::string Token(int log_number, uint64_t next) {
  return absl::StrCat(log_number, ":", next);
}

}  // namespace

absl::Status FakeDataset::Serve(const v1::SubscribeRequest& request, const Stopped& stopped, const Send& send) {
  bool over = false;
  std::optional<Reader> reader;
  while (!over) {
    if (stopped()) return absl::CancelledError("gone");
    std::optional<v1::SubscribeResponse> response;
    Tamper tamper;
    {
      MutexLock lock(mutex_);
      tamper = tamper_;
      if (!reader.has_value()) {
        requests_.push_back(request);
        if (refuse_.has_value()) {
          over = true;
          response.emplace().mutable_ended()->mutable_refused()->set_code(*refuse_);
        } else {
          absl::StatusOr<Reader> opened = OpenReader(request, *response.emplace().mutable_opened());
          if (!opened.ok()) return opened.status();
          reader = *opened;
        }
      } else {
        response = NextMessage(request, *reader, over);
        if (!response.has_value()) {
          changed_.WaitFor(mutex_, kLookAround);
          continue;
        }
      }
    }
    if (tamper && !tamper(*response)) return absl::UnavailableError("the connection broke");
    if (!send(*response)) return absl::CancelledError("gone");
  }
  return absl::OkStatus();
}

absl::StatusOr<FakeDataset::Reader> FakeDataset::OpenReader(const v1::SubscribeRequest& request, v1::Opened& opened) {
  const uint64_t head = head_.next_sequence - 1;
  Reader reader;
  reader.head_at_start = head;
  reader.terms_version = terms_version_;
  switch (request.start_case()) {
    case v1::SubscribeRequest::kFromSequence:
      reader.next = request.from_sequence();
      break;
    case v1::SubscribeRequest::kResumeToken: {
      const std::vector<std::string> parts = absl::StrSplit(request.resume_token(), ':');
      if (parts.size() != 2 || parts[0] != absl::StrCat(log_number_)) {
        return absl::FailedPreconditionError("the log was replaced");
      }
      reader.next = std::stoull(parts[1]);
      break;
    }
    case v1::SubscribeRequest::kOnlyNew:
      reader.next = head + 1;
      break;
    case v1::SubscribeRequest::kSnapshot:
      reader.snapshot = true;
      break;
    default:
      reader.next = oldest_;
      break;
  }
  if (reader.next > head + 1) return absl::OutOfRangeError(absl::StrCat("the log ends at ", head));
  opened.set_dataset_id(std::string(head_.dataset.bytes()));
  opened.set_kind(kind_);
  opened.set_epoch(epoch_);
  opened.set_first_sequence(reader.next);
  opened.set_head_sequence(head);
  *opened.mutable_terms() = Terms();
  opened.set_schema_hash(std::string(32, 's'));
  opened.set_message_name("test.Record");
  opened.set_snapshot(reader.snapshot);
  if (request.with_schema()) opened.set_schema("the schema");
  return reader;
}

std::optional<v1::SubscribeResponse> FakeDataset::NextMessage(const v1::SubscribeRequest& request, Reader& reader,
                                                              bool& over) {
  if (refuse_.has_value()) {
    over = true;
    v1::SubscribeResponse response;
    response.mutable_ended()->mutable_refused()->set_code(*refuse_);
    return response;
  }
  if (reader.terms_version != terms_version_) {
    reader.terms_version = terms_version_;
    v1::SubscribeResponse response;
    *response.mutable_entitlement_changed()->mutable_terms() = Terms();
    response.mutable_entitlement_changed()->set_cause("release");
    response.mutable_entitlement_changed()->set_narrowed(narrowed_);
    response.mutable_entitlement_changed()->set_not_narrower(!narrowed_);
    return response;
  }
  if (reader.next < head_.next_sequence) {
    reader.watermark_due = true;
    return Deliver(reader, request.accept_withheld());
  }
  if (reader.watermark_due) {
    reader.watermark_due = false;
    v1::SubscribeResponse response = Watermark(reader);
    reader.snapshot = false;
    return response;
  }
  if (request.stop_at_head() && reader.next > reader.head_at_start) {
    over = true;
    v1::SubscribeResponse response;
    response.mutable_ended()->set_complete(true);
    return response;
  }
  return std::nullopt;
}

v1::SubscribeResponse FakeDataset::Deliver(Reader& reader, bool accept_withheld) {
  size_t index = 0;
  while (batches_[index].last < reader.next) ++index;
  const Stored& stored = batches_[index];
  const bool snapshot = reader.snapshot && stored.first <= reader.head_at_start;
  v1::SubscribeResponse response;
  v1::Delivery& delivery = *response.mutable_batch();
  delivery.set_last_sequence(stored.last);
  delivery.set_accepted_at_us(absl::ToUnixMicros(Now()));
  delivery.set_release(7);
  if (!snapshot && !view_) {
    delivery.set_first_sequence(stored.first);
    delivery.set_original(stored.bytes);
    reader.next = stored.last + 1;
    return response;
  }
  const format::BatchView batch = *format::BatchView::Parse(stored.bytes);
  format::DeliveryBuilder builder(salts_);
  uint64_t sequence = stored.first;
  bool any = false;
  std::vector<std::string> payloads;
  payloads.reserve(batch.statement().record_count);
  for (const format::RecordView& record : batch.records()) {
    const uint64_t here = sequence++;
    if (here < reader.next) continue;
    format::DeliveryEntry entry;
    const std::optional<std::string> seen = view_ ? view_(record) : std::string(record.payload);
    if (snapshot && (record.operation == format::Operation::kDelete || !IsLatest(std::string(record.key), here))) {
      entry.kind = format::EntryKind::kSuperseded;
    } else if (!seen.has_value()) {
      entry.kind = format::EntryKind::kWithheld;
    } else {
      any = true;
      entry.kind = static_cast<format::EntryKind>(record.operation);
      entry.event_time_us = record.event_time_us;
      entry.key = record.key;
      payloads.push_back(record.operation == format::Operation::kDelete ? "" : *seen);
      entry.payload = payloads.back();
    }
    if (!builder.Add(entry).ok()) std::abort();
  }
  format::Attestation attestation;
  attestation.dataset = head_.dataset;
  attestation.first_sequence = reader.next;
  attestation.release = 7;
  attestation.snapshot = snapshot;
  const uint64_t first = std::exchange(reader.next, stored.last + 1);
  if (!any && accept_withheld && !snapshot) {
    v1::SubscribeResponse withheld;
    withheld.mutable_withheld()->set_first_sequence(first);
    withheld.mutable_withheld()->set_last_sequence(stored.last);
    return withheld;
  }
  delivery.set_first_sequence(first);
  delivery.set_transformed(*builder.Finish(attestation));
  return response;
}

v1::SubscribeResponse FakeDataset::Watermark(const Reader& reader) const {
  v1::SubscribeResponse response;
  v1::Watermark& watermark = *response.mutable_watermark();
  const absl::Time now = Now();
  watermark.set_sequence(reader.next - 1);
  watermark.set_head_sequence(head_.next_sequence - 1);
  watermark.set_resume_token(Token(log_number_, reader.next));
  watermark.set_as_of_us(absl::ToUnixMicros(now));
  if (lease_.has_value()) {
    watermark.set_lease_until_us(*lease_ == absl::InfiniteDuration() ? std::numeric_limits<int64_t>::max()
                                                                     : absl::ToUnixMicros(now + *lease_));
  }
  watermark.set_snapshot_complete(reader.snapshot);
  watermark.set_oldest_sequence(oldest_);
  return response;
}

v1::Terms FakeDataset::Terms() const {
  v1::Terms terms;
  terms.set_agreement("agreement-1");
  terms.set_release(7);
  terms.set_view_id(view_id_);
  terms.add_fields("level");
  terms.set_may_keep_copy(lease_.has_value());
  return terms;
}

bool FakeDataset::IsLatest(const std::string& key, uint64_t sequence) const {
  for (const Stored& stored : batches_) {
    if (stored.last <= sequence) continue;
    uint64_t here = stored.first;
    const format::BatchView view = *format::BatchView::Parse(stored.bytes);
    for (const format::RecordView& record : view.records()) {
      if (here++ > sequence && record.key == key) return false;
    }
  }
  return true;
}

absl::Time FakeDataset::Now() const {
  return clock_ == nullptr ? absl::Now() : clock_->Now();
}

void FakeDataset::SetView(View view, const std::string& view_id, bool narrowed) {
  MutexLock lock(mutex_);
  view_ = std::move(view);
  view_id_ = view_id;
  narrowed_ = narrowed;
  ++terms_version_;
  changed_.NotifyAll();
}

void FakeDataset::Trim(uint64_t oldest) {
  MutexLock lock(mutex_);
  oldest_ = oldest;
}

void FakeDataset::SetLease(std::optional<absl::Duration> lease) {
  MutexLock lock(mutex_);
  lease_ = lease;
  changed_.NotifyAll();
}

void FakeDataset::Refuse(std::optional<std::string> code) {
  MutexLock lock(mutex_);
  refuse_ = std::move(code);
  changed_.NotifyAll();
}

void FakeDataset::SetClock(const Clock* clock) {
  MutexLock lock(mutex_);
  clock_ = clock;
}

void FakeDataset::SetTamper(Tamper tamper) {
  MutexLock lock(mutex_);
  tamper_ = std::move(tamper);
}

std::vector<v1::SubscribeRequest> FakeDataset::requests() const {
  MutexLock lock(mutex_);
  return requests_;
}

}  // namespace allmende
