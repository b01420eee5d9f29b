// Writing protobuf's wire format into memory that is known to be large enough. Every function returns where it stopped.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "policy/schema/schema_table.h"

namespace allmende::policy {

inline char* WriteVarint(char* at, uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

inline char* WriteTag(char* at, uint32_t number, WireType type) {
  return WriteVarint(at, static_cast<uint64_t>(number) << 3 | static_cast<uint64_t>(type));
}

inline char* WriteFixed64(char* at, uint64_t value) {
  if constexpr (std::endian::native == std::endian::big) {
    value = __builtin_bswap64(value);
  }
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

inline char* WriteFixed32(char* at, uint32_t value) {
  if constexpr (std::endian::native == std::endian::big) {
    value = __builtin_bswap32(value);
  }
  std::memcpy(at, &value, sizeof(value));
  return at + sizeof(value);
}

inline char* WriteBytes(char* at, std::string_view bytes) {
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

inline uint64_t ZigZagEncode(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

inline int VarintBytes(uint64_t value) {
  return (std::bit_width(value | 1) + 6) / 7;
}

}  // namespace allmende::policy
