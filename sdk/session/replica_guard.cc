#include "sdk/session/replica_guard.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace allmende::session {

namespace {

std::string Rounded(absl::Duration duration) {
  return absl::FormatDuration(absl::Trunc(duration, absl::Seconds(1)));
}

absl::Status CheckLease(const ReplicaState& state, const ReplicaGuardInput& input) {
  if (input.connected) return absl::OkStatus();
  if (state.lease_until == absl::InfinitePast()) {
    return absl::PermissionDeniedError(
        "the terms give no lease, so the copy may be read only while a broker is reached; start the sync");
  }
  if (input.now > state.lease_until) {
    return absl::PermissionDeniedError(absl::StrCat("the lease ended ", Rounded(input.now - state.lease_until),
                                                    " ago; the copy opens again once a broker is reached"));
  }
  return absl::OkStatus();
}

absl::Status CheckStaleness(const ReplicaState& state, const ReplicaGuardInput& input) {
  absl::Duration max = input.max_staleness;
  if (const int64_t terms_us = state.opened.terms().max_staleness_us(); terms_us > 0) {
    max = std::min(max, absl::Microseconds(terms_us));
  }
  const absl::Duration age = MakeReadInfo(state, input).age;
  if (age <= max) return absl::OkStatus();
  return absl::OutOfRangeError(
      absl::StrCat("the copy is ", Rounded(age), " old and at most ", absl::FormatDuration(max), " is allowed"));
}

}  // namespace

absl::Status CheckReadable(const ReplicaState& state, const ReplicaGuardInput& input) {
  if (state.ended) {
    return absl::PermissionDeniedError("nothing permits this copy any more; ask for a new agreement, then sync");
  }
  if (state.narrowed) {
    return absl::PermissionDeniedError(
        "the view of this dataset has changed and the copy is being made anew; try again once it is complete");
  }
  if (state.served.number == 0) {
    return absl::UnavailableError("nothing complete was synced yet; start the sync and wait for it");
  }
  const absl::Time clock_seen = std::max(state.clock_seen, input.clock_seen);
  if (input.now + input.clock_tolerance < clock_seen) {
    return absl::FailedPreconditionError(
        absl::StrCat("the clock shows ", absl::FormatTime(input.now, absl::UTCTimeZone()), " and has shown ",
                     absl::FormatTime(clock_seen, absl::UTCTimeZone()), " before; set it right, or sync"));
  }
  if (absl::Status status = CheckLease(state, input); !status.ok()) return status;
  return CheckStaleness(state, input);
}

ReadInfo MakeReadInfo(const ReplicaState& state, const ReplicaGuardInput& input) {
  ReadInfo info;
  if (input.connected) {
    info.source = input.level ? ReadInfo::Source::kSynced : ReadInfo::Source::kCatchup;
  }
  info.as_of = state.as_of;
  info.age = std::max(absl::ZeroDuration(), input.now - state.level_at);
  info.watermark = state.served.applied;
  info.head = state.head;
  info.lease_until = state.lease_until;
  return info;
}

}  // namespace allmende::session
