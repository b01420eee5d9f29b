// Where things stand in an encoded record, for the sources of this folder. docs/formats.md, Record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "sdk/base/endian.h"
#include "sdk/format/record.h"

namespace allmende::format::layout {

inline constexpr size_t kLengthBytes = 4;
inline constexpr size_t kOperation = 4;
inline constexpr size_t kFlags = 5;
inline constexpr size_t kKeyBytes = 6;
inline constexpr size_t kEventTime = 8;
inline constexpr size_t kSaltCount = 16;
inline constexpr size_t kAfterHeader = kRecordHeaderBytes;

inline constexpr uint8_t kFlagEventTime = 1;
inline constexpr uint8_t kFlagPseudonym = 2;  // in deliveries only

struct Header {
  size_t content_bytes = 0;  // salts, key and payload, or what stands in their place
  uint8_t operation = 0;
  uint8_t flags = 0;
  size_t key_bytes = 0;
  int64_t event_time_us = 0;
  uint16_t salt_count = 0;
};

inline void AppendHeader(const Header& header, std::string& out) {
  char bytes[kRecordHeaderBytes];
  StoreBigEndian(static_cast<uint32_t>(kRecordHeaderBytes - kLengthBytes + header.content_bytes), bytes);
  StoreBigEndian(header.operation, bytes + kOperation);
  StoreBigEndian(header.flags, bytes + kFlags);
  StoreBigEndian(static_cast<uint16_t>(header.key_bytes), bytes + kKeyBytes);
  StoreBigEndian(static_cast<uint64_t>(header.event_time_us), bytes + kEventTime);
  StoreBigEndian(header.salt_count, bytes + kSaltCount);
  out.append(bytes, sizeof bytes);
}

// Reads what AppendHeader writes. `encoded` has at least kRecordHeaderBytes and no wrong length.
inline Header ReadHeader(std::string_view encoded) {
  return {.content_bytes = encoded.size() - kRecordHeaderBytes,
          .operation = LoadBigEndian<uint8_t>(encoded.data() + kOperation),
          .flags = LoadBigEndian<uint8_t>(encoded.data() + kFlags),
          .key_bytes = LoadBigEndian<uint16_t>(encoded.data() + kKeyBytes),
          .event_time_us = static_cast<int64_t>(LoadBigEndian<uint64_t>(encoded.data() + kEventTime)),
          .salt_count = LoadBigEndian<uint16_t>(encoded.data() + kSaltCount)};
}

// The whole record at the beginning of `bytes`, whose length has been checked.
inline std::string_view WholeRecord(std::string_view bytes) {
  return bytes.substr(0, kLengthBytes + LoadBigEndian<uint32_t>(bytes.data()));
}

// Whether `bytes` begins with a record that has a header and is not cut off.
inline bool HasWholeRecord(std::string_view bytes) {
  if (bytes.size() < kRecordHeaderBytes) {
    return false;
  }
  const size_t following = LoadBigEndian<uint32_t>(bytes.data());
  return following >= kRecordHeaderBytes - kLengthBytes && following <= bytes.size() - kLengthBytes;
}

}  // namespace allmende::format::layout
