// Parses and encodes every row of the real data, and compares every field with the source as a plain reader sees it.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "policy/wire/validator.h"
#include "sdk/tabular/record_buffer.h"
#include "sdk/tabular/table_diff.h"
#include "tests/real_data/plain_csv.h"
#include "tests/real_data/source.h"

namespace allmende::real_data {
namespace {

using tabular::ImportedRecord;
using tabular::ImportStep;

class EverySourceTest : public ::testing::TestWithParam<Source> {};

TEST_P(EverySourceTest, EveryRowAndFieldIsThatOfTheSource) {
  ALLMENDE_NEEDS_REAL_DATA();
  const Source& source = GetParam();
  const tabular::TestSchema schema = SchemaOf(source);
  const std::vector<Values> expected = ExpectedRows(source);
  ASSERT_EQ(expected.size(), source.rows);
  const auto importer = ImporterOf(source, schema);
  ASSERT_NE(importer, nullptr);
  const PayloadReader payloads(schema);
  const policy::RecordValidator validator(*schema.table);
  policy::RecordFacts facts;
  ImportedRecord record;
  for (size_t row = 0; row < expected.size(); ++row) {
    const auto step = importer->Next(record);
    ASSERT_TRUE(step.ok()) << step.status();
    ASSERT_EQ(*step, ImportStep::kRecord);
    ASSERT_EQ(Difference(expected[row], payloads.Read(record.payload)), "") << "line " << record.line;
    // What the broker would say of it.
    const auto problem = validator.Validate(record.payload, facts);
    ASSERT_FALSE(problem.has_value()) << problem->field << ": " << problem->detail;
    ASSERT_EQ(facts.key.bytes(), record.key);
    ASSERT_EQ(facts.event_time_us.has_value(), record.event_time.has_value());
    ASSERT_TRUE(!record.event_time.has_value() || absl::ToUnixMicros(*record.event_time) == *facts.event_time_us);
  }
  EXPECT_EQ(*importer->Next(record), ImportStep::kEnd);
}

std::string NameOf(const ::testing::TestParamInfo<Source>& source) {
  std::string name = source.param.file.substr(source.param.file.rfind('/') + 1);
  name.resize(name.find(name.find(".csv") != std::string::npos ? ".csv" : ".ndjson"));
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(RealData, EverySourceTest, ::testing::ValuesIn(AllSources()), NameOf);

TEST(RealDataTest, EveryExampleOfAMappingIsTried) {
  std::set<std::string> tried;
  for (const Source& source : AllSources()) tried.insert(source.mapping);
  for (const auto& file : std::filesystem::directory_iterator(ALLMENDE_SOURCE_DIR "/examples/imports")) {
    EXPECT_TRUE(tried.contains(file.path().filename().string())) << file.path();
  }
}

TEST(RealDataTest, ComparisonFindsAnyDifference) {
  const Values source = {{"a", "1"}, {"b", std::nullopt}};
  EXPECT_EQ(Difference(source, {{"a", "1"}}), "");
  EXPECT_EQ(Difference(source, {{"a", "2"}}), "field a: the source has 1, the record 2");
  EXPECT_EQ(Difference(source, {}), "field a: the source has 1, the record nothing");
  EXPECT_EQ(Difference(source, {{"a", "1"}, {"b", "0"}}), "field b: the source has nothing, the record 0");
  EXPECT_EQ(Difference(source, {{"a", "1"}, {"c", "x"}}), "field c: the source has nothing, the record x");
}

TEST(RealDataTest, DetectorsOfAMonthSortByEventTime) {
  ALLMENDE_NEEDS_REAL_DATA();
  size_t rows = 0;
  for (const char* file : {"mq_hr_2024_01.csv.gz", "det_val_hr_2024_01.csv.gz"}) {
    const Source& source = SourceOf(absl::StrCat("berlin-traffic-detectors/", file));
    const tabular::TestSchema schema = SchemaOf(source);
    tabular::RecordBuffer buffer;
    ASSERT_TRUE(buffer.AppendAll(*ImporterOf(source, schema)).ok());
    ASSERT_TRUE(buffer.SortByEventTime().ok());
    ImportedRecord record;
    absl::Time before = absl::InfinitePast();
    for (size_t i = 0; i < buffer.size(); ++i) {
      buffer.Get(i, record);
      ASSERT_LE(before, *record.event_time);
      before = *record.event_time;
    }
    // The clocks of Berlin are an hour ahead in January.
    EXPECT_EQ(before, absl::FromUnixSeconds(1'706'741'999 / 3600 * 3600));
    rows += buffer.size();
  }
  EXPECT_EQ(rows, 265'313u);
}

// What leads from one snapshot to the next, applied, gives the next one.
class SnapshotsTest : public ::testing::Test {
 protected:
  void Follow(const std::vector<std::string>& files) {
    const tabular::TestSchema schema = SchemaOf(SourceOf(files[0]));
    std::map<std::string, std::string> table;
    for (size_t i = 0; i < files.size(); ++i) {
      const auto before = i == 0 ? nullptr : ImporterOf(SourceOf(files[i - 1]), schema);
      const auto counts =
          tabular::DiffSnapshots(before.get(), *ImporterOf(SourceOf(files[i]), schema),
                                 {.duplicates = tabular::DuplicateKeys::kLastWins}, [&](const ImportedRecord& record) {
                                   if (record.operation == tabular::Operation::kDelete) {
                                     EXPECT_EQ(table.erase(record.key), 1u);
                                   } else {
                                     table[record.key] = record.payload;
                                   }
                                   return absl::OkStatus();
                                 });
      ASSERT_TRUE(counts.ok()) << counts.status();
      counts_.push_back(*counts);
      std::map<std::string, std::string> whole;
      const auto importer = ImporterOf(SourceOf(files[i]), schema);
      ImportedRecord record;
      while (*importer->Next(record) == ImportStep::kRecord) whole[record.key] = record.payload;
      ASSERT_EQ(table, whole) << files[i];
    }
  }

  std::vector<tabular::DiffCounts> counts_;
};

TEST_F(SnapshotsTest, StationsOfTwoVersions) {
  ALLMENDE_NEEDS_REAL_DATA();
  Follow({"vbb-stations-berlin/stations_8.26.0.ndjson", "vbb-stations-berlin/stations_8.31.0.ndjson"});
  ASSERT_EQ(counts_.size(), 2u);
  EXPECT_EQ(counts_[0].inserted, 7'943);
  EXPECT_EQ(counts_[1].inserted, 91);
  EXPECT_EQ(counts_[1].deleted, 56);
  EXPECT_EQ(counts_[1].updated, 5'920);
}

TEST_F(SnapshotsTest, WateringsWithCorrectionsAndDeletes) {
  ALLMENDE_NEEDS_REAL_DATA();
  const std::string name = "berlin-tree-watering/giessdenkiez_bewaesserungsdaten_2022-";
  Follow({name + "04-01.csv.gz", name + "04-21.csv.gz", name + "05-31.csv"});
  ASSERT_EQ(counts_.size(), 3u);
  EXPECT_EQ(counts_[0].inserted, 27'101);
  EXPECT_EQ(counts_[1].updated, 570);
  EXPECT_EQ(counts_[1].inserted, 1'097 - 570);
  EXPECT_EQ(counts_[1].deleted, 830 - 570);
  // 10 became 10.0 between April and May: the same amount, so no update.
  EXPECT_EQ(counts_[2].new_keys, 31'169);
  EXPECT_GT(counts_[2].unchanged, 26'000);
}

TEST_F(SnapshotsTest, BathingSitesOverSixYears) {
  ALLMENDE_NEEDS_REAL_DATA();
  std::vector<std::string> files;
  for (const Source& source : AllSources()) {
    if (source.message == "BathingSite") files.push_back(source.file);
  }
  Follow(files);
  ASSERT_EQ(counts_.size(), 7u);
  for (const tabular::DiffCounts& counts : counts_) EXPECT_EQ(counts.new_keys, 39);
}

TEST(RealDataTest, RepeatedAndContradictingUploadsLeaveTheLastOne) {
  ALLMENDE_NEEDS_REAL_DATA();
  const Source& source = SourceOf("berlin-bathing-water/prediction_uploads.csv");
  const tabular::TestSchema schema = SchemaOf(source);
  std::map<std::string, std::string> expected;  // site and day -> rating
  for (const PlainRow& row : PlainCsv(DataFolder() + "/" + source.file, ',')) {
    expected[row.at("id") + " " + row.at("Datum")] = row.at("Vorhersage");
  }
  const PayloadReader payloads(schema);
  std::map<std::string, std::string> actual;
  const auto counts =
      tabular::DiffSnapshots(nullptr, *ImporterOf(source, schema), {.duplicates = tabular::DuplicateKeys::kLastWins},
                             [&](const ImportedRecord& record) {
                               const Values values = payloads.Read(record.payload);
                               actual[*values.at("site") + " " + *values.at("day")] = *values.at("rating");
                               return absl::OkStatus();
                             });
  ASSERT_TRUE(counts.ok()) << counts.status();
  EXPECT_EQ(counts->new_keys, 474);
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(tabular::DiffSnapshots(nullptr, *ImporterOf(source, schema), {},
                                   [](const ImportedRecord&) { return absl::OkStatus(); })
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende::real_data
