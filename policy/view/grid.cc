#include "policy/view/grid.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace allmende::policy::view {
namespace {

constexpr double kMetresPerDegree = 111'320.0;

// Seven decimals are a centimetre. Results of a few operations that differ in their last bit become equal, so that
// other machines and languages agree on every byte.
double SevenDecimals(double degrees) {
  return std::round(degrees * 1e7) / 1e7;
}

}  // namespace

PositionValue CellCentre(PositionValue position, uint32_t metres) {
  const double step = metres / kMetresPerDegree;
  const double row = std::floor(position.latitude / step);
  const double latitude = std::clamp((row + 0.5) * step, -90.0, 90.0);

  const double cosine = std::cos(latitude * (std::numbers::pi / 180.0));
  const double cells = std::max(1.0, std::floor(360.0 * cosine / step));
  const double cell = std::min(cells - 1.0, std::floor((position.longitude + 180.0) * cells / 360.0));
  const double longitude = -180.0 + (cell + 0.5) * 360.0 / cells;
  // Adding 0 makes a negative zero positive.
  return {.latitude = SevenDecimals(latitude) + 0.0, .longitude = SevenDecimals(longitude) + 0.0};
}

}  // namespace allmende::policy::view
