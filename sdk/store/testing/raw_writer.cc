#include "sdk/store/testing/raw_writer.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"

namespace allmende::store {

struct RawWriter::Engine {
  std::unique_ptr<rocksdb::DB> db;
  rocksdb::WriteBatch batch;
};

RawWriter::RawWriter(const std::string& path) : engine_(std::make_unique<Engine>()) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.compression = rocksdb::kNoCompression;  // as the log's entries
  rocksdb::DB* db = nullptr;
  if (!rocksdb::DB::Open(options, path, &db).ok()) {
    std::abort();
  }
  engine_->db.reset(db);
}

RawWriter::~RawWriter() = default;

absl::Status RawWriter::Write(std::span<const std::pair<std::string, std::string_view>> pairs) {
  engine_->batch.Clear();
  rocksdb::Status status;
  for (const auto& [key, value] : pairs) {
    status = engine_->batch.Put(key, rocksdb::Slice(value.data(), value.size()));
    if (!status.ok()) {
      break;
    }
  }
  if (status.ok()) {
    rocksdb::WriteOptions options;
    options.sync = true;
    status = engine_->db->Write(options, &engine_->batch);
  }
  return status.ok() ? absl::OkStatus() : absl::InternalError(absl::StrCat("cannot write: ", status.ToString()));
}

}  // namespace allmende::store
