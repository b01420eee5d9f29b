#include "sdk/tabular/mapping/time_reader.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/base/status.h"

namespace allmende::tabular {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

}  // namespace

absl::StatusOr<TimeReader> TimeReader::Create(const TimeRules& rules) {
  TimeReader reader;
  reader.rules_ = rules;
  if (reader.rules_.formats.empty()) {
    reader.rules_.formats = {"iso8601", "german"};
  }
  for (const std::string& format : reader.rules_.formats) {
    ALLMENDE_ASSIGN_OR_RETURN(TimePattern pattern, TimePattern::Compile(format));
    // The two named formats fit local times as well as others, so only their texts can tell whether a zone is missing.
    const bool named = format == "iso8601" || format == "german";
    if (rules.zone.empty() && !named && !pattern.always_has_offset()) {
      return absl::InvalidArgumentError(
          absl::StrCat("time format `", format, "` has no offset (%z); give the `zone` of these times"));
    }
    reader.patterns_.push_back(std::move(pattern));
  }
  if (!rules.zone.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(reader.clock_, ZoneClock::Load(rules.zone));
  }
  return reader;
}

bool TimeReader::Read(std::string_view text, TimeValue& out, ValueError& error) {
  bool impossible = false;
  for (const TimePattern& pattern : patterns_) {
    ParsedTime parsed;
    const TimeMatch match = pattern.Match(text, parsed);
    if (match == TimeMatch::kYes) {
      return Place(parsed, out, error);
    }
    impossible = impossible || match == TimeMatch::kImpossible;
  }
  if (impossible) {
    error.why = "is no date and time that exists";
    error.advice = "correct the value";
  } else {
    error.why = absl::StrCat("fits none of the time formats ", absl::StrJoin(rules_.formats, ", "));
    error.advice = "correct the value, or add its form to `time_formats`";
  }
  return false;
}

bool TimeReader::Place(const ParsedTime& parsed, TimeValue& out, ValueError& error) {
  out = {};
  out.cut = parsed.cut;
  if (parsed.offset.has_value()) {
    out.microseconds = (parsed.seconds - *parsed.offset) * kMicrosPerSecond + parsed.microseconds;
    return true;
  }
  if (!clock_.has_value()) {
    error.why = "says no offset from UTC";
    error.advice = "give the `zone` of these times, for example Europe/Berlin";
    return false;
  }
  const ZoneClock::Instant instant = clock_->At(parsed.seconds);
  out.microseconds = instant.first * kMicrosPerSecond + parsed.microseconds;
  out.second_microseconds = instant.second * kMicrosPerSecond + parsed.microseconds;
  switch (instant.kind) {
    case ZoneClock::Kind::kUnique:
      return true;
    case ZoneClock::Kind::kMissing:
      out.decision = TimeValue::Decision::kShifted;
      if (rules_.missing_hour == MissingHour::kShift) {
        return true;
      }
      error.why = absl::StrCat("was skipped by the clocks in ", rules_.zone);
      error.advice = "correct the value, or say `missing_hour: shift`";
      return false;
    case ZoneClock::Kind::kDoubled:
      break;
  }
  switch (rules_.doubled_hour) {
    case DoubledHour::kFirst:
      out.decision = TimeValue::Decision::kDoubledFirst;
      return true;
    case DoubledHour::kSecond:
      out.decision = TimeValue::Decision::kDoubledSecond;
      out.microseconds = out.second_microseconds;
      return true;
    case DoubledHour::kOrder:
      out.decision = TimeValue::Decision::kDoubledByOrder;
      return true;
    case DoubledHour::kError:
      break;
  }
  error.why = absl::StrCat("was shown twice by the clocks in ", rules_.zone);
  error.advice = "say `doubled_hour: first`, `second` or `order`";
  return false;
}

}  // namespace allmende::tabular
