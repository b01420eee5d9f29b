#include "sdk/subscriber/event.h"

#include <limits>
#include <utility>
#include <variant>

namespace allmende {

namespace {

absl::Time LeaseUntil(int64_t us) {
  if (us == 0) return absl::InfinitePast();
  if (us == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  return absl::FromUnixMicros(us);
}

struct SetStart {
  v1::SubscribeRequest& request;

  absl::Status operator()(const StartAtOldest&) const { return absl::OkStatus(); }
  absl::Status operator()(const StartAtHead&) const {
    request.set_only_new(true);
    return absl::OkStatus();
  }
  absl::Status operator()(const StartAtSequence& start) const {
    if (start.sequence == 0) return absl::InvalidArgumentError("sequences begin at 1");
    request.set_from_sequence(start.sequence);
    return absl::OkStatus();
  }
  absl::Status operator()(const StartAtEventTime& start) const {
    request.set_from_event_time_us(absl::ToUnixMicros(start.time));
    return absl::OkStatus();
  }
  absl::Status operator()(const StartAtToken& start) const {
    if (start.token.empty()) return absl::InvalidArgumentError("the resume token is empty");
    request.set_resume_token(start.token);
    return absl::OkStatus();
  }
  absl::Status operator()(const StartWithSnapshot&) const {
    request.set_snapshot(true);
    return absl::OkStatus();
  }
};

}  // namespace

WatermarkReached EventOf(v1::Watermark& watermark) {
  WatermarkReached event;
  event.sequence = watermark.sequence();
  event.head_sequence = watermark.head_sequence();
  event.resume_token = std::move(*watermark.mutable_resume_token());
  event.as_of = absl::FromUnixMicros(watermark.as_of_us());
  event.lease_until = LeaseUntil(watermark.lease_until_us());
  event.snapshot_complete = watermark.snapshot_complete();
  event.oldest_sequence = watermark.oldest_sequence();
  return event;
}

TermsChanged EventOf(v1::EntitlementChanged& changed) {
  TermsChanged event;
  event.terms = std::move(*changed.mutable_terms());
  event.cause = std::move(*changed.mutable_cause());
  event.narrowed = changed.narrowed() || !changed.not_narrower();
  return event;
}

SubscriptionEnded EventOf(v1::Ended& ended) {
  SubscriptionEnded event;
  event.complete = ended.complete();
  if (ended.has_refused()) event.refused = std::move(*ended.mutable_refused());
  return event;
}

absl::StatusOr<v1::SubscribeRequest> RequestOf(const SubscriberOptions& options, const std::string& client_purpose) {
  if (options.dataset.empty()) return absl::InvalidArgumentError("no dataset was named");
  if (options.buffer_bytes_max == 0) return absl::InvalidArgumentError("the buffer needs room for something");
  v1::SubscribeRequest request;
  request.set_dataset(options.dataset);
  request.set_purpose(options.purpose.empty() ? client_purpose : options.purpose);
  request.set_agreement(options.agreement);
  request.set_stop_at_head(options.stop_at_head);
  request.set_with_schema(options.with_schema);
  request.set_accept_withheld(options.report_withheld);
  request.set_keep_copy(options.keep_copy);
  if (absl::Status status = std::visit(SetStart{request}, options.start); !status.ok()) return status;
  return request;
}

}  // namespace allmende
