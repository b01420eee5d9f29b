#include "tests/real_data/source.h"

namespace allmende::real_data {
namespace {

using enum Kind;

std::vector<Column> TrafficColumns(const std::string& suffix) {
  const auto column = [&](const std::string& prefix) { return std::vector<std::string>{prefix + suffix}; };
  return {{"time", {"tag", "stunde"}, kBerlin},   {"quality", {"qualitaet"}, kNumber},
          {"vehicles", column("q_kfz"), kNumber}, {"speed", column("v_kfz"), kNumber, {"-1"}},
          {"cars", column("q_pkw"), kNumber},     {"car_speed", column("v_pkw"), kNumber, {"-1"}},
          {"trucks", column("q_lkw"), kNumber},   {"truck_speed", column("v_lkw"), kNumber, {"-1"}}};
}

std::vector<Column> With(std::vector<Column> columns, const Column& more) {
  columns.push_back(more);
  return columns;
}

std::vector<Column> DetectorColumns() {
  return {{"detector", {"DET_ID15"}, kNumber},
          {"cross_section", {"MQ_KURZNAME"}},
          {"cross_section_id", {"MQ_ID15"}, kNumber},
          {"name", {"DET_NAME_NEU"}},
          {"former_name", {"DET_NAME_ALT"}},
          {"street", {"STRASSE"}},
          {"place", {"POSITION"}},
          {"place_detail", {"POS_DETAIL"}},
          {"direction", {"RICHTUNG"}},
          {"lane", {"SPUR"}},
          {"lane_name", {"annotation"}},
          {"position.latitude", {"BREITE (WGS84)"}, kNumber},
          {"position.longitude", {"LÄNGE (WGS84)"}, kNumber},
          {"installed", {"INBETRIEBNAHME"}, kBerlin},
          {"dismantled", {"ABBAUDATUM"}, kBerlin},
          {"removed", {"DEINSTALLIERT"}, kFlag},
          {"comment", {"KOMMENTAR"}}};
}

std::vector<Column> WateringColumns() {
  return {{"tree", {"id"}},
          {"time", {"zeitpunkt_der_bewaesserung"}, kUtc},
          {"position.latitude", {"lat"}, kNumber},
          {"position.longitude", {"lng"}, kNumber},
          {"district", {"bezirk"}, kText, {"undefined"}},
          {"species", {"baumart"}, kText, {"undefined"}},
          {"genus", {"gattung"}, kText, {"undefined"}},
          {"street", {"strname"}, kText, {"undefined"}},
          {"planted_year", {"pflanzjahr"}, kNumber, {"undefined"}},
          {"amount", {"bewaesserungsmenge_in_liter"}, kNumber}};
}

// Latitude and longitude are swapped in every row of the source.
std::vector<Column> SiteColumns() {
  const std::vector<std::string> none = {"null"};
  std::vector<Column> columns = {{"site", {"id"}, kNumber},
                                 {"detail", {"detail_id"}, kNumber},
                                 {"postcode", {"plz"}, kZeroFraction, none},
                                 {"position.latitude", {"lng"}, kNumber},
                                 {"position.longitude", {"lat"}, kNumber},
                                 {"office_postcode", {"gesundheitsamt_plz"}, kZeroFraction, none},
                                 {"office_phone", {"gesundheitsamt_telefon"}, kZeroFraction, none},
                                 {"measured", {"m_date"}, kBerlin, none},
                                 {"predicted", {"p_date"}, kBerlin, none},
                                 {"state", {"state"}, kText, none, "", {{"organge", "orange"}}},
                                 {"water_quality", {"wasserqualitaet"}, kNumber, none},
                                 {"temperature", {"temp_txt"}, kCommaNumber, none}};
  const std::pair<const char*, const char*> texts[] = {{"gauge", "messstelle"},
                                                       {"name", "name"},
                                                       {"long_name", "name_lang"},
                                                       {"other_name", "name_lang2"},
                                                       {"water", "gewaesser"},
                                                       {"district", "bezirk"},
                                                       {"street", "strasse"},
                                                       {"town", "stadt"},
                                                       {"website", "webseite"},
                                                       {"image", "image"},
                                                       {"office_name", "gesundheitsamt_name"},
                                                       {"office_unit", "gesundheitsamt_zusatz"},
                                                       {"office_street", "gesundheitsamt_strasse"},
                                                       {"office_town", "gesundheitsamt_stadt"},
                                                       {"office_mail", "gesundheitsamt_mail"},
                                                       {"other_state", "real_state"},
                                                       {"visibility_text", "sicht_txt"},
                                                       {"e_coli_text", "eco_txt"},
                                                       {"enterococci_text", "ente_txt"},
                                                       {"algae_text", "algen_txt"},
                                                       {"coliforms_text", "cb_txt"},
                                                       {"eu_rating", "letzte_eu_einstufung"},
                                                       {"prediction", "prediction"}};
  for (const auto& [field, column] : texts) columns.push_back({field, {column}, kText, none});
  const std::pair<const char*, const char*> flags[] = {
      {"water_rescue", "wasserrettung_durch_hilfsorganisationen_dlrg_oder_asb"},
      {"lifeguards", "rettungsschwimmer"},
      {"barrier_free", "barrierefrei"},
      {"barrier_free_access", "barrierefrei_zugang"},
      {"barrier_free_toilet", "barrierefrei_wc"},
      {"restaurant", "restaurant"},
      {"snack_bar", "imbiss"},
      {"parking", "parken"},
      {"algae_possible", "cyano_moeglich"},
      {"toilet", "wc"},
      {"mobile_toilet", "wc_mobil"},
      {"no_dogs", "hundeverbot"}};
  for (const auto& [field, column] : flags) columns.push_back({field, {column}, kFlag});
  return columns;
}

std::vector<Column> MeasurementColumns() {
  return {{"date", {"date"}, kBerlin},
          {"measurement", {"id"}, kNumber},
          {"detail", {"badestellen_id"}, kNumber},
          {"visibility", {"sicht"}, kNumber},
          {"e_coli", {"eco"}, kNumber},
          {"enterococci", {"ente"}, kNumber},
          {"temperature", {"temp"}, kNumber},
          {"algae", {"algen"}, kNumber},
          {"coliforms", {"cb"}, kNumber},
          {"visibility_text", {"sicht_txt"}},
          {"e_coli_text", {"eco_txt"}},
          {"enterococci_text", {"ente_txt"}},
          {"temperature_text", {"temp_txt"}},
          {"algae_text", {"algen_txt"}},
          {"coliforms_text", {"cb_txt"}},
          {"gauge", {"bsl"}},
          {"state", {"state"}},
          {"water_quality", {"wasserqualitaet"}, kNumber},
          {"water_quality_text", {"wasserqualitaet_txt"}}};
}

std::vector<Source> BathingSources() {
  std::vector<Source> sources;
  for (const char* day :
       {"2018-05-22", "2018-07-02", "2019-08-06", "2020-04-27", "2021-05-03", "2022-05-19", "2024-08-12"}) {
    sources.push_back({std::string("berlin-bathing-water/state/new_build_") + day + ".csv", "bathing_water.proto",
                       "BathingSite", "bathing_sites.yaml", ',', 39, SiteColumns()});
  }
  sources.push_back({"berlin-bathing-water/measurements_2018-2019.csv", "bathing_water.proto", "BathingMeasurement",
                     "bathing_measurements.yaml", ',', 618, MeasurementColumns()});
  sources.push_back({"berlin-bathing-water/prediction_uploads.csv",
                     "bathing_water.proto",
                     "BathingPrediction",
                     "bathing_predictions.yaml",
                     ',',
                     697,
                     {{"date", {"Datum"}, kBerlin},
                      {"day", {"Datum"}},
                      {"site", {"id"}, kNumber},
                      {"site_name", {"badname"}},
                      {"rating", {"Vorhersage"}},
                      {"low", {"P2.5"}, kNumber},
                      {"high", {"P97.5"}, kNumber},
                      {"median", {"P50"}, kNumber}}});
  return sources;
}

std::vector<Source> WaterModelSources() {
  const std::string folder = "berlin-water-model/";
  return {
      {folder + "rain.csv",
       "rain.proto",
       "Rain",
       "rain.yaml",
       ',',
       8'721,
       {{"time", {"datetime"}, kUtc}, {"gauge", {}, kText, {}, "DWD_0433"}, {"rain", {"DWD_0433"}, kNumber}}},
      {folder + "inflows.csv",
       "water_flows.proto",
       "RiverFlow",
       "river_flow.yaml",
       ',',
       21'170,
       {{"date", {"date"}, kBerlin}, {"gauge", {"id"}}, {"flow", {"cbm_per_second"}, kNumber}}},
      {folder + "wwtp.csv",
       "water_flows.proto",
       "SewageWorksFlow",
       "sewage_works.yaml",
       ',',
       4'015,
       {{"date", {"date"}, kBerlin}, {"outlet", {"id"}}, {"flow", {"cbm_per_second"}, kNumber}}},
      {folder + "ww.csv",
       "water_flows.proto",
       "WellGalleryFlow",
       "well_galleries.yaml",
       ',',
       828,
       {{"date", {"date"}, kBerlin},
        {"gallery", {"id"}},
        {"flow_type", {"flow_type"}},
        {"flow", {"cbm_per_second"}, kNumber}}},
      {folder + "cso.csv",
       "sewer_overflow.proto",
       "SewerOverflow",
       "sewer_overflow.yaml",
       ',',
       12'096,
       {{"time", {"datetime"}, kUtc},
        {"outlet", {"CSO_id"}},
        {"flow", {"cbm_per_second"}, kNumber},
        {"seconds", {"seconds"}, kNumber}}},
      {folder + "evapo_p.csv",
       "water_flows.proto",
       "Evaporation",
       "evaporation.yaml",
       ',',
       365,
       {{"date", {"date"}, kBerlin},
        {"mean", {"mean"}, kNumber},
        {"standard_deviation", {"sd"}, kNumber},
        {"lowest", {"min"}, kNumber},
        {"highest", {"max"}, kNumber},
        {"cells", {"n_values"}, kNumber}}},
  };
}

std::vector<Source> MakeAllSources() {
  std::vector<Source> sources = {
      {"berlin-traffic-detectors/mq_hr_2024_01.csv.gz", "traffic_detectors.proto", "CrossSectionHour",
       "traffic_cross_sections.yaml", ';', 82'700, With(TrafficColumns("_mq_hr"), {"cross_section", {"mq_name"}})},
      {"berlin-traffic-detectors/det_val_hr_2024_01.csv.gz", "traffic_detectors.proto", "LaneHour",
       "traffic_lanes.yaml", ';', 182'613, With(TrafficColumns("_det_hr"), {"detector", {"detid_15"}, kNumber})},
      {"berlin-traffic-detectors/stammdaten_stammdaten_teu_20220720.csv", "traffic_detectors.proto", "Detector",
       "traffic_detectors.yaml", ';', 582, DetectorColumns()},
      {"berlin-overtaking-radmesser/ueberholvorgaenge.csv",
       "overtaking.proto",
       "Overtaking",
       "overtaking.yaml",
       ',',
       15'561,
       {{"hour", {"date", "hour"}, kBerlin},
        {"number", {""}, kNumber},
        {"segment", {"ELEM_NR"}},
        {"street_key", {"STRSCHL"}, kNumber},
        {"street", {"STR_NAME"}},
        {"district", {"BEZIRK"}},
        {"distance_left", {"dist_left"}, kNumber},
        {"distance_right", {"dist_right"}, kNumber}}},
  };
  const std::string waterings = "berlin-tree-watering/giessdenkiez_bewaesserungsdaten_";
  for (const auto& [day, rows] :
       {std::pair("2022-04-01.csv.gz", 27'101), {"2022-04-21.csv.gz", 27'368}, {"2022-05-31.csv", 31'170}}) {
    sources.push_back({waterings + day, "tree_watering.proto", "TreeWatering", "tree_watering.yaml", ';',
                       static_cast<size_t>(rows), WateringColumns()});
  }
  for (const auto& [version, rows] : {std::pair("8.26.0", 7'943), {"8.31.0", 7'978}}) {
    sources.push_back({std::string("vbb-stations-berlin/stations_") + version + ".ndjson",
                       "stations.proto",
                       "Station",
                       "stations.yaml",
                       ',',
                       static_cast<size_t>(rows),
                       {{"id", {"id"}},
                        {"name", {"name"}},
                        {"weight", {"weight"}, kNumber},
                        {"position.latitude", {"latitude"}, kNumber},
                        {"position.longitude", {"longitude"}, kNumber}},
                       {"id", "name", "weight", "latitude", "longitude"}});
  }
  for (const auto& more : {BathingSources(), WaterModelSources()}) {
    sources.insert(sources.end(), more.begin(), more.end());
  }
  return sources;
}

}  // namespace

const std::vector<Source>& AllSources() {
  static const std::vector<Source>* sources = new std::vector<Source>(MakeAllSources());
  return *sources;
}

}  // namespace allmende::real_data
