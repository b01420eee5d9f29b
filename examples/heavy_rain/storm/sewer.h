// One basin of the combined sewers. Rain runs off with a delay, a throttle passes on what the works can take, the rest
// is stored; above the crest of the weir it overflows into the river. Pure.
#pragma once

#include "absl/time/time.h"

namespace heavy_rain {

struct SewerOptions {
  double catchment_hectares = 60;
  double runoff_share = 0.6;                        // of the rain that reaches the sewer
  absl::Duration runoff_delay = absl::Minutes(12);  // of a linear reservoir
  double storage_square_metres = 1800;
  double throttle_m3s = 1.2;
  double base_cm = 38;    // level in dry weather
  double crest_cm = 320;  // of the weir
  double weir_metres = 4;
};

class Sewer {
 public:
  explicit Sewer(const SewerOptions& options) : options_(options) {}

  // `rain` in mm/h, constant over `duration`.
  void Rain(double rain, absl::Duration duration);

  double level_cm() const;
  double overflow_m3s() const;
  bool overflows() const { return overflow_m3s() > 0; }

  // Cubic metres since the beginning: what came in is what is there and what has left.
  struct Balance {
    double in = 0;
    double throttled = 0;
    double overflowed = 0;
    double stored = 0;  // in the basin and on its way to it
  };
  Balance balance() const;

 private:
  SewerOptions options_;
  double on_its_way_m3_ = 0;
  double stored_m3_ = 0;
  Balance total_;
};

}  // namespace heavy_rain
