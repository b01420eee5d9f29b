#include "policy/schema/evolution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/testing/random.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy {
namespace {

using ::testing::ElementsAreArray;
using testing::ProtoText;
using testing::TestSchema;

std::vector<std::string> Compare(const std::string& before, const std::string& after) {
  const TestSchema old_schema(ProtoText(before));
  const TestSchema new_schema(ProtoText(after));
  std::vector<std::string> lines;
  for (const SchemaChange& change : CompareSchemas(old_schema.table(), new_schema.table())) {
    lines.push_back((change.breaking ? "breaking " : "notice ") + change.field + ": " + change.reason);
  }
  return lines;
}

struct EvolutionRow {
  std::string name;
  std::string before;  // the record's body, or whole messages
  std::string after;
  std::vector<std::string> changes;
};

class Evolution : public ::testing::TestWithParam<EvolutionRow> {};

TEST_P(Evolution, Says) {
  const auto whole = [](const std::string& body) {
    return body.find("message Record") == std::string::npos ? "message Record {" + body + "}" : body;
  };
  EXPECT_THAT(Compare(whole(GetParam().before), whole(GetParam().after)), ElementsAreArray(GetParam().changes));
}

INSTANTIATE_TEST_SUITE_P(
    All, Evolution,
    ::testing::Values(
        EvolutionRow{"NothingForTheSame", "int32 a = 1 [$p];", "int32 a = 1 [$p];", {}},
        EvolutionRow{"NothingForANewField", "int32 a = 1 [$p];", "int32 a = 1 [$p]; string b = 2 [$o];", {}},
        EvolutionRow{"NoticeForANewFieldWithoutClass",
                     "int32 a = 1 [$p];",
                     "int32 a = 1 [$p]; string b = 2;",
                     {"notice b: new and without class: nobody will get it"}},
        EvolutionRow{"BreakingForAFieldThatIsGone",
                     "int32 a = 1 [$p]; string b = 2 [$p];",
                     "int32 a = 1 [$p];",
                     {"breaking b: removed without reserving it: write `reserved 2; reserved \"b\";`"}},
        EvolutionRow{"BreakingWhereOnlyTheNumberIsReserved",
                     "int32 a = 1 [$p]; string b = 2 [$p];",
                     "int32 a = 1 [$p]; reserved 2;",
                     {"breaking b: removed without reserving it: write `reserved 2; reserved \"b\";`"}},
        EvolutionRow{"BreakingWhereOnlyTheNameIsReserved",
                     "int32 a = 1 [$p]; string b = 2 [$p];",
                     "int32 a = 1 [$p]; reserved \"b\";",
                     {"breaking b: removed without reserving it: write `reserved 2; reserved \"b\";`"}},
        EvolutionRow{"NoticeForAFieldRemovedAndReserved",
                     "int32 a = 1 [$p]; string b = 2 [$p];",
                     "int32 a = 1 [$p]; reserved 1000, 2 to 5; reserved \"b\";",
                     {"notice b: removed and reserved; records stored before still carry it"}},
        EvolutionRow{"BreakingForAKeyFieldEvenIfReserved",
                     "int32 a = 1 [$p]; string b = 2 [$p, $k];",
                     "int32 a = 1 [$p]; reserved 2; reserved \"b\";",
                     {"breaking b: removed, but it is part of the key"}},
        EvolutionRow{"BreakingForTheEventTimeEvenIfReserved",
                     "int32 a = 1 [$p]; google.protobuf.Timestamp b = 2 [$p, $t];",
                     "int32 a = 1 [$p]; reserved 2; reserved \"b\";",
                     {"breaking b: removed, but it is the event time"}},
        EvolutionRow{"BreakingForANewNumber",
                     "int32 a = 1 [$p];",
                     "int32 a = 2 [$p];",
                     {"breaking a: its number changed from 1 to 2"}},
        EvolutionRow{
            "BreakingForANewName",
            "int32 a = 1 [$p];",
            "int32 b = 1 [$p];",
            {"breaking a: number 1 is now `b`: policies name fields, so neither rename one nor give its number "
             "to another"}},
        EvolutionRow{"BreakingForAnotherType",
                     "int32 a = 1 [$p];",
                     "int64 a = 1 [$p];",
                     {"breaking a: its type changed from int32 to int64"}},
        EvolutionRow{"BreakingForAnotherEncodingOfTheSameNumbers",
                     "int32 a = 1 [$p];",
                     "sint32 a = 1 [$p];",
                     {"breaking a: its type changed from int32 to sint32"}},
        EvolutionRow{"BreakingForBytesInsteadOfText",
                     "string a = 1 [$p];",
                     "bytes a = 1 [$p];",
                     {"breaking a: its type changed from string to bytes"}},
        EvolutionRow{"BreakingForATimeThatBecomesANumber",
                     "google.protobuf.Timestamp a = 1 [$p];",
                     "int64 a = 1 [$p];",
                     {"breaking a: its type changed from google.protobuf.Timestamp to int64"}},
        EvolutionRow{
            "BreakingForAPlaceThatBecomesAMessage",
            "message Record { allmende.v1.Position a = 1 [$p]; }",
            "message P { double latitude = 1 [$p]; double longitude = 2 [$p]; } message Record { P a = 1 [$p]; }",
            {"breaking a: its type changed from allmende.v1.Position to message"}},
        EvolutionRow{"NothingForAMessageThatIsCalledOtherwise",
                     "message A { int32 x = 1 [$p]; } message Record { A a = 1 [$p]; }",
                     "message B { int32 x = 1 [$p]; } message Record { B a = 1 [$p]; }",
                     {}},
        EvolutionRow{"BreakingForRepeated",
                     "string a = 1 [$p];",
                     "repeated string a = 1 [$p];",
                     {"breaking a: it became repeated"}},
        EvolutionRow{"BreakingForRepeatedNoLonger",
                     "repeated string a = 1 [$p];",
                     "string a = 1 [$p];",
                     {"breaking a: it is repeated no longer"}},
        EvolutionRow{"BreakingForPacking",
                     "repeated int32 a = 1 [$p];",
                     "repeated int32 a = 1 [$p, packed = false];",
                     {"breaking a: its packing changed"}},
        EvolutionRow{"BreakingForOptional",
                     "int32 a = 1 [$p];",
                     "optional int32 a = 1 [$p];",
                     {"breaking a: it became optional"}},
        EvolutionRow{"BreakingForOptionalNoLonger",
                     "optional int32 a = 1 [$p];",
                     "int32 a = 1 [$p];",
                     {"breaking a: it is optional no longer"}},
        EvolutionRow{"BreakingForAFieldThatMovesIntoAOneof",
                     "int32 a = 1 [$p];",
                     "oneof o { int32 a = 1 [$p]; }",
                     {"breaking a: it moved into, out of or between oneofs"}},
        EvolutionRow{"BreakingForANewKeyField",
                     "int32 a = 1 [$p];",
                     "int32 a = 1 [$p]; int32 b = 2 [$p, $k];",
                     {"breaking b: new in the key: stored records have other keys"}},
        EvolutionRow{"BreakingForANewEventTime",
                     "int32 a = 1 [$p];",
                     "int32 a = 1 [$p]; google.protobuf.Timestamp b = 2 [$p, $t];",
                     {"breaking b: new as event time: stored records have another one or none"}},
        EvolutionRow{"BreakingForAFieldThatBecomesKey",
                     "int32 a = 1 [$p];",
                     "int32 a = 1 [$p, $k];",
                     {"breaking a: it became part of the key"}},
        EvolutionRow{"BreakingForAFieldThatIsKeyNoLonger",
                     "int32 a = 1 [$p, $k];",
                     "int32 a = 1 [$p];",
                     {"breaking a: it is part of the key no longer"}},
        EvolutionRow{"BreakingForAFieldThatBecomesEventTime",
                     "google.protobuf.Timestamp a = 1 [$p];",
                     "google.protobuf.Timestamp a = 1 [$p, $t];",
                     {"breaking a: it became the event time"}},
        EvolutionRow{"BreakingForAFieldThatIsEventTimeNoLonger",
                     "google.protobuf.Timestamp a = 1 [$p, $t];",
                     "google.protobuf.Timestamp a = 1 [$p];",
                     {"breaking a: it is the event time no longer"}},
        EvolutionRow{"BreakingForAnotherUnit",
                     "double a = 1 [$p, (allmende.v1.unit) = \"m3/s\"];",
                     "double a = 1 [$p, (allmende.v1.unit) = \"l/s\"];",
                     {"breaking a: its unit changed from `m3/s` to `l/s`"}},
        EvolutionRow{"NoticeForALoweredClass",
                     "int32 a = 1 [$l];",
                     "int32 a = 1 [$p];",
                     {"notice a: its class was lowered from LOCATION to PUBLIC"}},
        EvolutionRow{"NoticeForARaisedClass",
                     "int32 a = 1 [$p];",
                     "int32 a = 1 [$o];",
                     {"notice a: its class was raised from PUBLIC to OPERATIONAL"}},
        EvolutionRow{"AFirstClassLowers",
                     "int32 a = 1;",
                     "int32 a = 1 [(allmende.v1.class) = CRITICAL];",
                     {"notice a: its class was lowered from none to CRITICAL"}},
        EvolutionRow{"ALostClassRaises",
                     "int32 a = 1 [$p];",
                     "int32 a = 1;",
                     {"notice a: its class was raised from PUBLIC to none"}},
        EvolutionRow{"BreakingForAnEnumValueThatIsGone",
                     "message Record { enum K { A = 0; B = 1; } K k = 1 [$p]; }",
                     "message Record { enum K { A = 0; } K k = 1 [$p]; }",
                     {"breaking k: its value `B` = 1 was removed, renamed or renumbered"}},
        EvolutionRow{"BreakingForAnEnumValueThatIsRenumbered",
                     "message Record { enum K { A = 0; B = 1; } K k = 1 [$p]; }",
                     "message Record { enum K { A = 0; B = 2; } K k = 1 [$p]; }",
                     {"breaking k: its value `B` = 1 was removed, renamed or renumbered"}},
        EvolutionRow{"NothingForANewEnumValue",
                     "message Record { enum K { A = 0; } K k = 1 [$p]; }",
                     "message Record { enum K { A = 0; B = 2; } K k = 1 [$p]; }",
                     {}},
        EvolutionRow{"ChangesInsideMessagesHaveTheirPath",
                     "message A { int32 x = 1 [$p]; int32 y = 2 [$p]; } message Record { A a = 1 [$p]; }",
                     "message A { string x = 1 [$p]; } message Record { A a = 1 [$p]; }",
                     {"breaking a.x: its type changed from int32 to string",
                      "breaking a.y: removed without reserving it: write `reserved 2; reserved \"y\";`"}},
        EvolutionRow{"BreakingForAReservedNumberThatIsUsed",
                     "int32 a = 1 [$p]; reserved 5; reserved \"phone\";",
                     "int32 a = 1 [$p]; string note = 5 [$p]; reserved \"phone\";",
                     {"breaking note: its number 5 was reserved: stored records may carry another field's values "
                      "there; take a number that was never used"}},
        EvolutionRow{"BreakingForANumberInsideAReservedRangeThatIsUsed",
                     "int32 a = 1 [$p]; reserved 5 to 9, 20 to max;",
                     "int32 a = 1 [$p]; string note = 1000000 [$p]; reserved 5 to 9, 20 to 999999, 1000001 to max;",
                     {"breaking note: its number 1000000 was reserved: stored records may carry another field's "
                      "values there; take a number that was never used"}},
        EvolutionRow{"BreakingForAReservedNameThatIsUsed",
                     "int32 a = 1 [$p]; reserved 5; reserved \"phone\";",
                     "int32 a = 1 [$p]; string phone = 6 [$p]; reserved 5;",
                     {"breaking phone: its name was reserved: policies may still mean the field that had it; take a "
                      "name that was never used"}},
        EvolutionRow{"BreakingForARetiredFieldThatComesBack",
                     "int32 a = 1 [$p]; reserved 5; reserved \"phone\";",
                     "int32 a = 1 [$p]; string phone = 5 [$p];",
                     {"breaking phone: its number 5 was reserved: stored records may carry another field's values "
                      "there; take a number that was never used",
                      "breaking phone: its name was reserved: policies may still mean the field that had it; take a "
                      "name that was never used"}},
        EvolutionRow{"BreakingForAReservationThatIsGone",
                     "int32 a = 1 [$p]; reserved 5; reserved \"phone\";",
                     "int32 a = 1 [$p]; int32 b = 2 [$p];",
                     {"breaking : reservations are missing, which hold for good: write `reserved 5; reserved "
                      "\"phone\";`"}},
        EvolutionRow{"BreakingForAReservedRangeThatShrinks",
                     "int32 a = 1 [$p]; reserved 5 to 9, 30 to max;",
                     "int32 a = 1 [$p]; reserved 6, 7, 31 to 40, 50 to max;",
                     {"breaking : reservations are missing, which hold for good: write `reserved 5, 8 to 9, 30, 41 to "
                      "49;`"}},
        EvolutionRow{"NothingForAReservationWrittenOtherwise",
                     "int32 a = 1 [$p]; reserved 5 to 9, 12, 10 to 11; reserved \"x\", \"y\";",
                     "int32 a = 1 [$p]; reserved 4 to 7; reserved 8 to 30; reserved \"z\", \"y\", \"x\";",
                     {}},
        EvolutionRow{"ReservationsInsideMessagesHoldToo",
                     "message A { int32 x = 1 [$p]; reserved 5; reserved \"phone\"; } message Record { A a = 1 [$p]; }",
                     "message A { int32 x = 1 [$p]; string note = 5 [$p]; } message Record { A a = 1 [$p]; }",
                     {"breaking a.note: its number 5 was reserved: stored records may carry another field's values "
                      "there; take a number that was never used",
                      "breaking a: reservations are missing, which hold for good: write `reserved \"phone\";`"}},
        EvolutionRow{"BreakingForEnumValuesThatAreGoneOncePerField",
                     "message Record { enum K { A = 0; B = 1; C = 2; D = 3; } K k = 1 [$p]; repeated K l = 2 [$p]; }",
                     "message Record { enum K { A = 0; C = 3; } K k = 1 [$p]; repeated K l = 2 [$p]; }",
                     {"breaking k: its value `B` = 1 and 2 more were removed, renamed or renumbered",
                      "breaking l: its value `B` = 1 and 2 more were removed, renamed or renumbered"}}),
    [](const auto& row) { return row.param.name; });

TEST(EvolutionReport, BreakingChangesMakeOneSentenceWithFieldAndReason) {
  const TestSchema before(ProtoText("message Record { int32 a = 1 [$p]; int32 b = 2 [$p]; int32 c = 3 [$p]; }"));
  const TestSchema after(ProtoText("message Record { string a = 1 [$p]; int32 b = 2 [$o]; }"));
  EXPECT_EQ(
      DescribeBreakingChanges(CompareSchemas(before.table(), after.table())),
      "`a`: its type changed from int32 to string; `c`: removed without reserving it: write `reserved 3; reserved "
      "\"c\";`");
  EXPECT_EQ(DescribeBreakingChanges({}), "");
}

// What a provider could do to make old personal values public: retire the field, forget that, and use its number.
TEST(EvolutionReport, ARetiredNumberNeverComesBackInAnyNumberOfSteps) {
  const std::vector<std::string> versions = {
      "message Record { int32 a = 1 [$p]; string phone = 5 [(allmende.v1.class) = PERSONAL]; }",
      "message Record { int32 a = 1 [$p]; reserved 5; reserved \"phone\"; }",
      "message Record { int32 a = 1 [$p]; int32 b = 2 [$p]; }",
      "message Record { int32 a = 1 [$p]; int32 b = 2 [$p]; string note = 5 [$p]; }"};
  const auto breaks = [&](size_t from, size_t to) {
    const TestSchema before(ProtoText(versions[from]));
    const TestSchema after(ProtoText(versions[to]));
    return !DescribeBreakingChanges(CompareSchemas(before.table(), after.table())).empty();
  };
  EXPECT_FALSE(breaks(0, 1));
  EXPECT_TRUE(breaks(1, 2)) << "the reservation is forgotten";
  EXPECT_TRUE(breaks(1, 3)) << "the number is used";
  EXPECT_TRUE(breaks(0, 3));
}

TEST(EvolutionReport, ChangesOfTheRecordItselfHaveNoField) {
  const TestSchema before(ProtoText("message Record { int32 a = 1 [$p]; reserved 5; }"));
  const TestSchema after(ProtoText("message Record { int32 a = 1 [$p]; }"));
  EXPECT_EQ(DescribeBreakingChanges(CompareSchemas(before.table(), after.table())),
            "reservations are missing, which hold for good: write `reserved 5;`");
}

TEST(EvolutionReport, ManyChangesAreCounted) {
  std::string before, after;
  for (int i = 1; i <= 30; ++i) {
    before += "int32 f" + std::to_string(i) + " = " + std::to_string(i) + " [$p];";
    after += "string f" + std::to_string(i) + " = " + std::to_string(i) + " [$p];";
  }
  const TestSchema old_schema(ProtoText("message Record {" + before + "}"));
  const TestSchema new_schema(ProtoText("message Record {" + after + "}"));
  const std::string text = DescribeBreakingChanges(CompareSchemas(old_schema.table(), new_schema.table()));
  EXPECT_THAT(text, ::testing::HasSubstr("`f20`: its type changed"));
  EXPECT_THAT(text, ::testing::EndsWith("; and 10 more"));
}

TEST(EvolutionReport, ASchemaIsEqualToItself) {
  testing::Random random(11);
  for (int i = 0; i < 200; ++i) {
    const std::string text = testing::RandomSchemaText(random);
    const TestSchema schema(text);
    const TestSchema same(text);
    EXPECT_TRUE(CompareSchemas(schema.table(), same.table()).empty()) << text;
  }
}

}  // namespace
}  // namespace allmende::policy
