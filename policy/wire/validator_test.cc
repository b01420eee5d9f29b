#include "policy/wire/validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <string>
#include <vector>

#include "policy/testing/test_schema.h"
#include "policy/testing/wire_bytes.h"

namespace allmende::policy {
namespace {

using namespace std::string_literals;
using testing::ProtoText;
using testing::TestSchema;
using testing::Wire;

constexpr char kSchema[] = R"(
  enum Kind { NONE = 0; ONE = 1; }
  message Inner { int32 a = 1 [$p]; string text = 2 [$p]; repeated int32 packed = 3 [$p]; Deeper deeper = 4 [$p]; }
  message Deeper { fixed32 f = 1 [$p]; }
  message Record {
    string id = 1 [$k, $p];
    google.protobuf.Timestamp time = 2 [$t, $p];
    allmende.v1.Position place = 3 [$l];
    int32 i32 = 4 [$p];
    uint32 u32 = 5 [$p];
    sint32 s32 = 6 [$p];
    bool flag = 7 [$k, $p];
    double real = 8 [$p];
    fixed32 f32 = 9 [$p];
    repeated int32 packed = 10 [$p];
    repeated int32 loose = 11 [$p, packed = false];
    repeated string texts = 12 [$p];
    oneof choice { string a = 13 [$p]; int32 b = 14 [$p]; }
    Inner inner = 15 [$p];
    repeated Inner inners = 16 [$p];
    Kind kind = 17 [$p];
    bytes raw = 18 [$p];
    int64 i64 = 19 [$p];
    uint64 u64 = 20 [$p];
    oneof other { bool c = 21 [$p]; bool d = 22 [$p]; }
    repeated fixed32 packed_f32 = 2000 [$p];
  })";

class ValidatorTest : public ::testing::Test {
 protected:
  static const TestSchema& Schema() {
    static const auto& schema = *new TestSchema(ProtoText(kSchema));
    return schema;
  }

  // `valid`, or `code field`.
  static std::string Verdict(const std::string& payload) {
    static const auto& validator = *new RecordValidator(Schema().table());
    RecordFacts facts;
    const std::optional<RecordProblem> problem = validator.Validate(payload, facts);
    if (!problem.has_value()) {
      return "valid";
    }
    EXPECT_FALSE(problem->detail.empty());
    const std::string code(RecordProblemName(problem->code));
    return problem->field.empty() ? code : code + " " + problem->field;
  }
};

struct Row {
  const char* name;
  Wire wire;
  const char* verdict;
};

class Payloads : public ValidatorTest, public ::testing::WithParamInterface<Row> {};

TEST_P(Payloads, Verdict) {
  EXPECT_EQ(Verdict(GetParam().wire.bytes()), GetParam().verdict);
}

const uint64_t kMinus1 = static_cast<uint64_t>(-1);

INSTANTIATE_TEST_SUITE_P(
    Accepted, Payloads,
    ::testing::Values(
        Row{"Empty", Wire(), "valid"},
        Row{"Usual", Wire().Text(1, "ü").Message(2, Wire().Varint(1, 5)).Varint(4, kMinus1).Double(8, 1.5), "valid"},
        Row{"DefaultsWrittenOut", Wire().Text(1, "").Varint(4, 0).Varint(7, 0).Double(8, 0).Text(10, ""), "valid"},
        Row{"LeastInt32", Wire().Varint(4, static_cast<uint64_t>(int64_t{std::numeric_limits<int32_t>::min()})),
            "valid"},
        Row{"GreatestUint32", Wire().Varint(5, 0xffffffff), "valid"},
        Row{"GreatestSint32", Wire().Varint(6, 0xffffffff), "valid"},
        Row{"Packed", Wire().Text(10, "\x01\x02"s + testing::VarintBytes(kMinus1)), "valid"},
        Row{"Loose", Wire().Varint(11, 1).Varint(11, 2), "valid"},
        Row{"RepeatedText", Wire().Text(12, "a").Text(12, "a"), "valid"},
        Row{"NestedTwice", Wire().Message(16, Wire().Varint(1, 1)).Message(16, Wire()), "valid"},
        Row{"EnumWithoutName", Wire().Varint(17, 70'000), "valid"},
        Row{"EnumBelowZero", Wire().Varint(17, kMinus1), "valid"},
        Row{"BytesThatAreNoText", Wire().Text(18, "\xff\x00"s), "valid"},
        Row{"GreatestNumbers", Wire().Varint(19, kMinus1).Varint(20, kMinus1), "valid"},
        Row{"OneOfEachOneof", Wire().Text(13, "").Varint(22, 0), "valid"},
        Row{"TagOfTwoBytes", Wire().Text(2000, "abcdabcd"), "valid"},
        Row{"LatestTime", Wire().Message(2, Wire().Varint(1, 253'402'300'799).Varint(2, 999'999'999)), "valid"},
        Row{"Pole", Wire().Message(3, Wire().Double(1, -90).Double(2, 180)), "valid"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Refused, Payloads,
    ::testing::Values(
        Row{"TagCutOff", Wire().Raw("\x80"), "truncated"}, Row{"ValueMissing", Wire().Tag(4, 0), "truncated i32"},
        Row{"VarintCutOff", Wire().Tag(4, 0).Raw("\xff\xff"), "truncated i32"},
        Row{"Fixed64CutOff", Wire().Tag(8, 1).Raw("1234567"), "truncated real"},
        Row{"Fixed32CutOff", Wire().Tag(9, 5).Raw("123"), "truncated f32"},
        Row{"LengthMissing", Wire().Tag(1, 2), "truncated id"},
        Row{"LengthBeyondTheEnd",
            Wire().Tag(1, 2).Raw("\x05"
                                 "abcd"),
            "truncated id"},
        Row{"HugeLength", Wire().Tag(1, 2).Raw(testing::VarintBytes(kMinus1)), "truncated id"},
        Row{"PackedFixedCutOff", Wire().Text(2000, "12345"), "truncated packed_f32"},
        Row{"PackedVarintCutOff", Wire().Text(10, "\x01\x80"), "truncated packed"},
        Row{"InnerCutOff", Wire().Text(15, "\x08"), "truncated inner.a"},
        Row{"InnerTagCutOff", Wire().Text(15, "\x80"), "truncated inner"},
        Row{"InnerLengthBeyondTheMessageAround",
            Wire().Tag(15, 2).Raw("\x02\x12\x05"
                                  "abcde"),
            "truncated inner.text"},
        Row{"FieldZero", Wire().Varint(0, 1), "bad-tag"},
        Row{"FieldTooGreat", Wire().Raw(testing::VarintBytes(uint64_t{1} << 32)).Raw("\x01"), "bad-tag"},
        Row{"GroupBegin", Wire().Tag(4, 3).Tag(4, 4), "bad-tag"}, Row{"GroupEnd", Wire().Tag(4, 4), "bad-tag"},
        Row{"WireTypeSix", Wire().Tag(4, 6), "bad-tag"}, Row{"WireTypeSeven", Wire().Tag(4, 7), "bad-tag"},
        Row{"LongTag", Wire().Raw("\xa0\x80\x00\x01"s), "overlong-varint"},
        Row{"LongNumber", Wire().Tag(4, 0).Raw("\x81\x00"s), "overlong-varint i32"},
        Row{"LongLength",
            Wire().Tag(1, 2).Raw("\x81\x00"
                                 "a"s),
            "overlong-varint id"},
        Row{"LongNumberInPacked", Wire().Text(10, "\x81\x00"s), "overlong-varint packed"},
        Row{"ElevenBytes", Wire().Tag(19, 0).Raw(std::string(10, '\xff') + "\x01"), "overlong-varint i64"},
        Row{"SixtyFiveBits", Wire().Tag(19, 0).Raw(std::string(9, '\xff') + "\x02"), "overlong-varint i64"},
        Row{"UnknownField", Wire().Varint(23, 1), "unknown-field"},
        Row{"UnknownFieldInside", Wire().Message(15, Wire().Varint(9, 1)), "unknown-field inner"},
        Row{"UnknownFieldInATime", Wire().Message(2, Wire().Varint(3, 1)), "unknown-field time"},
        Row{"WrongOrder", Wire().Varint(5, 1).Varint(4, 1), "wrong-order"},
        Row{"WrongOrderInside", Wire().Message(15, Wire().Text(2, "a").Varint(1, 1)), "wrong-order inner"},
        Row{"ElementsApart", Wire().Varint(11, 1).Text(12, "a").Varint(11, 2), "wrong-order"},
        Row{"SingularTwice", Wire().Varint(4, 1).Varint(4, 1), "repeated-field i32"},
        Row{"MessageTwice", Wire().Message(15, Wire()).Message(15, Wire()), "repeated-field inner"},
        Row{"PackedTwice", Wire().Text(10, "\x01").Text(10, "\x01"), "repeated-field packed"},
        Row{"OneofTwice", Wire().Text(13, "a").Varint(14, 1), "two-of-oneof b"},
        Row{"VarintForText", Wire().Varint(1, 1), "wrong-wire-type id"},
        Row{"TextForVarint", Wire().Text(4, "a"), "wrong-wire-type i32"},
        Row{"Fixed32ForFixed64", Wire().Fixed32(8, 1), "wrong-wire-type real"},
        Row{"LooseForPacked", Wire().Varint(10, 1), "wrong-wire-type packed"},
        Row{"PackedForLoose", Wire().Text(11, "\x01"), "wrong-wire-type loose"},
        Row{"VarintForMessage", Wire().Varint(15, 1), "wrong-wire-type inner"},
        Row{"Int32OverRange", Wire().Varint(4, 0x80000000), "out-of-range i32"},
        Row{"Int32InFiveBytes", Wire().Varint(4, 0xffffffff), "out-of-range i32"},
        Row{"Uint32OverRange", Wire().Varint(5, uint64_t{1} << 32), "out-of-range u32"},
        Row{"Sint32OverRange", Wire().Varint(6, uint64_t{1} << 32), "out-of-range s32"},
        Row{"BoolOverOne", Wire().Varint(7, 2), "out-of-range flag"},
        Row{"EnumOverRange", Wire().Varint(17, uint64_t{1} << 31), "out-of-range kind"},
        Row{"ElementOverRange", Wire().Text(10, testing::VarintBytes(uint64_t{1} << 31)), "out-of-range packed"},
        Row{"BadUtf8", Wire().Text(1, "\xff"), "bad-utf8 id"},
        Row{"BadUtf8InAnElement", Wire().Text(12, "fine").Text(12, "\xc0\x80"), "bad-utf8 texts"},
        Row{"BadUtf8Inside", Wire().Message(16, Wire().Text(2, "\xed\xa0\x80")), "bad-utf8 inners.text"},
        Row{"TimeTooLate", Wire().Message(2, Wire().Varint(1, 253'402'300'800)), "bad-timestamp time"},
        Row{"TimeTooEarly", Wire().Message(2, Wire().Varint(1, static_cast<uint64_t>(-62'135'596'801))),
            "bad-timestamp time"},
        Row{"NanosTooGreat", Wire().Message(2, Wire().Varint(2, 1'000'000'000)), "bad-timestamp time"},
        Row{"NanosBelowZero", Wire().Message(2, Wire().Varint(2, kMinus1)), "bad-timestamp time"},
        Row{"LatitudeOver90", Wire().Message(3, Wire().Double(1, 90.5)), "bad-position place"},
        Row{"LongitudeNotANumber", Wire().Message(3, Wire().Double(2, std::numeric_limits<double>::quiet_NaN())),
            "bad-position place"},
        Row{"LongitudeInfinite", Wire().Message(3, Wire().Double(2, -std::numeric_limits<double>::infinity())),
            "bad-position place"},
        Row{"DeepProblemNamesItsPath", Wire().Message(16, Wire().Message(4, Wire().Varint(1, 1))),
            "wrong-wire-type inners.deeper.f"},
        Row{"KeyTooLong", Wire().Text(1, std::string(1'022, 'k')), "key-too-long"}),
    [](const auto& row) { return row.param.name; });

TEST_F(ValidatorTest, KeyOfTheGreatestLengthIsAccepted) {
  // Two bytes end the text, one is the flag.
  EXPECT_EQ(Verdict(Wire().Text(1, std::string(1'021, 'k')).bytes()), "valid");
}

TEST_F(ValidatorTest, EveryTruncationOfARecordIsRefusedUnlessItEndsBetweenFields) {
  Wire wire;
  std::set<size_t> borders = {0};
  const auto border = [&] { borders.insert(wire.bytes().size()); };
  wire.Text(1, "station");
  border();
  wire.Message(2, Wire().Varint(1, 1'700'000'000).Varint(2, 5));
  border();
  wire.Message(3, Wire().Double(1, 52.5).Double(2, 13.4));
  border();
  wire.Text(10, "\x01\x02\x03");
  border();
  wire.Message(16, Wire().Varint(1, 300).Text(2, "abc"));
  border();
  wire.Text(2000, "12341234");
  border();
  for (size_t size = 0; size <= wire.bytes().size(); ++size) {
    EXPECT_EQ(Verdict(wire.bytes().substr(0, size)) == "valid", borders.contains(size)) << size;
  }
}

TEST_F(ValidatorTest, ProblemsCarryNoValueOfTheRecord) {
  const RecordValidator validator(Schema().table());
  RecordFacts facts;
  for (const std::string& payload : {Wire().Text(1, "SECRET\xff").bytes(), Wire().Text(4, "SECRET").bytes(),
                                     Wire().Tag(1, 2).Raw("\x30SECRET").bytes()}) {
    const auto problem = validator.Validate(payload, facts);
    ASSERT_TRUE(problem.has_value());
    EXPECT_EQ((problem->field + problem->detail).find("SECRET"), std::string::npos);
  }
}

std::string KeyOf(const RecordFacts& facts) {
  return std::string(facts.key.bytes());
}

TEST_F(ValidatorTest, ReadsKeyAndEventTime) {
  const RecordValidator validator(Schema().table());
  RecordFacts facts;
  ASSERT_FALSE(validator.Validate(
      Wire().Text(1, "A\0B"s).Message(2, Wire().Varint(1, 3).Varint(2, 1'999)).Varint(7, 1).bytes(), facts));
  EXPECT_EQ(KeyOf(facts),
            "A\x00\xff"
            "B\x00\x01\x01"s);
  EXPECT_EQ(facts.event_time_us, 3'000'001) << "cut to whole microseconds";
}

TEST_F(ValidatorTest, AbsentKeyFieldsStandWithTheirDefault) {
  const RecordValidator validator(Schema().table());
  RecordFacts facts;
  ASSERT_FALSE(validator.Validate("", facts));
  EXPECT_EQ(KeyOf(facts), "\x00\x01\x00"s);
  EXPECT_FALSE(facts.event_time_us.has_value());
  ASSERT_FALSE(validator.Validate(Wire().Varint(7, 1).bytes(), facts));
  EXPECT_EQ(KeyOf(facts), "\x00\x01\x01"s);
  ASSERT_FALSE(validator.Validate(Wire().Text(1, "x").Text(2000, "abcd").bytes(), facts));
  EXPECT_EQ(KeyOf(facts), "x\x00\x01\x00"s) << "the key field that is absent stands before a field that is there";
}

TEST_F(ValidatorTest, FactsOfTheRecordBeforeAreForgotten) {
  const RecordValidator validator(Schema().table());
  RecordFacts facts;
  ASSERT_FALSE(validator.Validate(Wire().Text(1, "first").Message(2, Wire().Varint(1, 3)).bytes(), facts));
  ASSERT_FALSE(validator.Validate("", facts));
  EXPECT_EQ(KeyOf(facts), "\x00\x01\x00"s);
  EXPECT_FALSE(facts.event_time_us.has_value());
}

TEST_F(ValidatorTest, EventTimeInANumberCountsInItsUnit) {
  for (const auto& [unit, factor] : {std::pair{"us", int64_t{1}}, {"ms", int64_t{1'000}}, {"s", int64_t{1'000'000}}}) {
    for (const bool optional : {false, true}) {
      const TestSchema schema(ProtoText("message Record { "s + (optional ? "optional " : "") +
                                        "int64 t = 1 [$p, $t, (allmende.v1.unit) = \"" + unit + "\"]; }"));
      const RecordValidator validator(schema.table());
      RecordFacts facts;
      const auto event_time = [&](int64_t value) {
        EXPECT_FALSE(validator.Validate(Wire().Varint(1, static_cast<uint64_t>(value)).bytes(), facts));
        return facts.event_time_us;
      };
      EXPECT_EQ(event_time(7), 7 * factor);
      EXPECT_EQ(event_time(-7), -7 * factor);
      EXPECT_EQ(event_time(kTimeMaxUs / factor), kTimeMaxUs / factor * factor);
      EXPECT_EQ(event_time(0), optional ? std::optional<int64_t>(0) : std::nullopt);
      for (const int64_t value : {kTimeMaxUs / factor + 1, kTimeMinUs / factor - 1, std::numeric_limits<int64_t>::max(),
                                  std::numeric_limits<int64_t>::min()}) {
        const auto problem = validator.Validate(Wire().Varint(1, static_cast<uint64_t>(value)).bytes(), facts);
        ASSERT_TRUE(problem.has_value()) << value;
        EXPECT_EQ(problem->code, RecordProblemCode::kBadTimestamp);
      }
    }
  }
}

TEST_F(ValidatorTest, KeysOfAllTypesAreReadAsTheirValues) {
  const TestSchema schema(ProtoText(R"(enum E { Z = 0; } message Record {
    string s = 1 [$p, $k]; bytes y = 2 [$p, $k]; bool b = 3 [$p, $k]; E e = 4 [$p, $k]; int32 i = 5 [$p, $k];
    sint64 z = 6 [$p, $k]; uint32 u = 7 [$p, $k]; fixed64 f = 8 [$p, $k]; sfixed32 g = 9 [$p, $k];
    sfixed64 h = 10 [$p, $k]; })"));
  const RecordValidator validator(schema.table());
  RecordFacts facts;
  const Wire wire = Wire()
                        .Text(1, "s")
                        .Text(2, "\xff")
                        .Varint(3, 1)
                        .Varint(4, kMinus1)
                        .Varint(5, kMinus1)
                        .Varint(6, 3)
                        .Varint(7, 7)
                        .Fixed64(8, kMinus1)
                        .Fixed32(9, 0xffffffff)
                        .Fixed64(10, kMinus1);
  ASSERT_FALSE(validator.Validate(wire.bytes(), facts));
  KeyWriter expected;
  expected.AddBytes("s");
  expected.AddBytes("\xff");
  expected.AddBool(true);
  expected.AddSigned(-1);
  expected.AddSigned(-1);
  expected.AddSigned(-2);
  expected.AddUnsigned(7);
  expected.AddUnsigned(kMinus1);
  expected.AddSigned(-1);
  expected.AddSigned(-1);
  EXPECT_EQ(facts.key.bytes(), expected.bytes());
  EXPECT_FALSE(validator.CheckKey(expected.bytes()).has_value());
}

TEST_F(ValidatorTest, KeyThatCameAloneMustBeOneOfTheSchema) {
  const TestSchema schema(
      ProtoText("message Record { string s = 1 [$p, $k]; uint32 u = 2 [$p, $k]; bool b = 3 [$p, $k]; }"));
  const RecordValidator validator(schema.table());
  KeyWriter key;
  key.AddBytes("s");
  key.AddUnsigned(7);
  key.AddBool(true);
  const std::string good(key.bytes());
  EXPECT_FALSE(validator.CheckKey(good).has_value());
  for (size_t size = 0; size < good.size(); ++size) {
    const auto problem = validator.CheckKey(good.substr(0, size));
    ASSERT_TRUE(problem.has_value()) << size;
    EXPECT_EQ(problem->code, RecordProblemCode::kBadKey);
  }
  const auto refused = [&](const std::string& bytes) {
    const auto problem = validator.CheckKey(bytes);
    return problem.has_value() ? std::string(RecordProblemName(problem->code)) + " " + problem->field : "valid";
  };
  EXPECT_EQ(refused(good + "x"), "bad-key ");
  EXPECT_EQ(refused("\xff\x00\x01"s + good.substr(3)), "bad-key s") << "text that is not UTF-8";
  EXPECT_EQ(refused("s\x00\x01"s + "\x01\x00\x00\x00\x00\x00\x00\x00\x01"s), "bad-key u") << "over 32 bits";
  EXPECT_EQ(refused(good.substr(0, good.size() - 1) + "\x02"), "bad-key b");
  EXPECT_EQ(refused(std::string(kKeyBytesMax + 1, 'k')), "key-too-long ");
}

TEST_F(ValidatorTest, SchemaWithoutKeyHasTheEmptyKey) {
  const TestSchema schema(ProtoText("message Record { string s = 1 [$p]; }"));
  const RecordValidator validator(schema.table());
  EXPECT_FALSE(validator.CheckKey("").has_value());
  EXPECT_TRUE(validator.CheckKey("a").has_value());
}

// Deep enough to matter, and the deepest that schemas allow.
TEST_F(ValidatorTest, MessagesMayBeNestedAsDeepAsTheSchema) {
  std::string body;
  for (int i = 1; i < 16; ++i) {
    body += "message L" + std::to_string(i) + " { " +
            (i == 15 ? "string end = 1 [$p];" : "L" + std::to_string(i + 1) + " in = 1 [$p];") + " }";
  }
  const TestSchema schema(ProtoText(body + "message Record { L1 in = 1 [$p]; }"));
  const RecordValidator validator(schema.table());
  RecordFacts facts;
  Wire wire = Wire().Text(1, "end");
  for (int i = 0; i < 14; ++i) {
    wire = Wire().Message(1, wire);
  }
  EXPECT_FALSE(validator.Validate(Wire().Message(1, wire).bytes(), facts).has_value());
  Wire endless = Wire().Text(1, "\xff");
  for (int i = 0; i < 100; ++i) {
    endless = Wire().Message(1, endless);
  }
  EXPECT_TRUE(validator.Validate(endless.bytes(), facts).has_value()) << "text at the end, whose bytes are messages";
}

TEST(RecordProblemNames, AreDifferentAndStable) {
  std::set<std::string> names;
  for (int code = 0; code <= static_cast<int>(RecordProblemCode::kBadKey); ++code) {
    names.insert(std::string(RecordProblemName(static_cast<RecordProblemCode>(code))));
  }
  EXPECT_EQ(names, (std::set<std::string>{"truncated", "bad-tag", "overlong-varint", "unknown-field", "wrong-order",
                                          "repeated-field", "two-of-oneof", "wrong-wire-type", "out-of-range",
                                          "bad-utf8", "bad-timestamp", "bad-position", "key-too-long", "bad-key"}));
}

}  // namespace
}  // namespace allmende::policy
