#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <string>

#include "absl/strings/escaping.h"
#include "google/protobuf/text_format.h"
#include "policy/testing/random.h"
#include "policy/testing/random_program.h"
#include "policy/testing/test_schema.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

v1::ViewProgram Program(const std::string& text) {
  v1::ViewProgram program;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &program)) << text;
  return program;
}

void Shuffle(google::protobuf::RepeatedPtrField<v1::FieldInstruction>& fields, testing::Random& random) {
  for (int i = fields.size() - 1; i > 0; --i) {
    fields.SwapElements(i, static_cast<int>(random.Below(static_cast<uint64_t>(i) + 1)));
  }
  for (v1::FieldInstruction& field : fields) {
    if (field.has_nested()) {
      Shuffle(*field.mutable_nested()->mutable_fields(), random);
    }
  }
}

TEST(CanonicalProgram, OrderOfInstructionsDoesNotShow) {
  testing::Random random(1);
  for (int i = 0; i < 200; ++i) {
    const testing::TestSchema schema(testing::RandomSchemaText(random));
    const v1::ViewProgram program = testing::RandomProgram(schema.table(), random);
    v1::ViewProgram shuffled = program;
    Shuffle(*shuffled.mutable_fields(), random);
    EXPECT_EQ(CanonicalProgram(shuffled), CanonicalProgram(program)) << program.DebugString();
    v1::ViewProgram again;
    ASSERT_TRUE(again.ParseFromString(CanonicalProgram(program)));
    EXPECT_EQ(CanonicalProgram(again), CanonicalProgram(program)) << "its own canonical form";
  }
}

TEST(CanonicalProgram, ConstantsOfAMembershipAreASet) {
  const std::string rows = "rows { negated { any { of { member { field: 1 ";
  EXPECT_EQ(
      CanonicalProgram(Program(rows + "values { integer: 2 } values { integer: 1 } values { integer: 2 } } } } } }")),
      CanonicalProgram(Program(rows + "values { integer: 1 } values { integer: 2 } } } } } }")));
}

TEST(CanonicalProgram, WhatMeansAnotherViewShows) {
  const std::string programs[] = {"fields { number: 1 keep {} }",
                                  "fields { number: 2 keep {} }",
                                  "fields { number: 1 mask { text: \"*\" } }",
                                  "fields { number: 1 keep {} } fields { number: 2 keep {} }",
                                  "dataset_id: \"x\" fields { number: 1 keep {} }",
                                  "pseudonym_key_id: \"x\" fields { number: 1 keep {} }",
                                  "fields { number: 1 pseudonym { period: DAY } }",
                                  "fields { number: 1 pseudonym { period: YEAR } }",
                                  "fields { number: 1 nested { fields { number: 1 keep {} } } }",
                                  "fields { number: 1 keep {} } rows { member { field: 1 values { integer: 0 } } }",
                                  "fields { number: 1 keep {} } rows { member { field: 1 values { natural: 0 } } }",
                                  ""};
  std::set<std::string> canonical;
  for (const std::string& program : programs) {
    canonical.insert(CanonicalProgram(Program(program)));
  }
  EXPECT_EQ(canonical.size(), std::size(programs));
}

// View ids are hashes of these bytes, and stand in signed deliveries.
TEST(CanonicalProgram, BytesAreTheseForEver) {
  EXPECT_EQ(
      absl::BytesToHexString(CanonicalProgram(Program(
          "fields { number: 300 mask { text: \"*\" } } fields { number: 2 round_time { step_us: 60000000 } } "
          "dataset_id: \"0123456789abcdef\" rows { compare { field: [2] operator: LESS value { time_us: -1 } } }"))),
      "0a10303132333435363738396162636465661a0908021a0508808ece1c1a0808ac0232030a012a221422120a010210031a0b38ffffffff"
      "ffffffffff01");
}

}  // namespace
}  // namespace allmende::policy
