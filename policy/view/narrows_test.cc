#include "policy/view/narrows.h"

#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/text_format.h"
#include "policy/testing/random.h"
#include "policy/testing/random_program.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy {
namespace {

v1::ViewProgram Program(const std::string& text) {
  v1::ViewProgram program;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &program)) << text;
  return program;
}

struct Change {
  const char* name;
  const char* before;
  const char* after;
  bool narrows;
};

constexpr char kLow[] = "rows { member { field: 1 values { integer: 1 } } }";
constexpr char kHigh[] = "rows { member { field: 1 values { integer: 2 } } }";

const Change kChanges[] = {
    {"nothing changes", "fields { number: 1 keep {} }", "fields { number: 1 keep {} }", false},
    {"another field comes", "fields { number: 1 keep {} }", "fields { number: 1 keep {} } fields { number: 2 keep {} }",
     false},
    {"a field goes", "fields { number: 1 keep {} } fields { number: 2 keep {} }", "fields { number: 1 keep {} }", true},
    {"everything goes", "fields { number: 1 keep {} }", "", true},
    {"a value is rounded now", "fields { number: 1 keep {} }", "fields { number: 1 round_time { step_us: 60000000 } }",
     true},
    {"rounded values come as they are", "fields { number: 1 round_time { step_us: 60000000 } }",
     "fields { number: 1 keep {} }", false},
    {"rounded more coarsely", "fields { number: 1 round_time { step_us: 60000000 } }",
     "fields { number: 1 round_time { step_us: 86400000000 } }", true},
    {"a wider grid", "fields { number: 1 grid { metres: 100 } }", "fields { number: 1 grid { metres: 2000 } }", true},
    {"rounded as before, another field comes", "fields { number: 1 round_time { step_us: 60000000 } }",
     "fields { number: 1 round_time { step_us: 60000000 } } fields { number: 2 keep {} }", false},
    {"a row filter comes", "fields { number: 1 keep {} }",
     "fields { number: 1 keep {} } rows { member { field: 1 values { integer: 1 } } }", true},
    {"the row filter goes", "fields { number: 1 keep {} } rows { member { field: 1 values { integer: 1 } } }",
     "fields { number: 1 keep {} }", false},
    {"another row filter", kLow, kHigh, true},
    {"the same row filter", kLow, kLow, false},
    {"a field inside goes", "fields { number: 1 nested { fields { number: 1 keep {} } fields { number: 2 keep {} } } }",
     "fields { number: 1 nested { fields { number: 1 keep {} } } }", true},
    {"a field inside comes", "fields { number: 1 nested { fields { number: 1 keep {} } } }",
     "fields { number: 1 nested { fields { number: 1 keep {} } fields { number: 2 keep {} } } }", false},
    {"the whole message comes", "fields { number: 1 nested { fields { number: 1 mask { text: \"*\" } } } }",
     "fields { number: 1 keep {} }", false},
    {"of the whole message a part is left", "fields { number: 1 keep {} }",
     "fields { number: 1 nested { fields { number: 1 keep {} } } }", true},
};

TEST(Narrows, SaysWhatAChangeTakesAway) {
  for (const Change& change : kChanges) {
    EXPECT_EQ(Narrows(Program(change.before), Program(change.after)), change.narrows) << change.name;
  }
}

TEST(Narrows, NoProgramIsNarrowerThanItself) {
  testing::Random random(7);
  for (int i = 0; i < 200; ++i) {
    const testing::TestSchema schema(testing::RandomSchemaText(random));
    const v1::ViewProgram program = testing::RandomProgram(schema.table(), random);
    EXPECT_FALSE(Narrows(program, program)) << program.DebugString();
  }
}

TEST(Narrows, LeavingOutAnyInstructionNarrows) {
  testing::Random random(8);
  for (int i = 0; i < 200; ++i) {
    const testing::TestSchema schema(testing::RandomSchemaText(random));
    const v1::ViewProgram program = testing::RandomProgram(schema.table(), random);
    for (int left_out = 0; left_out < program.fields_size(); ++left_out) {
      v1::ViewProgram less = program;
      less.mutable_fields()->DeleteSubrange(left_out, 1);
      EXPECT_TRUE(Narrows(program, less)) << program.DebugString() << "without its instruction " << left_out;
    }
  }
}

}  // namespace
}  // namespace allmende::policy
