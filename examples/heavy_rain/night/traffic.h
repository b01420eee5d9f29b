// Invented traffic at invented places: the harder it rains, the fewer and the slower; nothing moves where the street is
// flooded. Internal to this folder.
#pragma once

#include <functional>
#include <vector>

#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/storm/storm.h"

namespace heavy_rain {

struct Street {
  Place place;
  double rain_mm_per_hour = 0;
  bool flooded = false;
};

// The record of each cross-section for the step's time. `look` says how it is at a place.
std::vector<Item> TrafficAt(absl::Time time, uint64_t step, const std::function<Street(const Place&)>& look);

// Water in the wells, published once.
std::vector<Item> WellItems(absl::Time time);

}  // namespace heavy_rain
