#include <algorithm>
#include <cmath>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/night/plans.h"
#include "examples/heavy_rain/night/traffic.h"
#include "examples/heavy_rain/storm/sewer.h"
#include "examples/heavy_rain/storm/storm.h"
#include "examples/schemas/rain.pb.h"
#include "examples/schemas/sewer_levels.pb.h"

namespace heavy_rain {
namespace {

constexpr uint64_t kSeed = 1;
constexpr absl::Duration kStep = absl::Minutes(5);
constexpr int kSteps = 72;  // six hours

struct RainGauge {
  const char* name;
  Place place;
};

constexpr RainGauge kRainGauges[] = {
    {"Spandau", {52.534, 13.190}},
    {"Mitte", {52.520, 13.400}},
    {"Tempelhof", {52.467, 13.403}},
    {"Marzahn", {52.540, 13.560}},
};

struct SewerGauge {
  const char* name;
  Place place;
  double catchment_hectares;
};

constexpr SewerGauge kSewerGauges[] = {
    {"Charlottenburg", {52.516731, 13.304172}, 58},  {"Moabit", {52.527893, 13.341267}, 64},
    {"Wedding", {52.547116, 13.359428}, 47},         {"Mitte", {52.517924, 13.402913}, 71},
    {"Kreuzberg", {52.497218, 13.412379}, 66},       {"Neukoelln", {52.481347, 13.435816}, 49},
    {"Prenzlauer Berg", {52.539462, 13.424731}, 42}, {"Friedrichshain", {52.515237, 13.454892}, 60},
};
constexpr char kShownGauge[] = "Moabit";
constexpr double kFloodsStreetsM3s = 2.5;
constexpr double kHeaviestRain = 62;  // mm/h, fills the bar

double Rounded(double value, double to) {
  return std::round(value / to) * to;
}

Item RainItem(size_t site, int step, absl::Time time, double mm_per_hour) {
  static const std::string kDataset = RainPlan().name;
  berlin::Rain rain;
  rain.mutable_time()->set_seconds(absl::ToUnixSeconds(time));
  rain.set_gauge(kRainGauges[site].name);
  rain.set_rain(std::max(0.0, Rounded(mm_per_hour * (1 + 0.03 * Noise(kSeed, 100 + site, step)), 0.1)));
  return {kDataset, rain.SerializeAsString()};
}

const char* PumpStatus(const Sewer& sewer) {
  if (sewer.overflows()) return "3 Pumpen, Ueberlauf";
  return sewer.level_cm() > 120 ? "3 Pumpen laufen" : "1 Pumpe laeuft";
}

berlin::SewerLevel LevelOf(size_t site, int step, absl::Time time, const Sewer& sewer) {
  const SewerGauge& gauge = kSewerGauges[site];
  berlin::SewerLevel level;
  level.mutable_zeit()->set_seconds(absl::ToUnixSeconds(time));
  level.set_messstelle(gauge.name);
  level.set_pegel_cm(std::max(0.0, Rounded(sewer.level_cm() + 0.8 * Noise(kSeed, site, step), 0.1)));
  // A meter that reads 0 without overflow, and never the same value twice with it.
  level.set_ueberlauf_m3s(sewer.overflow_m3s() * (1 + 0.02 * Noise(kSeed, 50 + site, step)));
  level.mutable_position()->set_latitude(gauge.place.latitude);
  level.mutable_position()->set_longitude(gauge.place.longitude);
  level.set_schacht_id(absl::StrCat("SCHACHT-", 4711 + 13 * site));
  level.set_pumpwerk_status(PumpStatus(sewer));
  level.set_wartung_telefon(absl::StrCat("+49 30 23125 0", 11 + site));  // numbers kept free for fiction
  return level;
}

class City {
 public:
  City() {
    for (const SewerGauge& gauge : kSewerGauges) {
      SewerOptions options;
      options.catchment_hectares = gauge.catchment_hectares;
      sewers_.emplace_back(options);
    }
  }

  Step Next(int step, absl::Time time) {
    const absl::Duration since = kStep * step;
    Step result;
    result.time = time;
    for (size_t site = 0; site < std::size(kRainGauges); ++site) {
      result.items.push_back(RainItem(site, step, time, storm_.RainAt(kRainGauges[site].place, since)));
    }
    AddLevels(step, time, since, result);
    const auto look = [&](const Place& place) { return StreetAt(place, since); };
    for (Item& item : TrafficAt(time, step, look)) result.items.push_back(std::move(item));
    return result;
  }

 private:
  void AddLevels(int step, absl::Time time, absl::Duration since, Step& result) {
    static const std::string kDataset = LevelPlan().name;
    double overflow = 0;  // of the whole city
    double rain_there = 0;
    berlin::SewerLevel shown;
    for (size_t site = 0; site < sewers_.size(); ++site) {
      const double rain = storm_.RainAt(kSewerGauges[site].place, since);
      if (step > 0) sewers_[site].Rain(rain, kStep);
      const berlin::SewerLevel level = LevelOf(site, step, time, sewers_[site]);
      result.items.push_back({kDataset, level.SerializeAsString()});
      overflow += level.ueberlauf_m3s();
      if (kSewerGauges[site].name == std::string(kShownGauge)) {
        result.intensity = rain / kHeaviestRain;
        shown = level;
        rain_there = rain;
      }
    }
    char text[80];
    std::snprintf(text, sizeof(text), "rain %2.0f mm/h  sewer %3.0f cm  overflow %4.1f m3/s", rain_there,
                  shown.pegel_cm(), overflow);
    result.weather = text;
  }

  Street StreetAt(const Place& place, absl::Duration since) const {
    Street street{place, storm_.RainAt(place, since), false};
    size_t nearest = 0;
    const auto distance = [&](size_t site) {
      return std::hypot(MetresEast(kSewerGauges[site].place) - MetresEast(place),
                        (kSewerGauges[site].place.latitude - place.latitude) * 111'320);
    };
    for (size_t site = 1; site < sewers_.size(); ++site) {
      if (distance(site) < distance(nearest)) nearest = site;
    }
    street.flooded = distance(nearest) < 1500 && sewers_[nearest].overflow_m3s() > kFloodsStreetsM3s;
    return street;
  }

  Storm storm_{StormOptions()};
  std::vector<Sewer> sewers_;
};

}  // namespace

Night SimulatedNight() {
  Night night;
  night.about = {
      "The storm, the gauges and the traffic are INVENTED: a computed cloudburst that crosses Berlin from west to "
      "east. "
      "Nothing here was measured. Everything else is real: the programs, the certificates, the rules, the failure."};
  night.weather_about = "Rain and sewer level at Moabit, overflow into the river in the whole city.";
  night.datasets = {RainPlan(), LevelPlan(), TrafficPlan(), WellPlan()};
  night.crisis_at = 25;
  night.refusal_at = 29;
  night.broker_dies_at = 31;
  night.broker_returns_at = 49;
  night.shown_dataset = LevelPlan().name;
  night.shown_key = kShownGauge;
  night.locked_dataset = WellPlan().name;
  night.crisis_kind = "starkregen";
  night.views_about =
      "Levels are open to all. The navigation operator gets overflows in steps (0, 0.1, 1 m3/s and more) and places "
      "moved onto a grid of 500 m. Shafts, pumps and telephone numbers stay with the agency.";
  night.crisis_views_about =
      "It now gets the overflows as they are, and places on a grid of 100 m. For the navigation operator nothing "
      "changed.";
  const absl::Time begins = absl::FromCivil(absl::CivilMinute(2026, 7, 29, 18, 0), absl::FixedTimeZone(2 * 3600));
  City city;
  for (int step = 0; step < kSteps; ++step) night.steps.push_back(city.Next(step, begins + kStep * step));
  for (Item& item : WellItems(begins)) night.steps[0].items.push_back(std::move(item));
  return night;
}

}  // namespace heavy_rain
