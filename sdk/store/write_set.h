// Changes that a database applies together. A later change in the set wins over an earlier one to the same key.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "sdk/store/family.h"

namespace allmende::store {

class Database;

// Not thread-safe. Copies what it is given. May be cleared and used again, which saves allocations.
class WriteSet {
 public:
  explicit WriteSet(const Database& database);
  ~WriteSet();
  WriteSet(WriteSet&&) noexcept;
  WriteSet& operator=(WriteSet&&) noexcept;

  void Put(Family family, std::string_view key, std::string_view value);

  // The value is `parts`, one after the other; at most four.
  void PutParts(Family family, std::string_view key, std::span<const std::string_view> parts);

  void Delete(Family family, std::string_view key);

  // Deletes [from, to). Each call slows reads nearby until it is compacted away, so delete few large ranges, not many
  // small.
  void DeleteRange(Family family, std::string_view from, std::string_view to);

  void Clear();
  bool empty() const;
  std::size_t bytes() const;

 private:
  friend class Database;
  struct Batch;

  const Database* database_;
  std::unique_ptr<Batch> batch_;
};

}  // namespace allmende::store
