#include "sdk/tabular/reader/utf8.h"

#include <array>
#include <cstdint>
#include <cstring>

namespace allmende::tabular {
namespace {

// Length of the character that starts at `text[0]`; 0 if there is none. `cut` as in Utf8Check.
size_t CharacterBytes(std::string_view text, bool& cut) {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  cut = false;
  const uint8_t lead = byte(0);
  size_t length = 0;
  uint8_t second_min = 0x80;
  uint8_t second_max = 0xBF;
  if (lead < 0x80) {
    return 1;
  } else if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) second_min = 0xA0;  // shorter forms exist
    if (lead == 0xED) second_max = 0x9F;  // surrogates
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) second_min = 0x90;
    if (lead == 0xF4) second_max = 0x8F;  // above U+10FFFF
  } else {
    return 0;
  }
  for (size_t i = 1; i < length; ++i) {
    if (i == text.size()) {
      cut = true;
      return 0;
    }
    const uint8_t low = i == 1 ? second_min : 0x80;
    const uint8_t high = i == 1 ? second_max : 0xBF;
    if (byte(i) < low || byte(i) > high) {
      return 0;
    }
  }
  return length;
}

// Unicode values of 0x80 to 0x9F in Windows-1252; 0: not assigned.
constexpr std::array<uint16_t, 32> kWindows1252 = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                                   0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                                   0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                                   0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

}  // namespace

Utf8Check CheckUtf8(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    if (at + sizeof(uint64_t) <= text.size()) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, sizeof(word));
      if ((word & 0x8080808080808080u) == 0) {
        at += sizeof(word);
        continue;
      }
    }
    bool cut = false;
    const size_t length = CharacterBytes(text.substr(at), cut);
    if (length == 0) {
      return {.valid_bytes = at, .cut = cut};
    }
    at += length;
  }
  return {.valid_bytes = at, .cut = false};
}

size_t AppendWindows1252(std::string_view text, std::string& out) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    uint16_t code = byte;
    if (byte >= 0x80 && byte <= 0x9F) {
      code = kWindows1252[byte - 0x80];
      if (code == 0) {
        return i;
      }
    }
    if (code < 0x80) {
      out.push_back(static_cast<char>(code));
    } else if (code < 0x800) {
      out.push_back(static_cast<char>(0xC0 | (code >> 6)));
      out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    } else {
      out.push_back(static_cast<char>(0xE0 | (code >> 12)));
      out.push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
      out.push_back(static_cast<char>(0x80 | (code & 0x3F)));
    }
  }
  return text.size();
}

}  // namespace allmende::tabular
