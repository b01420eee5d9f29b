// RocksDB as it comes, without anything of ours: what benchmarks compare with.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace allmende::store {

// Not thread-safe. Aborts if the database in the new directory `path` cannot be made.
class RawWriter {
 public:
  explicit RawWriter(const std::string& path);
  ~RawWriter();

  // One synced write of all pairs.
  absl::Status Write(std::span<const std::pair<std::string, std::string_view>> pairs);

 private:
  struct Engine;
  const std::unique_ptr<Engine> engine_;
};

}  // namespace allmende::store
