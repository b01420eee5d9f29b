#include "broker/service/subscribe_start.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "broker/data/latest_keeper.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

absl::Status CheckRequest(const v1::SubscribeRequest& request, const DatasetState& dataset) {
  if (request.start_case() == v1::SubscribeRequest::kSnapshot && dataset.kind != v1::TABLE) {
    return absl::InvalidArgumentError(absl::StrCat("`", dataset.name, "` is a stream: only a table has a snapshot"));
  }
  return absl::OkStatus();
}

// Of the entry that holds `sequence`, which is kept.
absl::StatusOr<LogHash> HashOfEntryWith(const LogView& view, LogId log, Sequence sequence) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view.ReadFromSequence(log, sequence, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    return absl::DataLossError("an entry of the log is missing");
  }
  return cursor->entry().hash;
}

// Where the token's subscription goes on; only in the very log that it was given out for.
absl::StatusOr<Sequence> ResumeAt(std::string_view token, const format::DatasetId& dataset, LogId log,
                                  const LogView& view, const LogHead& head) {
  ALLMENDE_ASSIGN_OR_RETURN(const ResumePoint point, DecodeResumeToken(token));
  const std::string start_anew = ": start anew, with a snapshot or from the beginning";
  if (point.dataset != dataset) {
    return absl::FailedPreconditionError(absl::StrCat("the resume token is of another dataset", start_anew));
  }
  if (point.next_sequence > head.next_sequence) {
    return absl::FailedPreconditionError(absl::StrCat("the broker's log ends at sequence ", head.next_sequence - 1,
                                                      ", the resume token is ahead of it", start_anew));
  }
  if (point.next_sequence < head.first_sequence) {
    return absl::FailedPreconditionError(
        absl::StrCat("records up to sequence ", head.first_sequence - 1, " are no longer kept", start_anew));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence erased, NewestErasedTombstone(view, log));
  if (point.next_sequence <= erased) {
    return absl::FailedPreconditionError(
        absl::StrCat("deletes up to sequence ", erased, " are no longer kept", start_anew));
  }
  if (point.next_sequence - 1 < head.first_sequence) {
    return point.next_sequence;  // the entry before it is gone, rightly
  }
  ALLMENDE_ASSIGN_OR_RETURN(const LogHash hash, HashOfEntryWith(view, log, point.next_sequence - 1));
  if (hash != point.hash) {
    return absl::FailedPreconditionError(absl::StrCat("the broker's log was replaced since", start_anew));
  }
  return point.next_sequence;
}

}  // namespace

absl::StatusOr<SubscribeStart> FindStart(const v1::SubscribeRequest& request, const DatasetState& dataset,
                                         const LogView& view, const LogHead& head) {
  ALLMENDE_RETURN_IF_ERROR(CheckRequest(request, dataset));
  const LogId log{dataset.log};
  SubscribeStart start;
  ALLMENDE_ASSIGN_OR_RETURN(start.dataset, format::DatasetId::FromBytes(dataset.id));
  start.head_sequence = head.next_sequence - 1;
  start.snapshot = request.start_case() == v1::SubscribeRequest::kSnapshot;
  start.stop_at_head = request.stop_at_head();
  start.accept_withheld = request.accept_withheld();
  ALLMENDE_ASSIGN_OR_RETURN(start.erasures, ErasureCount(view, log));
  ALLMENDE_ASSIGN_OR_RETURN(start.erased_tombstone, NewestErasedTombstone(view, log));
  switch (request.start_case()) {
    case v1::SubscribeRequest::kFromSequence:
      start.first_sequence = request.from_sequence();
      start.may_hold_below = start.first_sequence;
      break;
    case v1::SubscribeRequest::kFromEventTimeUs: {
      const std::unique_ptr<SideCursor> found =
          view.ScanSide(SideFamily::kTimeIndex, SideKeyPrefix(log), TimeIndexKey(log, request.from_event_time_us()));
      start.first_sequence = head.next_sequence;  // everything stored is older
      if (found->Next()) {
        ALLMENDE_ASSIGN_OR_RETURN(start.first_sequence, DecodeSequence(found->value()));
      }
      ALLMENDE_RETURN_IF_ERROR(found->status());
      break;
    }
    case v1::SubscribeRequest::kResumeToken: {
      ALLMENDE_ASSIGN_OR_RETURN(start.first_sequence, ResumeAt(request.resume_token(), start.dataset, log, view, head));
      // A token is given out now and then, so its reader may have got further.
      start.may_hold_below = std::numeric_limits<Sequence>::max();
      break;
    }
    case v1::SubscribeRequest::kOnlyNew:
      start.first_sequence = head.next_sequence;
      break;
    case v1::SubscribeRequest::kSnapshot:
    case v1::SubscribeRequest::START_NOT_SET:
      start.first_sequence = head.first_sequence;
      break;
  }
  if (start.first_sequence > head.next_sequence) {
    return absl::OutOfRangeError(absl::StrCat("`", dataset.name, "` ends at sequence ", start.head_sequence,
                                              ", not at ", start.first_sequence, ": subscribe from an earlier one"));
  }
  start.first_sequence = std::max(start.first_sequence, head.first_sequence);
  if (start.first_sequence > head.first_sequence) {
    ALLMENDE_ASSIGN_OR_RETURN(start.previous_hash, HashOfEntryWith(view, log, start.first_sequence - 1));
  }
  return start;
}

absl::Status CheckNothingMissed(const SubscribeStart& start, const LogView& view, LogId log, Sequence next) {
  if (start.snapshot && next <= start.head_sequence) {
    return absl::OkStatus();
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence erased, NewestErasedTombstone(view, log));
  if (erased < next || erased == start.erased_tombstone) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "deletes up to sequence ", erased, " were removed before they were read: subscribe anew, with a snapshot"));
}

}  // namespace allmende::broker
