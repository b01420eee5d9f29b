#include "sdk/format/statement.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"

namespace allmende::format {
namespace {

constexpr std::string_view kMagic("ALMBAT\0", 7);
constexpr uint8_t kVersion = 1;
constexpr uint8_t kProfileRecordLeaves = 1;
constexpr uint8_t kHashSha256 = 1;

constexpr size_t kVersionOffset = 7;
constexpr size_t kDatasetOffset = 8;
constexpr size_t kEpochOffset = 24;
constexpr size_t kFirstSequenceOffset = 32;
constexpr size_t kRecordCountOffset = 40;
constexpr size_t kProfileOffset = 44;
constexpr size_t kHashOffset = 45;
constexpr size_t kFlagsOffset = 46;
constexpr size_t kCreatedOffset = 48;
constexpr size_t kSchemaHashOffset = 56;
constexpr size_t kPreviousHashOffset = 88;
constexpr size_t kRootOffset = 120;

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed batch: ", why));
}

absl::Status TooNew(const std::string& what, unsigned value) {
  return absl::UnimplementedError(absl::StrCat("the batch has ", what, " ", value,
                                               ", which this program does not know: a newer release may read it"));
}

crypto::Digest DigestAt(std::string_view bytes, size_t offset) {
  crypto::Digest digest;
  std::copy_n(bytes.begin() + offset, digest.size(), digest.begin());
  return digest;
}

absl::Status CheckKnown(std::string_view bytes) {
  if (const auto version = LoadBigEndian<uint8_t>(bytes.data() + kVersionOffset); version != kVersion) {
    return TooNew("version", version);
  }
  if (const auto profile = LoadBigEndian<uint8_t>(bytes.data() + kProfileOffset); profile != kProfileRecordLeaves) {
    return TooNew("profile", profile);
  }
  if (const auto hash = LoadBigEndian<uint8_t>(bytes.data() + kHashOffset); hash != kHashSha256) {
    return TooNew("hash", hash);
  }
  if (const auto flags = LoadBigEndian<uint16_t>(bytes.data() + kFlagsOffset); flags != 0) {
    return TooNew("flags", flags);
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckStatement(const Statement& statement) {
  if (statement.dataset.is_zero()) {
    return Malformed("the dataset id is all zeros");
  }
  if (statement.epoch < 1 || statement.epoch > kEpochMax) {
    return Malformed(absl::StrCat("the epoch is ", statement.epoch, "; epochs go from 1 to ", kEpochMax));
  }
  if (statement.record_count < 1 || statement.record_count > kBatchRecordsMax) {
    return Malformed(absl::StrCat("it says that it has ", statement.record_count, " records; 1 to ", kBatchRecordsMax,
                                  " are allowed"));
  }
  if (statement.first_sequence < 1 || statement.first_sequence > kSequenceMax - (statement.record_count - 1)) {
    return Malformed(
        absl::StrCat("the first sequence is ", statement.first_sequence, "; sequences go from 1 to ", kSequenceMax));
  }
  if (statement.created_us < kTimeMinUs || statement.created_us > kTimeMaxUs) {
    return Malformed("the time of its making is outside the years 1 to 9999");
  }
  return absl::OkStatus();
}

std::string EncodeStatement(const Statement& statement) {
  std::string bytes;
  bytes.reserve(kStatementBytes);
  bytes.append(kMagic);
  AppendBigEndian(kVersion, bytes);
  bytes.append(statement.dataset.bytes());
  AppendBigEndian(statement.epoch, bytes);
  AppendBigEndian(statement.first_sequence, bytes);
  AppendBigEndian(statement.record_count, bytes);
  AppendBigEndian(kProfileRecordLeaves, bytes);
  AppendBigEndian(kHashSha256, bytes);
  AppendBigEndian(uint16_t{0}, bytes);  // flags
  AppendBigEndian(static_cast<uint64_t>(statement.created_us), bytes);
  bytes.append(crypto::AsBytes(statement.schema_hash));
  bytes.append(crypto::AsBytes(statement.previous_hash));
  bytes.append(crypto::AsBytes(statement.root));
  return bytes;
}

absl::StatusOr<Statement> ParseStatement(std::string_view bytes) {
  if (bytes.substr(0, kMagic.size()) != kMagic.substr(0, bytes.size())) {
    return Malformed("it does not begin with `ALMBAT`");
  }
  if (bytes.size() < kStatementBytes) {
    return Malformed(absl::StrCat("cut off after ", bytes.size(), " bytes; the statement alone has ", kStatementBytes));
  }
  if (absl::Status known = CheckKnown(bytes); !known.ok()) {
    return known;
  }
  Statement statement;
  // All zeros stays the default, which CheckStatement refuses.
  if (absl::StatusOr<DatasetId> id = DatasetId::FromBytes(bytes.substr(kDatasetOffset, kDatasetIdBytes)); id.ok()) {
    statement.dataset = *id;
  }
  statement.epoch = LoadBigEndian<uint64_t>(bytes.data() + kEpochOffset);
  statement.first_sequence = LoadBigEndian<uint64_t>(bytes.data() + kFirstSequenceOffset);
  statement.record_count = LoadBigEndian<uint32_t>(bytes.data() + kRecordCountOffset);
  statement.created_us = static_cast<int64_t>(LoadBigEndian<uint64_t>(bytes.data() + kCreatedOffset));
  statement.schema_hash = DigestAt(bytes, kSchemaHashOffset);
  statement.previous_hash = DigestAt(bytes, kPreviousHashOffset);
  statement.root = DigestAt(bytes, kRootOffset);
  if (absl::Status valid = CheckStatement(statement); !valid.ok()) {
    return valid;
  }
  return statement;
}

crypto::Digest HashStatement(std::string_view statement_bytes) {
  return crypto::Sha256Of(statement_bytes);
}

}  // namespace allmende::format
