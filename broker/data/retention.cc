#include "broker/data/retention.h"

#include <algorithm>
#include <memory>

#include "broker/data/keys.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr size_t kScanBytes = 4 << 20;

// The first sequence that is young enough to stay, looking at no more than kScanBytes: the rest comes next time.
absl::StatusOr<Sequence> FirstYoungerThan(const LogView& view, LogId log, const LogHead& head, absl::Time oldest) {
  Sequence keep_from = head.first_sequence;
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor,
                            view.ReadFromSequence(log, head.first_sequence, kScanBytes));
  while (cursor->Next()) {
    ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(cursor->entry().bytes));
    keep_from = cursor->entry().first_sequence;
    if (stored.envelope.accepted_at >= oldest) {
      break;
    }
  }
  ALLMENDE_RETURN_IF_ERROR(cursor->status());
  return keep_from;
}

}  // namespace

absl::Status ApplyRetention(Log& log, LogId id, const v1::Retention& retention, absl::Time now) {
  if (retention.max_age_us() == 0 && retention.max_bytes() == 0) {
    return absl::OkStatus();
  }
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(id));
  if (head.first_sequence >= head.next_sequence) {
    return absl::OkStatus();
  }
  Sequence keep_from = head.first_sequence;
  if (retention.max_age_us() > 0) {
    ALLMENDE_ASSIGN_OR_RETURN(keep_from,
                              FirstYoungerThan(*view, id, head, now - absl::Microseconds(retention.max_age_us())));
  }
  if (retention.max_bytes() > 0) {
    ALLMENDE_ASSIGN_OR_RETURN(const Sequence within,
                              view->FirstSequenceWithin(id, static_cast<uint64_t>(retention.max_bytes())));
    keep_from = std::max(keep_from, within);
  }
  keep_from = std::min(keep_from, head.next_sequence - 1);  // TrimBefore keeps the entry that holds it
  if (keep_from <= head.first_sequence) {
    return absl::OkStatus();
  }
  return log.TrimBefore(id, keep_from, [](absl::Status) {});
}

}  // namespace allmende::broker
