// A simulated cloudburst: two gamma-shaped bursts that travel across the city from west to east. Pure; equal options
// give equal weather.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace heavy_rain {

// WGS84, degrees.
struct Place {
  double latitude = 0;
  double longitude = 0;
};

// East of the western edge of the city, in metres.
double MetresEast(const Place& place);

struct StormOptions {
  absl::Duration begins = absl::Minutes(50);        // when the first drop falls at the western edge
  double metres_per_second = 6;                     // how fast it travels east
  double peak_mm_per_hour = 62;                     // of the first burst, on its track
  absl::Duration to_peak = absl::Minutes(22);       // from the first drop at a place to the peak there
  absl::Duration second_after = absl::Minutes(75);  // the second burst, weaker
  double second_share = 0.4;
  double track_latitude = 52.515;   // where it passes in full
  double half_width_metres = 9000;  // north and south of it: rain falls off as a bell
};

class Storm {
 public:
  explicit Storm(const StormOptions& options) : options_(options) {}

  // Millimetres an hour at `place`, `since` the beginning of the night.
  double RainAt(const Place& place, absl::Duration since) const;

 private:
  StormOptions options_;
};

// Between -1 and 1, evenly; the same for the same arguments. Makes readings look measured and tells records apart.
double Noise(uint64_t seed, uint64_t site, uint64_t step);

}  // namespace heavy_rain
