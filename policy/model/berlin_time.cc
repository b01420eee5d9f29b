#include "policy/model/berlin_time.h"

namespace allmende::policy {
namespace {

constexpr absl::Duration kWinterOffset = absl::Hours(1);
constexpr absl::Duration kSummerOffset = absl::Hours(2);

absl::CivilDay LastSunday(absl::civil_year_t year, int month) {
  const absl::CivilDay last = absl::CivilDay(absl::CivilMonth(year, month) + 1) - 1;
  return absl::PrevWeekday(last + 1, absl::Weekday::sunday);
}

absl::Time SwitchInstant(absl::CivilDay day) {
  return absl::FromCivil(absl::CivilHour(day.year(), day.month(), day.day(), 1), absl::UTCTimeZone());
}

absl::Duration OffsetAt(absl::Time time) {
  const absl::civil_year_t year = absl::ToCivilYear(time, absl::UTCTimeZone()).year();
  const bool summer = SwitchInstant(LastSunday(year, 3)) <= time && time < SwitchInstant(LastSunday(year, 10));
  return summer ? kSummerOffset : kWinterOffset;
}

}  // namespace

absl::Time BerlinMidnight(absl::CivilDay day) {
  const absl::Time utc_midnight = absl::FromCivil(day, absl::UTCTimeZone());
  // No switch lies between the two candidates (22:00 and 23:00 UTC of the day before), so either decides the offset.
  return utc_midnight - OffsetAt(utc_midnight - kSummerOffset);
}

absl::CivilSecond BerlinCivil(absl::Time time) {
  return absl::ToCivilSecond(time + OffsetAt(time), absl::UTCTimeZone());
}

}  // namespace allmende::policy
