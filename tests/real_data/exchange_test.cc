// The whole way: real files are published, subscribed to and replicated through a running broker, and every row and
// field that comes out is compared with the source.
#include "tests/real_data/exchange.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/tabular/record_buffer.h"
#include "sdk/tabular/table_diff.h"
#include "tests/real_data/source.h"

namespace allmende::real_data {
namespace {

using tabular::ImportedRecord;

std::vector<ImportedRecord> SortedImport(const Source& source, const tabular::TestSchema& schema) {
  tabular::RecordBuffer buffer;
  EXPECT_TRUE(buffer.AppendAll(*ImporterOf(source, schema)).ok());
  EXPECT_TRUE(buffer.SortByEventTime().ok());
  std::vector<ImportedRecord> records(buffer.size());
  for (size_t i = 0; i < records.size(); ++i) buffer.Get(i, records[i]);
  return records;
}

// The source's rows in the order of a time field.
std::vector<Values> SortedRows(const Source& source, const std::string& time) {
  std::vector<Values> rows = ExpectedRows(source);
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Values& a, const Values& b) { return std::stoll(*a.at(time)) < std::stoll(*b.at(time)); });
  return rows;
}

void ExpectSameRows(const std::vector<Values>& expected, const std::vector<StoredRecord>& records,
                    const PayloadReader& payloads) {
  ASSERT_EQ(records.size(), expected.size());
  for (size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(Difference(expected[i], payloads.Read(records[i].payload)), "") << "sequence " << records[i].sequence;
  }
}

class DetectorTest : public ExchangeTest {
 protected:
  // Publishes the month in the order of event times, and compares what a subscriber and a replica get of it.
  void Follow(const std::string& file, const std::string& dataset) {
    const Source& source = SourceOf(absl::StrCat("berlin-traffic-detectors/", file));
    const tabular::TestSchema schema = SchemaOf(source);
    const PayloadReader payloads(schema);
    Create(dataset, source, v1::STREAM);
    Release(dataset, EverythingFor(dataset, schema));
    const absl::Time start = absl::Now();
    Publish(dataset, SortedImport(source, schema));
    RecordProperty("publish", absl::FormatDuration(absl::Now() - start));
    const std::vector<Values> expected = SortedRows(source, "time");
    const std::vector<StoredRecord> records = Subscribe(dataset, "navi", nullptr);
    ExpectSameRows(expected, records, payloads);
    for (size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].sequence, i + 1);
      ASSERT_EQ(absl::StrCat(absl::ToUnixMicros(*records[i].event_time)), *expected[i].at("time"));
    }
    ExpectSameRows(expected, Replicate(dataset, v1::STREAM), payloads);
  }
};

TEST_F(DetectorTest, CrossSectionsOfAMonth) {
  Follow("mq_hr_2024_01.csv.gz", "verkehr/querschnitte");
}

TEST_F(DetectorTest, LanesOfAMonth) {
  Follow("det_val_hr_2024_01.csv.gz", "verkehr/fahrspuren");
}

// The example policy: without the detector, and only hours with good measurements.
TEST_F(DetectorTest, LanesThroughTheViewOfEverybody) {
  const std::string dataset = "verkehr/fahrspuren";
  const Source& source = SourceOf("berlin-traffic-detectors/det_val_hr_2024_01.csv.gz");
  const tabular::TestSchema schema = SchemaOf(source);
  Create(dataset, source, v1::STREAM);
  Release(dataset, ExamplePolicy("traffic_lanes.policy.yaml", dataset));
  Publish(dataset, SortedImport(source, schema));
  std::vector<Values> expected;
  for (Values& row : SortedRows(source, "time")) {
    if (std::stod(*row.at("quality")) < 0.9) continue;
    row["detector"] = "0";  // as an absent number reads
    expected.push_back(std::move(row));
  }
  ASSERT_LT(expected.size(), source.rows);
  v1::Terms terms;
  const std::vector<StoredRecord> records = Subscribe(dataset, "logistik", &terms);
  EXPECT_THAT(terms.fields(), ::testing::Not(::testing::Contains("detector")));
  ExpectSameRows(expected, records, PayloadReader(schema));
  for (const StoredRecord& record : records) ASSERT_TRUE(record.key_is_pseudonym);
}

// Several versions of a table, each published as what changed against the one before.
class TableTest : public ExchangeTest {
 protected:
  void Start(const std::string& dataset, const Source& source, const std::string& policy) {
    dataset_ = dataset;
    schema_ = SchemaOf(source);
    Create(dataset, source, v1::TABLE);
    Release(dataset, policy);
  }

  tabular::DiffCounts PublishVersion(const Source& source) {
    std::vector<ImportedRecord> changes;
    const auto before = last_.empty() ? nullptr : ImporterOf(SourceOf(last_), schema_);
    const auto counts =
        tabular::DiffSnapshots(before.get(), *ImporterOf(source, schema_),
                               {.duplicates = tabular::DuplicateKeys::kLastWins}, [&](const ImportedRecord& record) {
                                 changes.push_back(record);
                                 return absl::OkStatus();
                               });
    EXPECT_TRUE(counts.ok()) << counts.status();
    Publish(dataset_, changes);
    last_ = source.file;
    return counts.value_or(tabular::DiffCounts());
  }

  // The last row of each key, by the text of the key fields.
  static std::map<std::string, Values> TableOf(const Source& source, const std::vector<std::string>& key) {
    std::map<std::string, Values> table;
    for (Values& row : ExpectedRows(source)) {
      const std::string name = KeyOf(row, key);
      table[name] = std::move(row);
    }
    return table;
  }

  static std::string KeyOf(const Values& row, const std::vector<std::string>& key) {
    std::string text;
    for (const std::string& field : key) absl::StrAppend(&text, row.at(field).value_or(""), " ");
    return text;
  }

  // What is left when every record from the first on is applied.
  static std::vector<StoredRecord> Applied(const std::vector<StoredRecord>& records) {
    std::map<std::string, StoredRecord> table;
    for (const StoredRecord& record : records) {
      if (record.operation == Operation::kDelete) {
        table.erase(record.key);
      } else {
        table[record.key] = record;
      }
    }
    std::vector<StoredRecord> left;
    for (auto& [key, record] : table) left.push_back(std::move(record));
    return left;
  }

  void ExpectTable(const std::map<std::string, Values>& expected, const std::vector<StoredRecord>& records,
                   const std::vector<std::string>& key) {
    const PayloadReader payloads(schema_);
    std::set<std::string> seen;
    for (const StoredRecord& record : records) {
      const Values row = payloads.Read(record.payload);
      const std::string name = KeyOf(row, key);
      ASSERT_TRUE(seen.insert(name).second) << name << " is there twice";
      const auto found = expected.find(name);
      ASSERT_NE(found, expected.end()) << name << " is not in the source";
      ASSERT_EQ(Difference(found->second, row), "") << name;
    }
    ASSERT_EQ(seen.size(), expected.size());
  }

  // Publishes the version, and compares what a subscriber makes of all records, and what the replica holds, with it.
  void Follow(const Source& source, const std::vector<std::string>& key) {
    PublishVersion(source);
    const auto expected = TableOf(source, key);
    ExpectTable(expected, Applied(Subscribe(dataset_, "navi", nullptr)), key);
    ExpectTable(expected, Replicate(dataset_, v1::TABLE), key);
  }

  std::string dataset_;
  tabular::TestSchema schema_;
  std::string last_;
};

TEST_F(TableTest, StationsInTwoVersionsWithTombstones) {
  const Source& first = SourceOf("vbb-stations-berlin/stations_8.26.0.ndjson");
  Start("oepnv/haltestellen", first, ExamplePolicy("stations.policy.yaml", "oepnv/haltestellen"));
  Follow(first, {"id"});
  Follow(SourceOf("vbb-stations-berlin/stations_8.31.0.ndjson"), {"id"});
  size_t tombstones = 0;
  for (const StoredRecord& record : Subscribe(dataset_, "navi", nullptr)) {
    tombstones += record.operation == Operation::kDelete ? 1 : 0;
  }
  EXPECT_EQ(tombstones, 56u);
}

TEST_F(TableTest, WateringsInThreeSnapshotsWithCorrectionsAndDeletes) {
  const std::string name = "berlin-tree-watering/giessdenkiez_bewaesserungsdaten_2022-";
  const Source& first = SourceOf(name + "04-01.csv.gz");
  Start("baeume/bewaesserung", first, EverythingFor("baeume/bewaesserung", SchemaOf(first)));
  for (const char* file : {"04-01.csv.gz", "04-21.csv.gz", "05-31.csv"}) {
    Follow(SourceOf(name + file), {"tree", "time"});
  }
}

// Mail and phone of the health offices are nobody's: neither field nor value comes out anywhere.
TEST_F(TableTest, BathingSitesWithoutTheContactsOfTheOffices) {
  std::set<std::string> contacts;
  std::vector<Source> versions;
  for (const Source& source : AllSources()) {
    if (source.message == "BathingSite") versions.push_back(source);
  }
  Start("baden/badestellen", versions[0], ExamplePolicy("bathing_sites.policy.yaml", "baden/badestellen"));
  for (const Source& source : versions) {
    PublishVersion(source);
    std::map<std::string, Values> expected = TableOf(source, {"site"});
    for (auto& [site, row] : expected) {
      for (const char* field : {"office_mail", "office_phone"}) {
        contacts.insert(row.at(field).value_or("?"));
        row[field] = std::nullopt;
      }
    }
    ExpectTable(expected, Applied(Subscribe(dataset_, "navi", nullptr)), {"site"});
    const std::vector<StoredRecord> replica = Replicate(dataset_, v1::TABLE);
    ExpectTable(expected, replica, {"site"});
    for (const StoredRecord& record : replica) {
      for (const std::string& contact : contacts) ASSERT_EQ(record.payload.find(contact), std::string::npos) << contact;
    }
  }
  EXPECT_GT(contacts.size(), 10u);
}

}  // namespace
}  // namespace allmende::real_data
