#include "examples/heavy_rain/night/plans.h"

#include "examples/heavy_rain/night/night.h"
#include "examples/schemas/rain.pb.h"
#include "examples/schemas/sewer_levels.pb.h"
#include "examples/schemas/sewer_overflow.pb.h"
#include "examples/schemas/traffic_detectors.pb.h"
#include "examples/schemas/water_flows.pb.h"

namespace heavy_rain {
namespace {

template <typename Message>
std::shared_ptr<const google::protobuf::Message> Prototype() {
  return std::make_shared<Message>();
}

// Everybody sees the same, crisis or not.
void ShowToAll(const View& view, DatasetPlan& plan) {
  for (const char* reader : {kNavigation, kLogistics}) plan.readers[reader] = {view, view};
  plan.readers[plan.provider] = {view, view};
}

}  // namespace

DatasetPlan RainPlan() {
  DatasetPlan plan;
  plan.name = "wasser/regen";
  plan.words = "rain";
  plan.provider = kWaterAgency;
  plan.schema_file = "schemas/rain.proto";
  plan.policy_file = "policies/rain.policy.yaml";
  plan.prototype = Prototype<berlin::Rain>();
  plan.identity = {"gauge", "time"};
  plan.key = "gauge";
  ShowToAll(Exactly({"time", "gauge", "rain"}), plan);
  return plan;
}

DatasetPlan LevelPlan() {
  DatasetPlan plan;
  plan.name = "wasser/pegel-und-kanalueberlaeufe";
  plan.words = "sewer levels";
  plan.table = true;
  plan.provider = kWaterAgency;
  plan.schema_file = "schemas/sewer_levels.proto";
  plan.policy_file = "policies/sewer_levels.policy.yaml";
  plan.prototype = Prototype<berlin::SewerLevel>();
  plan.identity = {"messstelle", "zeit"};
  plan.key = "messstelle";
  const View open = Exactly({"zeit", "messstelle", "pegel_cm"});
  ShowToAll(open, plan);
  View navigation = open;
  navigation["ueberlauf_m3s"] = {Treatment::kSteps, {0.1, 1}};
  navigation["position"] = {Treatment::kGrid, {}, 500};
  plan.readers[kNavigation] = {navigation, navigation};
  View logistics = open;
  logistics["ueberlauf_m3s"] = {};
  logistics["position"] = {Treatment::kGrid, {}, 100};
  plan.readers[kLogistics] = {open, logistics};
  return plan;
}

DatasetPlan OverflowPlan() {
  DatasetPlan plan;
  plan.name = "wasser/kanalueberlaeufe";
  plan.words = "overflows";
  plan.table = true;
  plan.provider = kWaterAgency;
  plan.schema_file = "schemas/sewer_overflow.proto";
  plan.policy_file = "heavy_rain/policies/recorded_overflow.policy.yaml";
  plan.prototype = Prototype<berlin::SewerOverflow>();
  plan.identity = {"outlet", "time"};
  plan.key = "outlet";
  const View open = Exactly({"time", "seconds", "outlet"});
  ShowToAll(open, plan);
  View navigation = open;
  navigation["flow"] = {Treatment::kSteps, {0.1, 1}};
  plan.readers[kNavigation] = {navigation, navigation};
  View logistics = open;
  logistics["flow"] = {};
  plan.readers[kLogistics] = {open, logistics};
  return plan;
}

DatasetPlan TrafficPlan() {
  DatasetPlan plan;
  plan.name = "verkehr/querschnitte";
  plan.words = "traffic";
  plan.provider = kTrafficAgency;
  plan.schema_file = "schemas/traffic_detectors.proto";
  plan.policy_file = "policies/traffic_cross_sections.policy.yaml";
  plan.prototype = Prototype<berlin::CrossSectionHour>();
  plan.identity = {"cross_section", "time"};
  plan.key = "cross_section";
  ShowToAll(
      Exactly({"time", "cross_section", "quality", "vehicles", "speed", "cars", "car_speed", "trucks", "truck_speed"}),
      plan);
  return plan;
}

DatasetPlan WellPlan() {
  DatasetPlan plan;
  plan.name = "wasser/brunnengalerien";
  plan.words = "wells";
  plan.table = true;
  plan.provider = kWaterAgency;
  plan.schema_file = "schemas/water_flows.proto";
  plan.policy_file = "policies/well_galleries.policy.yaml";
  plan.prototype = Prototype<berlin::WellGalleryFlow>();
  plan.identity = {"gallery", "flow_type"};
  plan.key = "gallery";
  return plan;
}

}  // namespace heavy_rain
