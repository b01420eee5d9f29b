#include "sdk/outbox/encoding.h"

#include <concepts>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"

namespace allmende::outbox {

namespace {

// Reads fixed fields one after the other; what runs over the end shows in Done().
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : rest_(bytes) {}

  template <std::unsigned_integral T>
  T Number() {
    const std::string_view field = Take(sizeof(T));
    return field.empty() ? 0 : LoadBigEndian<T>(field.data());
  }
  crypto::Digest Hash() {
    crypto::Digest digest{};
    const std::string_view field = Take(digest.size());
    if (!field.empty()) std::memcpy(digest.data(), field.data(), digest.size());
    return digest;
  }
  // Zeros: no dataset yet.
  format::DatasetId Dataset() {
    return format::DatasetId::FromBytes(Take(format::kDatasetIdBytes)).value_or(format::DatasetId());
  }

  absl::Status Done(std::string_view what) const {
    if (!short_ && rest_.empty()) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat("the outbox is damaged: its ", std::string(what), " has a wrong length"));
  }

 private:
  std::string_view Take(size_t size) {
    if (rest_.size() < size) {
      short_ = true;
      return {};
    }
    const std::string_view field = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return field;
  }

  std::string_view rest_;
  bool short_ = false;
};

void AppendHash(const crypto::Digest& hash, std::string& to) {
  to.append(crypto::AsBytes(hash));
}

}  // namespace

std::string EncodeNumber(uint64_t number) {
  std::string bytes;
  AppendBigEndian(number, bytes);
  return bytes;
}

std::string EncodeBase(const session::SendBase& base) {
  std::string bytes(base.dataset.bytes());
  AppendBigEndian(base.epoch, bytes);
  AppendBigEndian(base.first_number, bytes);
  AppendBigEndian(base.next_sequence, bytes);
  AppendHash(base.previous_hash, bytes);
  AppendHash(base.schema_hash, bytes);
  return bytes;
}

std::string EncodeDescriptor(const session::PendingBatch& batch) {
  std::string bytes;
  AppendBigEndian(batch.record_count, bytes);
  AppendBigEndian(static_cast<uint32_t>(batch.encoded_bytes), bytes);
  AppendBigEndian(static_cast<uint64_t>(batch.created_us), bytes);
  AppendHash(batch.root, bytes);
  AppendHash(batch.schema_hash, bytes);
  return bytes;
}

absl::StatusOr<uint64_t> DecodeNumber(std::string_view bytes) {
  FieldReader reader(bytes);
  const uint64_t number = reader.Number<uint64_t>();
  if (absl::Status status = reader.Done("numbering"); !status.ok()) return status;
  return number;
}

absl::StatusOr<session::SendBase> DecodeBase(std::string_view bytes) {
  FieldReader reader(bytes);
  session::SendBase base;
  base.dataset = reader.Dataset();
  base.epoch = reader.Number<uint64_t>();
  base.first_number = reader.Number<uint64_t>();
  base.next_sequence = reader.Number<uint64_t>();
  base.previous_hash = reader.Hash();
  base.schema_hash = reader.Hash();
  if (absl::Status status = reader.Done("mark"); !status.ok()) return status;
  return base;
}

absl::StatusOr<session::PendingBatch> DecodeDescriptor(uint64_t number, std::string_view bytes) {
  FieldReader reader(bytes);
  session::PendingBatch batch;
  batch.number = number;
  batch.record_count = reader.Number<uint32_t>();
  batch.encoded_bytes = reader.Number<uint32_t>();
  batch.created_us = static_cast<int64_t>(reader.Number<uint64_t>());
  batch.root = reader.Hash();
  batch.schema_hash = reader.Hash();
  if (absl::Status status = reader.Done("list of batches"); !status.ok()) return status;
  return batch;
}

}  // namespace allmende::outbox
