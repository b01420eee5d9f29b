#include "examples/heavy_rain/storm/sewer.h"

#include <algorithm>
#include <cmath>

namespace heavy_rain {
namespace {

constexpr absl::Duration kStep = absl::Seconds(5);
constexpr double kWeirCoefficient = 1.8;  // m^0.5/s, of a broad crest
constexpr double kSquareMetresPerHectare = 10'000;
constexpr double kMetresPerSecondPerMmPerHour = 1e-3 / 3600;

}  // namespace

void Sewer::Rain(double rain, absl::Duration duration) {
  const double runoff_m3s = rain * kMetresPerSecondPerMmPerHour * options_.catchment_hectares *
                            kSquareMetresPerHectare * options_.runoff_share;
  for (absl::Duration done; done < duration; done += kStep) {
    const double seconds = absl::ToDoubleSeconds(std::min(kStep, duration - done));
    const double arriving = on_its_way_m3_ * std::min(1.0, seconds / absl::ToDoubleSeconds(options_.runoff_delay));
    on_its_way_m3_ += runoff_m3s * seconds - arriving;
    stored_m3_ += arriving;
    const double over = std::min(stored_m3_, overflow_m3s() * seconds);
    stored_m3_ -= over;
    const double throttled = std::min(stored_m3_, options_.throttle_m3s * seconds);
    stored_m3_ -= throttled;
    total_.in += runoff_m3s * seconds;
    total_.overflowed += over;
    total_.throttled += throttled;
  }
}

double Sewer::level_cm() const {
  return options_.base_cm + 100 * stored_m3_ / options_.storage_square_metres;
}

double Sewer::overflow_m3s() const {
  const double head_metres = std::max(0.0, (level_cm() - options_.crest_cm) / 100);
  return kWeirCoefficient * options_.weir_metres * std::pow(head_metres, 1.5);
}

Sewer::Balance Sewer::balance() const {
  Balance balance = total_;
  balance.stored = stored_m3_ + on_its_way_m3_;
  return balance;
}

}  // namespace heavy_rain
