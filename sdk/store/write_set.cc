#include "sdk/store/write_set.h"

#include <array>
#include <cstdlib>

#include "sdk/store/rocks.h"

namespace allmende::store {

WriteSet::WriteSet(const Database& database) : database_(&database), batch_(std::make_unique<Batch>()) {}
WriteSet::~WriteSet() = default;
WriteSet::WriteSet(WriteSet&&) noexcept = default;
WriteSet& WriteSet::operator=(WriteSet&&) noexcept = default;

// The batch itself can refuse only what is over 4 GiB, a bound that no caller of ours comes near; so its statuses are
// checked by an abort.
static void MustBeOk(const rocksdb::Status& status) {
  if (!status.ok()) {
    std::abort();
  }
}

void WriteSet::Put(Family family, std::string_view key, std::string_view value) {
  MustBeOk(batch_->batch.Put(database_->engine_->Handle(family), ToSlice(key), ToSlice(value)));
}

void WriteSet::PutParts(Family family, std::string_view key, std::span<const std::string_view> parts) {
  constexpr std::size_t kPartsMax = 4;
  if (parts.size() > kPartsMax) {
    std::abort();
  }
  std::array<rocksdb::Slice, kPartsMax> slices;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    slices[i] = ToSlice(parts[i]);
  }
  const rocksdb::Slice key_slice = ToSlice(key);
  MustBeOk(batch_->batch.Put(database_->engine_->Handle(family), rocksdb::SliceParts(&key_slice, 1),
                             rocksdb::SliceParts(slices.data(), static_cast<int>(parts.size()))));
}

void WriteSet::Delete(Family family, std::string_view key) {
  MustBeOk(batch_->batch.Delete(database_->engine_->Handle(family), ToSlice(key)));
}

void WriteSet::DeleteRange(Family family, std::string_view from, std::string_view to) {
  MustBeOk(batch_->batch.DeleteRange(database_->engine_->Handle(family), ToSlice(from), ToSlice(to)));
}

void WriteSet::Clear() {
  batch_->batch.Clear();
}

bool WriteSet::empty() const {
  return batch_->batch.Count() == 0;
}

std::size_t WriteSet::bytes() const {
  return batch_->batch.GetDataSize();
}

}  // namespace allmende::store
