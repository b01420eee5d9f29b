// The messages that have a meaning of their own, read from bytes that are known to be well-formed.
#pragma once

#include <cmath>
#include <cstdint>
#include <string_view>

#include "policy/wire/wire_reader.h"

namespace allmende::policy {

inline constexpr int64_t kTimestampSecondsMin = -62'135'596'800;
inline constexpr int64_t kTimestampSecondsMax = 253'402'300'799;
inline constexpr int64_t kNanosecondsPerSecond = 1'000'000'000;

// google.protobuf.Timestamp
struct TimestampValue {
  int64_t seconds = 0;
  int64_t nanos = 0;

  bool InRange() const {
    return seconds >= kTimestampSecondsMin && seconds <= kTimestampSecondsMax && nanos >= 0 &&
           nanos < kNanosecondsPerSecond;
  }
  // Whole microseconds. Call it for values in range.
  int64_t Microseconds() const { return seconds * 1'000'000 + nanos / 1'000; }
};

// allmende.v1.Position
struct PositionValue {
  double latitude = 0;
  double longitude = 0;

  // False for not-a-number, too.
  bool InRange() const { return std::fabs(latitude) <= 90.0 && std::fabs(longitude) <= 180.0; }
};

// Return false if the bytes hold anything but the message's fields, each at most once and in order.
inline bool ReadTimestamp(std::string_view bytes, TimestampValue& value) {
  constexpr char kSecondsTag = 1 << 3;
  constexpr char kNanosTag = 2 << 3;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  uint64_t number;
  value = TimestampValue();
  if (at < end && *at == kSecondsTag) {
    at = ReadVarint(at + 1, end, &number);
    if (at == nullptr) {
      return false;
    }
    value.seconds = static_cast<int64_t>(number);
  }
  if (at < end && *at == kNanosTag) {
    at = ReadVarint(at + 1, end, &number);
    if (at == nullptr) {
      return false;
    }
    value.nanos = static_cast<int64_t>(number);
  }
  return at == end;
}

inline bool ReadPosition(std::string_view bytes, PositionValue& value) {
  constexpr char kLatitudeTag = 1 << 3 | 1;
  constexpr char kLongitudeTag = 2 << 3 | 1;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  value = PositionValue();
  if (end - at >= 9 && *at == kLatitudeTag) {
    value.latitude = LoadDouble(at + 1);
    at += 9;
  }
  if (end - at >= 9 && *at == kLongitudeTag) {
    value.longitude = LoadDouble(at + 1);
    at += 9;
  }
  return at == end;
}

}  // namespace allmende::policy
