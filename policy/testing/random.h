// Random schemas and records, the same for the same seed on every machine.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace allmende::policy::testing {

// std::uniform_int_distribution differs between libraries.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  uint64_t Bits() { return engine_(); }
  // 0 to below `limit`, which is not 0.
  uint64_t Below(uint64_t limit) { return engine_() % limit; }
  bool OneIn(uint64_t count) { return Below(count) == 0; }

  template <typename T>
  const T& Pick(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

 private:
  std::mt19937_64 engine_;
};

// The text of a .proto file with a message `test.Record`: fields of all types and cardinalities, nested messages, a
// oneof, places and times, numbers with tags of one byte and more; sometimes a key and an event time. Every field has a
// class.
std::string RandomSchemaText(Random& random);

// Fills `record` with values that validate: many small or at a limit, some absent, text in UTF-8.
void FillRandomly(google::protobuf::Message& record, Random& random);

}  // namespace allmende::policy::testing
