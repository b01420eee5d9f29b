// The simulated storm behaves as rain and sewers do.
#include "examples/heavy_rain/storm/storm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "examples/heavy_rain/storm/sewer.h"

namespace heavy_rain {
namespace {

constexpr Place kWest{52.515, 13.16};
constexpr Place kCentre{52.515, 13.40};
constexpr Place kEast{52.515, 13.60};
constexpr Place kNorth{52.62, 13.40};
constexpr int kMinutes = 8 * 60;

std::vector<double> RainPerMinute(const Place& place) {
  const Storm storm{StormOptions()};
  std::vector<double> rain;
  for (int minute = 0; minute < kMinutes; ++minute) rain.push_back(storm.RainAt(place, absl::Minutes(minute)));
  return rain;
}

int Peak(const std::vector<double>& values) {
  return static_cast<int>(std::max_element(values.begin(), values.end()) - values.begin());
}

TEST(StormTest, ItIsDryBeforeAndAfter) {
  for (const Place& place : {kWest, kCentre, kEast, kNorth}) {
    const std::vector<double> rain = RainPerMinute(place);
    for (int minute = 0; absl::Minutes(minute) <= StormOptions().begins; ++minute) EXPECT_EQ(rain[minute], 0) << minute;
    EXPECT_EQ(rain.back(), 0);
  }
}

TEST(StormTest, ItNeverRainsUpwardsNorBeyondThePeak) {
  for (const Place& place : {kWest, kCentre, kEast, kNorth}) {
    for (const double rain : RainPerMinute(place)) {
      EXPECT_GE(rain, 0);
      EXPECT_LE(rain, StormOptions().peak_mm_per_hour * 1.4);
    }
  }
}

TEST(StormTest, ItTravelsEast) {
  EXPECT_LT(Peak(RainPerMinute(kWest)) + 15, Peak(RainPerMinute(kCentre)));
  EXPECT_LT(Peak(RainPerMinute(kCentre)) + 15, Peak(RainPerMinute(kEast)));
}

TEST(StormTest, ItPeaksOnItsTrackWhereTheOptionsSay) {
  const StormOptions options;
  const std::vector<double> rain = RainPerMinute(kCentre);
  EXPECT_NEAR(rain[Peak(rain)], options.peak_mm_per_hour, 2);
  EXPECT_GT(rain[Peak(rain)], 2 * RainPerMinute(kNorth)[Peak(RainPerMinute(kNorth))]);
}

TEST(StormTest, ItIsAHeavyRainButNoFantasy) {
  double millimetres = 0;
  for (const double rain : RainPerMinute(kCentre)) millimetres += rain / 60;
  EXPECT_GT(millimetres, 40);  // the weather service's highest warning: more than 40 mm in an hour, or 60 in six
  EXPECT_LT(millimetres, 120);
}

TEST(NoiseTest, IsEvenReproducibleAndRarelyRepeats) {
  double sum = 0;
  std::set<double> seen;
  for (uint64_t site = 0; site < 20; ++site) {
    for (uint64_t step = 0; step < 100; ++step) {
      const double noise = Noise(1, site, step);
      EXPECT_EQ(noise, Noise(1, site, step));
      EXPECT_GE(noise, -1);
      EXPECT_LE(noise, 1);
      sum += noise;
      seen.insert(noise);
    }
  }
  EXPECT_NEAR(sum / 2000, 0, 0.05);
  EXPECT_EQ(seen.size(), 2000u);
  EXPECT_NE(Noise(1, 2, 3), Noise(2, 2, 3));
}

struct Reading {
  double level_cm = 0;
  double overflow_m3s = 0;
};

std::vector<Reading> SewerPerMinute(Sewer& sewer) {
  std::vector<Reading> readings;
  for (const double rain : RainPerMinute(kCentre)) {
    sewer.Rain(rain, absl::Minutes(1));
    readings.push_back({sewer.level_cm(), sewer.overflow_m3s()});
  }
  return readings;
}

TEST(SewerTest, WithoutRainItStaysAtItsBase) {
  const SewerOptions options;
  Sewer sewer(options);
  sewer.Rain(0, absl::Hours(5));
  EXPECT_EQ(sewer.level_cm(), options.base_cm);
  EXPECT_FALSE(sewer.overflows());
}

TEST(SewerTest, NoWaterAppearsOrVanishes) {
  const SewerOptions options;
  Sewer sewer(options);
  for (const double rain : RainPerMinute(kCentre)) {
    sewer.Rain(rain, absl::Minutes(1));
    const Sewer::Balance balance = sewer.balance();
    EXPECT_NEAR(balance.in, balance.throttled + balance.overflowed + balance.stored, 1e-6 * (1 + balance.in));
    EXPECT_GE(balance.stored, 0);
  }
  EXPECT_GT(sewer.balance().overflowed, 1000);
}

TEST(SewerTest, ThePeakComesAfterTheRainsPeakAndThenTheLevelFalls) {
  const SewerOptions options;
  Sewer sewer(options);
  const std::vector<Reading> readings = SewerPerMinute(sewer);
  const auto peak = std::max_element(readings.begin(), readings.end(),
                                     [](const Reading& a, const Reading& b) { return a.level_cm < b.level_cm; });
  EXPECT_GT(peak - readings.begin(), Peak(RainPerMinute(kCentre)) + 5);
  EXPECT_LT(readings.back().level_cm, peak->level_cm / 2);
}

TEST(SewerTest, ItOverflowsAboveTheCrestOnlyAndMoreTheHigherItStands) {
  const SewerOptions options;
  Sewer sewer(options);
  double highest = 0;
  for (const Reading& reading : SewerPerMinute(sewer)) {
    EXPECT_EQ(reading.overflow_m3s > 0, reading.level_cm > options.crest_cm);
    highest = std::max(highest, reading.overflow_m3s);
  }
  EXPECT_GT(highest, 1);  // reaches the highest step that the policies know
  EXPECT_LT(highest, 15);
}

TEST(SewerTest, LightRainIsSwallowed) {
  Sewer sewer{SewerOptions()};
  for (int hour = 0; hour < 6; ++hour) sewer.Rain(3, absl::Hours(1));
  EXPECT_FALSE(sewer.overflows());
}

}  // namespace
}  // namespace heavy_rain
