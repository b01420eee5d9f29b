#include "sdk/format/erase.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/endian.h"
#include "sdk/format/batch.h"

namespace allmende::format {
namespace {

absl::StatusOr<std::string> KeepLeaves(std::string_view batch, std::span<const uint32_t> indexes, Operation operation) {
  absl::StatusOr<BatchView> view = BatchView::Parse(batch);
  if (!view.ok()) {
    return std::move(view).status();
  }
  const uint32_t record_count = view->statement().record_count;
  std::vector<bool> chosen(record_count);
  for (const uint32_t index : indexes) {
    if (index >= record_count) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no record ", index, " in the batch; it has ", record_count, ", counted from 0"));
    }
    chosen[index] = true;
  }
  std::string body;
  body.reserve(view->body().size());
  crypto::Sha256 hasher;
  uint32_t index = 0;
  for (const RecordView& record : view->records()) {
    if (chosen[index++] && record.operation != Operation::kErased) {
      AppendLeafRecord(operation, LeafOf(record, hasher), body);
    } else {
      body.append(record.encoded);
    }
  }
  std::string result(batch.substr(0, kBatchHeaderBytes - sizeof(uint32_t)));
  AppendBigEndian(static_cast<uint32_t>(body.size()), result);
  result.append(body);
  return result;
}

}  // namespace

absl::StatusOr<std::string> Erase(std::string_view batch, std::span<const uint32_t> indexes) {
  return KeepLeaves(batch, indexes, Operation::kErased);
}

absl::StatusOr<std::string> Withhold(std::string_view batch, std::span<const uint32_t> indexes) {
  return KeepLeaves(batch, indexes, Operation::kWithheld);
}

}  // namespace allmende::format
