#include "examples/heavy_rain/night/traffic.h"

#include <algorithm>
#include <cmath>

#include "examples/heavy_rain/night/plans.h"
#include "examples/schemas/traffic_detectors.pb.h"
#include "examples/schemas/water_flows.pb.h"

namespace heavy_rain {
namespace {

constexpr uint64_t kSeed = 7;

struct CrossSection {
  const char* name;
  Place place;
  int vehicles_per_hour;  // on a dry evening
};

constexpr CrossSection kCrossSections[] = {
    {"Heerstrasse", {52.5093, 13.2410}, 2900},       {"Kaiserdamm", {52.5100, 13.2790}, 2600},
    {"Beusselstrasse", {52.5342, 13.3290}, 1700},    {"Leipziger Strasse", {52.5096, 13.3900}, 2100},
    {"Frankfurter Allee", {52.5145, 13.4710}, 2500}, {"Maerkische Allee", {52.5260, 13.5480}, 1900},
};

void SetTimestamp(absl::Time time, google::protobuf::Timestamp& timestamp) {
  timestamp.set_seconds(absl::ToUnixSeconds(time));
}

berlin::CrossSectionHour Count(const CrossSection& section, absl::Time time, const Street& street, double noise) {
  const double wet = std::min(1.0, street.rain_mm_per_hour / 60);
  berlin::CrossSectionHour hour;
  SetTimestamp(time, *hour.mutable_time());
  hour.set_cross_section(section.name);
  hour.set_quality(1);
  if (street.flooded) return hour;  // nobody passes, so there is no speed
  const double vehicles = section.vehicles_per_hour * (1 - 0.45 * wet) * (1 + 0.06 * noise);
  const int speed = static_cast<int>(std::lround(47 * (1 - 0.6 * wet) * (1 + 0.04 * noise)));
  hour.set_vehicles(static_cast<int>(std::lround(vehicles)));
  hour.set_trucks(hour.vehicles() / 12);
  hour.set_cars(hour.vehicles() - hour.trucks());
  hour.set_speed(speed);
  hour.set_car_speed(speed + 1);
  hour.set_truck_speed(speed - 4);
  return hour;
}

}  // namespace

std::vector<Item> TrafficAt(absl::Time time, uint64_t step, const std::function<Street(const Place&)>& look) {
  static const std::string kDataset = TrafficPlan().name;
  std::vector<Item> items;
  uint64_t site = 0;
  for (const CrossSection& section : kCrossSections) {
    const berlin::CrossSectionHour hour = Count(section, time, look(section.place), Noise(kSeed, site++, step));
    items.push_back({kDataset, hour.SerializeAsString()});
  }
  return items;
}

std::vector<Item> WellItems(absl::Time time) {
  static const std::string kDataset = WellPlan().name;
  std::vector<Item> items;
  for (const char* gallery : {"Galerie-Nord-7", "Galerie-Havel-2", "Galerie-Spree-11"}) {
    berlin::WellGalleryFlow flow;
    SetTimestamp(time, *flow.mutable_date());
    flow.set_gallery(gallery);
    flow.set_flow_type("Rohwassergewinnung");
    flow.set_flow(0.4 + 0.1 * Noise(kSeed, items.size(), 0));
    items.push_back({kDataset, flow.SerializeAsString()});
  }
  return items;
}

}  // namespace heavy_rain
