// The benchmark's records: 256 bytes of payload, eight fields, as a measuring point would send them.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "allmende/record.h"

namespace allmende::bench {

inline constexpr size_t kPayloadBytes = 256;
inline constexpr char kMessageName[] = "test.Record";

// Serialized google.protobuf.FileDescriptorSet.
std::string SampleSchema();

// A policy that gives `identity` all fields, and `changed` six of them with the time rounded to 5 minutes.
std::string SamplePolicy(const std::string& dataset);

// The `number`th record. The key is one of `keys`. Owns what the NewRecord borrows; reuse it.
class Sample {
 public:
  const NewRecord& Make(uint64_t number, uint64_t keys);

 private:
  std::string payload_;
  std::string key_;
  NewRecord record_;
};

}  // namespace allmende::bench
