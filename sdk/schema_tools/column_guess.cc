#include "sdk/schema_tools/column_guess.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "sdk/tabular/mapping/numbers.h"
#include "sdk/tabular/mapping/time_pattern.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende {
namespace {

using tabular::NumberRules;
using tabular::ParsedTime;
using tabular::TimeMatch;
using tabular::TimePattern;
using tabular::ValueError;

constexpr size_t kWordBytesMax = 16;

bool IsWordForMissing(std::string_view value) {
  static constexpr std::string_view kWords[] = {"NA",  "N/A", "n/a",       "NULL", "null",
                                                "NaN", "nan", "undefined", "None", "-"};
  return std::find(std::begin(kWords), std::end(kWords), value) != std::end(kWords);
}

bool IsWordForTruth(std::string_view value) {
  std::string word(value.substr(0, kWordBytesMax));
  std::transform(word.begin(), word.end(), word.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  static constexpr std::string_view kWords[] = {"true", "false", "ja", "nein", "yes", "no", "wahr", "falsch"};
  return std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords);
}

// Postcodes and identifiers such as `01067` lose their zeros as numbers.
bool HasLeadingZero(std::string_view value) {
  const size_t start = value.starts_with('-') ? 1 : 0;
  return value.size() > start + 1 && value[start] == '0' && value[start + 1] >= '0' && value[start + 1] <= '9';
}

bool IsWhole(std::string_view value) {
  const size_t start = value.starts_with('-') ? 1 : 0;
  int64_t number = 0;
  ValueError error;
  return value.size() > start && value.substr(start).find_first_not_of("0123456789") == std::string_view::npos &&
         tabular::ReadSigned(value, {}, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max(),
                             number, error);
}

}  // namespace

void ColumnGuess::Add(std::string_view value) {
  value = tabular::TrimSpaces(value);
  if (value.empty() || IsWordForMissing(value)) {
    ++missing_;
    if (!value.empty()) {
      missing_words_.emplace(value);
    }
    return;
  }
  ++values_;
  hashes_.insert(std::hash<std::string_view>()(value));
  LookAtNumber(value);
  LookAtTime(value);
  boolean_ = boolean_ && IsWordForTruth(value);
}

void ColumnGuess::LookAtNumber(std::string_view value) {
  if (!whole_ && !real_ && !real_with_comma_) {
    return;
  }
  const bool zero = HasLeadingZero(value);
  const NumberRules german{.decimal = ',', .thousands = {}};
  double plain = 0;
  double with_comma = 0;
  ValueError error;
  whole_ = whole_ && !zero && IsWhole(value);
  real_ = real_ && !zero && tabular::ReadDouble(value, {}, plain, error);
  real_with_comma_ = real_with_comma_ && !zero && tabular::ReadDouble(value, german, with_comma, error);
  const double number = real_ ? plain : with_comma;
  lowest_ = values_ == 1 ? number : std::min(lowest_, number);
  highest_ = values_ == 1 ? number : std::max(highest_, number);
}

void ColumnGuess::LookAtTime(std::string_view value) {
  static const TimePattern kIso8601 = *TimePattern::Compile("iso8601");
  static const TimePattern kGerman = *TimePattern::Compile("german");
  ParsedTime parsed;
  time_ =
      time_ && (kIso8601.Match(value, parsed) == TimeMatch::kYes || kGerman.Match(value, parsed) == TimeMatch::kYes);
  needs_zone_ = needs_zone_ || (time_ && !parsed.offset.has_value());
}

GuessedType ColumnGuess::type() const {
  if (values_ == 0) return GuessedType::kText;
  if (whole_) return GuessedType::kWhole;
  if (real_ || real_with_comma_) return GuessedType::kReal;
  if (time_) return GuessedType::kTime;
  if (boolean_) return GuessedType::kBool;
  return GuessedType::kText;
}

}  // namespace allmende
