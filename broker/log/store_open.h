// Opening a StoreLog's directory, and checking that nothing that was acknowledged is missing.
#pragma once

#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/log/head_file.h"
#include "broker/log/records.h"
#include "broker/log/store_log.h"
#include "sdk/store/database.h"

namespace allmende::broker {

struct OpenedStore {
  std::unique_ptr<store::Database> database;
  HeadFile head_file;
  CommitMark last;
  absl::flat_hash_map<LogId, HeadRecord> heads;
  std::vector<Loss> losses;
};

// As StoreLog::Open.
absl::StatusOr<OpenedStore> OpenStore(const StoreLogOptions& options);

inline std::string DatabasePath(const std::string& path) {
  return path + "/db";
}
inline std::string HeadFilePath(const std::string& path) {
  return path + "/head";
}

}  // namespace allmende::broker
