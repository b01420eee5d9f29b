#include "policy/model/berlin_time.h"

#include <gtest/gtest.h>

#include <string>

namespace allmende::policy {
namespace {

absl::Time Utc(int year, int month, int day, int hour, int minute = 0, int second = 0) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second), absl::UTCTimeZone());
}

TEST(BerlinTime, MidnightIsOneOrTwoHoursAheadOfUtc) {
  struct Row {
    absl::CivilDay day;
    absl::Time begins;
  };
  const Row rows[] = {
      {absl::CivilDay(2027, 1, 1), Utc(2026, 12, 31, 23)},
      {absl::CivilDay(2027, 7, 1), Utc(2027, 6, 30, 22)},
      {absl::CivilDay(2027, 3, 28), Utc(2027, 3, 27, 23)},  // the clock goes forward later in this night
      {absl::CivilDay(2027, 3, 29), Utc(2027, 3, 28, 22)},
      {absl::CivilDay(2027, 10, 31), Utc(2027, 10, 30, 22)},  // and back in this one
      {absl::CivilDay(2027, 11, 1), Utc(2027, 10, 31, 23)},
      {absl::CivilDay(2024, 2, 29), Utc(2024, 2, 28, 23)},
      {absl::CivilDay(1970, 1, 1), Utc(1969, 12, 31, 23)},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(BerlinMidnight(row.day), row.begins) << row.day;
    EXPECT_EQ(BerlinCivil(row.begins), absl::CivilSecond(row.day));
  }
}

TEST(BerlinTime, ClocksJumpOverAnHourInMarchAndShowOneTwiceInOctober) {
  EXPECT_EQ(BerlinCivil(Utc(2027, 3, 28, 0, 59, 59)), absl::CivilSecond(2027, 3, 28, 1, 59, 59));
  EXPECT_EQ(BerlinCivil(Utc(2027, 3, 28, 1)), absl::CivilSecond(2027, 3, 28, 3));
  EXPECT_EQ(BerlinCivil(Utc(2027, 10, 31, 0, 59, 59)), absl::CivilSecond(2027, 10, 31, 2, 59, 59));
  EXPECT_EQ(BerlinCivil(Utc(2027, 10, 31, 1)), absl::CivilSecond(2027, 10, 31, 2));
}

// Days of the switch, from the published calendar.
TEST(BerlinTime, SwitchesStandOnTheLastSundays) {
  struct Row {
    int year, march, october;
  };
  for (const Row& row : {Row{2000, 26, 29},
                         {2020, 29, 25},
                         {2023, 26, 29},
                         {2024, 31, 27},
                         {2025, 30, 26},
                         {2026, 29, 25},
                         {2028, 26, 29},
                         {2030, 31, 27}}) {
    const auto offset = [](absl::Time time) {
      return BerlinCivil(time) - absl::ToCivilSecond(time, absl::UTCTimeZone());
    };
    const absl::Time spring = Utc(row.year, 3, row.march, 1);
    const absl::Time autumn = Utc(row.year, 10, row.october, 1);
    EXPECT_EQ(offset(spring - absl::Seconds(1)), 3'600) << row.year;
    EXPECT_EQ(offset(spring), 7'200) << row.year;
    EXPECT_EQ(offset(autumn - absl::Seconds(1)), 7'200) << row.year;
    EXPECT_EQ(offset(autumn), 3'600) << row.year;
  }
}

TEST(BerlinTime, EveryDayFollowsTheOneBeforeAfter23To25Hours) {
  for (absl::CivilDay day(2024, 1, 1); day < absl::CivilDay(2032, 1, 1); ++day) {
    const absl::Duration length = BerlinMidnight(day + 1) - BerlinMidnight(day);
    EXPECT_GE(length, absl::Hours(23)) << day;
    EXPECT_LE(length, absl::Hours(25)) << day;
    EXPECT_EQ(absl::CivilDay(BerlinCivil(BerlinMidnight(day))), day);
    EXPECT_EQ(absl::CivilDay(BerlinCivil(BerlinMidnight(day) - absl::Seconds(1))), day - 1);
  }
}

}  // namespace
}  // namespace allmende::policy
