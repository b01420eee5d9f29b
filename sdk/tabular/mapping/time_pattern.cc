#include "sdk/tabular/mapping/time_pattern.h"

#include <chrono>

#include "absl/strings/str_cat.h"

#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

struct DateTime {
  int year = 0;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

// Reads a text from front to back. A method that returns false has changed nothing that matters: the match is over.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool AtEnd() const { return rest_.empty(); }
  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }

  bool Take(char c) {
    if (Peek() != c || rest_.empty()) {
      return false;
    }
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeSpaces() {
    bool any = false;
    while (Take(' ')) any = true;
    return any;
  }

  bool Number(size_t digits_min, size_t digits_max, int& out) {
    size_t count = 0;
    out = 0;
    while (count < digits_max && count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9') {
      out = out * 10 + (rest_[count++] - '0');
    }
    rest_.remove_prefix(count);
    return count >= digits_min;
  }

  bool Fraction(ParsedTime& out) {
    size_t count = 0;
    int32_t scale = 100'000;
    out.microseconds = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      const int digit = rest_[count] - '0';
      out.microseconds += digit * scale;
      out.cut = out.cut || (scale == 0 && digit != 0);
      scale /= 10;
    }
    rest_.remove_prefix(count);
    return count > 0;
  }

  // Z, +01, +0100, +01:00. `possible` becomes false for an offset that no zone has.
  bool Offset(ParsedTime& out, bool& possible) {
    if (Take('Z') || Take('z')) {
      out.offset = 0;
      return true;
    }
    const bool east = Take('+');
    if (!east && !Take('-')) {
      return false;
    }
    int hours = 0;
    int minutes = 0;
    if (!Number(2, 2, hours)) {
      return false;
    }
    if (Take(':') || (Peek() >= '0' && Peek() <= '9')) {
      if (!Number(2, 2, minutes)) return false;
    }
    possible = possible && hours <= 15 && minutes < 60;
    const int32_t seconds = hours * 3600 + minutes * 60;
    out.offset = east ? seconds : -seconds;
    return true;
  }

  bool EpochSeconds(int64_t& out) {
    const bool negative = Take('-');
    size_t count = 0;
    out = 0;
    while (count < rest_.size() && count < 12 && rest_[count] >= '0' && rest_[count] <= '9') {
      out = out * 10 + (rest_[count++] - '0');
    }
    rest_.remove_prefix(count);
    out = negative ? -out : out;
    return count > 0;
  }

 private:
  std::string_view rest_;
};

TimeMatch Finish(const DateTime& from, bool possible, ParsedTime& out) {
  using std::chrono::day;
  using std::chrono::month;
  using std::chrono::sys_days;
  using std::chrono::year;
  using std::chrono::year_month_day;
  const year_month_day date{year{from.year}, month{static_cast<unsigned>(from.month)},
                            day{static_cast<unsigned>(from.day)}};
  if (!possible || from.year < 1 || !date.ok() || from.hour > 23 || from.minute > 59 || from.second > 59) {
    return TimeMatch::kImpossible;
  }
  const int64_t days = sys_days{date}.time_since_epoch().count();
  out.seconds = ((days * 24 + from.hour) * 60 + from.minute) * 60 + from.second;
  return TimeMatch::kYes;
}

// yyyy-mm-dd, optionally `T` or a space and hh:mm[:ss[.fraction]], optionally an offset.
TimeMatch MatchIso8601(std::string_view text, ParsedTime& out) {
  Cursor cursor(text);
  DateTime parsed;
  bool possible = true;
  if (!cursor.Number(4, 4, parsed.year) || !cursor.Take('-') || !cursor.Number(2, 2, parsed.month) ||
      !cursor.Take('-') || !cursor.Number(2, 2, parsed.day)) {
    return TimeMatch::kNo;
  }
  if (cursor.AtEnd()) {
    return Finish(parsed, possible, out);
  }
  if (!cursor.Take('T') && !cursor.Take('t') && !cursor.Take(' ')) {
    return TimeMatch::kNo;
  }
  if (!cursor.Number(2, 2, parsed.hour) || !cursor.Take(':') || !cursor.Number(2, 2, parsed.minute)) {
    return TimeMatch::kNo;
  }
  if (cursor.Take(':')) {
    if (!cursor.Number(2, 2, parsed.second)) return TimeMatch::kNo;
    if ((cursor.Take('.') || cursor.Take(',')) && !cursor.Fraction(out)) return TimeMatch::kNo;
  }
  cursor.TakeSpaces();
  if (!cursor.AtEnd() && !cursor.Offset(out, possible)) {
    return TimeMatch::kNo;
  }
  return cursor.AtEnd() ? Finish(parsed, possible, out) : TimeMatch::kNo;
}

// d.m.yyyy, optionally a comma, a space and h[:mm[:ss]].
TimeMatch MatchGerman(std::string_view text, ParsedTime& out) {
  Cursor cursor(text);
  DateTime parsed;
  if (!cursor.Number(1, 2, parsed.day) || !cursor.Take('.') || !cursor.Number(1, 2, parsed.month) ||
      !cursor.Take('.') || !cursor.Number(4, 4, parsed.year)) {
    return TimeMatch::kNo;
  }
  if (!cursor.AtEnd()) {
    cursor.Take(',');
    if (!cursor.TakeSpaces() || !cursor.Number(1, 2, parsed.hour)) return TimeMatch::kNo;
    if (cursor.Take(':') && !cursor.Number(2, 2, parsed.minute)) return TimeMatch::kNo;
    if (cursor.Take(':') && !cursor.Number(2, 2, parsed.second)) return TimeMatch::kNo;
  }
  return cursor.AtEnd() ? Finish(parsed, true, out) : TimeMatch::kNo;
}

}  // namespace

absl::StatusOr<TimePattern> TimePattern::Compile(const std::string& format) {
  TimePattern pattern;
  if (format == "iso8601" || format == "german") {
    pattern.kind_ = format == "german" ? Kind::kGerman : Kind::kIso8601;
    return pattern;
  }
  const auto refuse = [&](const std::string& why) {
    return absl::InvalidArgumentError(absl::StrCat("time format `", format, "` ", why));
  };
  std::string letters;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      pattern.parts_.push_back({.literal = format[i]});
      continue;
    }
    const char letter = i + 1 < format.size() ? format[++i] : '\0';
    if (letter == '%') {
      pattern.parts_.push_back({.literal = '%'});
      continue;
    }
    if (letter == '\0' || std::string_view("YmdHMSfzs").find(letter) == std::string_view::npos) {
      return refuse(absl::StrCat("has `%", letter == '\0' ? "" : std::string(1, letter),
                                 "`; use %Y %m %d %H %M %S %f %z %s, `iso8601` or `german`"));
    }
    if (letters.find(letter) != std::string::npos) {
      return refuse(absl::StrCat("has `%", std::string(1, letter), "` twice"));
    }
    letters.push_back(letter);
    pattern.parts_.push_back({.letter = letter});
  }
  const auto has = [&](char letter) { return letters.find(letter) != std::string::npos; };
  if (has('s') ? letters.find_first_of("YmdHMSz") != std::string::npos : !(has('Y') && has('m') && has('d'))) {
    return refuse("has to give a complete date: %Y, %m and %d, or %s alone");
  }
  return pattern;
}

bool TimePattern::always_has_offset() const {
  for (const Part& part : parts_) {
    if (part.letter == 'z' || part.letter == 's') return true;
  }
  return false;
}

TimeMatch TimePattern::Match(std::string_view text, ParsedTime& out) const {
  text = TrimSpaces(text);
  out = {};
  switch (kind_) {
    case Kind::kIso8601:
      return MatchIso8601(text, out);
    case Kind::kGerman:
      return MatchGerman(text, out);
    case Kind::kCustom:
      break;
  }
  return MatchCustom(text, out);
}

TimeMatch TimePattern::MatchCustom(std::string_view text, ParsedTime& out) const {
  Cursor cursor(text);
  DateTime parsed;
  bool possible = true;
  std::optional<int64_t> epoch;
  for (const Part& part : parts_) {
    bool fits = true;
    switch (part.letter) {
      case 0:
        fits = part.literal == ' ' ? cursor.TakeSpaces() : cursor.Take(part.literal);
        break;
      case 'Y':
        fits = cursor.Number(4, 4, parsed.year);
        break;
      case 'm':
        fits = cursor.Number(1, 2, parsed.month);
        break;
      case 'd':
        fits = cursor.Number(1, 2, parsed.day);
        break;
      case 'H':
        fits = cursor.Number(1, 2, parsed.hour);
        break;
      case 'M':
        fits = cursor.Number(1, 2, parsed.minute);
        break;
      case 'S':
        fits = cursor.Number(1, 2, parsed.second);
        break;
      case 'f':
        fits = cursor.Fraction(out);
        break;
      case 'z':
        fits = cursor.Offset(out, possible);
        break;
      default:
        epoch = 0;
        fits = cursor.EpochSeconds(*epoch);
    }
    if (!fits) {
      return TimeMatch::kNo;
    }
  }
  if (!cursor.AtEnd()) {
    return TimeMatch::kNo;
  }
  if (!epoch.has_value()) {
    return Finish(parsed, possible, out);
  }
  out.seconds = *epoch;
  out.offset = 0;
  return TimeMatch::kYes;
}

}  // namespace allmende::tabular
