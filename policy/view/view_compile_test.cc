// Programs that must not be applied, with the field and the reason.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "google/protobuf/text_format.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/test_schema.h"
#include "policy/view/program_builder.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

using ::testing::HasSubstr;
using testing::ProtoText;
using testing::TestSchema;

constexpr char kSchema[] = R"(
  enum Kind { NONE = 0; }
  message Inner { string name = 1 [$p]; string plain = 2; }
  message Record {
    string id = 1 [$k, $p];
    google.protobuf.Timestamp time = 2 [$t, $p];
    allmende.v1.Position place = 3 [$l];
    int32 level = 4 [$p];
    repeated int32 packed = 5 [$p];
    string unclassified = 6;
    Inner inner = 7;
    int64 seconds = 8 [$p, (allmende.v1.unit) = "s"];
    bool flag = 9 [$p];
    Kind kind = 10 [$p];
    uint32 natural = 11 [$p];
    repeated string texts = 12 [$p];
    float real = 13 [$p];
    int64 number_key = 14 [$k, $p, (allmende.v1.unit) = "s"];
    Inner classified_inner = 15 [$o];
  })";

const TestSchema& Schema() {
  static const auto& schema = *new TestSchema(ProtoText(kSchema));
  return schema;
}

v1::ViewProgram Program(const std::string& text) {
  v1::ViewProgram program;
  program.set_dataset_id("0123456789abcdef");
  EXPECT_TRUE(google::protobuf::TextFormat::MergeFromString(text, &program)) << text;
  return program;
}

absl::Status Compiled(const v1::ViewProgram& program) {
  return CompiledView::Compile(program, Schema().table(), std::make_shared<testing::TestMac>("key")).status();
}

struct Row {
  const char* name;
  std::string program;
  std::string words;
};

class RefusedPrograms : public ::testing::TestWithParam<Row> {};

TEST_P(RefusedPrograms, NameFieldAndReason) {
  const absl::Status status = Compiled(Program(GetParam().program));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().words));
}

std::string Many(const std::string& text, int count) {
  std::string result;
  for (int i = 0; i < count; ++i) {
    result += text;
  }
  return result;
}

std::string DeepFilter(int depth) {
  return "rows { " + Many("negated { ", depth) + "compare { field: 4 operator: EQUAL value { integer: 1 } }" +
         Many(" }", depth) + " }";
}

INSTANTIATE_TEST_SUITE_P(
    Instructions, RefusedPrograms,
    ::testing::Values(
        Row{"NoSuchField", "fields { number: 99 keep {} }", "`test.Record` has no field with number 99"},
        Row{"NoSuchFieldInside", "fields { number: 7 nested { fields { number: 3 keep {} } } }",
            "`test.Inner` has no field"},
        Row{"TwoForOne", "fields { number: 4 keep {} } fields { number: 4 keep {} }", "`level`: two instructions"},
        Row{"NoAction", "fields { number: 4 }", "`level`: the instruction does not say what to do"},
        Row{"WithoutClass", "fields { number: 6 keep {} }", "`unclassified`: the field has no class"},
        Row{"MaskWithoutClass", "fields { number: 6 mask { text: \"x\" } }", "`unclassified`: the field has no class"},
        Row{"MessageWithPartsWithoutClass", "fields { number: 7 keep {} }", "`inner.plain`: the field has no class"},
        Row{"PartWithoutClass", "fields { number: 7 nested { fields { number: 2 keep {} } } }",
            "`inner.plain`: the field has no class"},
        Row{"NestedInANumber", "fields { number: 4 nested { fields { number: 1 keep {} } } }",
            "`level`: not a message"},
        Row{"NestedWithNothing", "fields { number: 7 nested {} }", "`inner`: nothing inside is delivered"},
        Row{"RoundANumber", "fields { number: 4 round_time { step_us: 1000000 } }", "`level`: no time to round"},
        Row{"RoundAPlace", "fields { number: 3 round_time { step_us: 1000000 } }", "`place`: no time to round"},
        Row{"RoundByNothing", "fields { number: 2 round_time { step_us: 0 } }", "`time`: a step of 0 us"},
        Row{"RoundBackwards", "fields { number: 2 round_time { step_us: -5 } }", "`time`: a step of -5 us"},
        Row{"RoundByHalfAUnit", "fields { number: 8 round_time { step_us: 1500000 } }",
            "`seconds`: a step of 1500000 us"},
        Row{"RoundByTooMuch", "fields { number: 2 round_time { step_us: 3162240000000001 } }", "at most 100 years"},
        Row{"RoundAKey", "fields { number: 14 round_time { step_us: 1000000 } }",
            "`number_key`: it is part of the key"},
        Row{"GridOfATime", "fields { number: 2 grid { metres: 500 } }", "`time`: no place to move"},
        Row{"GridOfNothing", "fields { number: 3 grid { metres: 0 } }", "`place`: a grid of 0 m"},
        Row{"GridTooWide", "fields { number: 3 grid { metres: 1000001 } }", "`place`: a grid of 1000001 m"},
        Row{"BucketOfText", "fields { number: 12 bucket { bounds: 1 } }", "`texts`: no number"},
        Row{"BucketOfTruth", "fields { number: 9 bucket { bounds: 1 } }", "`flag`: no number"},
        Row{"BucketOfEnum", "fields { number: 10 bucket { bounds: 1 } }", "`kind`: no number"},
        Row{"BucketOfPacked", "fields { number: 5 bucket { bounds: 1 } }", "`packed`: it is packed"},
        Row{"BucketOfAKey", "fields { number: 14 bucket { bounds: 1 } }", "`number_key`: it is part of the key"},
        Row{"BucketWithoutBounds", "fields { number: 4 bucket {} }", "`level`: buckets need 1 to 1024 bounds"},
        Row{"BucketWithTooMany", "fields { number: 4 bucket { " + Many("bounds: 1 ", 1'025) + "} }",
            "buckets need 1 to 1024 bounds"},
        Row{"BoundsThatFall", "fields { number: 4 bucket { bounds: [2, 1] } }", "the bound 1 is not greater"},
        Row{"BoundsThatAreEqual", "fields { number: 4 bucket { bounds: [2, 2] } }", "the bound 2 is not greater"},
        Row{"BoundsThatAreEqualAsFloat", "fields { number: 13 bucket { bounds: [1, 1.00000000001] } }",
            "is not greater"},
        Row{"BoundThatIsNoNumber", "fields { number: 13 bucket { bounds: nan } }", "is no value of the field's type"},
        Row{"BoundThatIsInfinite", "fields { number: 13 bucket { bounds: inf } }", "is no value of the field's type"},
        Row{"BoundThatIsNotWhole", "fields { number: 4 bucket { bounds: 0.5 } }", "the bound 0.5 is no value"},
        Row{"BoundBelowZero", "fields { number: 11 bucket { bounds: -1 } }", "the bound -1 is no value"},
        Row{"BoundBeyond32Bits", "fields { number: 4 bucket { bounds: 3000000000 } }", "is no value"},
        Row{"BoundBeyond53Bits", "fields { number: 8 bucket { bounds: 9007199254740992 } }", "is no value"},
        Row{"BelowThatIsNotBelow", "fields { number: 4 bucket { bounds: 1 below: 1 } }", "`below` must be"},
        Row{"BelowWithIndex", "fields { number: 4 bucket { bounds: 1 below: 0 index: true } }",
            "`below` means nothing"},
        Row{"MaskANumber", "fields { number: 4 mask { text: \"*\" } }", "`level`: only string and bytes can be masked"},
        Row{"MaskWithNothing", "fields { number: 12 mask { text: \"\" } }", "a mask must have 1 to 256 bytes"},
        Row{"MaskTooLong", "fields { number: 12 mask { text: \"" + std::string(257, 'x') + "\" } }", "1 to 256 bytes"},
        Row{"PseudonymOfANumber", "fields { number: 4 pseudonym { period: DAY } }", "only string and bytes can become"},
        Row{"PseudonymWithoutPeriod", "fields { number: 12 pseudonym {} }", "a pseudonym needs a period"},
        Row{"PseudonymDomainTooLong",
            "fields { number: 12 pseudonym { period: DAY domain: \"" + std::string(257, 'x') + "\" } }",
            "the domain of a pseudonym has over 256 bytes"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Filters, RefusedPrograms,
    ::testing::Values(
        Row{"Empty", "rows {}", "a condition is empty"},
        Row{"EmptyAll", "rows { all {} }", "a list of conditions is empty"},
        Row{"EmptyAny", "rows { any { of { any {} } } }", "a list of conditions is empty"},
        Row{"NoField", "rows { compare { operator: EQUAL value { integer: 1 } } }", "a condition names no field"},
        Row{"UnknownField", "rows { compare { field: 99 operator: EQUAL value { integer: 1 } } }",
            "the schema has no field `99` (numbers)"},
        Row{"FieldInANumber", "rows { compare { field: [4, 1] operator: EQUAL value { integer: 1 } } }",
            "no field `4.1`"},
        Row{"NoOperator", "rows { compare { field: 4 value { integer: 1 } } }", "`level` has no operator"},
        Row{"NoConstant", "rows { compare { field: 4 operator: EQUAL } }", "a constant for `level` is not of its type"},
        Row{"OtherConstant", "rows { compare { field: 4 operator: EQUAL value { natural: 1 } } }",
            "is not of its type, int32"},
        Row{"NumberForText", "rows { compare { field: 1 operator: EQUAL value { integer: 1 } } }",
            "is not of its type, string"},
        Row{"NotANumber", "rows { compare { field: 13 operator: LESS value { number: nan } } }", "is not a number"},
        Row{"Repeated", "rows { compare { field: 12 operator: EQUAL value { text: \"a\" } } }", "`texts` is repeated"},
        Row{"Message", "rows { compare { field: 7 operator: EQUAL value { text: \"a\" } } }", "`inner` is a message"},
        Row{"Place", "rows { compare { field: 3 operator: EQUAL value { text: \"a\" } } }", "`place` is a message"},
        Row{"TruthInOrder", "rows { compare { field: 9 operator: LESS value { truth: true } } }", "for equality"},
        Row{"EnumInOrder", "rows { compare { field: 10 operator: GREATER value { integer: 1 } } }", "for equality"},
        Row{"MemberOfNothing", "rows { member { field: 4 } }", "the set for `level` must have 1 to 65536 values"},
        Row{"TooDeep", DeepFilter(16), "over 16 levels"},
        Row{"TooMany", "rows { all { " + Many("of { member { field: 4 values { integer: 1 } } } ", 1'024) + "} }",
            "over 1024 conditions"}),
    [](const auto& row) { return row.param.name; });

TEST(ViewCompile, FilterAtItsBoundsCompiles) {
  EXPECT_TRUE(Compiled(Program(DeepFilter(15))).ok());
  EXPECT_TRUE(
      Compiled(Program("rows { all { " + Many("of { member { field: 4 values { integer: 1 } } } ", 1'023) + "} }"))
          .ok());
}

TEST(ViewCompile, FilterOnOverThirtyTwoFieldsIsRefused) {
  std::string body = "message Record {";
  std::string rows = "rows { all {";
  for (int i = 1; i <= 33; ++i) {
    body += " int32 f" + std::to_string(i) + " = " + std::to_string(i) + " [$p];";
    rows += " of { member { field: " + std::to_string(i) + " values { integer: 1 } } }";
  }
  const TestSchema schema(ProtoText(body + "}"));
  const auto view = CompiledView::Compile(Program(rows + "} }"), schema.table(), nullptr);
  EXPECT_THAT(std::string(view.status().message()), HasSubstr("over 32 fields"));
}

TEST(ViewCompile, ProgramOfANewerVersionIsRefusedAsAWhole) {
  for (const auto& add : std::initializer_list<void (*)(v1::ViewProgram&)>{
           [](v1::ViewProgram& program) { program.GetReflection()->MutableUnknownFields(&program)->AddVarint(99, 1); },
           [](v1::ViewProgram& program) {
             v1::FieldInstruction& field = *program.mutable_fields(0);
             field.GetReflection()->MutableUnknownFields(&field)->AddVarint(99, 1);
           },
           [](v1::ViewProgram& program) {
             auto& keep = *program.mutable_fields(0)->mutable_keep();
             keep.GetReflection()->MutableUnknownFields(&keep)->AddVarint(1, 1);
           }}) {
    v1::ViewProgram program = Program("fields { number: 1 keep {} } fields { number: 14 keep {} }");
    ASSERT_TRUE(Compiled(program).ok());
    add(program);
    EXPECT_THAT(std::string(Compiled(program).message()), HasSubstr("made by a newer version"));
  }
}

TEST(ViewCompile, PseudonymsNeedADatasetAndAKey) {
  v1::ViewProgram program = Program("fields { number: 1 pseudonym { period: DAY } }");
  EXPECT_TRUE(NeedsMac(program, Schema().table()));
  EXPECT_THAT(std::string(CompiledView::Compile(program, Schema().table(), nullptr).status().message()),
              HasSubstr("its key is not at hand"));
  program.set_dataset_id("short");
  EXPECT_THAT(std::string(Compiled(program).message()), HasSubstr("needs a dataset id of 16 bytes; it has 5"));
  program.set_dataset_id("0123456789abcdef");
  program.set_pseudonym_key_id(std::string(65, 'k'));
  EXPECT_THAT(std::string(Compiled(program).message()), HasSubstr("the pseudonym key id has over 64 bytes"));
}

TEST(ViewCompile, ViewThatShowsTheKeyNeedsNoMac) {
  const v1::ViewProgram program = Program("fields { number: 1 keep {} } fields { number: 14 keep {} }");
  EXPECT_FALSE(NeedsMac(program, Schema().table()));
  EXPECT_TRUE(CompiledView::Compile(program, Schema().table(), nullptr).ok());
  EXPECT_TRUE(NeedsMac(Program("fields { number: 1 keep {} }"), Schema().table())) << "half the key";
}

TEST(ProgramBuilder, PutsInstructionsIntoTheMessagesAround) {
  v1::ViewProgram program;
  v1::FieldInstruction keep;
  keep.mutable_keep();
  ASSERT_TRUE(AddInstruction(program, *Schema().table().FindField("inner.name"), keep).ok());
  ASSERT_TRUE(AddInstruction(program, *Schema().table().FindField("level"), keep).ok());
  EXPECT_EQ(program.fields(0).number(), 7u);
  EXPECT_EQ(program.fields(0).nested().fields(0).number(), 1u);
  EXPECT_EQ(AddInstruction(program, *Schema().table().FindField("level"), keep).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(AddInstruction(program, *Schema().table().FindField("inner"), keep).code(),
            absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(AddInstruction(program, *Schema().table().FindField("classified_inner"), keep).ok());
  EXPECT_EQ(AddInstruction(program, *Schema().table().FindField("classified_inner.name"), keep).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST(ProgramBuilder, KeepingEverythingLeavesOutWhatHasNoClass) {
  v1::ViewProgram program = KeepEverything(Schema().table());
  const auto view = CompiledView::Compile(program, Schema().table(), nullptr);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_FALSE(view->identity()) << "fields without class are dropped";
  const auto& fields = view->delivered_fields();
  EXPECT_EQ(std::count(fields.begin(), fields.end(), "inner.name"), 1);
  EXPECT_EQ(std::count(fields.begin(), fields.end(), "inner.plain"), 0);
  EXPECT_EQ(std::count(fields.begin(), fields.end(), "unclassified"), 0);
  EXPECT_EQ(std::count(fields.begin(), fields.end(), "classified_inner.plain"), 1) << "its class is that around it";
}

}  // namespace
}  // namespace allmende::policy
