// Stepping over a value whose wire type is known. Internal to policy/view.
#pragma once

#include "policy/wire/wire_reader.h"

namespace allmende::policy {

inline const char* SkipFixed(const char* at, const char* end, ptrdiff_t bytes) {
  return end - at < bytes ? nullptr : at + bytes;
}

inline const char* SkipBytes(const char* at, const char* end) {
  size_t length = 0;
  at = ReadLength(at, end, &length);
  return at == nullptr ? nullptr : at + length;
}

// Null if the value is cut off, or of a wire type that does not occur (groups).
inline const char* SkipValue(unsigned wire_type, const char* at, const char* end) {
  switch (wire_type) {
    case 0:
      return SkipVarint(at, end);
    case 1:
      return SkipFixed(at, end, 8);
    case 2:
      return SkipBytes(at, end);
    case 5:
      return SkipFixed(at, end, 4);
    default:
      return nullptr;
  }
}

}  // namespace allmende::policy
