// A running broker with the stream `amt/pegel` and the table `amt/orte`, which `navi` may read as their policies say.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/testing/test_broker.h"
#include "broker/testing/test_reader.h"
#include "broker/testing/test_writer.h"
#include "policy/testing/test_schema.h"

namespace allmende::broker {

inline constexpr char kRecordBody[] =
    "message Record {"
    "  google.protobuf.Timestamp time = 1 [$t, $p];"
    "  string id = 2 [$k, $p];"
    "  optional int32 level = 3 [$p];"
    "  string shaft = 4 [(allmende.v1.class) = CRITICAL];"
    "}";

inline constexpr char kFields[] = "  public: [time, id, level]\n  critical: [shaft]\n";
inline constexpr char kNavigationGetsPublic[] =
    "  - rule: navigation\n"
    "    for: {group: navigation}\n"
    "    purpose: verkehrslenkung\n"
    "    licence: cc-by/4.0\n"
    "    source: Amt\n"
    "    deliver: [public]\n"
    "    replica: {without_contact: 7 days}\n";
inline constexpr char kFireServiceInCrisis[] =
    "  - rule: fire-service\n"
    "    during: crisis(starkregen)\n"
    "    for: [feuerwehr]\n"
    "    purpose: gefahrenabwehr\n"
    "    licence: other-closed\n"
    "    source: Amt\n"
    "    deliver: [public, critical]\n"
    "    replica: {without_contact: until crisis end + 24 hours}\n";

class ExchangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(broker_.Start(), absl::OkStatus());
    ASSERT_EQ(broker_.CreateDataset("amt/pegel", kRecordBody, false), absl::OkStatus());
    ASSERT_EQ(broker_.CreateDataset("amt/orte", kRecordBody, true), absl::OkStatus());
    ASSERT_EQ(broker_.Release("amt/pegel", PolicyText("amt/pegel", kFields,
                                                      absl::StrCat(kNavigationGetsPublic, kFireServiceInCrisis))),
              absl::OkStatus());
    ASSERT_EQ(broker_.Release("amt/orte", PolicyText("amt/orte", kFields, kNavigationGetsPublic)), absl::OkStatus());
  }

  TestRecord At(int second, const std::string& id, int level, const std::string& shaft = "S1") const {
    return RecordOf(schema_, absl::StrCat("time { seconds: ", 1'700'000'000 + second, " } id: '", id,
                                          "' level: ", level, " shaft: '", shaft, "'"));
  }
  TestRecord Gone(const std::string& id) const { return DeleteOf(schema_, absl::StrCat("id: '", id, "'")); }

  std::unique_ptr<TestWriter> Writer(const std::string& dataset, const std::string& participant = "amt",
                                     char outbox = 'w') const {
    return std::make_unique<TestWriter>(broker_.Connect(participant), dataset, std::string(16, outbox));
  }
  // Stores `count` records, batches of `batch`, as the ordinary writer.
  void Store(const std::string& dataset, int first, int count, int batch) {
    const auto writer = Writer(dataset);
    ASSERT_TRUE(writer->Open().ok());
    for (int i = 0; i < count; i += batch) {
      std::vector<TestRecord> records;
      for (int j = i; j < std::min(i + batch, count); ++j) {
        records.push_back(At(first + j, absl::StrCat("id", first + j), first + j));
      }
      const auto stored = writer->Store(records);
      ASSERT_TRUE(stored.ok()) << stored.status();
      ASSERT_TRUE(stored->has_stored()) << stored->ShortDebugString();
    }
  }
  std::unique_ptr<TestReader> Reader(const v1::SubscribeRequest& request, const std::string& participant = "navi") {
    return std::make_unique<TestReader>(broker_.Connect(participant), request);
  }
  // The field `shaft` and its values appear nowhere in the bytes.
  static ::testing::AssertionResult Hides(const std::vector<TestReader::Got>& records, const std::string& forbidden) {
    for (const TestReader::Got& record : records) {
      if (record.payload.find(forbidden) != std::string::npos) {
        return ::testing::AssertionFailure() << "record " << record.sequence << " shows it";
      }
    }
    return ::testing::AssertionSuccess();
  }

  const policy::testing::TestSchema schema_{policy::testing::ProtoText(kRecordBody)};
  TestBroker broker_;
};

}  // namespace allmende::broker
