#include "sdk/store/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/utilities/checkpoint.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/text.h"
#include "sdk/store/rocks.h"

namespace allmende::store {
namespace {

class RocksSnapshot final : public Snapshot {
 public:
  explicit RocksSnapshot(rocksdb::DB& db) : db_(db), snapshot_(db.GetSnapshot()) {}
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  const rocksdb::Snapshot* get() const { return snapshot_; }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* const snapshot_;
};

const rocksdb::Snapshot* Unwrap(const Snapshot* snapshot) {
  return snapshot == nullptr ? nullptr : static_cast<const RocksSnapshot*>(snapshot)->get();
}

class RocksIterator final : public Iterator {
 public:
  RocksIterator(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* handle, const ScanOptions& options,
                const std::string& path)
      : path_(path), lower_(options.lower), upper_(options.upper), lower_slice_(lower_), upper_slice_(upper_) {
    rocksdb::ReadOptions read;
    read.snapshot = Unwrap(options.snapshot);
    read.iterate_lower_bound = lower_.empty() ? nullptr : &lower_slice_;
    read.iterate_upper_bound = upper_.empty() ? nullptr : &upper_slice_;
    read.readahead_size = options.readahead_bytes;
    read.fill_cache = options.fill_cache;
    iterator_.reset(db.NewIterator(read, handle));
  }

  void SeekToFirst() override { iterator_->SeekToFirst(); }
  void SeekToLast() override { iterator_->SeekToLast(); }
  void Seek(std::string_view key) override { iterator_->Seek(ToSlice(key)); }
  void SeekForPrev(std::string_view key) override { iterator_->SeekForPrev(ToSlice(key)); }
  void Next() override { iterator_->Next(); }
  void Prev() override { iterator_->Prev(); }
  bool Valid() const override { return iterator_->Valid(); }
  absl::Status status() const override { return ToStatus(iterator_->status(), "read from", path_); }
  std::string_view key() const override { return ToView(iterator_->key()); }
  std::string_view value() const override { return ToView(iterator_->value()); }

 private:
  const std::string& path_;
  const std::string lower_;
  const std::string upper_;
  const rocksdb::Slice lower_slice_;
  const rocksdb::Slice upper_slice_;
  std::unique_ptr<rocksdb::Iterator> iterator_;
};

struct RocksPin final : PinnedValue::Pin {
  rocksdb::PinnableSlice value;
};

}  // namespace

Database::Engine::~Engine() {
  if (db == nullptr) {
    return;
  }
  for (rocksdb::ColumnFamilyHandle* handle : AllHandles()) {
    db->DestroyColumnFamilyHandle(handle);
  }
}

std::vector<rocksdb::ColumnFamilyHandle*> Database::Engine::AllHandles() const {
  std::vector<rocksdb::ColumnFamilyHandle*> all = handles;
  all.insert(all.end(), other_handles.begin(), other_handles.end());
  return all;
}

Database::Database(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
Database::~Database() = default;

const DatabaseOptions& Database::options() const {
  return engine_->options;
}

absl::Status Database::Commit(WriteSet& writes, Durability durability) {
  const std::string& path = engine_->options.path;
  if (engine_->options.read_only) {
    return absl::FailedPreconditionError(absl::StrCat("the database `", path, "` is open for reading only"));
  }
  if (engine_->failed.load(std::memory_order_acquire)) {
    MutexLock lock(engine_->mutex);
    return engine_->failure;
  }
  rocksdb::WriteOptions options;
  options.sync = durability == Durability::kSynced;
  const rocksdb::Status written = engine_->db->Write(options, &writes.batch_->batch);
  absl::Status status = ToStatus(written, "write to", path);
  if (absl::IsDataLoss(status)) {
    status = absl::DataLossError(absl::StrCat(
        status.message(), "; it takes no more writes until it is opened again, and the last ones may be lost"));
    MutexLock lock(engine_->mutex);
    if (engine_->failure.ok()) {
      engine_->failure = status;
    }
    engine_->failed.store(true, std::memory_order_release);
  }
  return status;
}

absl::StatusOr<std::optional<std::string>> Database::Get(Family family, std::string_view key,
                                                         const Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = Unwrap(snapshot);
  std::string value;
  const rocksdb::Status status = engine_->db->Get(options, engine_->Handle(family), ToSlice(key), &value);
  if (status.IsNotFound()) {
    return std::optional<std::string>();
  }
  if (!status.ok()) {
    return ToStatus(status, "read from", engine_->options.path);
  }
  return std::optional<std::string>(std::move(value));
}

absl::StatusOr<std::optional<PinnedValue>> Database::GetPinned(Family family, std::string_view key,
                                                               const Snapshot* snapshot) const {
  rocksdb::ReadOptions options;
  options.snapshot = Unwrap(snapshot);
  auto pin = std::make_unique<RocksPin>();
  const rocksdb::Status status = engine_->db->Get(options, engine_->Handle(family), ToSlice(key), &pin->value);
  if (status.IsNotFound()) {
    return std::optional<PinnedValue>();
  }
  if (!status.ok()) {
    return ToStatus(status, "read from", engine_->options.path);
  }
  const std::string_view value = ToView(pin->value);
  return std::optional<PinnedValue>(std::in_place, std::move(pin), value);
}

std::unique_ptr<Iterator> Database::Scan(Family family, const ScanOptions& options) const {
  return std::make_unique<RocksIterator>(*engine_->db, engine_->Handle(family), options, engine_->options.path);
}

std::unique_ptr<Snapshot> Database::TakeSnapshot() const {
  return std::make_unique<RocksSnapshot>(*engine_->db);
}

absl::Status Database::Checkpoint(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(absl::StrCat("there is something at `", path, "` already: name a new directory"));
  }
  rocksdb::Checkpoint* checkpoint = nullptr;
  rocksdb::Status status = rocksdb::Checkpoint::Create(engine_->db.get(), &checkpoint);
  if (status.ok()) {
    const std::unique_ptr<rocksdb::Checkpoint> owned(checkpoint);
    status = owned->CreateCheckpoint(path);
  }
  return ToStatus(status, absl::StrCat("copy to `", path, "`"), engine_->options.path);
}

std::uint64_t Database::ApproximateSize(Family family, std::string_view from, std::string_view to) const {
  const rocksdb::Range range(ToSlice(from), ToSlice(to));
  std::uint64_t bytes = 0;
  const rocksdb::Status status =
      engine_->db->GetApproximateSizes(rocksdb::SizeApproximationOptions(), engine_->Handle(family), &range, 1, &bytes);
  return status.ok() ? bytes : 0;
}

absl::Status Database::Flush() {
  return ToStatus(engine_->db->Flush(rocksdb::FlushOptions(), engine_->AllHandles()), "flush", engine_->options.path);
}

absl::Status Database::Purge(Family family, std::string_view from, std::string_view to) {
  // All families: the write-ahead log goes only when nobody needs it.
  if (absl::Status flushed = Flush(); !flushed.ok()) {
    return flushed;
  }
  rocksdb::CompactRangeOptions options;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  const rocksdb::Slice begin = ToSlice(from);
  const rocksdb::Slice end = ToSlice(to);
  return ToStatus(engine_->db->CompactRange(options, engine_->Handle(family), &begin, &end), "purge",
                  engine_->options.path);
}

absl::Status Database::DropFiles(Family family, std::string_view from, std::string_view to) {
  const rocksdb::Slice begin = ToSlice(from);
  const rocksdb::Slice end = ToSlice(to);
  return ToStatus(
      rocksdb::DeleteFilesInRange(engine_->db.get(), engine_->Handle(family), &begin, &end, /*include_end=*/false),
      "drop files of", engine_->options.path);
}

Database::MemoryUse Database::Memory() const {
  MemoryUse use;
  std::uint64_t bytes = 0;
  if (engine_->db->GetAggregatedIntProperty(rocksdb::DB::Properties::kSizeAllMemTables, &bytes)) {
    use.unwritten_bytes = bytes;
  }
  use.cache_bytes = engine_->cache->GetUsage();
  return use;
}

}  // namespace allmende::store
