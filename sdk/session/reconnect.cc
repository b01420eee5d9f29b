#include "sdk/session/reconnect.h"

#include <algorithm>
#include <utility>

namespace allmende::session {

Reconnect::Reconnect(const ReconnectOptions& options, UniformRandom random)
    : options_(options), random_(std::move(random)) {}

Attempt Reconnect::Next(bool overloaded) {
  const uint64_t round = attempts_ / options_.endpoint_count;
  const size_t step = attempts_ % options_.endpoint_count;
  ++attempts_;
  Attempt attempt;
  attempt.endpoint = (first_ + step) % options_.endpoint_count;
  if ((round > 0 && step == 0) || overloaded) {
    attempt.pause = Pause(std::max<uint64_t>(round, 1));
  }
  return attempt;
}

void Reconnect::Progress() {
  if (attempts_ > 0) {
    first_ = (first_ + (attempts_ - 1) % options_.endpoint_count) % options_.endpoint_count;
  }
  attempts_ = 0;
}

absl::Duration Reconnect::Pause(uint64_t round) {
  const uint64_t doublings = std::min<uint64_t>(round - 1, 20);
  const absl::Duration whole = std::min(options_.pause_max, options_.pause_min * (int64_t{1} << doublings));
  return whole / 2 + whole / 2 * random_();
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
      return true;
    default:
      return false;
  }
}

}  // namespace allmende::session
