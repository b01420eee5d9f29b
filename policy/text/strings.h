// Text from pieces and pieces of text, for std::string_view: Abseil's functions take another type of view here, which
// std::string_view does not convert to.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace allmende::policy {

constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsLower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool IsAlphanumeric(char c) {
  return IsDigit(c) || IsLower(c) || (c >= 'A' && c <= 'Z');
}

// ASCII letters in lower case, everything else as it is.
inline std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return lower;
}

// Every occurrence of `what`, which is not empty, replaced.
inline std::string ReplaceAll(std::string_view text, std::string_view what, std::string_view by) {
  std::string result;
  size_t begin = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, begin)) {
    result.append(text.substr(begin, at - begin)).append(by);
    begin = at + what.size();
  }
  return result.append(text.substr(begin));
}

inline void AppendPiece(std::string& text, std::string_view piece) {
  text.append(piece);
}

template <std::integral Number>
requires(!std::same_as<Number, bool> && !std::same_as<Number, char>) void AppendPiece(std::string& text,
                                                                                      Number number) {
  text.append(std::to_string(number));
}

// Appends strings and integers in a row.
template <typename... Pieces>
void Append(std::string& text, const Pieces&... pieces) {
  (AppendPiece(text, pieces), ...);
}

// One string of strings and integers in a row.
template <typename... Pieces>
std::string Cat(const Pieces&... pieces) {
  std::string text;
  Append(text, pieces...);
  return text;
}

// The elements with `separator` between them.
template <typename Strings>
std::string Join(const Strings& strings, std::string_view separator) {
  std::string text;
  bool first = true;
  for (const std::string_view piece : strings) {
    Append(text, first ? std::string_view() : separator, piece);
    first = false;
  }
  return text;
}

// The parts between separators, empty ones included; at least one.
inline std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + 1);
  }
}

// Without spaces, tabs and line ends around it.
inline std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlank);
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

// Whether a German reader may take the number for one with points between its thousands: `1.000`, `-12.500.000`, but
// not `0.125` or `1.5`.
inline bool HasThousandsPoints(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    text.remove_prefix(1);
  }
  const std::vector<std::string_view> groups = Split(text, '.');
  for (size_t i = 0; i < groups.size(); ++i) {
    const bool fits = i == 0 ? !groups[i].empty() && groups[i].size() <= 3 : groups[i].size() == 3;
    if (!fits || groups[i].find_first_not_of("0123456789") != std::string_view::npos) {
      return false;
    }
  }
  return groups.size() > 1 && text.front() != '0';
}

// The whole of `text` as a decimal integer; none if it is not one or does not fit.
template <std::integral Number>
std::optional<Number> ParseInteger(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// The whole of `text` as a finite number with a decimal point.
inline std::optional<double> ParseReal(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

}  // namespace allmende::policy
