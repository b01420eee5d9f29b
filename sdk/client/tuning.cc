#include "sdk/client/tuning.h"

#include <random>

namespace allmende {

session::ReconnectOptions StreamTuning::Reconnect(size_t endpoint_count) const {
  session::ReconnectOptions options;
  options.endpoint_count = endpoint_count;
  options.pause_min = pause_min;
  options.pause_max = pause_max;
  return options;
}

session::UniformRandom StreamTuning::Random() const {
  if (random) return random;
  // Only spreads reconnects; nobody gains by guessing it.
  const auto engine = std::make_shared<std::minstd_rand>(std::random_device{}());
  return [engine] { return std::uniform_real_distribution<double>(0, 1)(*engine); };
}

}  // namespace allmende
