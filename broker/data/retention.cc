#include "broker/data/retention.h"

#include <algorithm>
#include <memory>

#include "broker/data/keys.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

struct Accepted {
  Sequence first = 0;
  Sequence next = 0;
  absl::Time at;
};

// The batch that contains `sequence`, which is held.
absl::StatusOr<Accepted> AcceptedAt(const LogView& view, LogId log, Sequence sequence) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view.ReadFromSequence(log, sequence, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    return absl::DataLossError("an entry of the log is missing");
  }
  const StoredEntry& entry = cursor->entry();
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(entry.bytes));
  return Accepted{entry.first_sequence, entry.first_sequence + entry.count, stored.envelope.accepted_at};
}

// The first sequence that is young enough to stay; the head's next one if none is. Looks at a number of batches that
// grows with the logarithm of what is due: at one where nothing is. Batches are accepted in the order of time; where
// the clock was set back in between, what stays begins at some young batch behind an old one, or at the oldest.
absl::StatusOr<Sequence> FirstYoungerThan(const LogView& view, LogId log, const LogHead& head, absl::Time oldest) {
  // INVARIANT: the batch before `low`, if there is one, is too old; the one at `high`, if there is one, is not.
  Sequence low = head.first_sequence;
  Sequence high = head.next_sequence;
  Sequence step = 0;
  while (low < high) {
    ALLMENDE_ASSIGN_OR_RETURN(const Accepted batch, AcceptedAt(view, log, low + std::min(step, (high - low) / 2)));
    if (batch.at < oldest) {
      low = batch.next;
      step = 2 * step + (batch.next - batch.first);
    } else {
      high = batch.first;
    }
  }
  return low;
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
