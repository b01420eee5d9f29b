// May a replica answer now, and what does it say about the age of its answer? Pure; thread-safe.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/replica.h"
#include "sdk/session/replica_state.h"

namespace allmende::session {

// A broker says something every few seconds. After more than this without a word, by a clock that goes on while the
// machine sleeps, nobody knows whether the connection still stands.
inline constexpr absl::Duration kBrokerSilenceMax = absl::Seconds(40);

struct ReplicaGuardInput {
  bool connected = false;                        // a subscription stands, so the broker would say if something ended
  bool level = false;                            // and it has delivered everything
  absl::Time now;                                // by the local clock
  absl::Time clock_seen = absl::InfinitePast();  // as ReplicaState::clock_seen, where reads have seen later times
  absl::Duration max_staleness = absl::InfiniteDuration();  // that the caller bears
  absl::Duration clock_tolerance;
};

// The codes of allmende/replica.h. Never OK on a doubt: a clock behind its own past refuses, so turning it back does
// not prolong a lease.
absl::Status CheckReadable(const ReplicaState& state, const ReplicaGuardInput& input);

ReadInfo MakeReadInfo(const ReplicaState& state, const ReplicaGuardInput& input);

}  // namespace allmende::session
