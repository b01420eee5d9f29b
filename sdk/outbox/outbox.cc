#include "sdk/outbox/outbox.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/crypto/random.h"
#include "sdk/outbox/encoding.h"

namespace allmende::outbox {

namespace {

constexpr store::Family kMeta{0};
constexpr store::Family kDescriptors{1};
constexpr store::Family kBodies{2};

constexpr char kDatasetKey[] = "dataset";
constexpr char kWriterKey[] = "writer";
constexpr char kBaseKey[] = "base";
constexpr size_t kWriterIdBytes = 16;
// Most bodies are acknowledged and gone before so much has gathered, and so never reach a file.
constexpr size_t kBodyBufferBytes = 16 << 20;

store::DatabaseOptions DatabaseOptionsFor(const OutboxOptions& options) {
  store::DatabaseOptions database;
  database.path = options.directory;
  database.purpose = "outbox";
  database.format_version = 1;
  database.families = {{.name = "meta"}, {.name = "batches"}, {.name = "bodies", .buffer_bytes = kBodyBufferBytes}};
  return database;
}

absl::Status Damaged(uint64_t number, const char* what) {
  return absl::DataLossError(absl::StrCat("the outbox is damaged: batch ", number, " ", what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(const OutboxOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(auto database, store::Database::Open(DatabaseOptionsFor(options)));
  std::unique_ptr<Outbox> outbox(new Outbox(options, std::move(database)));
  ALLMENDE_RETURN_IF_ERROR(outbox->Load());
  return outbox;
}

absl::Status Outbox::Load() {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> dataset, database_->Get(kMeta, kDatasetKey));
  if (!dataset.has_value()) {
    writer_id_ = crypto::RandomBytes(kWriterIdBytes);
    store::WriteSet writes(*database_);
    writes.Put(kMeta, kDatasetKey, options_.dataset);
    writes.Put(kMeta, kWriterKey, writer_id_);
    writes.Put(kMeta, kBaseKey, EncodeBase({}));
    return database_->Commit(writes, store::Durability::kSynced);
  }
  if (*dataset != options_.dataset) {
    return absl::FailedPreconditionError(absl::StrCat("`", options_.directory, "` is the outbox of `", *dataset,
                                                      "`; give `", options_.dataset, "` a directory of its own"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> writer, database_->Get(kMeta, kWriterKey));
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> base, database_->Get(kMeta, kBaseKey));
  if (!writer.has_value() || writer->size() != kWriterIdBytes || !base.has_value()) {
    return absl::DataLossError(
        absl::StrCat("the outbox `", options_.directory, "` has lost its writer id or its mark"));
  }
  writer_id_ = *writer;
  {
    MutexLock lock(mutex_);
    ALLMENDE_ASSIGN_OR_RETURN(base_, DecodeBase(*base));
  }
  return LoadWaiting();
}

absl::Status Outbox::LoadWaiting() {
  MutexLock lock(mutex_);
  last_number_ = base_.first_number - 1;
  store::ScanOptions scan;
  scan.lower = EncodeNumber(base_.first_number);
  const auto iterator = database_->Scan(kDescriptors, scan);
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const uint64_t number, DecodeNumber(iterator->key()));
    if (number != last_number_ + 1) return Damaged(last_number_ + 1, "is missing");
    ALLMENDE_ASSIGN_OR_RETURN(const session::PendingBatch batch, DecodeDescriptor(number, iterator->value()));
    last_number_ = number;
    waiting_.bytes += batch.encoded_bytes;
    waiting_.records += batch.record_count;
  }
  return iterator->status();
}

absl::Status Outbox::Add(std::span<QueuedBatch> batches) {
  uint64_t next = last_number() + 1;
  store::WriteSet writes(*database_);
  for (QueuedBatch& batch : batches) {
    batch.pending.number = next++;
    const std::string key = EncodeNumber(batch.pending.number);
    writes.Put(kDescriptors, key, EncodeDescriptor(batch.pending));
    writes.Put(kBodies, key, batch.body->bytes());
  }
  ALLMENDE_RETURN_IF_ERROR(database_->Commit(writes, store::Durability::kSynced));

  MutexLock lock(mutex_);
  for (const QueuedBatch& batch : batches) {
    last_number_ = batch.pending.number;
    waiting_.bytes += batch.pending.encoded_bytes;
    waiting_.records += batch.pending.record_count;
    cache_.push_back(batch);
    cache_bytes_ += batch.pending.encoded_bytes;
  }
  // The oldest are sent first, so they are worth more than the newest; but a run without holes is simpler, and whoever
  // is that far behind reads from the disk anyway.
  while (cache_bytes_ > options_.cache_bytes_max && !cache_.empty()) {
    cache_bytes_ -= cache_.front().pending.encoded_bytes;
    cache_.pop_front();
  }
  return absl::OkStatus();
}

absl::StatusOr<session::PendingBatch> Outbox::Descriptor(uint64_t number) const {
  ALLMENDE_ASSIGN_OR_RETURN(const auto value, database_->GetPinned(kDescriptors, EncodeNumber(number)));
  if (!value.has_value()) return Damaged(number, "is missing");
  return DecodeDescriptor(number, value->value());
}

absl::StatusOr<std::vector<session::PendingBatch>> Outbox::List(uint64_t from_number, uint64_t bytes_max) {
  uint64_t number;
  uint64_t last;
  {
    MutexLock lock(mutex_);
    number = std::max(from_number, base_.first_number);
    last = last_number_;
  }
  std::vector<session::PendingBatch> list;
  uint64_t bytes = 0;
  for (; number <= last && bytes <= bytes_max; ++number) {
    ALLMENDE_ASSIGN_OR_RETURN(session::PendingBatch batch, Descriptor(number));
    bytes += batch.encoded_bytes;
    list.push_back(std::move(batch));
  }
  return list;
}

absl::StatusOr<std::shared_ptr<const format::BatchBody>> Outbox::Body(uint64_t number) {
  {
    MutexLock lock(mutex_);
    if (!cache_.empty() && number >= cache_.front().pending.number && number <= cache_.back().pending.number) {
      return cache_[number - cache_.front().pending.number].body;
    }
  }
  if (!Waits(number)) return absl::NotFoundError(absl::StrCat("batch ", number, " does not wait"));
  ALLMENDE_ASSIGN_OR_RETURN(const session::PendingBatch batch, Descriptor(number));
  ALLMENDE_ASSIGN_OR_RETURN(std::optional<std::string> bytes, database_->Get(kBodies, EncodeNumber(number)));
  if (!bytes.has_value()) return Damaged(number, "has lost its records");
  absl::StatusOr<format::BatchBody> body = format::BatchBody::Parse(*std::move(bytes));
  if (!body.ok() || body->root() != batch.root) return Damaged(number, "cannot be read");
  return std::make_shared<const format::BatchBody>(*std::move(body));
}

absl::Status Outbox::SaveBase(const session::SendBase& base) {
  return Advance(base, store::Durability::kSynced);
}

absl::Status Outbox::Acknowledge(const session::SendBase& base) {
  return Advance(base, store::Durability::kBuffered);
}

// Drops the batches before `base`.
absl::Status Outbox::Advance(const session::SendBase& base, store::Durability durability) {
  store::WriteSet writes(*database_);
  writes.Put(kMeta, kBaseKey, EncodeBase(base));
  Waiting dropped;
  for (uint64_t number = this->base().first_number; number < base.first_number; ++number) {
    ALLMENDE_ASSIGN_OR_RETURN(const session::PendingBatch batch, Descriptor(number));
    dropped.bytes += batch.encoded_bytes;
    dropped.records += batch.record_count;
    const std::string key = EncodeNumber(number);
    writes.Delete(kDescriptors, key);
    writes.Delete(kBodies, key);
  }
  ALLMENDE_RETURN_IF_ERROR(database_->Commit(writes, durability));

  MutexLock lock(mutex_);
  base_ = base;
  waiting_.bytes -= dropped.bytes;
  waiting_.records -= dropped.records;
  settled_records_ += dropped.records;
  while (!cache_.empty() && cache_.front().pending.number < base.first_number) {
    cache_bytes_ -= cache_.front().pending.encoded_bytes;
    cache_.pop_front();
  }
  return absl::OkStatus();
}

bool Outbox::Waits(uint64_t number) const {
  MutexLock lock(mutex_);
  return number >= base_.first_number && number <= last_number_;
}

session::SendBase Outbox::base() const {
  MutexLock lock(mutex_);
  return base_;
}

uint64_t Outbox::last_number() const {
  MutexLock lock(mutex_);
  return last_number_;
}

BatchQueue::Waiting Outbox::waiting() const {
  MutexLock lock(mutex_);
  return waiting_;
}

uint64_t Outbox::settled_records() const {
  MutexLock lock(mutex_);
  return settled_records_;
}

}  // namespace allmende::outbox
