#include "policy/schema/schema_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy {
namespace {

using testing::DescriptorSetOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ProtoText;
using testing::TestSchema;

std::vector<std::string> PathsOf(const std::vector<const FieldInfo*>& fields) {
  std::vector<std::string> paths;
  paths.reserve(fields.size());
  for (const FieldInfo* field : fields) {
    paths.push_back(field->path);
  }
  return paths;
}

constexpr char kSewer[] = R"(
  enum State { STATE_NONE = 0; STATE_PUMPING = 3; STATE_LOW = -1; }
  message Works { State state = 3 [$p]; repeated string parts = 1 [(allmende.v1.class) = PERSONAL]; }
  message Record {
    allmende.v1.Position place = 7 [$l];
    google.protobuf.Timestamp time = 1 [$t, $p];
    int32 sensor = 3 [$k, $p];
    string station = 2 [$k, $p];
    optional double flow = 4 [$o, (allmende.v1.unit) = "m3/s"];
    repeated sint32 tracks = 5 [$o];
    repeated fixed32 loose = 6 [$o, packed = false];
    oneof choice { string text = 8 [$p]; bool flag = 9 [$p]; }
    Works works = 300 [$o];
    bytes unclassified = 10;
  })";

TEST(SchemaTable, ListsFieldsByNumberWithWhatIsInThemBehindThem) {
  const TestSchema schema{ProtoText(kSewer)};
  EXPECT_EQ(schema.table().message_name(), "test.Record");
  EXPECT_THAT(PathsOf(schema.table().all_fields()),
              ElementsAre("time", "time.seconds", "time.nanos", "station", "sensor", "flow", "tracks", "loose", "place",
                          "place.latitude", "place.longitude", "text", "flag", "unclassified", "works", "works.parts",
                          "works.state"));
}

TEST(SchemaTable, KeyFieldsStandByNumberWhateverTheOrderOfTheFile) {
  const TestSchema schema{ProtoText(kSewer)};
  EXPECT_THAT(PathsOf(schema.table().key_fields()), ElementsAre("station", "sensor"));
  ASSERT_NE(schema.table().event_time_field(), nullptr);
  EXPECT_EQ(schema.table().event_time_field()->path, "time");
}

TEST(SchemaTable, KnowsEncodingPresenceAndPacking) {
  const TestSchema schema{ProtoText(kSewer)};
  struct Row {
    const char* path;
    FieldType type;
    WireType wire_type, value_wire_type;
    bool repeated, packed, has_presence;
    int oneof_index;
  };
  const Row rows[] = {
      {"time", FieldType::kMessage, WireType::kLengthDelimited, WireType::kLengthDelimited, false, false, true, -1},
      {"time.seconds", FieldType::kInt64, WireType::kVarint, WireType::kVarint, false, false, false, -1},
      {"station", FieldType::kString, WireType::kLengthDelimited, WireType::kLengthDelimited, false, false, false, -1},
      {"sensor", FieldType::kInt32, WireType::kVarint, WireType::kVarint, false, false, false, -1},
      {"flow", FieldType::kDouble, WireType::kFixed64, WireType::kFixed64, false, false, true, -1},
      {"tracks", FieldType::kSint32, WireType::kLengthDelimited, WireType::kVarint, true, true, false, -1},
      {"loose", FieldType::kFixed32, WireType::kFixed32, WireType::kFixed32, true, false, false, -1},
      {"text", FieldType::kString, WireType::kLengthDelimited, WireType::kLengthDelimited, false, false, true, 0},
      {"flag", FieldType::kBool, WireType::kVarint, WireType::kVarint, false, false, true, 0},
      {"works.parts", FieldType::kString, WireType::kLengthDelimited, WireType::kLengthDelimited, true, false, false,
       -1},
      {"works.state", FieldType::kEnum, WireType::kVarint, WireType::kVarint, false, false, false, -1},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.path);
    const FieldInfo* field = schema.table().FindField(row.path);
    ASSERT_NE(field, nullptr);
    EXPECT_EQ(field->type, row.type);
    EXPECT_EQ(field->wire_type, row.wire_type);
    EXPECT_EQ(field->value_wire_type, row.value_wire_type);
    EXPECT_EQ(field->repeated, row.repeated);
    EXPECT_EQ(field->packed, row.packed);
    EXPECT_EQ(field->has_presence, row.has_presence);
    EXPECT_EQ(field->oneof_index, row.oneof_index);
  }
}

TEST(SchemaTable, InnerFieldHasTheStricterClassOfItsOwnAndTheFieldsAround) {
  const TestSchema schema{ProtoText(kSewer)};
  EXPECT_EQ(schema.table().FindField("works.state")->field_class, v1::OPERATIONAL) << "public inside operational";
  EXPECT_EQ(schema.table().FindField("works.parts")->field_class, v1::PERSONAL) << "personal inside operational";
  EXPECT_EQ(schema.table().FindField("place.latitude")->field_class, v1::LOCATION) << "no class of its own";
  EXPECT_EQ(schema.table().FindField("unclassified")->field_class, v1::FIELD_CLASS_UNSPECIFIED);
}

TEST(SchemaTable, TimesAndPlacesAreValuesAndOtherMessagesAreNot) {
  const TestSchema schema{ProtoText(kSewer)};
  EXPECT_TRUE(schema.table().FindField("time")->is_value());
  EXPECT_TRUE(schema.table().FindField("place")->is_value());
  EXPECT_TRUE(schema.table().FindField("station")->is_value());
  EXPECT_FALSE(schema.table().FindField("works")->is_value());
}

TEST(SchemaTable, EnumValuesKeepNamesAndNumbers) {
  const TestSchema schema{ProtoText(kSewer)};
  const FieldInfo& state = *schema.table().FindField("works.state");
  ASSERT_EQ(state.enum_values.size(), 3u);
  EXPECT_EQ(state.enum_values[2].name, "STATE_LOW");
  EXPECT_EQ(state.enum_values[2].number, -1);
  EXPECT_EQ(schema.table().FindField("station")->enum_values.size(), 0u);
  EXPECT_EQ(state.type_name, "test.State");
}

TEST(SchemaTable, FindsFieldsByPathAndNothingElse) {
  const TestSchema schema{ProtoText(kSewer)};
  EXPECT_EQ(schema.table().FindField("works.state")->number_path, (std::vector<uint32_t>{300, 3}));
  for (const char* path :
       {"", ".", "works.", ".works", "work", "works.state.", "station.x", "STATION", "time.minutes"}) {
    EXPECT_EQ(schema.table().FindField(path), nullptr) << path;
  }
}

TEST(SchemaTable, PointersSurviveAMove) {
  SchemaTable first = *SchemaTable::Compile(DescriptorSetOf(ProtoText(kSewer)), "test.Record");
  const FieldInfo* before = first.FindField("works.state");
  const SchemaTable second = std::move(first);
  EXPECT_EQ(second.FindField("works.state"), before);
  EXPECT_EQ(before->path, "works.state");
}

TEST(SchemaTable, UnitsOfTime) {
  EXPECT_EQ(MicrosecondsPerUnit("us"), 1);
  EXPECT_EQ(MicrosecondsPerUnit("ms"), 1'000);
  EXPECT_EQ(MicrosecondsPerUnit("s"), 1'000'000);
  for (const char* unit : {"", "S", "min", "h", " s", "m"}) {
    EXPECT_EQ(MicrosecondsPerUnit(unit), 0) << unit;
  }
}

// Why a schema is refused: the field, and words of the reason.
struct RefusedRow {
  std::string name;
  std::string body;
  std::string field;
  std::string words;
};

class RefusedSchemas : public ::testing::TestWithParam<RefusedRow> {};

TEST_P(RefusedSchemas, NameFieldAndReason) {
  std::vector<SchemaProblem> problems;
  const auto table = SchemaTable::Compile(DescriptorSetOf(ProtoText(GetParam().body)), "test.Record", &problems);
  ASSERT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument) << table.status();
  ASSERT_EQ(problems.size(), 1u) << table.status();
  EXPECT_EQ(problems[0].field, GetParam().field);
  EXPECT_THAT(problems[0].message, HasSubstr(GetParam().words));
  EXPECT_THAT(std::string(table.status().message()), HasSubstr(GetParam().words));
}

std::string DeepMessages(int levels) {
  std::string text;
  for (int i = 1; i < levels; ++i) {
    text += "message L" + std::to_string(i) + " { " +
            (i + 1 == levels ? "string end = 1 [$p];" : "L" + std::to_string(i + 1) + " in = 1 [$p];") + " }\n";
  }
  return text + "message Record { L1 in = 1 [$p]; }";
}

std::string WideMessage(int uses) {
  std::string text = "message Wide {";
  for (int i = 1; i <= 100; ++i) {
    text += " int32 f" + std::to_string(i) + " = " + std::to_string(i) + " [$p];";
  }
  text += "}\nmessage Record {";
  for (int i = 1; i <= uses; ++i) {
    text += " Wide w" + std::to_string(i) + " = " + std::to_string(i) + " [$p];";
  }
  return text + "}";
}

std::string ManyKeys(int keys) {
  std::string text = "message Record {";
  for (int i = 1; i <= keys; ++i) {
    text += " int32 k" + std::to_string(i) + " = " + std::to_string(i) + " [$p, $k];";
  }
  return text + "}";
}

std::string ManyOneofs(int oneofs) {
  std::string text = "message Record {";
  for (int i = 1; i <= oneofs; ++i) {
    const std::string number = std::to_string(i);
    absl::StrAppend(&text, " oneof o", number, " { int32 f", number, " = ", number, " [$p]; }");
  }
  return text + "}";
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedSchemas,
    ::testing::Values(
        RefusedRow{"Recursive", "message Record { Record next = 1 [$p]; }", "next", "contains itself"},
        RefusedRow{"RecursiveThroughAnother",
                   "message A { B b = 1 [$p]; } message B { A a = 1 [$p]; } message Record { A a = 1 [$p]; }", "a.b.a",
                   "`test.A` contains itself"},
        RefusedRow{"Map", "message Record { map<string, int32> m = 1 [$p]; }", "m", "a map"},
        RefusedRow{"TooDeep", DeepMessages(17), "in.in.in.in.in.in.in.in.in.in.in.in.in.in.in.in", "over 16 levels"},
        RefusedRow{"TooManyFields", WideMessage(41), "", "over 4096 fields"},
        RefusedRow{"TooManyOneofs", ManyOneofs(65), "", "over 64 oneofs"},
        RefusedRow{"TooManyKeys", ManyKeys(17), "k17", "over 16 fields"},
        RefusedRow{"KeyOfDouble", "message Record { double d = 1 [$p, $k]; }", "d", "type `double`"},
        RefusedRow{"KeyOfFloat", "message Record { optional float d = 1 [$p, $k]; }", "d", "type `float`"},
        RefusedRow{"KeyOfMessage", "message Record { google.protobuf.Timestamp t = 1 [$p, $k]; }", "t",
                   "type `message`"},
        RefusedRow{"KeyRepeated", "message Record { repeated int32 r = 1 [$p, $k]; }", "r", "a repeated field"},
        RefusedRow{"KeyInOneof", "message Record { oneof o { int32 r = 1 [$p, $k]; } }", "r", "a field of a oneof"},
        RefusedRow{"KeyInside", "message In { int32 k = 1 [$p, $k]; } message Record { In in = 1 [$p]; }", "in.k",
                   "only fields of the record itself"},
        RefusedRow{"EventTimeOfText", "message Record { string t = 1 [$p, $t]; }", "t", "google.protobuf.Timestamp"},
        RefusedRow{"EventTimeWithoutUnit", "message Record { int64 t = 1 [$p, $t]; }", "t", "needs the unit"},
        RefusedRow{"EventTimeInMinutes", "message Record { int64 t = 1 [$p, $t, (allmende.v1.unit) = \"min\"]; }", "t",
                   "not `min`"},
        RefusedRow{"EventTimeOf32Bits", "message Record { int32 t = 1 [$p, $t, (allmende.v1.unit) = \"s\"]; }", "t",
                   "must be a google.protobuf.Timestamp"},
        RefusedRow{"EventTimeRepeated", "message Record { repeated google.protobuf.Timestamp t = 1 [$p, $t]; }", "t",
                   "a repeated field"},
        RefusedRow{"EventTimeInOneof", "message Record { oneof o { google.protobuf.Timestamp t = 1 [$p, $t]; } }", "t",
                   "a field of a oneof"},
        RefusedRow{"EventTimeInside",
                   "message In { google.protobuf.Timestamp t = 1 [$p, $t]; } message Record { In in = 1 [$p]; }",
                   "in.t", "only a field of the record itself"},
        RefusedRow{"TwoEventTimes",
                   "message Record { google.protobuf.Timestamp a = 1 [$p, $t]; google.protobuf.Timestamp b = 2 [$p, "
                   "$t]; }",
                   "b", "a second event time, after `a`"}),
    [](const auto& row) { return row.param.name; });

TEST(SchemaTable, WhatIsJustWithinTheBoundsCompiles) {
  for (const std::string& body : {DeepMessages(16), WideMessage(40), ManyKeys(16), ManyOneofs(64)}) {
    EXPECT_TRUE(SchemaTable::Compile(DescriptorSetOf(ProtoText(body)), "test.Record").ok()) << body.substr(0, 60);
  }
}

TEST(SchemaTable, ListsAllProblemsOfASchemaAtOnce) {
  std::vector<SchemaProblem> problems;
  const auto table = SchemaTable::Compile(
      DescriptorSetOf(
          ProtoText("message Record { double a = 1 [$p, $k]; map<string, int32> b = 2 [$p]; Record c = 3; }")),
      "test.Record", &problems);
  ASSERT_FALSE(table.ok());
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].field + problems[1].field + problems[2].field, "abc");
  EXPECT_THAT(std::string(table.status().message()),
              AllOf(HasSubstr("the schema is not usable: `a`: "), HasSubstr("; `b`: "), HasSubstr("; `c`: ")));
}

TEST(SchemaTable, ProblemsOfAnEarlierRunAreForgotten) {
  std::vector<SchemaProblem> problems = {{.field = "old", .message = "old"}};
  EXPECT_TRUE(
      SchemaTable::Compile(DescriptorSetOf(ProtoText("message Record { int32 a = 1 [$p]; }")), "test.Record", &problems)
          .ok());
  EXPECT_TRUE(problems.empty());
}

}  // namespace
}  // namespace allmende::policy
