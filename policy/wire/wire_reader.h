// Reading protobuf's wire format from memory: bounds-checked, without allocation. Every function takes where it is and
// where the bytes end, and returns where it stopped, or null if the bytes do not hold what was asked for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace allmende::policy {

inline constexpr uint32_t kFieldNumberMax = (1u << 29) - 1;
inline constexpr size_t kVarintBytesMax = 10;

// Reads a varint of up to 64 bits. Accepts longer forms than the shortest one.
inline const char* ReadVarint(const char* at, const char* end, uint64_t* value) {
  if (at < end && static_cast<uint8_t>(*at) < 0x80) [[likely]] {
    *value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  uint64_t result = 0;
  for (int shift = 0; shift < 70; shift += 7) {
    if (at == end) {
      return nullptr;
    }
    const uint64_t byte = static_cast<uint8_t>(*at++);
    if (shift == 63 && byte > 1) {
      return nullptr;  // over 64 bits
    }
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      *value = result;
      return at;
    }
  }
  return nullptr;
}

// Reads nothing but the shortest form. Stops at null also for other forms.
inline const char* ReadMinimalVarint(const char* at, const char* end, uint64_t* value) {
  const char* next = ReadVarint(at, end, value);
  // A last byte of 0 adds nothing, unless it is the only one.
  return next != nullptr && next - at > 1 && next[-1] == 0 ? nullptr : next;
}

// Steps over a varint of up to ten bytes.
inline const char* SkipVarint(const char* at, const char* end) {
  if (end - at >= 8) [[likely]] {
    uint64_t bytes;
    std::memcpy(&bytes, at, sizeof(bytes));
    if constexpr (std::endian::native == std::endian::big) {
      bytes = __builtin_bswap64(bytes);
    }
    const uint64_t last = ~bytes & 0x8080808080808080u;
    if (last != 0) [[likely]] {
      return at + (std::countr_zero(last) >> 3) + 1;
    }
  }
  for (size_t i = 0; i < kVarintBytesMax && at < end; ++i) {
    if (static_cast<uint8_t>(*at++) < 0x80) {
      return at;
    }
  }
  return nullptr;
}

// Reads a length and checks that so many bytes follow; they begin at the returned place.
inline const char* ReadLength(const char* at, const char* end, size_t* length) {
  uint64_t value;
  at = ReadVarint(at, end, &value);
  if (at == nullptr || value > static_cast<uint64_t>(end - at)) {
    return nullptr;
  }
  *length = static_cast<size_t>(value);
  return at;
}

inline uint64_t LoadFixed64(const char* at) {
  uint64_t value;
  std::memcpy(&value, at, sizeof(value));
  if constexpr (std::endian::native == std::endian::big) {
    value = __builtin_bswap64(value);
  }
  return value;
}

inline uint32_t LoadFixed32(const char* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof(value));
  if constexpr (std::endian::native == std::endian::big) {
    value = __builtin_bswap32(value);
  }
  return value;
}

inline double LoadDouble(const char* at) {
  return std::bit_cast<double>(LoadFixed64(at));
}
inline float LoadFloat(const char* at) {
  return std::bit_cast<float>(LoadFixed32(at));
}

inline int64_t ZigZagDecode(uint64_t value) {
  return static_cast<int64_t>(value >> 1) ^ -static_cast<int64_t>(value & 1);
}

}  // namespace allmende::policy
