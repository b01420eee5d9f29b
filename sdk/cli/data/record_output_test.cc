#include "sdk/cli/data/record_output.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/cli/data/key_text.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::cli {
namespace {

class RecordOutputTest : public ::testing::Test {
 protected:
  RecordOutputTest()
      : schema_(tabular::SchemaFromBody(
            "string id = 1 [(key) = true]; optional double level = 2; Position place = 3; string note = 4;")) {
    const std::string text =
        "id,level,place.latitude,place.longitude,note\na,1.5,52.5,13.4,\"x,\"\"y\"\"\"\nbcd,,,,\x1b[31m\n";
    auto importer =
        tabular::Importer::Read(tabular::SourceFromText(text), "f.csv", *tabular::PlanFromYaml("", schema_), {});
    tabular::ImportedRecord record;
    while (*importer->Next(record) == tabular::ImportStep::kRecord) records_.push_back(record);
  }

  static RecordView Deleted(uint64_t sequence, std::string_view key, bool pseudonym) {
    RecordView record;
    record.sequence = sequence;
    record.operation = Operation::kDelete;
    record.key_is_pseudonym = pseudonym;
    record.key = key;
    return record;
  }

  std::string Show(OutputFormat format, const std::vector<std::string>& fields = {}) {
    test_.context.output = format;
    RecordOutput output(test_.context, {schema_.table, *RecordPrinter::Create(schema_.compiled.files, "test.Record")},
                        fields);
    uint64_t sequence = 7;
    for (const tabular::ImportedRecord& record : records_) {
      EXPECT_TRUE(output
                      .Add({.sequence = sequence++,
                            .key = record.key,
                            .event_time = absl::FromUnixSeconds(1'704'067'200),
                            .payload = record.payload})
                      .ok());
    }
    EXPECT_TRUE(output.Add(Deleted(sequence++, records_[1].key, false)).ok());
    EXPECT_TRUE(output.Add(Deleted(sequence++, std::string_view("\x01\xff", 2), true)).ok());
    output.Flush();
    return test_.Out();
  }

  TestContext test_;
  const tabular::TestSchema schema_;
  std::vector<tabular::ImportedRecord> records_;
};

TEST_F(RecordOutputTest, WritesOneJsonObjectALine) {
  EXPECT_EQ(Show(OutputFormat::kJson),
            "{\"sequence\":7,\"operation\":\"upsert\",\"event_time\":\"2024-01-01T00:00:00Z\",\"record\":{\"id\":\"a\","
            "\"level\":1.5,\"place\":{\"latitude\":52.5,\"longitude\":13.4},\"note\":\"x,\\\"y\\\"\"}}\n"
            "{\"sequence\":8,\"operation\":\"upsert\",\"event_time\":\"2024-01-01T00:00:00Z\",\"record\":{\"id\":"
            "\"bcd\",\"note\":\"\\u001b[31m\"}}\n"
            "{\"sequence\":9,\"operation\":\"delete\",\"key\":{\"id\":\"bcd\"}}\n"
            "{\"sequence\":10,\"operation\":\"delete\",\"key_is_pseudonym\":true,\"key\":\"01ff\"}\n");
}

TEST_F(RecordOutputTest, WritesCsvWithTheFieldsOfTheView) {
  EXPECT_EQ(Show(OutputFormat::kCsv, {"id", "place", "note"}),
            "sequence,operation,event_time,id,place.latitude,place.longitude,note\n"
            "7,upsert,2024-01-01T00:00:00Z,a,52.5,13.4,\"x,\"\"y\"\"\"\n"
            "8,upsert,2024-01-01T00:00:00Z,bcd,,,\x1b[31m\n"
            "9,delete,,bcd,,,\n"
            "10,delete,,01ff,,,\n");
}

TEST_F(RecordOutputTest, AlignsColumnsAndSendsNothingToSteerTheTerminal) {
  EXPECT_EQ(Show(OutputFormat::kTable, {"id", "level", "note"}),
            "sequence  operation  event_time            id    level  note\n"
            "       7  upsert     2024-01-01T00:00:00Z  a     1.5    x,\"y\"\n"
            "       8  upsert     2024-01-01T00:00:00Z  bcd          \\x1b[31m\n"
            "       9  delete                           bcd          \n"
            "      10  delete                           01ff         \n");
}

TEST_F(RecordOutputTest, WritesAHeaderAlsoWithoutRecords) {
  test_.context.output = OutputFormat::kCsv;
  RecordOutput output(test_.context, {schema_.table, *RecordPrinter::Create(schema_.compiled.files, "test.Record")},
                      {"id"});
  output.Flush();
  EXPECT_EQ(test_.Out(), "sequence,operation,event_time,id\n");
}

TEST_F(RecordOutputTest, RefusesBytesThatAreNoRecord) {
  RecordOutput output(test_.context, {schema_.table, *RecordPrinter::Create(schema_.compiled.files, "test.Record")},
                      {});
  RecordView broken;
  broken.payload = "\xff";
  EXPECT_EQ(output.Add(broken).code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende::cli
