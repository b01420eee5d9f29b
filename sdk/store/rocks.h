// What only this folder sees of RocksDB: the engine behind a Database, and conversions. Everything here is for its .cc
// files.
#pragma once

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "sdk/base/lock_file.h"
#include "sdk/base/mutex.h"
#include "sdk/store/database.h"

namespace allmende::store {

inline rocksdb::Slice ToSlice(std::string_view bytes) {
  return rocksdb::Slice(bytes.data(), bytes.size());
}
inline std::string_view ToView(const rocksdb::Slice& slice) {
  return std::string_view(slice.data(), slice.size());
}

// The error of `doing` something ("read from", "open") with the database at `path`, as one sentence.
absl::Status ToStatus(const rocksdb::Status& status, std::string_view doing, const std::string& path);

struct Database::Engine {
  ~Engine();

  rocksdb::ColumnFamilyHandle* Handle(Family family) const { return handles[static_cast<std::size_t>(family)]; }

  // Every family, also the default one and those that only a later version knows.
  std::vector<rocksdb::ColumnFamilyHandle*> AllHandles() const;

  // Constant after Open. In order of construction; so the lock is let go of last.
  DatabaseOptions options;
  std::optional<LockFile> lock;
  std::shared_ptr<rocksdb::Cache> cache;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;        // by Family
  std::vector<rocksdb::ColumnFamilyHandle*> other_handles;  // the default family first

  // The first failure that makes the tail unknown. `failed` spares the mutex while there is none.
  std::atomic<bool> failed = false;
  Mutex mutex;
  absl::Status failure ABSL_GUARDED_BY(mutex);
};

struct WriteSet::Batch {
  rocksdb::WriteBatch batch;
};

}  // namespace allmende::store
