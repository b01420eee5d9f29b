// Protobuf's wire format written by hand, right or wrong.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace allmende::policy::testing {

inline std::string VarintBytes(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) {
    bytes.push_back(static_cast<char>(value | 0x80));
  }
  bytes.push_back(static_cast<char>(value));
  return bytes;
}

inline std::string LittleEndian(uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>(value >> (8 * i)));
  }
  return bytes;
}

// A message as a chain of fields: `Wire().Varint(1, 7).Text(2, "a").bytes()`.
class Wire {
 public:
  Wire& Raw(std::string_view bytes) {
    bytes_.append(bytes);
    return *this;
  }
  Wire& Tag(uint64_t number, unsigned wire_type) { return Raw(VarintBytes(number << 3 | wire_type)); }
  Wire& Varint(uint64_t number, uint64_t value) { return Tag(number, 0).Raw(VarintBytes(value)); }
  Wire& Fixed64(uint64_t number, uint64_t value) { return Tag(number, 1).Raw(LittleEndian(value, 8)); }
  Wire& Fixed32(uint64_t number, uint32_t value) { return Tag(number, 5).Raw(LittleEndian(value, 4)); }
  Wire& Double(uint64_t number, double value) { return Fixed64(number, std::bit_cast<uint64_t>(value)); }
  Wire& Text(uint64_t number, std::string_view value) {
    return Tag(number, 2).Raw(VarintBytes(value.size())).Raw(value);
  }
  Wire& Message(uint64_t number, const Wire& inner) { return Text(number, inner.bytes_); }

  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace allmende::policy::testing
