// Runs the fuzzer's body on a few inputs, so that it is built and holds in every run of the tests.
#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/stubs/logging.h"
#include "policy/testing/mutate.h"
#include "policy/testing/random.h"
#include "policy/testing/random_program.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/test_schema.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace allmende::policy {
namespace {

void Feed(const std::string& input) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size()), 0);
}

// `program` picks one, or is 255 and stands in front of the payload in `rest`.
std::string Input(int schema, int program, const std::string& rest) {
  std::string input = {static_cast<char>(schema), static_cast<char>(program)};
  return input.append(rest);
}

TEST(ViewFuzz, SeedsHold) {
  const google::protobuf::LogSilencer silencer;  // of complaints about damage
  Feed("");
  Feed("ab");
  for (int seed = 0; seed < 256; seed += 5) {
    testing::Random schema_random(static_cast<uint8_t>(seed));
    const testing::TestSchema schema(testing::RandomSchemaText(schema_random));
    testing::Random random(static_cast<uint64_t>(seed));
    for (int i = 0; i < 20; ++i) {
      const auto record = schema.NewRecord();
      testing::FillRandomly(*record, random);
      const std::string bytes = testing::Encoded(*record);
      const std::string program = testing::RandomProgram(schema.table(), random).SerializeAsString().substr(0, 250);
      std::string program_first(1, static_cast<char>(program.size()));
      program_first.append(program).append(bytes);
      Feed(Input(seed, i, bytes));
      Feed(Input(seed, i, testing::Mutated(bytes, random)));
      Feed(Input(seed, 255, program_first));
      Feed(testing::Mutated(Input(seed, 255, program_first), random));
    }
  }
}

}  // namespace
}  // namespace allmende::policy
