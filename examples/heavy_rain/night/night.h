// What is played: the datasets, who may see what of them, and every record that an agency publishes, step by step.
// Equal arguments give equal nights, so each process makes its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "examples/heavy_rain/proof/proof.h"

namespace heavy_rain {

// Participants, as the policies in examples/policies name them.
inline constexpr char kWaterAgency[] = "berliner-wasserbetriebe";
inline constexpr char kTrafficAgency[] = "verkehrsinformationszentrale";
inline constexpr char kNavigation[] = "navi-ag";
inline constexpr char kLogistics[] = "spedition";
inline constexpr char kOfficer[] = "datenschutzamt";
inline constexpr char kCrisisAuthority[] = "stab-mitte";

inline constexpr char kNavigationPurpose[] = "verkehrslenkung";
inline constexpr char kLogisticsPurpose[] = "gefahrenabwehr";

struct Item {
  std::string dataset;
  std::string payload;
};

struct Step {
  absl::Time time;          // of the night, not of the demo
  std::vector<Item> items;  // in the order in which they are published
  double intensity = 0;     // 0 to 1, for the eye
  std::string weather;      // the same in numbers, for people
};

struct Night {
  std::vector<std::string> about;  // paragraphs: where the numbers come from
  std::string weather_about;       // whose weather Step::weather is
  std::vector<DatasetPlan> datasets;
  std::vector<Step> steps;
  // Steps at which something happens, ascending.
  size_t crisis_at = 0;
  size_t refusal_at = 0;
  size_t broker_dies_at = 0;
  size_t broker_returns_at = 0;

  std::string shown_dataset;   // whose records are put side by side
  std::string shown_key;       // and of which gauge
  std::string locked_dataset;  // that the navigation operator asks for in vain
  std::string crisis_kind;
  std::string views_about;         // for people: who sees what of the shown dataset
  std::string crisis_views_about;  // and what the crisis changes in it

  const DatasetPlan& Plan(const std::string& dataset) const;
};

// An invented storm over invented gauges.
Night SimulatedNight();

// Rain and sewer overflows out of `directory`: rain.csv and cso.csv of the Berlin water model, the evening of
// 20 May 2019. Traffic is invented here too.
//   kNotFound         a file is missing
//   kInvalidArgument  a file is not as expected; names file and line
absl::StatusOr<Night> RecordedNight(const std::string& directory);

// RecordedNight where a directory is given.
absl::StatusOr<Night> MakeNight(const std::string& directory);

}  // namespace heavy_rain
