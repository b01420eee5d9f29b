// Appends protobuf wire format to a string.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace allmende::tabular::wire {

enum Type : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

constexpr uint32_t Tag(int field, Type type) {
  return static_cast<uint32_t>(field) << 3 | type;
}

inline void AppendVarint(uint64_t value, std::string& out) {
  char bytes[10];
  size_t size = 0;
  while (value >= 0x80) {
    bytes[size++] = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  bytes[size++] = static_cast<char>(value);
  out.append(bytes, size);
}

inline uint64_t ZigZag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

// Little-endian, whatever the machine.
template <typename Unsigned>
void AppendFixed(Unsigned value, std::string& out) {
  char bytes[sizeof(Unsigned)];
  for (size_t i = 0; i < sizeof(Unsigned); ++i) {
    bytes[i] = static_cast<char>(value >> (8 * i));
  }
  out.append(bytes, sizeof(Unsigned));
}

inline void AppendBytes(std::string_view bytes, std::string& out) {
  AppendVarint(bytes.size(), out);
  out.append(bytes);
}

}  // namespace allmende::tabular::wire
