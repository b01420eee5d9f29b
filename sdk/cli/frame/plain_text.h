// Texts as people and programs read them: numbers, sizes, times, quoting, colours. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace allmende::cli {

enum class Style { kPlain, kBold, kDim, kError, kWarning, kGood, kHint };

// `text` in a style, or as it is without colours.
std::string Styled(std::string_view text, Style style, bool colours);

// `text` with every control character (also U+0080 to U+009F) and every byte that is not UTF-8 written as `\x1b`, so
// that what others wrote cannot steer a terminal. Line feeds are control characters, too.
std::string Printable(std::string_view text);

// Characters (code points) of UTF-8.
int DisplayWidth(std::string_view text);

// With commas between thousands: `182,613`.
std::string CountText(int64_t count);
// `512 B`, `1.5 KiB`, `2.0 GiB`.
std::string BytesText(int64_t bytes);
// The two largest units: `4 s`, `2 min 05 s`, `3 h 10 min`, `12 d 4 h`, `6 h`; `without end` for infinity.
std::string DurationText(absl::Duration duration);
// In UTC, to the second: `2026-11-25 09:57:21Z`; `-` for the infinite past, `without end` for the infinite future.
std::string TimeText(absl::Time time);
// RFC 3339 in UTC with microseconds as far as there are any.
std::string Rfc3339(absl::Time time);

// `30s`, `10 min`, `6h`, `90 d`, `250ms`; a whole number and one unit. False if it is none.
bool ParseDuration(const std::string& text, absl::Duration& out);

// A JSON string, quotes included; bytes that are not UTF-8 become U+FFFD.
std::string JsonText(std::string_view text);
// An RFC 4180 field, quoted where it must be.
std::string CsvText(std::string_view text);

// `text` in lines of at most `columns` characters where words allow, each after the first indented by `indent` spaces.
std::string Wrapped(std::string_view text, int columns, int indent);

// As a word for the shell: quoted only where it must be.
std::string ShellWord(const std::string& text);

}  // namespace allmende::cli
