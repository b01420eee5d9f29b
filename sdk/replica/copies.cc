#include "sdk/replica/copies.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"
#include "sdk/base/status.h"
#include "sdk/replica/encoding.h"

namespace allmende::replica {

namespace {

constexpr store::Family kMeta{0};
constexpr store::Family kRecords{1};

constexpr char kDatasetKey[] = "dataset";
constexpr char kAgreementKey[] = "agreement";
constexpr char kPurposeKey[] = "purpose";
constexpr char kParticipantKey[] = "participant";
constexpr char kStateKey[] = "state";
constexpr char kOpenedKey[] = "opened";
constexpr char kClockKey[] = "clock";
constexpr char kPurgePrefix[] = "purge ";  // then 8 copy

store::DatabaseOptions DatabaseOptionsFor(const std::string& directory, bool create) {
  store::DatabaseOptions options;
  options.path = directory;
  options.purpose = "replica";
  options.format_version = 1;
  options.families = {{.name = "meta"}, {.name = "records", .compressed = true, .buffer_bytes = size_t{8} << 20}};
  options.create_if_missing = create;
  return options;
}

// A writer may remove a file between the moment a reader sees it listed and the moment it opens it.
constexpr int kReadTries = 5;

absl::StatusOr<std::unique_ptr<store::Database>> OpenDatabase(const std::string& directory, bool create,
                                                              bool beside_another) {
  store::DatabaseOptions options = DatabaseOptionsFor(directory, create);
  absl::StatusOr<std::unique_ptr<store::Database>> database = store::Database::Open(options);
  if (!beside_another || !absl::IsFailedPrecondition(database.status())) return database;
  options.read_only = true;
  for (int i = 0; i < kReadTries; ++i) {
    absl::StatusOr<std::unique_ptr<store::Database>> beside = store::Database::Open(options);
    if (beside.ok()) return beside;
  }
  return database;
}

std::string NameOf(const std::string& agreement) {
  return agreement.empty() ? "the implicit agreement" : absl::StrCat("agreement `", agreement, "`");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Copies>> Copies::Open(const std::string& directory, const CopiesOf& of,
                                                     bool beside_another) {
  const bool create = !of.dataset.empty();
  absl::StatusOr<std::unique_ptr<store::Database>> database = OpenDatabase(directory, create, beside_another);
  if (!create && absl::IsNotFound(database.status())) {
    return absl::NotFoundError(absl::StrCat("there is no replica in `", directory, "`"));
  }
  if (!database.ok()) return database.status();
  std::unique_ptr<Copies> copies(new Copies(directory, *std::move(database)));
  ALLMENDE_RETURN_IF_ERROR(copies->LoadOf(of));
  if (copies->read_only()) return copies;
  ALLMENDE_ASSIGN_OR_RETURN(const session::ReplicaState state, copies->Load());
  absl::Status dropped = copies->DropLeftOver(state);
  // On a full disk what is there is served nevertheless.
  if (!dropped.ok() && !absl::IsResourceExhausted(dropped)) return dropped;
  return copies;
}

absl::Status Copies::LoadOf(const CopiesOf& wanted) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> dataset, database_->Get(kMeta, kDatasetKey));
  if (!dataset.has_value() && wanted.dataset.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the replica in `", directory_, "` was never finished, and no dataset was named"));
  }
  of_ = wanted;
  if (dataset.has_value()) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> agreement, database_->Get(kMeta, kAgreementKey));
    ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> purpose, database_->Get(kMeta, kPurposeKey));
    of_.dataset = *dataset;
    ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> participant, database_->Get(kMeta, kParticipantKey));
    of_.agreement = agreement.value_or("");
    of_.participant = participant.value_or("");
    if (wanted.purpose.empty()) of_.purpose = purpose.value_or("");
    if (!wanted.dataset.empty() && (wanted.dataset != of_.dataset || wanted.agreement != of_.agreement)) {
      return absl::FailedPreconditionError(
          absl::StrCat("`", directory_, "` holds a replica of `", of_.dataset, "` under ", NameOf(of_.agreement),
                       "; give `", wanted.dataset, "` under ", NameOf(wanted.agreement), " a directory of its own"));
    }
    if (of_.purpose == purpose.value_or("") || database_->options().read_only) return absl::OkStatus();
  }
  return SaveOf();
}

absl::Status Copies::Claim(const std::string& participant, const std::string& purpose) {
  if (database_->options().read_only) {
    return absl::FailedPreconditionError(
        absl::StrCat("another process has the replica in `", directory_, "` open, so it can only be read here"));
  }
  // A client that is made of files alone does not know whose they are.
  if (!participant.empty() && !of_.participant.empty() && participant != of_.participant) {
    return absl::FailedPreconditionError(absl::StrCat("`", directory_, "` holds what `", of_.participant,
                                                      "` is shown; give `", participant, "` a directory of its own"));
  }
  const bool new_participant = of_.participant.empty() && !participant.empty();
  const bool new_purpose = of_.purpose.empty() && !purpose.empty();
  if (new_participant) of_.participant = participant;
  if (new_purpose) of_.purpose = purpose;
  if (!new_participant && !new_purpose) return absl::OkStatus();
  absl::Status status = SaveOf();
  if (!status.ok() && new_participant) of_.participant.clear();
  if (!status.ok() && new_purpose) of_.purpose.clear();
  return status;
}

absl::Status Copies::SaveOf() {
  store::WriteSet writes(*database_);
  writes.Put(kMeta, kDatasetKey, of_.dataset);
  writes.Put(kMeta, kAgreementKey, of_.agreement);
  writes.Put(kMeta, kPurposeKey, of_.purpose);
  writes.Put(kMeta, kParticipantKey, of_.participant);
  return database_->Commit(writes, store::Durability::kSynced);
}

absl::Status Copies::DropLeftOver(const session::ReplicaState& state) {
  uint64_t copy = 0;
  while (true) {
    store::ScanOptions scan;
    scan.lower = CopyPrefix(copy);
    const auto iterator = database_->Scan(kRecords, scan);
    iterator->SeekToFirst();
    if (!iterator->Valid()) return iterator->status();
    if (iterator->key().size() < kCopyBytes) return absl::DataLossError("the replica is damaged: a key is too short");
    copy = LoadBigEndian<uint64_t>(iterator->key().data());
    if (copy != state.served.number && copy != state.made.number) ALLMENDE_RETURN_IF_ERROR(Drop(copy, true));
    ++copy;
  }
}

absl::StatusOr<session::ReplicaState> Copies::Load() const {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, database_->Get(kMeta, kStateKey));
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> opened, database_->Get(kMeta, kOpenedKey));
  session::ReplicaState state;
  if (bytes.has_value()) {
    ALLMENDE_ASSIGN_OR_RETURN(state, DecodeState(*bytes));
  }
  if (opened.has_value() && !state.opened.ParseFromString(*opened)) {
    return absl::DataLossError("the replica is damaged: what it knows of the subscription cannot be read");
  }
  return state;
}

absl::StatusOr<bool> Copies::Exists(const std::string& database_key) {
  if (const auto found = pending_keys_.find(database_key); found != pending_keys_.end()) return found->second;
  ALLMENDE_ASSIGN_OR_RETURN(const auto value, database_->GetPinned(kRecords, database_key));
  return value.has_value();
}

absl::StatusOr<int64_t> Copies::Store(CopyName copy, const RecordBatch& batch, uint64_t skip_through, bool new_keys) {
  int64_t growth = 0;
  for (const RecordView& record : batch.records()) {
    if (record.sequence <= skip_through) continue;
    if (!copy.is_table) {
      EncodeStreamRecord(record, value_);
      pending_.Put(kRecords, StreamKey(copy.number, record.sequence), value_);
      ++growth;
      continue;
    }
    const std::string key = TableKey(copy.number, record.key);
    const bool stays = record.operation != Operation::kDelete;
    bool existed = false;
    if (!new_keys) {
      ALLMENDE_ASSIGN_OR_RETURN(existed, Exists(key));
      pending_keys_[key] = stays;
    }
    growth += static_cast<int64_t>(stays) - static_cast<int64_t>(existed);
    if (stays) {
      EncodeTableRecord(record, value_);
      pending_.Put(kRecords, key, value_);
    } else if (existed) {
      pending_.Delete(kRecords, key);
    }
  }
  return growth;
}

absl::Status Copies::Commit(const session::ReplicaState& state, bool with_opened, bool synced) {
  pending_.Put(kMeta, kStateKey, EncodeState(state));
  if (with_opened) pending_.Put(kMeta, kOpenedKey, state.opened.SerializeAsString());
  const absl::Status status =
      database_->Commit(pending_, synced ? store::Durability::kSynced : store::Durability::kBuffered);
  Forget();
  return status;
}

void Copies::Forget() {
  pending_.Clear();
  pending_keys_.clear();
}

absl::StatusOr<int64_t> Copies::Trim(CopyName copy, uint64_t oldest) {
  store::ScanOptions scan;
  scan.lower = CopyPrefix(copy.number);
  scan.upper = StreamKey(copy.number, oldest);
  const auto iterator = database_->Scan(kRecords, scan);
  int64_t count = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) ++count;
  ALLMENDE_RETURN_IF_ERROR(iterator->status());
  if (count > 0) pending_.DeleteRange(kRecords, scan.lower, scan.upper);
  return -count;
}

absl::Status Copies::Drop(uint64_t copy, bool purge) {
  store::WriteSet writes(*database_);
  writes.DeleteRange(kRecords, CopyPrefix(copy), CopyPrefix(copy + 1));
  if (purge) writes.Put(kMeta, kPurgePrefix + CopyPrefix(copy), "");
  return database_->Commit(writes, store::Durability::kBuffered);
}

absl::StatusOr<uint64_t> Copies::PurgeOwed() const {
  store::ScanOptions scan;
  scan.lower = kPurgePrefix;
  const auto iterator = database_->Scan(kMeta, scan);
  uint64_t copy = 0;
  for (iterator->SeekToFirst(); iterator->Valid(); iterator->Next()) {
    const std::string_view key = iterator->key();
    if (!key.starts_with(kPurgePrefix) || key.size() != scan.lower.size() + kCopyBytes) break;
    copy = LoadBigEndian<uint64_t>(key.data() + scan.lower.size());
  }
  ALLMENDE_RETURN_IF_ERROR(iterator->status());
  return copy;
}

absl::Status Copies::PurgeThrough(uint64_t copy) {
  // Copies before this one were dropped, some of them without a purge, and may show more than it.
  ALLMENDE_RETURN_IF_ERROR(database_->Purge(kRecords, CopyPrefix(0), CopyPrefix(copy + 1)));
  store::WriteSet writes(*database_);
  writes.DeleteRange(kMeta, kPurgePrefix + CopyPrefix(0), kPurgePrefix + CopyPrefix(copy + 1));
  return database_->Commit(writes, store::Durability::kBuffered);
}

absl::Status Copies::SaveClock(absl::Time seen) {
  store::WriteSet writes(*database_);
  writes.Put(kMeta, kClockKey, EncodeTime(seen));
  return database_->Commit(writes, store::Durability::kSynced);
}

absl::StatusOr<absl::Time> Copies::LoadClock() const {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<std::string> bytes, database_->Get(kMeta, kClockKey));
  if (!bytes.has_value()) return absl::InfinitePast();
  return DecodeTime(*bytes);
}

absl::StatusOr<std::optional<StoredRecord>> Copies::Get(CopyName copy, std::string_view database_key) const {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<store::PinnedValue> value,
                            database_->GetPinned(kRecords, database_key));
  if (!value.has_value()) return std::optional<StoredRecord>();
  ALLMENDE_ASSIGN_OR_RETURN(const RecordView record, copy.is_table ? DecodeTableRecord(database_key, value->value())
                                                                   : DecodeStreamRecord(database_key, value->value()));
  return std::optional<StoredRecord>(std::in_place, record);
}

std::unique_ptr<store::Iterator> Copies::Scan(const store::ScanOptions& options) const {
  return database_->Scan(kRecords, options);
}

uint64_t Copies::BytesOnDisk() const {
  uint64_t bytes = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator file(directory_, error), end; !error && file != end; file.increment(error)) {
    std::error_code gone;
    const uint64_t size = file->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

}  // namespace allmende::replica
