#include "sdk/tabular/mapping/time_pattern.h"

#include <random>
#include <string>

#include "absl/strings/str_format.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

// `2021-03-18 09:51:34.437255 +3600 cut`, or why not.
std::string Read(const std::string& format, std::string_view text) {
  const TimePattern pattern = *TimePattern::Compile(format);
  ParsedTime time;
  switch (pattern.Match(text, time)) {
    case TimeMatch::kNo:
      return "no";
    case TimeMatch::kImpossible:
      return "impossible";
    case TimeMatch::kYes:
      break;
  }
  std::string result =
      absl::FormatTime("%E4Y-%m-%d %H:%M:%S", absl::FromUnixSeconds(time.seconds), absl::UTCTimeZone());
  if (time.microseconds != 0) result += absl::StrFormat(".%06d", time.microseconds);
  if (time.offset.has_value()) result += absl::StrFormat(" %+d", *time.offset);
  return time.cut ? result + " cut" : result;
}

struct Case {
  const char* format;
  const char* text;
  const char* expected;
};

TEST(TimePatternTest, ReadsWhatTheFormatSays) {
  const Case cases[] = {
      {"iso8601", "2022-05-29T13:00:00.000Z", "2022-05-29 13:00:00 +0"},
      {"iso8601", "2021-03-18 09:51:34.437255+00", "2021-03-18 09:51:34.437255 +0"},
      {"iso8601", "2021-05-17 20:56:45.3094+00", "2021-05-17 20:56:45.309400 +0"},
      {"iso8601", "2021-03-18T09:51:34+01:30", "2021-03-18 09:51:34 +5400"},
      {"iso8601", "2021-03-18T09:51-0800", "2021-03-18 09:51:00 -28800"},
      {"iso8601", "2021-03-18 09:51:34 +02:00", "2021-03-18 09:51:34 +7200"},
      {"iso8601", "2021-03-18t09:51:34,5z", "2021-03-18 09:51:34.500000 +0"},
      {"iso8601", "2021-03-18 09:51:34", "2021-03-18 09:51:34"},
      {"iso8601", " 2021-03-18 ", "2021-03-18 00:00:00"},
      {"iso8601", "2003-02-18 00:00:00", "2003-02-18 00:00:00"},
      {"iso8601", "2021-03-18T09:51:34.4372550Z", "2021-03-18 09:51:34.437255 +0"},
      {"iso8601", "2021-03-18T09:51:34.4372551Z", "2021-03-18 09:51:34.437255 +0 cut"},
      {"iso8601", "0001-01-01T00:00:00Z", "0001-01-01 00:00:00 +0"},
      {"iso8601", "9999-12-31T23:59:59Z", "9999-12-31 23:59:59 +0"},
      {"iso8601", "2020-02-29", "2020-02-29 00:00:00"},
      {"german", "18.03.2021", "2021-03-18 00:00:00"},
      {"german", "1.3.2021 7", "2021-03-01 07:00:00"},
      {"german", "01.01.2024 23", "2024-01-01 23:00:00"},
      {"german", "18.03.2021, 09:51", "2021-03-18 09:51:00"},
      {"german", "18.03.2021 9:51:34", "2021-03-18 09:51:34"},
      {"%d.%m.%Y %H", "01.01.2024 0", "2024-01-01 00:00:00"},
      {"%d.%m.%Y %H", "01.01.2024   12", "2024-01-01 12:00:00"},
      {"%Y%m%dT%H:%M:%S.%f%z", "20240101T1:2:3.25Z", "2024-01-01 01:02:03.250000 +0"},
      {"100%% %Y/%m/%d", "100% 2024/1/2", "2024-01-02 00:00:00"},
      {"%s", "86400", "1970-01-02 00:00:00 +0"},
      {"%s.%f", "-1.5", "1969-12-31 23:59:59.500000 +0"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Read(test.format, test.text), test.expected) << test.format << " " << test.text;
  }
}

TEST(TimePatternTest, TellsImpossibleDatesFromOtherForms) {
  const Case cases[] = {
      {"iso8601", "2021-02-29", "impossible"},
      {"iso8601", "1900-02-29", "impossible"},
      {"iso8601", "2021-13-01", "impossible"},
      {"iso8601", "2021-00-10", "impossible"},
      {"iso8601", "2021-04-31 10:00:00", "impossible"},
      {"iso8601", "2021-04-30 24:00:00", "impossible"},
      {"iso8601", "2021-04-30 10:60:00", "impossible"},
      {"iso8601", "2016-12-31T23:59:60Z", "impossible"},
      {"iso8601", "2021-04-30T10:00:00+99:00", "impossible"},
      {"iso8601", "0000-01-01", "impossible"},
      {"german", "31.06.2021", "impossible"},
      {"german", "1.1.2021 24", "impossible"},
      {"%d.%m.%Y %H", "30.02.2024 5", "impossible"},
      {"iso8601", "18.03.2021", "no"},
      {"iso8601", "2021-3-18", "no"},
      {"iso8601", "21-03-18", "no"},
      {"iso8601", "2021-03-18T", "no"},
      {"iso8601", "2021-03-18T10", "no"},
      {"iso8601", "2021-03-18T10:00:", "no"},
      {"iso8601", "2021-03-18T10:00:00.", "no"},
      {"iso8601", "2021-03-18T10:00:00+1", "no"},
      {"iso8601", "2021-03-18T10:00:00 CET", "no"},
      {"iso8601", "2021-03-18x", "no"},
      {"iso8601", "", "no"},
      {"german", "2021-03-18", "no"},
      {"german", "18.03.21", "no"},
      {"german", "18.03.2021 9:5", "no"},
      {"german", "18.03.2021 9:05 Uhr", "no"},
      {"%d.%m.%Y %H", "01.01.2024", "no"},
      {"%d.%m.%Y %H", "01.01.2024 5:00", "no"},
      {"%s", "12a", "no"},
      {"%s", "1234567890123", "no"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Read(test.format, test.text), test.expected) << test.format << " " << test.text;
  }
}

TEST(TimePatternTest, RefusesAnUnusableFormat) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "has to give a complete date"},
      {"%H:%M", "has to give a complete date"},
      {"%Y-%m", "has to give a complete date"},
      {"%Y-%m-%d %Y", "has `%Y` twice"},
      {"%Y-%m-%d %q", "has `%q`"},
      {"%Y-%m-%d %", "has `%`"},
      {"%s %H", "has to give a complete date"},
      {"ISO", "has to give a complete date"},
  };
  for (const auto& [format, message] : cases) {
    const absl::Status status = TimePattern::Compile(format).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << format;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message)) << format;
  }
}

TEST(TimePatternTest, AgreesWithAnotherCalendarOnRandomDays) {
  constexpr unsigned kSeed = 8601;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const TimePattern iso = *TimePattern::Compile("iso8601");
  const TimePattern german = *TimePattern::Compile("german");
  for (int round = 0; round < 20'000; ++round) {
    const int year = 1 + static_cast<int>(random() % 9999);
    const int month = 1 + static_cast<int>(random() % 12);
    const int day = 1 + static_cast<int>(random() % 31);
    const absl::CivilDay civil(year, month, day);
    const bool exists = civil.month() == month;
    ParsedTime time;
    const TimeMatch match = iso.Match(absl::StrFormat("%04d-%02d-%02d", year, month, day), time);
    ASSERT_EQ(match, exists ? TimeMatch::kYes : TimeMatch::kImpossible);
    if (!exists) continue;
    ASSERT_EQ(time.seconds, (civil - absl::CivilDay(1970, 1, 1)) * 86400);
    ASSERT_EQ(german.Match(absl::StrFormat("%d.%d.%04d", day, month, year), time), TimeMatch::kYes);
    ASSERT_EQ(time.seconds, (civil - absl::CivilDay(1970, 1, 1)) * 86400);
  }
}

}  // namespace
}  // namespace allmende::tabular
