// The publishing half of FakeDataset, and what is stored.
#include <algorithm>
#include <utility>

#include "sdk/client/testing/fake_dataset.h"
#include "sdk/format/batch_builder.h"

namespace allmende {

namespace {

constexpr char kDatasetId[] = "dataset 00000001";
constexpr char kOtherDatasetId[] = "dataset 00000002";

crypto::Digest SchemaHash() {
  crypto::Digest hash;
  hash.fill('s');
  return hash;
}

}  // namespace

FakeDataset::FakeDataset(v1::DatasetKind kind) : kind_(kind) {
  MutexLock lock(mutex_);
  head_.dataset = *format::DatasetId::FromBytes(kDatasetId);
}

absl::StatusOr<v1::PublishOpened> FakeDataset::OpenPublish(const v1::PublishOpen& open) {
  MutexLock lock(mutex_);
  if (writer_id_ != open.writer_id()) {
    if (epoch_ != 0 && !open.take_over()) return absl::FailedPreconditionError("another outbox writes the dataset");
    writer_id_ = open.writer_id();
    ++epoch_;
  }
  v1::PublishOpened opened;
  opened.set_dataset_id(std::string(head_.dataset.bytes()));
  opened.set_epoch(epoch_);
  opened.set_next_sequence(head_.next_sequence);
  opened.set_head_statement_hash(std::string(crypto::AsBytes(head_.statement_hash)));
  opened.set_schema_hash(std::string(crypto::AsBytes(SchemaHash())));
  opened.set_batch_bytes_max(batch_bytes_max_);
  opened.set_in_flight_bytes_max(in_flight_bytes_max_);
  return opened;
}

v1::PublishResponse FakeDataset::Refusal(v1::PublishRefusedCode code, const std::string& detail) const {
  v1::PublishResponse response;
  v1::PublishRefused& refused = *response.mutable_refused();
  refused.set_code(code);
  refused.set_detail(detail);
  refused.set_next_sequence(head_.next_sequence);
  refused.set_epoch(epoch_);
  return response;
}

v1::PublishResponse FakeDataset::Store(const std::string& batch) {
  MutexLock lock(mutex_);
  const absl::StatusOr<format::BatchView> view = format::BatchView::Parse(batch);
  if (!view.ok()) return Refusal(v1::BAD_BATCH, std::string(view.status().message()));
  if (absl::Status root = view->CheckRoot(); !root.ok()) {
    return Refusal(v1::BAD_BATCH, std::string(root.message()));
  }
  v1::PublishResponse response;
  response.mutable_stored()->set_next_sequence(view->statement().next_sequence());
  if (view->statement().epoch < epoch_) return Refusal(v1::FENCED, "");
  for (const Stored& stored : batches_) {
    if (stored.first != view->statement().first_sequence) continue;
    if (stored.hash != view->StatementHash()) return Refusal(v1::EQUIVOCATION, "");
    ++repeats_;
    response.mutable_stored()->set_repeated(true);
    return response;
  }
  if (absl::Status follows = format::CheckFollows(head_, view->statement()); !follows.ok()) {
    return Refusal(v1::WRONG_SEQUENCE, std::string(follows.message()));
  }
  Keep(batch);
  return response;
}

void FakeDataset::Keep(std::string bytes) {
  const format::BatchView view = *format::BatchView::Parse(bytes);
  head_ = format::HeadAfter(view.statement(), bytes);
  Stored stored;
  stored.first = view.statement().first_sequence;
  stored.last = view.statement().last_sequence();
  stored.hash = head_.statement_hash;
  stored.bytes = std::move(bytes);
  batches_.push_back(std::move(stored));
  changed_.NotifyAll();
}

void FakeDataset::DecideFate(std::function<BatchFate(uint64_t)> fate) {
  MutexLock lock(mutex_);
  fate_ = std::move(fate);
  arrived_ = 0;
}

BatchFate FakeDataset::NextFate() {
  MutexLock lock(mutex_);
  return fate_ ? fate_(arrived_++) : BatchFate::kStore;
}

void FakeDataset::SetBounds(uint64_t batch_bytes_max, uint64_t in_flight_bytes_max) {
  MutexLock lock(mutex_);
  batch_bytes_max_ = batch_bytes_max;
  in_flight_bytes_max_ = in_flight_bytes_max;
}

std::vector<FakeDataset::Item> FakeDataset::Records() const {
  MutexLock lock(mutex_);
  std::vector<Item> items;
  for (const Stored& stored : batches_) {
    const format::BatchView view = *format::BatchView::Parse(stored.bytes);
    uint64_t sequence = stored.first;
    for (const format::RecordView& record : view.records()) {
      items.push_back({sequence++, record.operation, std::string(record.key), std::string(record.payload),
                       view.statement().created_us});
    }
  }
  return items;
}

uint64_t FakeDataset::head() const {
  MutexLock lock(mutex_);
  return head_.next_sequence - 1;
}

uint64_t FakeDataset::epoch() const {
  MutexLock lock(mutex_);
  return epoch_;
}

uint64_t FakeDataset::repeats() const {
  MutexLock lock(mutex_);
  return repeats_;
}

void FakeDataset::AwaitRecords(uint64_t count) const {
  MutexLock lock(mutex_);
  while (head_.next_sequence <= count) changed_.Wait(mutex_);
}

void FakeDataset::Append(const std::vector<format::RecordContent>& records) {
  MutexLock lock(mutex_);
  format::BatchBuilder builder(salts_);
  for (const format::RecordContent& record : records) {
    if (!builder.Add(record).ok()) std::abort();
  }
  epoch_ = std::max<uint64_t>(epoch_, 1);
  format::BatchPlace place;
  place.dataset = head_.dataset;
  place.epoch = epoch_;
  place.first_sequence = head_.next_sequence;
  place.created_us = absl::ToUnixMicros(Now());
  place.schema_hash = SchemaHash();
  place.previous_hash = head_.statement_hash;
  Keep(*format::Seal(*builder.Finish(), place));
}

void FakeDataset::ReplaceLog(bool same_id) {
  MutexLock lock(mutex_);
  head_ = {};
  head_.dataset = *format::DatasetId::FromBytes(same_id ? kDatasetId : kOtherDatasetId);
  batches_.clear();
  writer_id_.clear();
  epoch_ = 0;
  ++log_number_;
}

}  // namespace allmende
