#include "sdk/cli/frame/plain_text.h"

#include <algorithm>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "sdk/base/text.h"

namespace allmende::cli {
namespace {

const char* CodeOf(Style style) {
  switch (style) {
    case Style::kBold:
      return "1";
    case Style::kDim:
      return "2";
    case Style::kError:
      return "1;31";
    case Style::kWarning:
      return "33";
    case Style::kGood:
      return "32";
    case Style::kHint:
      return "36";
    case Style::kPlain:
      break;
  }
  return "";
}

// Length of the well-formed character at the start of `text`, 0 if there is none. Overlong forms and surrogates are not
// told apart: they are harmless here.
size_t CharacterBytes(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t length = 1;
  if (byte(0) >= 0xF5 || (byte(0) >= 0x80 && byte(0) < 0xC2)) return 0;
  if (byte(0) >= 0xF0) {
    length = 4;
  } else if (byte(0) >= 0xE0) {
    length = 3;
  } else if (byte(0) >= 0xC2) {
    length = 2;
  }
  if (text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) return 0;
  }
  return length;
}

bool IsControl(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (first < 0x20 || first == 0x7F) return true;
  return first == 0xC2 && static_cast<unsigned char>(character[1]) < 0xA0;
}

}  // namespace

std::string Styled(std::string_view text, Style style, bool colours) {
  if (!colours || style == Style::kPlain) return std::string(text);
  return absl::StrCat("\x1b[", CodeOf(style), "m", ForAbsl(text), "\x1b[0m");
}

std::string Printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t bytes = CharacterBytes(text);
    const std::string_view character = text.substr(0, std::max<size_t>(bytes, 1));
    if (bytes == 0 || IsControl(character)) {
      for (const char c : character) absl::StrAppendFormat(&out, "\\x%02x", static_cast<unsigned char>(c));
    } else {
      out.append(character);
    }
    text.remove_prefix(character.size());
  }
  return out;
}

int DisplayWidth(std::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80; }));
}

std::string CountText(int64_t count) {
  std::string digits = absl::StrCat(count);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string BytesText(int64_t bytes) {
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  double amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(kUnits)) {
    amount /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.1f %s", amount, kUnits[unit]);
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::InfiniteDuration()) return "without end";
  const bool negative = duration < absl::ZeroDuration();
  const int64_t seconds = absl::ToInt64Seconds(negative ? -duration : duration);
  const std::string sign = negative ? "-" : "";
  if (seconds < 60) return absl::StrCat(sign, seconds, " s");
  const auto two = [&](int64_t large, const char* large_unit, const std::string& small) {
    return absl::StrCat(sign, large, large_unit, small);
  };
  const int64_t minutes = seconds / 60;
  const int64_t hours = minutes / 60;
  if (hours == 0) return two(minutes, " min", seconds % 60 == 0 ? "" : absl::StrFormat(" %02d s", seconds % 60));
  if (hours < 24) return two(hours, " h", minutes % 60 == 0 ? "" : absl::StrFormat(" %02d min", minutes % 60));
  return two(hours / 24, " d", hours % 24 == 0 ? "" : absl::StrCat(" ", hours % 24, " h"));
}

std::string TimeText(absl::Time time) {
  if (time == absl::InfinitePast()) return "-";
  if (time == absl::InfiniteFuture()) return "without end";
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string Rfc3339(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

bool ParseDuration(const std::string& text, absl::Duration& out) {
  static constexpr struct {
    const char* name;
    int64_t milliseconds;
  } kUnits[] = {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  int64_t amount = 0;
  if (digits == 0 || !absl::SimpleAtoi(text.substr(0, digits), &amount)) return false;
  const std::string unit(absl::StripAsciiWhitespace(absl::string_view(text).substr(digits)));
  for (const auto& known : kUnits) {
    if (unit != known.name || amount > std::numeric_limits<int64_t>::max() / known.milliseconds) continue;
    out = absl::Milliseconds(amount * known.milliseconds);
    return true;
  }
  return false;
}

std::string JsonText(std::string_view text) {
  return nlohmann::json(std::string(text)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string CsvText(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out.push_back('"');
    out.push_back(c);
  }
  out.push_back('"');
  return out;
}

std::string Wrapped(std::string_view text, int columns, int indent) {
  std::string out;
  int used = 0;
  for (const absl::string_view word : absl::StrSplit(ForAbsl(text), ' ', absl::SkipEmpty())) {
    const int width = DisplayWidth(FromAbsl(word));
    if (used > 0 && used + 1 + width > columns) {
      absl::StrAppend(&out, "\n", std::string(indent, ' '));
      used = 0;
    } else if (used > 0) {
      out.push_back(' ');
      ++used;
    }
    absl::StrAppend(&out, word);
    used += width;
  }
  return out;
}

std::string ShellWord(const std::string& text) {
  const auto safe = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           std::string_view("_-./:=@%+,").find(c) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), safe)) return text;
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out.append("'\\''");
    } else {
      out.push_back(c);
    }
  }
  return out.append("'");
}

}  // namespace allmende::cli
