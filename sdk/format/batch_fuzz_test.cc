// Feeds the fuzz target with valid bytes that were damaged in the ways files and peers damage them, so that each test
// run goes through it a little.
#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "sdk/format/delivery.h"
#include "sdk/format/erase.h"
#include "sdk/format/example_batches.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace allmende::format {
namespace {

std::vector<std::string> Seeds() {
  const crypto::Ed25519PrivateKey key = ExampleKey();
  std::vector<std::string> seeds = {ExampleBatch(), ExampleBatch(&key),
                                    *Erase(ExampleBatch(), std::vector<uint32_t>{0, 2})};
  CountedSalts salts;
  DeliveryBuilder builder(salts);
  EXPECT_TRUE(builder.Add({.event_time_us = 5, .key = "key", .payload = "payload"}).ok());
  EXPECT_TRUE(builder.Add({.kind = EntryKind::kWithheld, .count = 7}).ok());
  Attestation attestation;
  attestation.dataset = ExamplePlace().dataset;
  attestation.first_sequence = 1;
  seeds.push_back(*builder.Finish(attestation));
  return seeds;
}

std::string Damage(std::string bytes, std::mt19937& random) {
  for (uint32_t changes = 1 + random() % 3; changes > 0 && !bytes.empty(); --changes) {
    const size_t at = random() % bytes.size();
    const size_t count = 1 + random() % 8;
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(at, count);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at / 2, count));
        break;
      case 4:
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

void Feed(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
}

TEST(BatchFuzz, DamagedBytesNeitherCrashNorMeanTwoThings) {
  constexpr uint32_t kSeed = 1719792000;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  for (const std::string& seed : Seeds()) {
    Feed(seed);
    for (int i = 0; i < 10'000; ++i) {
      Feed(Damage(seed, random));
    }
  }
}

}  // namespace
}  // namespace allmende::format
