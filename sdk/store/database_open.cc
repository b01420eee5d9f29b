#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/store/rocks.h"

namespace allmende::store {
namespace {

constexpr char kFormatKey[] = "format";  // in the default family: "<purpose>\n<version>"

// Passes warnings on and drops the rest. It takes the place of RocksDB's own log file, which Debian's build, made with
// assertions, aborts over when the disk is full.
class WarningLogger final : public rocksdb::Logger {
 public:
  explicit WarningLogger(std::function<void(std::string_view)> on_warning)
      : Logger(rocksdb::WARN_LEVEL), on_warning_(std::move(on_warning)) {}

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    if (on_warning_ == nullptr) {
      return;
    }
    char line[512];
    const int length = std::vsnprintf(line, sizeof(line), format, arguments);
    if (length > 0) {
      on_warning_(std::string_view(line, std::min(static_cast<std::size_t>(length), sizeof(line) - 1)));
    }
  }
  void LogHeader(const char*, va_list) override {}  // the options, at every start

 private:
  const std::function<void(std::string_view)> on_warning_;
};

rocksdb::DBOptions EngineOptions(const DatabaseOptions& options) {
  rocksdb::DBOptions engine;
  engine.create_if_missing = options.create_if_missing;
  engine.create_missing_column_families = true;
  // The other modes open "OK" after a flipped bit in the middle of the log, without anything after it.
  engine.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  engine.max_total_wal_size = options.wal_bytes_max;
  // Beside a writer every file is opened at once, for the writer may remove it at any time.
  engine.max_open_files = options.read_only ? -1 : 256;
  engine.max_background_jobs = 2;
  engine.bytes_per_sync = 1 << 20;  // spreads a flush's writing, so that it delays an fsync of the log less
  engine.avoid_unnecessary_blocking_io = true;
  // The kernel reads ahead where a walk goes straight on; the engine's own reading ahead would copy everything twice.
  engine.advise_random_on_open = false;
  engine.skip_stats_update_on_db_open = true;
  engine.info_log = std::make_shared<WarningLogger>(options.on_warning);
  engine.stats_dump_period_sec = 0;
  engine.stats_persist_period_sec = 0;
  return engine;
}

rocksdb::ColumnFamilyOptions EngineFamilyOptions(const FamilyOptions& options,
                                                 const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 16 << 10;
  table.format_version = 5;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  // Indexes and filters live in the cache, in pieces: memory stays bounded however large the family grows.
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.max_auto_readahead_size = 0;

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.compression = options.compressed ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
  family.write_buffer_size = options.buffer_bytes;
  family.max_write_buffer_number = 3;
  // Wide first levels: appends to many logs at once are merged in large pieces, which halves what is rewritten.
  family.level0_file_num_compaction_trigger = 8;
  family.level0_slowdown_writes_trigger = 32;
  family.level0_stop_writes_trigger = 48;
  family.max_bytes_for_level_base = 8 * options.buffer_bytes;
  family.target_file_size_base = std::max<std::size_t>(options.buffer_bytes, 4 << 20);
  family.level_compaction_dynamic_level_bytes = true;
  return family;
}

// RocksDB would make a new database where it does not find CURRENT, even among the files of an old one.
absl::Status RefuseHeadlessFiles(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path + "/CURRENT", error)) {
    return absl::OkStatus();
  }
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    if (file.path().extension() == ".sst" || file.path().extension() == ".log") {
      return absl::DataLossError(absl::StrCat("cannot open the database `", path, "`: its file CURRENT is missing"));
    }
  }
  return absl::OkStatus();
}

// Takes the directory for this process, and makes it first if it may.
absl::StatusOr<std::optional<LockFile>> TakeDirectory(const DatabaseOptions& options) {
  if (options.read_only) {
    return std::optional<LockFile>();
  }
  std::error_code error;
  if (!options.create_if_missing && !std::filesystem::exists(options.path + "/CURRENT", error)) {
    if (error) return SystemError(error.value(), "look into", options.path);
    return absl::NotFoundError(absl::StrCat("there is no database in `", options.path, "`"));
  }
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(options.path, FileAccess::kOwnerOnly));
  ALLMENDE_ASSIGN_OR_RETURN(LockFile lock, LockFile::Acquire(options.path + "/process.lock"));
  ALLMENDE_RETURN_IF_ERROR(RefuseHeadlessFiles(options.path));
  return std::optional<LockFile>(std::move(lock));
}

// The families asked for in their order, then the default one, then those that only another version knows.
std::vector<rocksdb::ColumnFamilyDescriptor> Families(const DatabaseOptions& options,
                                                      const std::shared_ptr<rocksdb::Cache>& cache) {
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const FamilyOptions& family : options.families) {
    families.emplace_back(family.name, EngineFamilyOptions(family, cache));
  }
  std::vector<std::string> names = {rocksdb::kDefaultColumnFamilyName};
  std::vector<std::string> stored;
  // Fails where there is no database yet; then there are no other families.
  if (rocksdb::DB::ListColumnFamilies(rocksdb::DBOptions(), options.path, &stored).ok()) {
    names.insert(names.end(), stored.begin(), stored.end());
  }
  for (const std::string& name : names) {
    const bool known = std::any_of(families.begin(), families.end(), [&](const auto& f) { return f.name == name; });
    if (!known) {
      families.emplace_back(name, EngineFamilyOptions({name, false, 64 << 10}, cache));
    }
  }
  return families;
}

absl::Status CheckFormat(const DatabaseOptions& options, const std::string& stored) {
  const std::size_t line_end = stored.find('\n');
  std::uint32_t version = 0;
  if (line_end == std::string::npos || !absl::SimpleAtoi(stored.substr(line_end + 1), &version)) {
    return absl::DataLossError(
        absl::StrCat("cannot open the database `", options.path, "`: its format entry is damaged"));
  }
  const std::string purpose = stored.substr(0, line_end);
  if (purpose != options.purpose) {
    return absl::FailedPreconditionError(absl::StrCat("the database `", options.path, "` holds a ", purpose, ", not a ",
                                                      options.purpose, ": name another directory"));
  }
  if (version > options.format_version) {
    return absl::FailedPreconditionError(absl::StrCat("the database `", options.path, "` has format ", version,
                                                      " of a ", purpose, ", this program knows formats up to ",
                                                      options.format_version, ": use a newer version of it"));
  }
  return absl::OkStatus();
}

// Reads the format entry, or writes it into a database that was just made.
absl::Status CheckOrWriteFormat(rocksdb::DB& db, const DatabaseOptions& options) {
  std::string stored;
  const rocksdb::Status read = db.Get(rocksdb::ReadOptions(), kFormatKey, &stored);
  if (read.ok()) {
    return CheckFormat(options, stored);
  }
  if (!read.IsNotFound()) {
    return ToStatus(read, "read the format of", options.path);
  }
  if (db.GetLatestSequenceNumber() != 0 || options.read_only) {
    return absl::FailedPreconditionError(
        absl::StrCat("the database `", options.path, "` has no format entry: it is not one of ours"));
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return ToStatus(db.Put(synced, kFormatKey, absl::StrCat(options.purpose, "\n", options.format_version)),
                  "write the format of", options.path);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(DatabaseOptions options) {
  auto engine = std::make_unique<Engine>();
  ALLMENDE_ASSIGN_OR_RETURN(engine->lock, TakeDirectory(options));
  engine->options = std::move(options);
  const DatabaseOptions& opened = engine->options;
  engine->cache = rocksdb::NewLRUCache(opened.cache_bytes, 2);

  const auto families = Families(opened, engine->cache);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      opened.read_only ? rocksdb::DB::OpenForReadOnly(EngineOptions(opened), opened.path, families, &handles, &db)
                       : rocksdb::DB::Open(EngineOptions(opened), opened.path, families, &handles, &db);
  if (!status.ok()) {
    return ToStatus(status, "open", opened.path);
  }
  engine->db.reset(db);
  const auto others = handles.begin() + static_cast<std::ptrdiff_t>(opened.families.size());
  engine->handles.assign(handles.begin(), others);
  engine->other_handles.assign(others, handles.end());
  ALLMENDE_RETURN_IF_ERROR(CheckOrWriteFormat(*db, opened));
  return std::unique_ptr<Database>(new Database(std::move(engine)));
}

}  // namespace allmende::store
