#include "sdk/tabular/mapping/numbers.h"

#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

constexpr size_t kNumberBytesMax = 64;
// Whole doubles up to here are exact.
constexpr double kExactDoubleMax = 9007199254740992.0;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

bool NotANumber(std::string_view text, const NumberRules& rules, ValueError& error) {
  error.why = "is not a number";
  if (rules.decimal == '.' && text.find(',') != std::string_view::npos) {
    error.advice = "if its comma is the decimal mark, say `decimal: \",\"`";
  } else if (rules.decimal == ',' && text.find('.') != std::string_view::npos) {
    error.advice = "the decimal mark is set to a comma; correct `decimal` or `thousands`";
  } else {
    error.advice = "if it means that there is no value, list it under `absent` in the mapping (`--mapping`)";
  }
  return false;
}

// A number in the notation that std::from_chars reads: digits, `.`, exponent, no plus sign.
class PlainNumber {
 public:
  // False if `text` is no number under `rules`.
  bool Read(std::string_view text, const NumberRules& rules) {
    if (text.size() > kNumberBytesMax) {
      return false;
    }
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
      if (text[0] == '-') Put('-');
      text.remove_prefix(1);
    }
    if (!ReadWholePart(text, rules.thousands)) {
      return false;
    }
    if (!text.empty() && text[0] == rules.decimal) {
      fraction_at_ = size_;
      Put('.');
      text.remove_prefix(1);
      const size_t digits = ReadDigits(text);
      if (digits == 0) {
        return false;
      }
    } else if (whole_digits_ == 0) {
      return false;
    }
    if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
      has_exponent_ = true;
      Put('e');
      text.remove_prefix(1);
      if (!text.empty() && (text[0] == '+' || text[0] == '-')) {
        if (text[0] == '-') Put('-');
        text.remove_prefix(1);
      }
      if (ReadDigits(text) == 0) {
        return false;
      }
    }
    return text.empty();
  }

  const char* begin() const { return bytes_; }
  const char* end() const { return bytes_ + size_; }
  bool has_exponent() const { return has_exponent_; }

  // The end of the whole part if nothing but zeros follows it, else null.
  const char* WholeEnd() const {
    if (fraction_at_ == 0) {
      return has_exponent_ ? nullptr : end();
    }
    for (size_t i = fraction_at_ + 1; i < size_; ++i) {
      if (bytes_[i] != '0') return nullptr;
    }
    return bytes_ + fraction_at_;
  }

 private:
  void Put(char c) { bytes_[size_++] = c; }

  size_t ReadDigits(std::string_view& text) {
    size_t count = 0;
    while (count < text.size() && IsDigit(text[count])) {
      Put(text[count++]);
    }
    text.remove_prefix(count);
    return count;
  }

  bool ReadWholePart(std::string_view& text, std::string_view separator) {
    whole_digits_ = ReadDigits(text);
    if (separator.empty() || !text.starts_with(separator)) {
      // A leading `.5` is a number; the caller sees that there are no digits at all.
      if (whole_digits_ == 0) Put('0');
      return true;
    }
    if (whole_digits_ == 0 || whole_digits_ > 3) {
      return false;
    }
    while (text.starts_with(separator)) {
      text.remove_prefix(separator.size());
      const size_t digits = ReadDigits(text);
      if (digits != 3) {
        return false;
      }
      whole_digits_ += digits;
    }
    return true;
  }

  char bytes_[kNumberBytesMax + 2];
  size_t size_ = 0;
  size_t whole_digits_ = 0;
  size_t fraction_at_ = 0;  // where `.` stands; 0: nowhere
  bool has_exponent_ = false;
};

bool OutOfRange(const std::string& min, const std::string& max, ValueError& error) {
  error.why = absl::StrCat("is not between ", min, " and ", max, ", the range of this field");
  error.advice = "choose a wider type in the schema, or correct the value";
  return false;
}

bool BeyondDoubles(ValueError& error) {
  error.why = "is too large or too small for a number";
  error.advice = "correct the value";
  return false;
}

template <typename Integer>
bool ReadWhole(std::string_view text, const NumberRules& rules, Integer min, Integer max, Integer& out,
               ValueError& error) {
  text = TrimSpaces(text);
  const auto [plain_end, plain_problem] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (plain_problem == std::errc() && plain_end == text.data() + text.size()) {
    return (out >= min && out <= max) || OutOfRange(absl::StrCat(min), absl::StrCat(max), error);
  }
  PlainNumber number;
  if (!number.Read(text, rules)) {
    return NotANumber(text, rules, error);
  }
  if (const char* whole_end = number.WholeEnd(); whole_end != nullptr) {
    const auto [end, problem] = std::from_chars(number.begin(), whole_end, out);
    return (problem == std::errc() && end == whole_end && out >= min && out <= max) ||
           OutOfRange(absl::StrCat(min), absl::StrCat(max), error);
  }
  double value = 0;
  if (std::from_chars(number.begin(), number.end(), value).ec != std::errc()) {
    return BeyondDoubles(error);
  }
  if (std::trunc(value) != value || std::abs(value) > kExactDoubleMax) {
    error.why = "is not a whole number";
    error.advice = "make the field a double in the schema, or correct the value";
    return false;
  }
  if (value < static_cast<double>(min) || value > static_cast<double>(max)) {
    return OutOfRange(absl::StrCat(min), absl::StrCat(max), error);
  }
  out = static_cast<Integer>(value);
  return true;
}

}  // namespace

bool ReadDouble(std::string_view text, const NumberRules& rules, double& out, ValueError& error) {
  text = TrimSpaces(text);
  PlainNumber number;
  if (!number.Read(text, rules)) {
    return NotANumber(text, rules, error);
  }
  const auto [end, problem] = std::from_chars(number.begin(), number.end(), out);
  if (problem == std::errc() && end == number.end()) {
    return true;
  }
  return BeyondDoubles(error);
}

bool ReadSigned(std::string_view text, const NumberRules& rules, int64_t min, int64_t max, int64_t& out,
                ValueError& error) {
  return ReadWhole<int64_t>(text, rules, min, max, out, error);
}

bool ReadUnsigned(std::string_view text, const NumberRules& rules, uint64_t max, uint64_t& out, ValueError& error) {
  return ReadWhole<uint64_t>(text, rules, 0, max, out, error);
}

bool ReadBool(std::string_view text, const BooleanRules& rules, bool& out, ValueError& error) {
  text = TrimSpaces(text);
  const absl::string_view word(text.data(), text.size());
  for (const bool value : {true, false}) {
    for (const std::string& known : value ? rules.true_words : rules.false_words) {
      if (absl::EqualsIgnoreCase(word, known)) {
        out = value;
        return true;
      }
    }
  }
  error.why = absl::StrCat("is neither true (", absl::StrJoin(rules.true_words, ", "), ") nor false (",
                           absl::StrJoin(rules.false_words, ", "), ")");
  error.advice = "list it under `true_words`, `false_words` or `absent` in the mapping (`--mapping`)";
  return false;
}

bool DropZeroFraction(std::string_view& text) {
  const size_t dot = text.find('.');
  if (dot == 0 || dot == std::string_view::npos || dot + 1 == text.size() ||
      text.substr(dot + 1).find_first_not_of('0') != std::string_view::npos) {
    return false;
  }
  const size_t start = text[0] == '-' ? 1 : 0;
  if (start == dot || text.substr(start, dot - start).find_first_not_of("0123456789") != std::string_view::npos) {
    return false;
  }
  text = text.substr(0, dot);
  return true;
}

}  // namespace allmende::tabular
