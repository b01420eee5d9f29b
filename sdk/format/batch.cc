#include "sdk/format/batch.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "sdk/base/endian.h"
#include "sdk/format/body.h"
#include "sdk/format/merkle.h"

namespace allmende::format {
namespace {

constexpr size_t kBodyBytesOffset = kStatementBytes + kSignatureAreaBytes;

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed batch: ", why));
}

}  // namespace

RecordRange::Iterator::Iterator(std::string_view rest) : rest_(rest) {
  if (!rest_.empty()) {
    record_ = ReadRecord(rest_);
  }
}

RecordRange::Iterator& RecordRange::Iterator::operator++() {
  rest_.remove_prefix(record_.encoded.size());
  if (!rest_.empty()) {
    record_ = ReadRecord(rest_);
  }
  return *this;
}

absl::StatusOr<BatchWalk> BatchWalk::Open(std::string_view bytes) {
  absl::StatusOr<Statement> statement = ParseStatement(bytes);
  if (!statement.ok()) {
    return std::move(statement).status();
  }
  if (bytes.size() < kBatchHeaderBytes) {
    return Malformed(absl::StrCat("cut off after ", bytes.size(), " bytes, before its records"));
  }
  const SignatureArea signature(bytes.substr(kStatementBytes, kSignatureAreaBytes));
  if (absl::Status valid = signature.Check(); !valid.ok()) {
    return valid;
  }
  const std::string_view body = bytes.substr(kBatchHeaderBytes);
  if (const auto body_bytes = LoadBigEndian<uint32_t>(bytes.data() + kBodyBytesOffset); body_bytes != body.size()) {
    return Malformed(
        absl::StrCat("it says that its records have ", body_bytes, " bytes, but ", body.size(), " follow"));
  }
  BatchWalk walk;
  walk.statement_ = *statement;
  walk.rest_ = body;
  return walk;
}

bool BatchWalk::Next() {
  if (!status_.ok()) {
    return false;
  }
  if (rest_.empty()) {
    if (count_ != statement_.record_count) {
      status_ =
          Malformed(absl::StrCat("it says that it has ", statement_.record_count, " records, but ", count_, " follow"));
    }
    return false;
  }
  if (count_ == statement_.record_count) {
    status_ = Malformed(absl::StrCat("it says that it has ", count_, " records, but more follow"));
    return false;
  }
  absl::StatusOr<RecordView> record = ParseRecord(rest_);
  if (!record.ok()) {
    status_ = Malformed(absl::StrCat("record ", count_, ": ", std::string(record.status().message())));
    return false;
  }
  record_ = *record;
  counted_bytes_ += CountedBytes(record_.encoded.size());
  if (counted_bytes_ > kBatchBodyBytesMax) {
    status_ = Malformed(absl::StrCat("its records have more than ", kBatchBodyBytesMax, " bytes"));
    return false;
  }
  ++count_;
  rest_.remove_prefix(record_.encoded.size());
  return true;
}

absl::StatusOr<BatchView> BatchView::Parse(std::string_view bytes) {
  absl::StatusOr<BatchWalk> walk = BatchWalk::Open(bytes);
  if (!walk.ok()) {
    return std::move(walk).status();
  }
  BatchView view;
  view.bytes_ = bytes;
  view.statement_ = walk->statement();
  while (walk->Next()) {
    view.leaf_only_count_ += walk->record().has_content() ? 0 : 1;
  }
  if (!walk->status().ok()) {
    return walk->status();
  }
  return view;
}

absl::Status BatchView::CheckRoot() const {
  crypto::Sha256 hasher;
  MerkleRoot tree(hasher);
  for (const RecordView& record : records()) {
    tree.Add(LeafOf(record, hasher));
  }
  if (tree.Root() != statement_.root) {
    return absl::DataLossError(
        absl::StrCat("the records of the batch at sequence ", statement_.first_sequence,
                     " are not those that its statement is about: a record, its salt or the order was changed"));
  }
  return absl::OkStatus();
}

absl::Status BatchView::CheckSignature(const crypto::Ed25519PublicKey& key) const {
  return signature().Verify(statement_bytes(), key);
}

}  // namespace allmende::format
