// A walk over the keys of one family in byte order.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace allmende::store {

class Snapshot;

struct ScanOptions {
  const Snapshot* snapshot = nullptr;  // as of now if none; must outlive the iterator

  // Only keys in [lower, upper); an empty string is no bound.
  std::string lower{};
  std::string upper{};

  // Read so far ahead from files: for long walks over data that is not in memory. Zero: the engine decides.
  std::size_t readahead_bytes = 0;

  // Let what is read push other things out of the cache.
  bool fill_cache = false;
};

// Not thread-safe.
class Iterator {
 public:
  virtual ~Iterator() = default;

  virtual void SeekToFirst() = 0;
  virtual void SeekToLast() = 0;
  virtual void Seek(std::string_view key) = 0;         // to the first key at or after `key`
  virtual void SeekForPrev(std::string_view key) = 0;  // to the last key at or before `key`
  virtual void Next() = 0;                             // requires Valid()
  virtual void Prev() = 0;                             // requires Valid()

  // False at the end, and also when damaged data stopped the walk: only status() tells the two apart.
  virtual bool Valid() const = 0;
  virtual absl::Status status() const = 0;  // kDataLoss: damaged

  // Both require Valid() and stay valid until the iterator moves.
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
};

}  // namespace allmende::store
