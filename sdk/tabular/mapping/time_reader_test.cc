#include "sdk/tabular/mapping/time_reader.h"

#include <random>
#include <string>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

std::string Utc(int64_t microseconds) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(microseconds), absl::UTCTimeZone());
}

std::string Read(const TimeRules& rules, std::string_view text) {
  TimeReader reader = *TimeReader::Create(rules);
  TimeValue value;
  ValueError error;
  return reader.Read(text, value, error) ? Utc(value.microseconds) : error.why + "; " + error.advice;
}

TimeRules Berlin(DoubledHour doubled = DoubledHour::kError, MissingHour missing = MissingHour::kError) {
  return {.formats = {}, .zone = "Europe/Berlin", .doubled_hour = doubled, .missing_hour = missing};
}

TEST(TimeReaderTest, UsesTheZoneForLocalTimesOnly) {
  EXPECT_EQ(Read(Berlin(), "2024-01-01 00:00"), "2023-12-31T23:00:00Z");
  EXPECT_EQ(Read(Berlin(), "2024-07-01 00:00"), "2024-06-30T22:00:00Z");
  EXPECT_EQ(Read(Berlin(), "01.07.2024 12"), "2024-07-01T10:00:00Z");
  EXPECT_EQ(Read(Berlin(), "2024-07-01T00:00:00Z"), "2024-07-01T00:00:00Z");
  EXPECT_EQ(Read(Berlin(), "1890-01-01 00:00"), "1889-12-31T23:06:32Z");  // local mean time
  EXPECT_EQ(Read({}, "2024-01-01 00:00:00.25+01"), "2023-12-31T23:00:00.25Z");
}

TEST(TimeReaderTest, AsksForAZoneWhereNoneIsGiven) {
  EXPECT_THAT(Read({}, "2024-01-01"), HasSubstr("says no offset from UTC; give the `zone`"));
}

TEST(TimeReaderTest, TriesFormatsInOrder) {
  TimeRules rules = Berlin();
  rules.formats = {"%m/%d/%Y", "%d/%m/%Y"};
  EXPECT_EQ(Read(rules, "02/01/2024"), "2024-01-31T23:00:00Z");
  EXPECT_EQ(Read(rules, "31/01/2024"), "2024-01-30T23:00:00Z");
  EXPECT_THAT(Read(rules, "31/31/2024"), HasSubstr("is no date and time that exists"));
  EXPECT_THAT(Read(rules, "soon"), HasSubstr("fits none of the time formats %m/%d/%Y, %d/%m/%Y"));
}

TEST(TimeReaderTest, DecidesTheDoubledHourAsTheRuleSays) {
  const char* text = "2024-10-27 02:30";
  EXPECT_THAT(Read(Berlin(), text),
              HasSubstr("was shown twice by the clocks in Europe/Berlin; say `doubled_hour: first`"));
  EXPECT_EQ(Read(Berlin(DoubledHour::kFirst), text), "2024-10-27T00:30:00Z");
  EXPECT_EQ(Read(Berlin(DoubledHour::kSecond), text), "2024-10-27T01:30:00Z");
  TimeReader reader = *TimeReader::Create(Berlin(DoubledHour::kOrder));
  TimeValue value;
  ValueError error;
  ASSERT_TRUE(reader.Read(text, value, error));
  EXPECT_EQ(value.decision, TimeValue::Decision::kDoubledByOrder);
  EXPECT_EQ(Utc(value.microseconds), "2024-10-27T00:30:00Z");
  EXPECT_EQ(Utc(value.second_microseconds), "2024-10-27T01:30:00Z");
}

TEST(TimeReaderTest, KnowsWhereTheDoubledHourBeginsAndEnds) {
  const TimeRules rules = Berlin(DoubledHour::kSecond);
  EXPECT_EQ(Read(rules, "2024-10-27 01:59:59"), "2024-10-26T23:59:59Z");
  EXPECT_EQ(Read(rules, "2024-10-27 02:00:00"), "2024-10-27T01:00:00Z");
  EXPECT_EQ(Read(rules, "2024-10-27 02:59:59"), "2024-10-27T01:59:59Z");
  EXPECT_EQ(Read(rules, "2024-10-27 03:00:00"), "2024-10-27T02:00:00Z");
}

TEST(TimeReaderTest, RefusesTheMissingHourUnlessItMayBeShifted) {
  const char* text = "2024-03-31 02:30";
  EXPECT_THAT(Read(Berlin(), text), HasSubstr("was skipped by the clocks in Europe/Berlin"));
  EXPECT_EQ(Read(Berlin(DoubledHour::kError, MissingHour::kShift), text), "2024-03-31T01:30:00Z");
  EXPECT_EQ(Read(Berlin(), "2024-03-31 01:59:59"), "2024-03-31T00:59:59Z");
  EXPECT_EQ(Read(Berlin(), "2024-03-31 03:00:00"), "2024-03-31T01:00:00Z");
}

TEST(TimeReaderTest, FindsUnusableRulesBeforeTheFirstRow) {
  TimeRules rules = Berlin();
  rules.zone = "Europe/Atlantis";
  EXPECT_THAT(std::string(TimeReader::Create(rules).status().message()), HasSubstr("no time zone `Europe/Atlantis`"));
  rules = {};
  rules.formats = {"%d.%m.%Y"};
  EXPECT_THAT(std::string(TimeReader::Create(rules).status().message()),
              HasSubstr("has no offset (%z); give the `zone`"));
  rules.formats = {"%d.%m.%Y %z"};
  EXPECT_TRUE(TimeReader::Create(rules).ok());
}

// The clock keeps the stretch that it used last; jumping between stretches must not make it answer for the wrong one.
TEST(ZoneClockTest, AgreesWithTheTimeLibraryInAnyOrder) {
  constexpr unsigned kSeed = 1996;
  SCOPED_TRACE(kSeed);
  std::mt19937_64 random(kSeed);
  for (const char* zone : {"Europe/Berlin", "UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"}) {
    absl::TimeZone reference;
    ASSERT_TRUE(absl::LoadTimeZone(zone, &reference));
    ZoneClock clock = *ZoneClock::Load(zone);
    const absl::CivilSecond epoch(1970, 1, 1);
    for (int round = 0; round < 20'000; ++round) {
      // Around the clock changes of 2000 to 2030, and anywhere else.
      int64_t local = static_cast<int64_t>(random() % (4'000'000'000u)) - 500'000'000;
      if (round % 2 == 0) {
        absl::TimeZone::CivilTransition change;
        if (reference.NextTransition(absl::FromUnixSeconds(local), &change)) {
          local = (change.from - epoch) + static_cast<int64_t>(random() % 10'800) - 5'400;
        }
      }
      const absl::TimeZone::TimeInfo info = reference.At(epoch + local);
      const ZoneClock::Instant instant = clock.At(local);
      ASSERT_EQ(instant.kind == ZoneClock::Kind::kUnique, info.kind == absl::TimeZone::TimeInfo::UNIQUE) << local;
      ASSERT_EQ(instant.kind == ZoneClock::Kind::kDoubled, info.kind == absl::TimeZone::TimeInfo::REPEATED) << local;
      ASSERT_EQ(instant.first, absl::ToUnixSeconds(info.pre)) << zone << local;
      if (instant.kind == ZoneClock::Kind::kDoubled) {
        ASSERT_EQ(instant.second, absl::ToUnixSeconds(info.post)) << zone << local;
      }
    }
  }
}

}  // namespace
}  // namespace allmende::tabular
