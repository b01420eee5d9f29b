#include "broker/data/quarantine_keeper.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "allmende/v1/catalogue.pb.h"
#include "broker/data/keys.h"
#include "sdk/base/endian.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

// Of one call, so that the log's queue keeps room for publishers.
constexpr size_t kRecordsMax = 4'096;
constexpr size_t kReadBytesMax = 32 << 20;

// What cannot be read is of no use to anybody, so it is old.
bool IsOlder(std::string_view value, absl::Time oldest) {
  v1::QuarantinedRecord record;
  return !record.ParseFromArray(value.data(), static_cast<int>(value.size())) ||
         absl::FromUnixMicros(record.accepted_at_us()) < oldest;
}

}  // namespace

absl::Status QuarantineKeeper::CountNew(const LogView& view, LogId log, Known& known) {
  const std::string prefix = QuarantinePrefix(log);
  const std::unique_ptr<SideCursor> cursor =
      view.ScanSide(SideFamily::kState, prefix, QuarantineKey(log, known.through + 1));
  while (cursor->Next()) {
    known.bytes += cursor->value().size();
    known.through = LoadBigEndian<uint64_t>(cursor->key().data() + prefix.size());
  }
  return cursor->status();
}

absl::StatusOr<uint64_t> QuarantineKeeper::BytesOver(const LogView& view, LogId log, uint64_t bytes_max) {
  Known& known = known_[static_cast<uint32_t>(log)];
  ALLMENDE_RETURN_IF_ERROR(CountNew(view, log, known));
  if (known.bytes > bytes_max) {
    known = {};  // some may have gone
    ALLMENDE_RETURN_IF_ERROR(CountNew(view, log, known));
  }
  return known.bytes > bytes_max ? known.bytes - bytes_max + bytes_max / 8 : 0;
}

absl::StatusOr<bool> QuarantineKeeper::Step(LogId log, const v1::Retention& retention, absl::Time now) {
  if (retention.max_age_us() == 0 && retention.max_bytes() == 0) {
    return false;
  }
  const std::shared_ptr<const LogView> view = log_.View();
  uint64_t over = 0;
  if (retention.max_bytes() > 0) {
    ALLMENDE_ASSIGN_OR_RETURN(over, BytesOver(*view, log, static_cast<uint64_t>(retention.max_bytes())));
  }
  const absl::Time oldest =
      retention.max_age_us() > 0 ? now - absl::Microseconds(retention.max_age_us()) : absl::InfinitePast();
  const std::unique_ptr<SideCursor> cursor = view->ScanSide(SideFamily::kState, QuarantinePrefix(log), {});
  std::vector<SideWrite> deletes;
  uint64_t bytes = 0;  // of those
  bool more = false;
  while (cursor->Next()) {
    if (bytes >= over && !IsOlder(cursor->value(), oldest)) {
      break;
    }
    if (deletes.size() >= kRecordsMax || bytes >= kReadBytesMax) {
      more = true;
      break;
    }
    bytes += cursor->value().size();
    deletes.push_back(SideWrite::Delete(SideFamily::kState, std::string(cursor->key())));
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  if (!deletes.empty()) {
    ALLMENDE_RETURN_IF_ERROR(log_.WriteSide(std::move(deletes), [](const absl::Status&) {}));
  }
  return more;
}

}  // namespace allmende::broker
