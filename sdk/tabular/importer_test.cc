#include "sdk/tabular/importer.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/reader/reader_testing.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

TestSchema Schema() {
  return SchemaFromBody("string id = 1 [(key) = true]; int32 n = 2; optional double x = 3;");
}

ImportOptions Collect(int errors_max) {
  return {.on_bad_row = OnBadRow::kCollect, .errors_max = errors_max};
}

TEST(ImporterTest, StopsAtTheFirstBadRowAndStaysThere) {
  const TestSchema schema = Schema();
  auto importer = Importer::Read(SourceFromText("id,n\na,1\nb,many\nc,3\n"), "f.csv", *PlanFromYaml("", schema), {});
  EXPECT_EQ(ImportTranscript(*importer, schema),
            "2: upsert {\"id\":\"a\",\"n\":1}\nstatus: `f.csv`, line 3, column `n`: `many` is not a number; "
            "if it means that there is no value, list it under `absent` in the mapping (`--mapping`)\n");
  ImportedRecord record;
  EXPECT_EQ(importer->Next(record).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(ImporterTest, CollectsBadRowsOfAllKindsUpToTheBound) {
  const std::string text = "id,n\na,1\nb,many\nc\nd,4\n\"e\"x,5\nf,6\n";
  const std::string all = ImportTranscript(text, "", Schema(), Collect(3));
  EXPECT_THAT(all, HasSubstr("2: upsert {\"id\":\"a\",\"n\":1}\n5: upsert {\"id\":\"d\",\"n\":4}\n7: upsert"));
  EXPECT_THAT(all, HasSubstr("bad: `f.csv`, line 3, column `n`: `many` "));
  EXPECT_THAT(all, HasSubstr("bad: `f.csv`, line 4: has 1 fields where the header has 2"));
  EXPECT_THAT(all, HasSubstr("bad: `f.csv`, line 6: has text between a closing quote and the delimiter"));
  EXPECT_THAT(all, ::testing::Not(HasSubstr("status")));
  EXPECT_THAT(ImportTranscript(text, "", Schema(), Collect(2)), HasSubstr("status: `f.csv`, line 6"));
}

TEST(ImporterTest, FindsAWrongHeaderInAFileWithoutRows) {
  EXPECT_EQ(ImportTranscript("id,n\n", "", Schema()), "");
  EXPECT_THAT(ImportTranscript("id,m\n", "", Schema()), HasSubstr("has no column for the field `n`"));
  EXPECT_THAT(ImportTranscript("", "", Schema()), HasSubstr("`f.csv`: has no header"));
}

TEST(ImporterTest, CountsWhatItDid) {
  const TestSchema schema = Schema();
  auto importer = Importer::Read(SourceFromText("id;n;x\na;1;\n\nb;oh;1\nc;;2\nd;3;4\n"), "f.csv",
                                 *PlanFromYaml("fields: {n: {column: n, default: '0'}}\nskip_rows: [{column: id, is: "
                                               "[d]}]\n",
                                               schema),
                                 Collect(5));
  ImportTranscript(*importer, schema);
  const ImportStatistics statistics = importer->statistics();
  EXPECT_EQ(statistics.rows, 4);
  EXPECT_EQ(statistics.records, 2);
  EXPECT_EQ(statistics.bad_rows, 1);
  EXPECT_EQ(statistics.skipped_rows, 1);
  EXPECT_EQ(statistics.blank_lines, 1);
  EXPECT_EQ(statistics.absent_by_field.at("x"), 1);
  EXPECT_EQ((statistics.rule_uses.at({"n", "default"})), 1);
  EXPECT_THAT(statistics.ToText(), HasSubstr("  n: default: 1\n"));
}

TEST(ImporterTest, GivesTheSameWhereverTheBytesAreCut) {
  const TestSchema schema = Schema();
  const auto plan = *PlanFromYaml("", schema);
  const std::string text = "\xEF\xBB\xBFid;n;x\r\n\"ä;\"\"\r\nö\";1;0.5\r\nb;2;\r\n";
  const std::string whole = ImportTranscript(text, "", schema);
  EXPECT_EQ(whole, "2: upsert {\"id\":\"ä;\\\"\\r\\nö\",\"n\":1,\"x\":0.5}\n4: upsert {\"id\":\"b\",\"n\":2}\n");
  for (const std::string& bytes : {text, Gzip(text)}) {
    for (size_t piece = 1; piece < 9; ++piece) {
      auto importer = Importer::Read(std::make_unique<PiecewiseSource>(bytes, piece), "f.csv", plan, {});
      EXPECT_EQ(ImportTranscript(*importer, schema), whole) << piece;
    }
  }
}

TEST(ImporterTest, FollowsAFileThatGrows) {
  const TestSchema schema = Schema();
  auto text = std::make_shared<std::string>("id,n\na,1\nb,");
  auto importer = Importer::Read(std::make_unique<GrowingSource>(text), "f.csv",
                                 *PlanFromYaml("delimiter: \",\"\n", schema), {.follow = true});
  ImportedRecord record;
  EXPECT_EQ(*importer->Next(record), ImportStep::kRecord);
  EXPECT_EQ(*importer->Next(record), ImportStep::kWaiting);
  EXPECT_EQ(*importer->Next(record), ImportStep::kWaiting);
  text->append("2\n");
  EXPECT_EQ(*importer->Next(record), ImportStep::kRecord);
  EXPECT_EQ(record.line, 3);
  EXPECT_EQ(*importer->Next(record), ImportStep::kWaiting);
}

TEST(ImporterTest, NamesAFileThatIsNotThere) {
  const absl::Status status = Importer::Open("/nowhere/f.csv", *PlanFromYaml("", Schema()), {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("cannot open `/nowhere/f.csv`"));
  EXPECT_EQ(Importer::Open("/", *PlanFromYaml("", Schema()), {}).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende::tabular
