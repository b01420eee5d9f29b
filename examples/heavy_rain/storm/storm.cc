#include "examples/heavy_rain/storm/storm.h"

#include <cmath>

namespace heavy_rain {
namespace {

constexpr double kWesternEdge = 13.09;  // Berlin's, degrees
constexpr double kMetresPerDegreeNorth = 111'320;
constexpr double kMetresPerDegreeEast = 67'750;  // at 52.5 degrees north
constexpr double kPi = 3.14159265358979;
constexpr double kOverAfterPeaks = 7;  // a burst is over after so many times the way to its peak

// u * exp(1 - u): nothing at 0, the peak of 1 at 1, a long tail, faded out to nothing at the end.
double Burst(double u) {
  if (u <= 0 || u >= kOverAfterPeaks) return 0;
  const double fade = 0.5 + 0.5 * std::cos(kPi * u / kOverAfterPeaks);
  return u * std::exp(1 - u) * fade / (0.5 + 0.5 * std::cos(kPi / kOverAfterPeaks));
}

uint64_t Mix(uint64_t x) {  // the finaliser of splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

double MetresEast(const Place& place) {
  return (place.longitude - kWesternEdge) * kMetresPerDegreeEast;
}

double Storm::RainAt(const Place& place, absl::Duration since) const {
  const absl::Duration on_its_way = absl::Seconds(MetresEast(place) / options_.metres_per_second);
  const double u = absl::FDivDuration(since - options_.begins - on_its_way, options_.to_peak);
  const double second = u - absl::FDivDuration(options_.second_after, options_.to_peak);
  const double off_track = (place.latitude - options_.track_latitude) * kMetresPerDegreeNorth;
  const double bell = std::exp(-std::pow(off_track / options_.half_width_metres, 2));
  return options_.peak_mm_per_hour * bell * (Burst(u) + options_.second_share * Burst(second));
}

double Noise(uint64_t seed, uint64_t site, uint64_t step) {
  const uint64_t bits = Mix(Mix(Mix(seed) ^ site) ^ step);
  return static_cast<double>(bits >> 11) / static_cast<double>(uint64_t{1} << 52) - 1;
}

}  // namespace heavy_rain
