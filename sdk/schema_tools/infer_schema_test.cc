#include "sdk/schema_tools/infer_schema.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "policy/schema/schema_table.h"
#include "sdk/schema_tools/compile_schema.h"
#include "sdk/tabular/importer.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

absl::StatusOr<InferredSchema> Infer(const std::string& text, const InferOptions& options = {.field_class = "public"}) {
  auto rows = tabular::ReadRows(tabular::SourceFromText(text), "data.csv",
                                {.encoding = options.encoding, .delimiter = options.delimiter});
  return InferSchema(*rows, "folder/data.csv", options);
}

// What was guessed has to take the very rows that it was guessed from.
std::string ImportWithGuess(const std::string& text, const InferOptions& options = {.field_class = "public"}) {
  const auto inferred = Infer(text, options);
  if (!inferred.ok()) return std::string(inferred.status().message());
  const auto compiled = CompileSchemaText(inferred->proto_text, "data.proto", inferred->message, {});
  if (!compiled.ok()) return std::string(compiled.status().message()) + "\n" + inferred->proto_text;
  tabular::TestSchema schema;
  schema.table = std::make_shared<const policy::SchemaTable>(
      *policy::SchemaTable::Compile(compiled->files.SerializeAsString(), compiled->message));
  schema.printer = *RecordPrinter::Create(compiled->files, compiled->message);
  return tabular::ImportTranscript(text, inferred->import_spec, schema);
}

TEST(InferSchemaTest, DecimalMarksAreTheSameInEveryRow) {
  const auto type = [](const std::string& values) {
    const auto schema = Infer("v\n" + values);
    return schema.ok() ? schema->proto_text : std::string(schema.status().message());
  };
  EXPECT_THAT(type("1.5\n2.5\n"), HasSubstr("double v"));
  EXPECT_THAT(type("\"1,5\"\n\"2,5\"\n7\n"), HasSubstr("double v"));
  EXPECT_THAT(type("7\n\"2,5\"\n"), HasSubstr("double v"));
  // No mark reads both.
  EXPECT_THAT(type("1.5\n\"2,5\"\n"), HasSubstr("string v"));
  EXPECT_THAT(type("\"2,5\"\n1.5\n"), HasSubstr("string v"));
}

TEST(InferSchemaTest, NamesTheFileWithoutItsFolder) {
  const auto schema = Infer("v\n1\n");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(schema->proto_text, HasSubstr("// Guessed from 1 row of `data.csv`. Check"));
}

TEST(InferSchemaTest, WritesACommentedSchema) {
  const auto schema = Infer(
      "id;Zeitpunkt;Höhe (m);lat;lng;ok;PLZ\n"
      "a;2024-01-01T00:00:00Z;1,5;52.5;13.4;ja;01067\n"
      "b;2024-01-02T00:00:00Z;;52.6;13.5;nein;10115\n");
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->message, "Data");
  EXPECT_EQ(schema->rows, 2);
  EXPECT_EQ(schema->proto_text, R"(syntax = "proto3";

import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";

// Guessed from 2 rows of `data.csv`. Check the names and types, give units, and say which fields are the key.
message Data {
  // no value occurs twice: if it names the record, add `(allmende.v1.key) = true`
  string id = 1 [(allmende.v1.class) = PUBLIC];
  // the only time in every row: taken for the event time
  google.protobuf.Timestamp zeitpunkt = 2 [(allmende.v1.class) = PUBLIC, (allmende.v1.event_time) = true];
  // missing in 1 of 2 rows
  optional double hoehe_m = 3 [(allmende.v1.class) = PUBLIC];
  allmende.v1.Position position = 4 [(allmende.v1.class) = PUBLIC];
  // no value occurs twice: if it names the record, add `(allmende.v1.key) = true`
  bool ok = 5 [(allmende.v1.class) = PUBLIC];
  // no value occurs twice: if it names the record, add `(allmende.v1.key) = true`
  string plz = 6 [(allmende.v1.class) = PUBLIC];
}
)");
}

TEST(InferSchemaTest, AsksForClassesWhereNoneIsGiven) {
  const auto schema = Infer("a\n1\n", {});
  EXPECT_THAT(schema->proto_text, HasSubstr("// choose a class: PUBLIC, OPERATIONAL"));
  EXPECT_THAT(schema->proto_text, HasSubstr("(allmende.v1.class) = FIELD_CLASS_UNSPECIFIED"));
  EXPECT_THAT(std::string(Infer("a\n1\n", {.field_class = "secret"}).status().message()),
              HasSubstr("there is no class `secret`; use public, operational,"));
}

TEST(InferSchemaTest, GuessesTypesThatAllValuesFit) {
  const std::pair<const char*, const char*> cases[] = {
      {"1\n-2\n", "int64 a = 1"},
      {"1\n2.5\n", "double a = 1"},
      {"1\n1e300\n", "double a = 1"},
      {"1\n9223372036854775808\n", "double a = 1"},
      {"1\n007\n", "string a = 1"},
      {"1\nNA\n", "optional int64 a = 1"},
      {"NA\nNA\n", "optional string a = 1"},
      {"true\nfalse\n", "bool a = 1"},
      {"2024-01-01\n2024-01-02\n", "google.protobuf.Timestamp a = 1"},
      {"2024-01-01\nundefined\n", "  google.protobuf.Timestamp a = 1"},
      {"2024-01-01\nbald\n", "string a = 1"},
      {"2024-02-30\n2024-01-01\n", "string a = 1"},
  };
  for (const auto& [rows, field] : cases) {
    EXPECT_THAT(Infer(std::string("a,b\n") +
                      [&] {
                        std::string both;
                        for (const char c : std::string(rows))
                          both += c == '\n' ? std::string(",x\n") : std::string(1, c);
                        return both;
                      }())
                    ->proto_text,
                HasSubstr(field))
        << rows;
  }
}

TEST(InferSchemaTest, GuessImportsItsOwnRows) {
  EXPECT_EQ(ImportWithGuess("Wert,Ort\n\"1,5\",a\n\"-2,25\",NA\n"),
            "2: upsert {\"wert\":1.5,\"ort\":\"a\"}\n3: upsert {\"wert\":-2.25}\n");
  EXPECT_EQ(ImportWithGuess("t;ok\n01.07.2024 12:00;ja\n02.01.2024 12:00;nein\n"),
            "2: upsert @2024-07-01T10:00:00Z {\"t\":\"2024-07-01T10:00:00Z\",\"ok\":true}\n"
            "3: upsert @2024-01-02T11:00:00Z {\"t\":\"2024-01-02T11:00:00Z\"}\n");
  EXPECT_EQ(ImportWithGuess("{\"id\":1}\n{\"id\":2,\"in\":{\"x\":0.5}}\n"),
            "1: upsert {\"id\":\"1\"}\n2: upsert {\"id\":\"2\",\"in_x\":0.5}\n");
  EXPECT_EQ(
      ImportWithGuess("Ma\xDF;x\n1;\xF6\n", {.field_class = "public", .encoding = tabular::Encoding::kWindows1252}),
      "2: upsert {\"mass\":\"1\",\"x\":\"ö\"}\n");
  EXPECT_EQ(ImportWithGuess("a b,a-b,a_b,\n1,2,3,4\n"),
            "2: upsert {\"a_b\":\"1\",\"a_b_2\":\"2\",\"a_b_3\":\"3\",\"column_4\":\"4\"}\n");
  EXPECT_EQ(ImportWithGuess("a|b\n1|2\n", {.field_class = "public", .delimiter = '|'}),
            "2: upsert {\"a\":\"1\",\"b\":\"2\"}\n");
}

TEST(InferSchemaTest, TakesTwoColumnsForAPositionOnlyWhereItIsSure) {
  EXPECT_THAT(Infer("lat,lng\n52,13\n")->proto_text, HasSubstr("allmende.v1.Position position = 1"));
  EXPECT_THAT(Infer("Breite (WGS84),Länge (WGS84)\n52,13\n")->proto_text, HasSubstr("allmende.v1.Position position"));
  EXPECT_THAT(Infer("lat,lng,lon\n52,13,14\n")->proto_text, Not(HasSubstr("Position")));
  EXPECT_THAT(Infer("lat,lng\n5200,13\n")->proto_text, Not(HasSubstr("Position")));
  EXPECT_THAT(Infer("lat,lng\nnord,13\n")->proto_text, Not(HasSubstr("Position")));
}

TEST(InferSchemaTest, SaysWhyNothingCanBeGuessed) {
  EXPECT_THAT(std::string(Infer("a,b\n").status().message()), HasSubstr("has no rows to guess a schema from"));
  EXPECT_THAT(std::string(Infer("").status().message()), HasSubstr("has no header"));
  EXPECT_THAT(std::string(Infer("a,b\n1\n").status().message()), HasSubstr("line 2: has 1 fields"));
  EXPECT_THAT(std::string(Infer("a\n\xFF\n").status().message()), HasSubstr("give `--encoding windows-1252`"));
}

TEST(FieldNameTest, MakesNamesThatProtobufTakes) {
  const std::pair<const char*, const char*> cases[] = {
      {"LÄNGE (WGS84)", "laenge_wgs84"},
      {"badName", "bad_name"},
      {"DWD_0433", "dwd_0433"},
      {"Straße", "strasse"},
      {"P2.5", "p2_5"},
      {"2019", "column_2019"},
      {"", "column"},
      {"--", "column"},
      {"ABIMO_runoff_m3/a", "abimo_runoff_m3_a"},
      {" x ", "x"},
      {"日本", "column"},
  };
  for (const auto& [column, name] : cases) {
    EXPECT_EQ(FieldNameFor(column), name) << column;
  }
}

}  // namespace
}  // namespace allmende
