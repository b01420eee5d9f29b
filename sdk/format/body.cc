#include "sdk/format/body.h"

#include "absl/strings/str_cat.h"
#include "sdk/format/statement.h"

namespace allmende::format {
namespace {

absl::Status Malformed(const std::string& why) {
  return absl::InvalidArgumentError(absl::StrCat("malformed batch: ", why));
}

}  // namespace

absl::StatusOr<BodySummary> CheckBody(std::string_view body) {
  BodySummary summary;
  size_t counted_bytes = 0;
  for (std::string_view rest = body; !rest.empty();) {
    if (summary.record_count == kBatchRecordsMax) {
      return Malformed(absl::StrCat("it has more than ", kBatchRecordsMax, " records"));
    }
    const absl::StatusOr<RecordView> record = ParseRecord(rest);
    if (!record.ok()) {
      return Malformed(absl::StrCat("record ", summary.record_count, ": ", std::string(record.status().message())));
    }
    counted_bytes += CountedBytes(record->encoded.size());
    if (counted_bytes > kBatchBodyBytesMax) {
      return Malformed(absl::StrCat("its records have more than ", kBatchBodyBytesMax, " bytes"));
    }
    summary.leaf_only_count += record->has_content() ? 0 : 1;
    ++summary.record_count;
    rest.remove_prefix(record->encoded.size());
  }
  return summary;
}

}  // namespace allmende::format
