#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "examples/heavy_rain/night/night.h"
#include "examples/heavy_rain/night/plans.h"
#include "examples/heavy_rain/night/traffic.h"
#include "examples/schemas/rain.pb.h"
#include "examples/schemas/sewer_overflow.pb.h"

namespace heavy_rain {
namespace {

constexpr char kBegins[] = "2019-05-20T16:00:00Z";
constexpr absl::Duration kStep = absl::Minutes(5);
constexpr int kSteps = 72;
constexpr char kShownOutlet[] = "CSO_2";
constexpr double kLargestOverflow = 60;  // m3/s, fills the bar
constexpr double kFloodsStreets = 0.4;   // of it
constexpr absl::Duration kRainBefore = absl::Hours(24 * 10);

using Row = std::vector<std::string>;

// Rows of a file with commas and without quotes. Calls `visit(row, where)`.
template <typename Visit>
absl::Status ForEachRow(const std::string& path, const std::string& header, Visit visit) {
  std::ifstream file(path);
  std::string line;
  if (!std::getline(file, line)) {
    return absl::NotFoundError(absl::StrCat("`", path,
                                            "` is missing or empty: `--data` takes the folder of the Berlin "
                                            "water model, with rain.csv and cso.csv"));
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line != header) {
    return absl::InvalidArgumentError(absl::StrCat(path, ":1: the columns should be `", header, "`"));
  }
  const size_t columns = Row(absl::StrSplit(header, ',')).size();
  for (int number = 2; std::getline(file, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    const std::string where = absl::StrCat(path, ":", number);
    const Row row = absl::StrSplit(line, ',');
    if (row.size() != columns) {
      return absl::InvalidArgumentError(absl::StrCat(where, ": ", columns, " columns expected, found ", row.size()));
    }
    if (absl::Status status = visit(row, where); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::Time> TimeOf(const std::string& text, const std::string& where) {
  absl::Time time;
  std::string error;
  if (absl::ParseTime(absl::RFC3339_sec, text, &time, &error)) return time;
  return absl::InvalidArgumentError(absl::StrCat(where, ": `", text, "` is no time: ", error));
}

absl::StatusOr<double> NumberOf(const std::string& text, const std::string& where) {
  double value = 0;
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && at == text.data() + text.size()) return value;
  return absl::InvalidArgumentError(absl::StrCat(where, ": `", text, "` is no number"));
}

struct Readings {
  std::map<absl::Time, double> rain;                             // mm in the hour that begins
  std::map<absl::Time, std::map<std::string, double>> overflow;  // by outlet
};

absl::StatusOr<Readings> Load(const std::string& directory) {
  Readings readings;
  absl::Status status = ForEachRow(absl::StrCat(directory, "/rain.csv"), "datetime,DWD_0433",
                                   [&](const Row& row, const std::string& where) {
                                     const absl::StatusOr<absl::Time> time = TimeOf(row[0], where);
                                     if (!time.ok()) return time.status();
                                     const absl::StatusOr<double> rain = NumberOf(row[1], where);
                                     if (rain.ok()) readings.rain[*time] = *rain;
                                     return rain.status();
                                   });
  if (!status.ok()) return status;
  status = ForEachRow(absl::StrCat(directory, "/cso.csv"), "datetime,seconds,CSO_id,cbm_per_second",
                      [&](const Row& row, const std::string& where) {
                        const absl::StatusOr<absl::Time> time = TimeOf(row[0], where);
                        if (!time.ok()) return time.status();
                        const absl::StatusOr<double> flow = NumberOf(row[3], where);
                        if (flow.ok()) readings.overflow[*time][row[2]] = *flow;
                        return flow.status();
                      });
  if (!status.ok()) return status;
  return readings;
}

absl::Status Missing(const std::string& file, absl::Time time) {
  return absl::InvalidArgumentError(
      absl::StrCat(file, " has no value for ", absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone())));
}

// The gauge's readings of the days before and of the evening, spread evenly over the steps. Hours that the file does
// not have stay away.
void AddRain(const Readings& readings, absl::Time begins, Night& night) {
  static const std::string kDataset = RainPlan().name;
  const auto from = readings.rain.lower_bound(begins - kRainBefore);
  const auto to = readings.rain.upper_bound(night.steps.back().time);
  const auto count = static_cast<size_t>(std::distance(from, to));
  size_t done = 0;
  for (auto reading = from; reading != to; ++reading, ++done) {
    berlin::Rain rain;
    rain.mutable_time()->set_seconds(absl::ToUnixSeconds(reading->first));
    rain.set_gauge("DWD_0433");
    rain.set_rain(reading->second);
    night.steps[done * night.steps.size() / count].items.push_back({kDataset, rain.SerializeAsString()});
  }
}

absl::Status AddOverflows(const Readings& readings, absl::Time begins, Step& step) {
  static const std::string kDataset = OverflowPlan().name;
  const auto found = readings.overflow.find(step.time);
  if (found == readings.overflow.end()) return Missing("cso.csv", step.time);
  double all = 0;
  double shown = 0;
  for (const auto& [outlet, flow] : found->second) {
    berlin::SewerOverflow overflow;
    overflow.mutable_time()->set_seconds(absl::ToUnixSeconds(step.time));
    overflow.set_outlet(outlet);
    overflow.set_flow(flow);
    overflow.set_seconds(static_cast<int>(absl::ToInt64Seconds(step.time - begins)));
    step.items.push_back({kDataset, overflow.SerializeAsString()});
    all += flow;
    if (outlet == kShownOutlet) shown = flow;
  }
  char text[80];
  std::snprintf(text, sizeof(text), "overflow %5.2f m3/s at outlet 2, %5.2f in all", shown, all);
  step.weather = text;
  step.intensity = all / kLargestOverflow;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Night> RecordedNight(const std::string& directory) {
  const absl::StatusOr<Readings> readings = Load(directory);
  if (!readings.ok()) return readings.status();
  Night night;
  night.about = {
      "Berlin, 20 May 2019. Rain: measured by Deutscher Wetterdienst (DWD) at Tempelhof, one value an hour; the "
      "ten days before are handed in along the way. Sewer overflows: SIMULATED for that evening (InfoWorks; Berlin "
      "water model of Kompetenzzentrum Wasser Berlin, MIT).",
      "The traffic and the wells are INVENTED. The programs, the certificates, the rules and the failure are real."};
  night.weather_about = "What the sewers cannot hold goes into the river.";
  night.datasets = {RainPlan(), OverflowPlan(), TrafficPlan(), WellPlan()};
  night.crisis_at = 25;
  night.refusal_at = 29;
  night.broker_dies_at = 31;
  night.broker_returns_at = 49;
  night.shown_dataset = OverflowPlan().name;
  night.shown_key = kShownOutlet;
  night.locked_dataset = WellPlan().name;
  night.crisis_kind = "starkregen";
  night.views_about =
      "When and where is open to all. The navigation operator gets how much in steps (0, 0.1, 1 m3/s and more).";
  night.crisis_views_about = "It now gets how much as it is. For the navigation operator nothing changed.";
  const absl::StatusOr<absl::Time> begins = TimeOf(kBegins, "");
  for (int i = 0; i < kSteps; ++i) {
    Step step;
    step.time = *begins + kStep * i;
    if (absl::Status status = AddOverflows(*readings, *begins, step); !status.ok()) return status;
    const auto look = [&](const Place& place) {
      return Street{place, 60 * step.intensity, step.intensity > kFloodsStreets && place.longitude > 13.45};
    };
    for (Item& item : TrafficAt(step.time, i, look)) step.items.push_back(std::move(item));
    night.steps.push_back(std::move(step));
  }
  AddRain(*readings, *begins, night);
  for (Item& item : WellItems(*begins)) night.steps[0].items.push_back(std::move(item));
  return night;
}

absl::StatusOr<Night> MakeNight(const std::string& directory) {
  if (directory.empty()) return SimulatedNight();
  return RecordedNight(directory);
}

const DatasetPlan& Night::Plan(const std::string& dataset) const {
  static const DatasetPlan* const kNone = new DatasetPlan();
  for (const DatasetPlan& plan : datasets) {
    if (plan.name == dataset) return plan;
  }
  return *kNone;
}

}  // namespace heavy_rain
