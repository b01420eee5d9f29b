#include "policy/wire/utf8.h"

#include <cstdint>
#include <cstring>

namespace allmende::policy {
namespace {

// The bytes of one character that is not ASCII, or 0. The second byte's range depends on the first one: that excludes
// longer forms, surrogates and what lies beyond U+10FFFF.
size_t CharacterBytes(const unsigned char* at, const unsigned char* end) {
  const auto follows = [&](size_t index, unsigned low, unsigned high) {
    return at + index < end && at[index] >= low && at[index] <= high;
  };
  const unsigned first = at[0];
  if (first >= 0xc2 && first <= 0xdf) {
    return follows(1, 0x80, 0xbf) ? 2 : 0;
  }
  if (first >= 0xe0 && first <= 0xef) {
    const unsigned low = first == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = first == 0xed ? 0x9f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const unsigned low = first == 0xf0 ? 0x90 : 0x80;
    const unsigned high = first == 0xf4 ? 0x8f : 0xbf;
    return follows(1, low, high) && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool IsValidUtf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* const end = at + text.size();
  while (at < end) {
    if (end - at >= 8) {
      uint64_t block;
      std::memcpy(&block, at, sizeof(block));
      if ((block & 0x8080808080808080u) == 0) {
        at += sizeof(block);
        continue;
      }
    }
    if (*at < 0x80) {
      ++at;
      continue;
    }
    const size_t bytes = CharacterBytes(at, end);
    if (bytes == 0) {
      return false;
    }
    at += bytes;
  }
  return true;
}

}  // namespace allmende::policy
