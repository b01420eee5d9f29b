// Big-endian integers in byte strings: every key and file format of Allmende uses them, because byte order is then
// number order. Load and Store do not check bounds; the caller has.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>

namespace allmende {

template <std::unsigned_integral T>
constexpr T LoadBigEndian(const char* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((static_cast<unsigned long long>(value) << 8) | static_cast<unsigned char>(from[i]));
  }
  return value;
}

template <std::unsigned_integral T>
constexpr void StoreBigEndian(T value, char* to) {
  for (std::size_t i = sizeof(T); i-- > 0;) {
    to[i] = static_cast<char>(value & 0xff);
    value = static_cast<T>(static_cast<unsigned long long>(value) >> 8);
  }
}

template <std::unsigned_integral T>
void AppendBigEndian(T value, std::string& to) {
  char bytes[sizeof(T)];
  StoreBigEndian(value, bytes);
  to.append(bytes, sizeof(T));
}

}  // namespace allmende
