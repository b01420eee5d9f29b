#include "sdk/tabular/table_diff.h"

#include <map>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::HasSubstr;

const TestSchema& Schema() {
  static const TestSchema* schema = new TestSchema(SchemaFromBody("string id = 1 [(key) = true]; int32 n = 2;"));
  return *schema;
}

std::unique_ptr<Importer> Table(const std::string& rows, const std::string& name = "f.csv") {
  return Importer::Read(SourceFromText("id,n,gone\n" + rows), name,
                        *PlanFromYaml("delete_rows: {column: gone, is: [x]}\nignore: [gone]\n", Schema()), {});
}

struct Diff {
  std::vector<ImportedRecord> records;
  absl::StatusOr<DiffCounts> counts;
};

Diff Compare(const std::string* before, const std::string& after, const DiffOptions& options = {}) {
  Diff diff;
  auto old_table = before == nullptr ? nullptr : Table(*before, "old.csv");
  diff.counts = DiffSnapshots(old_table.get(), *Table(after, "new.csv"), options, [&](const ImportedRecord& record) {
    diff.records.push_back(record);
    return absl::OkStatus();
  });
  return diff;
}

std::string Show(const Diff& diff) {
  if (!diff.counts.ok()) return std::string(diff.counts.status().message());
  std::string text;
  for (const ImportedRecord& record : diff.records) {
    const std::string id = record.key.substr(0, record.key.size() - 2);  // without the end mark of texts
    absl::StrAppend(&text, record.operation == Operation::kDelete ? "-" : "+", id, " ");
  }
  return text;
}

TEST(TableDiffTest, PutsNewAndChangedRowsInOrderAndThenDeletes) {
  const std::string before = "d,1,\nb,2,\na,3,\nc,4,\n";
  const Diff diff = Compare(&before, "e,5,\nb,2,\nc,40,\nf,6,\n");
  EXPECT_EQ(Show(diff), "+e +c +f -a -d ");
  EXPECT_EQ(diff.counts->inserted, 2);
  EXPECT_EQ(diff.counts->updated, 1);
  EXPECT_EQ(diff.counts->unchanged, 1);
  EXPECT_EQ(diff.counts->deleted, 2);
  EXPECT_EQ(diff.counts->old_keys, 4);
  EXPECT_EQ(diff.counts->new_keys, 4);
}

TEST(TableDiffTest, GivesDeletesTheTimeThatWasAskedFor) {
  const std::string before = "a,1,\n";
  const absl::Time time = absl::FromUnixSeconds(77);
  EXPECT_EQ(Compare(&before, "", {.delete_time = time}).records.at(0).event_time, time);
  EXPECT_FALSE(Compare(&before, "").records.at(0).event_time.has_value());
}

TEST(TableDiffTest, StartsFromAnEmptyTable) {
  EXPECT_EQ(Show(Compare(nullptr, "b,1,\na,2,\n")), "+b +a ");
  const std::string same = "b,1,\na,2,\n";
  EXPECT_EQ(Show(Compare(&same, "a,2,\nb,1,\n")), "");
}

TEST(TableDiffTest, RefusesTwoRowsOfOneKeyUnlessTheLastWins) {
  EXPECT_EQ(Show(Compare(nullptr, "a,1,\nb,1,\na,2,\n")),
            "`new.csv`, line 4: has the same key as line 2; remove one of the two rows, let the last one count, or add "
            "a key field");
  const Diff diff = Compare(nullptr, "a,1,\nb,1,\na,2,\nb,1,\n", {.duplicates = DuplicateKeys::kLastWins});
  EXPECT_EQ(Show(diff), "+a +b ");
  EXPECT_EQ(diff.counts->overwritten_rows, 1);
  EXPECT_EQ(diff.counts->repeated_rows, 1);
}

TEST(TableDiffTest, ReadsADeletedRowAsOneThatIsNotThere) {
  const std::string before = "a,1,\nb,2,x\n";
  EXPECT_EQ(Show(Compare(&before, "a,1,x\nb,2,\n")), "+b -a ");
}

TEST(TableDiffTest, NeedsAKey) {
  const TestSchema schema = SchemaFromBody("string id = 1;");
  auto importer = Importer::Read(SourceFromText("id\na\n"), "f.csv", *PlanFromYaml("", schema), {});
  const auto counts = DiffSnapshots(nullptr, *importer, {}, [](const ImportedRecord&) { return absl::OkStatus(); });
  EXPECT_THAT(std::string(counts.status().message()), HasSubstr("the schema has no key"));
}

TEST(TableDiffTest, StopsWhereTheSinkDoesAndAtTheMemoryBound) {
  const auto full = [](const ImportedRecord&) { return absl::ResourceExhaustedError("full"); };
  EXPECT_EQ(DiffSnapshots(nullptr, *Table("a,1,\n"), {}, full).status().message(), "full");
  EXPECT_EQ(Compare(nullptr, "a,1,\n", {.bytes_max = 1000}).counts.status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(TableDiffTest, LeadsFromAnyTableToAnyOther) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    std::map<std::string, int> tables[2];
    std::string rows[2];
    for (int which : {0, 1}) {
      for (uint64_t i = random() % 20; i > 0; --i) {
        const std::string id(1, static_cast<char>('a' + random() % 12));
        const int n = static_cast<int>(random() % 3);
        tables[which][id] = n;
        absl::StrAppend(&rows[which], id, ",", n, ",\n");
      }
    }
    const Diff diff = Compare(&rows[0], rows[1], {.duplicates = DuplicateKeys::kLastWins});
    ASSERT_TRUE(diff.counts.ok()) << diff.counts.status();
    std::map<std::string, int> result = tables[0];
    for (const ImportedRecord& record : diff.records) {
      const std::string id = record.key.substr(0, 1);
      if (record.operation == Operation::kDelete) {
        ASSERT_EQ(result.erase(id), 1u);
        continue;
      }
      const std::vector<std::string> cells = *Schema().printer->Cells(record.payload);
      const auto found = result.find(id);
      ASSERT_TRUE(found == result.end() || absl::StrCat(found->second) != cells[1]) << "an update that changes nothing";
      result[id] = std::stoi(cells[1]);
    }
    ASSERT_EQ(result, tables[1]) << rows[0] << "\n" << rows[1];
  }
}

}  // namespace
}  // namespace allmende::tabular
