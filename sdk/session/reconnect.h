// Which endpoint to try next, and after what pause. Pure: randomness is handed in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace allmende::session {

// Returns a number in [0, 1).
using UniformRandom = std::function<double()>;

struct ReconnectOptions {
  size_t endpoint_count = 1;
  absl::Duration pause_min = absl::Milliseconds(200);
  absl::Duration pause_max = absl::Seconds(5);
};

struct Attempt {
  size_t endpoint = 0;
  absl::Duration pause;

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// A round goes over all endpoints without a pause, beginning with the one that worked last. Between rounds there is a
// pause that doubles from `pause_min` to `pause_max`; half of it is random, so that clients of a broker that returns do
// not all come at once. Not thread-safe.
class Reconnect {
 public:
  Reconnect(const ReconnectOptions& options, UniformRandom random);

  // The next attempt, after a start or a failure. `overloaded`: the peer asked for less load, so there is a pause even
  // within a round.
  Attempt Next(bool overloaded);

  // The present endpoint does what it should: the next round begins with it, without a pause. A connection alone is no
  // progress; a broker that accepts and then fails must not be tried in a tight loop.
  void Progress();

 private:
  absl::Duration Pause(uint64_t round);

  // Constant after construction.
  const ReconnectOptions options_;
  const UniformRandom random_;

  size_t first_ = 0;       // where rounds begin
  uint64_t attempts_ = 0;  // since the last progress
};

// Whether another attempt can help, on this endpoint or the next: the connection, the load or the broker's life was the
// problem, not the request. An OK end counts: streams here are closed by the side that has a reason, with a reason.
bool IsTransient(const absl::Status& status);

}  // namespace allmende::session
