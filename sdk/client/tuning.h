// What streams get handed in besides their options: the time, randomness and patience. Tests set their own.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "sdk/base/clock.h"
#include "sdk/session/reconnect.h"

namespace allmende {

struct StreamTuning {
  std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>();
  session::UniformRandom random;                       // none: the system's
  absl::Duration pause_min = absl::Milliseconds(200);  // between rounds over the endpoints
  absl::Duration pause_max = absl::Seconds(5);
  absl::Duration open_timeout = absl::Seconds(10);
  absl::Duration ack_timeout = absl::Seconds(60);
  absl::Duration silence_timeout = absl::Seconds(30);

  session::ReconnectOptions Reconnect(size_t endpoint_count) const;
  session::UniformRandom Random() const;
};

}  // namespace allmende
