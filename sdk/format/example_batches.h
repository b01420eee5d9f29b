// Batches for the tests of this folder: the same ones in every run.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "sdk/crypto/ed25519.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"

namespace allmende::format {

// Salts out of a counter. Predictable, so for tests only.
class CountedSalts final : public crypto::SaltSource {
 public:
  crypto::Salt Next() override {
    crypto::Salt salt;
    salt.fill(0x5a);
    ++count_;
    for (size_t i = 0; i < sizeof(count_); ++i) {
      salt[i] = static_cast<uint8_t>(count_ >> (8 * i));
    }
    return salt;
  }

 private:
  uint32_t count_ = 0;
};

inline crypto::Ed25519PrivateKey ExampleKey() {
  return *crypto::Ed25519PrivateKey::FromSeed(std::string(32, 's'));
}

inline BatchPlace ExamplePlace() {
  return {.dataset = *DatasetId::FromBytes("0123456789abcdef"),
          .epoch = 1,
          .first_sequence = 1,
          .created_us = 1'719'792'000'000'000};
}

// An upsert, a delete with a time, and an upsert without key and time.
inline std::vector<RecordContent> ExampleRecords() {
  return {{.event_time_us = 1'719'792'000'000'000, .key = "key-1", .payload = "payload-1"},
          {.operation = Operation::kDelete, .event_time_us = -1, .key = "key-2"},
          {.payload = "payload-3"}};
}

inline BatchBody MakeBody(const std::vector<RecordContent>& records) {
  CountedSalts salts;
  BatchBuilder builder(salts);
  for (const RecordContent& record : records) {
    if (!builder.Add(record).ok()) {
      std::abort();
    }
  }
  return *builder.Finish();
}

inline std::string ExampleBatch(const crypto::Ed25519PrivateKey* signer = nullptr) {
  return *Seal(MakeBody(ExampleRecords()), ExamplePlace(), signer);
}

}  // namespace allmende::format
