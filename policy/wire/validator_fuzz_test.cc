// Runs the fuzzer's body on a few inputs, so that it is built and holds in every run of the tests.
#include <gtest/gtest.h>

#include <string>

#include "policy/testing/mutate.h"
#include "policy/testing/random.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/test_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace allmende::policy {
namespace {

void Feed(const std::string& input) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
}

TEST(ValidatorFuzz, SeedsHold) {
  Feed("");
  for (int seed = 0; seed < 256; seed += 5) {
    const std::string pick(1, static_cast<char>(seed));
    Feed(pick);
    Feed(pick +
         "\x0a\x03"
         "abc");
    Feed(pick + std::string(64, '\xff'));
    testing::Random schema_random(static_cast<uint8_t>(seed));
    const testing::TestSchema schema(testing::RandomSchemaText(schema_random));
    testing::Random random(static_cast<uint64_t>(seed));
    for (int i = 0; i < 20; ++i) {
      const auto record = schema.NewRecord();
      testing::FillRandomly(*record, random);
      const std::string bytes = testing::Encoded(*record);
      Feed(pick + bytes);
      Feed(pick + testing::Mutated(bytes, random));
    }
  }
}

}  // namespace
}  // namespace allmende::policy
