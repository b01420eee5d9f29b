#include "sdk/tabular/encoder/row_encoder.h"

#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/dynamic_message.h"
#include "gtest/gtest.h"

#include "policy/wire/validator.h"
#include "sdk/tabular/importer.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

// What one cell becomes in a field `v` of this type.
std::string Encoded(const std::string& type, const std::string& cell, const std::string& rule = "") {
  const TestSchema schema = SchemaFromBody(
      absl::StrCat(type, " v = 1; optional int32 other = 2; enum Light { OFF = 0; RED = 1; GREEN = 5; }"));
  return ImportTranscript(absl::StrCat("v,other\n\"", cell, "\",7\n"), rule, schema);
}

TEST(RowEncoderTest, WritesEveryType) {
  const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
      {"double", {"1.5", "1.5"}},
      {"float", {"-0.25", "-0.25"}},
      {"int32", {"-2147483648", "-2147483648"}},
      {"int64", {"-9223372036854775808", "\"-9223372036854775808\""}},
      {"uint32", {"4294967295", "4294967295"}},
      {"uint64", {"18446744073709551615", "\"18446744073709551615\""}},
      {"sint32", {"-3", "-3"}},
      {"sint64", {"-4", "\"-4\""}},
      {"fixed32", {"4294967295", "4294967295"}},
      {"fixed64", {"18446744073709551615", "\"18446744073709551615\""}},
      {"sfixed32", {"-5", "-5"}},
      {"sfixed64", {"-6", "\"-6\""}},
      {"bool", {"true", "true"}},
      {"string", {"Straße, \"\"Mitte\"\"", "\"Straße, \\\"Mitte\\\"\""}},
      {"bytes", {"AP8=", "\"AP8=\""}},
      {"Light", {"GREEN", "\"GREEN\""}},
      {"Timestamp", {"2024-02-29T12:00:00.25Z", "\"2024-02-29T12:00:00.250Z\""}},
      {"Timestamp", {"1969-12-31T23:59:59.5Z", "\"1969-12-31T23:59:59.500Z\""}},
  };
  for (const auto& [type, values] : cases) {
    EXPECT_EQ(Encoded(type, values.first), absl::StrCat("2: upsert {\"v\":", values.second, ",\"other\":7}\n")) << type;
  }
}

TEST(RowEncoderTest, SaysWhatIsWrongWithAValue) {
  const std::pair<const char*, std::pair<const char*, const char*>> cases[] = {
      {"double", {"viel", "`f.csv`, line 2, column `v`: `viel` is not a number"}},
      {"double", {"1,5", "is not a number"}},
      {"float", {"1e300", "is too large for a float; make the field a double in the schema"}},
      {"int32", {"2147483648", "`2147483648` "}},
      {"int32", {"1.5", "`1.5` "}},
      {"uint32", {"-1", "`-1` "}},
      {"uint64", {"18446744073709551616", "`18446744073709551616` "}},
      {"bool", {"vielleicht", "`vielleicht` "}},
      {"bytes", {"?", "`?` is no base64"}},
      {"Light", {"BLUE", "`BLUE` is no value of this enum; use the schema's names"}},
      {"Light", {"4", "`4` is no value of this enum"}},
      {"Timestamp", {"2023-02-29T00:00:00Z", "is no date and time that exists"}},
      {"Timestamp", {"2024-01-01 00:00", "says no offset from UTC; give the `zone`"}},
      {"int32", {"", "`v`: has no value, but the field `v` cannot be absent; make the field `optional`"}},
      {"double", {" ", "`v`: has no value, but the field `v` cannot be absent"}},
  };
  for (const auto& [type, values] : cases) {
    EXPECT_THAT(Encoded(type, values.first), HasSubstr(values.second)) << type;
  }
}

TEST(RowEncoderTest, TellsAbsentFromZero) {
  EXPECT_EQ(Encoded("int32", "0"), "2: upsert {\"other\":7}\n");  // as protobuf does without presence
  EXPECT_EQ(Encoded("optional int32", "0"), "2: upsert {\"v\":0,\"other\":7}\n");
  EXPECT_EQ(Encoded("optional int32", ""), "2: upsert {\"other\":7}\n");
  EXPECT_EQ(Encoded("optional int32", "-1", "absent: ['-1', 'n/a']\n"), "2: upsert {\"other\":7}\n");
  EXPECT_EQ(Encoded("optional int32", "n/a", "absent: ['-1', 'n/a']\n"), "2: upsert {\"other\":7}\n");
  EXPECT_EQ(Encoded("int32", "", "fields: {v: {column: v, default: '9'}}\n"), "2: upsert {\"v\":9,\"other\":7}\n");
  EXPECT_EQ(Encoded("string", ""), "2: upsert {\"other\":7}\n");
  EXPECT_EQ(Encoded("Timestamp", ""), "2: upsert {\"other\":7}\n");
}

TEST(RowEncoderTest, AppliesTheRulesOfAField) {
  EXPECT_EQ(Encoded("double", "1.234,5", "decimal: ','\nthousands: '.'\n"), "2: upsert {\"v\":1234.5,\"other\":7}\n");
  EXPECT_THAT(Encoded("double", "1.5", "decimal: ','\nthousands: '.'\n"), HasSubstr("`1.5` "));
  EXPECT_EQ(Encoded("string", "organge", "fields: {v: {column: v, replace: [{from: organge, to: orange}]}}\n"),
            "2: upsert {\"v\":\"orange\",\"other\":7}\n");
  EXPECT_EQ(Encoded("string", "14089.0", "fields: {v: {column: v, drop_zero_fraction: true}}\n"),
            "2: upsert {\"v\":\"14089\",\"other\":7}\n");
  EXPECT_EQ(Encoded("string", "14089.5", "fields: {v: {column: v, drop_zero_fraction: true}}\n"),
            "2: upsert {\"v\":\"14089.5\",\"other\":7}\n");
  EXPECT_THAT(Encoded("int32", "-3", "fields: {v: {column: v, min: 0}}\n"),
              HasSubstr("`-3` is below 0, the smallest value allowed here"));
  EXPECT_EQ(Encoded("bool", "X", "fields: {v: {column: v, true_words: [X], false_words: [O]}}\n"),
            "2: upsert {\"v\":true,\"other\":7}\n");
}

TEST(RowEncoderTest, ReadsCountsOfTimeAsTimesOrAsNumbers) {
  const TestSchema schema = SchemaFromBody("int64 t = 1 [(event_time) = true, (unit) = \"ms\"]; int32 n = 2;");
  EXPECT_EQ(ImportTranscript("t,n\n1970-01-01T00:00:01.5Z,1\n", "", schema),
            "2: upsert @1970-01-01T00:00:01.5Z {\"t\":\"1500\",\"n\":1}\n");
  EXPECT_EQ(ImportTranscript("t,n\n-1500,1\n", "", schema),
            "2: upsert @1969-12-31T23:59:58.5Z {\"t\":\"-1500\",\"n\":1}\n");
  // What the field cannot hold is cut, and counted; downwards also before 1970.
  EXPECT_EQ(ImportTranscript("t,n\n1969-12-31T23:59:59.9999Z,1\n", "", schema),
            "2: upsert @1969-12-31T23:59:59.999Z {\"t\":\"-1\",\"n\":1}\n");
  // An int64 without presence cannot say 1970-01-01T00:00:00Z; the record would have no time.
  EXPECT_THAT(ImportTranscript("t,n\n0,1\n", "", schema), HasSubstr("`0` is a time that this field cannot hold"));
}

TEST(RowEncoderTest, KeepsAPositionWholeOrAbsent) {
  const TestSchema schema = SchemaFromBody("Position place = 1; string name = 2;");
  const std::string yaml = "fields: {place.latitude: lat, place.longitude: lng}\n";
  EXPECT_EQ(
      ImportTranscript("lat,lng,name\n52.5,13.4,a\n,,b\n", yaml, schema),
      "2: upsert {\"place\":{\"latitude\":52.5,\"longitude\":13.4},\"name\":\"a\"}\n3: upsert {\"name\":\"b\"}\n");
  EXPECT_THAT(ImportTranscript("lat,lng,name\n52.5,,a\n", yaml, schema),
              HasSubstr("column `lng`: has no value, but the field `place.longitude` cannot be absent; give all "
                        "values of the message around it, or none"));
  EXPECT_THAT(ImportTranscript("lat,lng,name\n95,13,a\n", yaml, schema), HasSubstr("`95` is above 90"));
  // On the equator and the meridian of Greenwich both halves are default values, and the message is still there.
  EXPECT_EQ(ImportTranscript("lat,lng,name\n0,0,a\n", yaml, schema), "2: upsert {\"place\":{},\"name\":\"a\"}\n");
}

TEST(RowEncoderTest, JoinsColumnsAndRefusesHalfOfThem) {
  const TestSchema schema = SchemaFromBody("Timestamp t = 1 [(event_time) = true]; int32 n = 2;");
  const std::string yaml =
      "zone: Europe/Berlin\nfields: {t: {columns: [tag, stunde], time_formats: ['%d.%m.%Y %H']}}\n";
  EXPECT_EQ(ImportTranscript("tag;stunde;n\n01.07.2024; 5 ;1\n", yaml, schema),
            "2: upsert @2024-07-01T03:00:00Z {\"t\":\"2024-07-01T03:00:00Z\",\"n\":1}\n");
  EXPECT_THAT(ImportTranscript("tag;stunde;n\n01.07.2024;;1\n", yaml, schema),
              HasSubstr("`01.07.2024` is incomplete: column `stunde` has no value"));
  EXPECT_THAT(ImportTranscript("tag;stunde;n\n;;1\n", yaml, schema),
              HasSubstr("column `tag + stunde`: has no value, but every record needs its time"));
}

TEST(RowEncoderTest, DecidesTheDoubledHourByTheOrderWithinEachKey) {
  const TestSchema schema = SchemaFromBody("Timestamp t = 1 [(event_time) = true]; string station = 2 [(key) = true];");
  const std::string yaml = "zone: Europe/Berlin\ndoubled_hour: order\n";
  EXPECT_EQ(ImportTranscript("t,station\n2024-10-27 01:00,A\n2024-10-27 02:00,A\n2024-10-27 02:00,B\n"
                             "2024-10-27 02:00,A\n2024-10-27 03:00,A\n2024-10-27 02:00,B\n",
                             yaml, schema),
            "2: upsert @2024-10-26T23:00:00Z {\"t\":\"2024-10-26T23:00:00Z\",\"station\":\"A\"}\n"
            "3: upsert @2024-10-27T00:00:00Z {\"t\":\"2024-10-27T00:00:00Z\",\"station\":\"A\"}\n"
            "4: upsert @2024-10-27T00:00:00Z {\"t\":\"2024-10-27T00:00:00Z\",\"station\":\"B\"}\n"
            "5: upsert @2024-10-27T01:00:00Z {\"t\":\"2024-10-27T01:00:00Z\",\"station\":\"A\"}\n"
            "6: upsert @2024-10-27T02:00:00Z {\"t\":\"2024-10-27T02:00:00Z\",\"station\":\"A\"}\n"
            "7: upsert @2024-10-27T01:00:00Z {\"t\":\"2024-10-27T01:00:00Z\",\"station\":\"B\"}\n");
  EXPECT_THAT(ImportTranscript("t,station\n2024-10-27 03:00,A\n2024-10-27 02:00,A\n", yaml, schema),
              HasSubstr("line 3, column `t`: `2024-10-27 02:00` was shown twice by the clocks, and the rows are not in "
                        "ascending order"));
}

TEST(RowEncoderTest, SkipsAndDeletesRowsBySpec) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true]; int32 n = 2;");
  const std::string yaml =
      "skip_rows: [{column: status, is: [draft]}]\ndelete_rows: {column: status, is: [gone, lost]}\nignore: [status]\n";
  EXPECT_EQ(ImportTranscript("id,n,status\na,1,ok\nb,x,draft\nc,,gone\nd,2, lost \n", yaml, schema),
            "2: upsert {\"id\":\"a\",\"n\":1}\n4: delete\n5: delete\n");
  EXPECT_THAT(ImportTranscript("id,n,status\n,1,gone\n", yaml, schema), HasSubstr("this field is part of the key"));
  EXPECT_THAT(ImportTranscript("id,n\na,1\n", yaml, schema),
              HasSubstr("`f.csv`: has no column `status`, which a row rule needs; its columns are `id`, `n`"));
}

TEST(RowEncoderTest, AccountsForEveryColumn) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true]; int32 n = 2; optional int32 m = 3;");
  EXPECT_THAT(ImportTranscript("id,n,x,y\na,1,2,3\n", "", schema),
              HasSubstr("has columns that no field takes: `x`, `y`; map them under `fields`, or list them under"));
  EXPECT_THAT(ImportTranscript("n\n1\n", "", schema), HasSubstr("has no column for the field `id`; map one under"));
  EXPECT_THAT(ImportTranscript("id\na\n", "", schema), HasSubstr("has no column for the field `n`"));
  EXPECT_THAT(ImportTranscript("id,n\na,1\n", "fields: {m: Menge}\n", schema),
              HasSubstr("has no column `Menge`, which the field `m` needs; its columns are `id`, `n`"));
  EXPECT_EQ(ImportTranscript("id,n\na,1\n", "fields: {m: {column: Menge, optional_column: true}}\n", schema),
            "2: upsert {\"id\":\"a\",\"n\":1}\n");
  EXPECT_EQ(ImportTranscript("id,n,x\na,1,2\n", "ignore: all\n", schema), "2: upsert {\"id\":\"a\",\"n\":1}\n");
}

TEST(RowEncoderTest, FollowsNdjsonObjectsWhoseMembersComeAndGo) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true]; optional int32 n = 2; Position p = 3;");
  EXPECT_EQ(ImportTranscript("{\"id\":\"a\"}\n{\"n\":2,\"id\":\"b\"}\n"
                             "{\"id\":\"c\",\"n\":null,\"p\":{\"latitude\":1,\"longitude\":2}}\n",
                             "", schema),
            "1: upsert {\"id\":\"a\"}\n2: upsert {\"id\":\"b\",\"n\":2}\n"
            "3: upsert {\"id\":\"c\",\"p\":{\"latitude\":1,\"longitude\":2}}\n");
  EXPECT_THAT(ImportTranscript("{\"id\":\"a\"}\n{\"n\":2}\n", "", schema),
              HasSubstr("line 2, column `id`: has no value"));
  EXPECT_THAT(ImportTranscript("{\"id\":\"a\"}\n\n{\"id\":\"a\",\"z\":1}\n", "", schema),
              HasSubstr(", line 3: has a column that no field takes: `z`"));
}

TEST(RowEncoderTest, RefusesAKeyThatIsTooLong) {
  const TestSchema schema = SchemaFromBody("string id = 1 [(key) = true];");
  EXPECT_EQ(ImportTranscript(absl::StrCat("id\n", std::string(1022, 'x'), "\n"), "", schema).substr(0, 10),
            "2: upsert ");
  EXPECT_THAT(ImportTranscript(absl::StrCat("id\n", std::string(1023, 'x'), "\n"), "", schema),
              HasSubstr("status: `f.csv`, line 2: "));
}

// Whatever the values: the bytes are those that protobuf writes, the validator takes them, and key and time are those
// that it reads out of them.
TEST(RowEncoderTest, AgreesWithProtobufAndTheValidator) {
  const TestSchema schema = SchemaFromBody(R"pb(
    Timestamp time = 2 [(event_time) = true]
    ;
    string station = 3 [(key) = true];
    int32 sensor = 5 [(key) = true];
    optional double value = 6;
    Position position = 16;
    sint64 delta = 17;
    bool ok = 18;
    uint64 key_too = 300 [(key) = true];
    optional string note = 301;
  )pb");
  const std::string yaml = "fields: {position.latitude: lat, position.longitude: lng}\n";
  std::mt19937_64 random(7);
  const auto pick = [&](uint64_t limit) { return random() % limit; };
  std::string text = "time,station,sensor,value,lat,lng,delta,ok,key_too,note\n";
  for (int i = 0; i < 2000; ++i) {
    const bool placed = pick(3) > 0;
    absl::StrAppend(&text, 1600 + pick(800), "-0", 1 + pick(9), "-", 10 + pick(18), "T12:00:", 10 + pick(50), ".",
                    pick(1000000), "Z,", pick(2) ? "Öl" : "a", pick(50), ",", static_cast<int32_t>(random()), ",",
                    pick(4) ? absl::StrCat(static_cast<double>(pick(100000)) / 100) : "", ",",
                    placed ? absl::StrCat(pick(90)) : "", ",", placed ? absl::StrCat(pick(180)) : "", ",",
                    static_cast<int64_t>(random()), ",", pick(2) ? "true" : "false", ",", random(), ",",
                    pick(2) ? "x" : "", "\n");
  }
  const auto plan = PlanFromYaml(yaml, schema);
  ASSERT_TRUE(plan.ok()) << plan.status();
  auto importer = Importer::Read(SourceFromText(text), "f.csv", *plan, {});
  google::protobuf::DescriptorPool pool;
  for (const auto& file : schema.compiled.files.file()) pool.BuildFile(file);
  google::protobuf::DynamicMessageFactory factory;
  const auto* type = pool.FindMessageTypeByName("test.Record");
  const policy::RecordValidator validator(*schema.table);
  policy::RecordFacts facts;
  ImportedRecord record;
  int count = 0;
  absl::StatusOr<ImportStep> step;
  while ((step = importer->Next(record)).ok() && *step == ImportStep::kRecord) {
    ++count;
    std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(type)->New());
    ASSERT_TRUE(message->ParseFromString(record.payload));
    ASSERT_EQ(message->SerializeAsString(), record.payload);
    const auto problem = validator.Validate(record.payload, facts);
    ASSERT_FALSE(problem.has_value()) << problem->field << ": " << problem->detail;
    ASSERT_EQ(facts.key.bytes(), record.key);
    ASSERT_EQ(facts.event_time_us, absl::ToUnixMicros(*record.event_time));
  }
  ASSERT_TRUE(step.ok()) << step.status();
  EXPECT_EQ(count, 2000);
}

}  // namespace
}  // namespace allmende::tabular
