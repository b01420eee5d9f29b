// Text of input files: strict UTF-8, Windows-1252 turned into UTF-8, spaces.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace allmende::tabular {

struct Utf8Check {
  size_t valid_bytes = 0;  // length of the longest prefix that is whole characters
  bool cut = false;        // what follows the prefix may become a character when more bytes arrive
};

// Refuses overlong forms, surrogates and anything above U+10FFFF.
Utf8Check CheckUtf8(std::string_view text);

// Appends `text` as UTF-8 and returns how many bytes of it were taken: fewer than all where a byte has no meaning in
// Windows-1252 (0x81, 0x8D, 0x8F, 0x90, 0x9D).
size_t AppendWindows1252(std::string_view text, std::string& out);

// Without ASCII white space at both ends.
inline std::string_view TrimSpaces(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\n\v\f";
  const size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) {
    return text.substr(0, 0);
  }
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

}  // namespace allmende::tabular
