#include "allmende/schema.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "policy/key/key.h"
#include "policy/testing/test_schema.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

// A gauge's reading: key `station`, event time `at` in milliseconds.
const policy::testing::TestSchema& Gauge() {
  static const policy::testing::TestSchema schema(policy::testing::ProtoText(R"(
      message Record {
        string station = 1 [$k, $p];
        int64 at = 2 [$t, $p, (allmende.v1.unit) = "ms"];
        double level = 3 [$p, (allmende.v1.unit) = "cm"];
        string note = 4 [$p];
      })"));
  return schema;
}

Schema GaugeSchema() {
  absl::StatusOr<Schema> schema = Schema::Create(Gauge().descriptor_set(), "test.Record");
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

std::string Payload(const std::string& station, int64_t at_ms) {
  const auto record = Gauge().NewRecord();
  const auto& fields = *record->GetDescriptor();
  record->GetReflection()->SetString(record.get(), fields.FindFieldByName("station"), station);
  record->GetReflection()->SetInt64(record.get(), fields.FindFieldByName("at"), at_ms);
  return record->SerializeAsString();
}

std::string KeyOf(const std::string& station) {
  policy::KeyWriter writer;
  writer.AddBytes(station);
  return std::string(writer.bytes());
}

TEST(SchemaTest, ReadsKeyAndEventTimeOutOfThePayload) {
  const Schema schema = GaugeSchema();
  const std::string payload = Payload("Spree 7", 1'719'792'000'123);
  NewRecord record{.payload = payload};
  std::string key = "left over";
  ASSERT_TRUE(schema.Describe(record, key).ok());
  EXPECT_EQ(record.key, KeyOf("Spree 7"));
  EXPECT_EQ(record.key.data(), key.data());
  EXPECT_EQ(record.event_time, absl::FromUnixMillis(1'719'792'000'123));
  EXPECT_EQ(record.payload, payload);
}

TEST(SchemaTest, ForgetsTheEventTimeOfTheRecordBefore) {
  const Schema schema = GaugeSchema();
  const std::string payload = Payload("Spree 7", 0);
  NewRecord record{.event_time = absl::UnixEpoch(), .payload = payload};
  std::string key;
  ASSERT_TRUE(schema.Describe(record, key).ok());
  EXPECT_FALSE(record.event_time.has_value());
}

TEST(SchemaTest, MakesTheKeyOfADeleteAndEmptiesItsPayload) {
  const Schema schema = GaugeSchema();
  const std::string payload = Payload("Spree 7", 0);
  NewRecord record{.operation = Operation::kDelete, .event_time = absl::UnixEpoch(), .payload = payload};
  std::string key;
  ASSERT_TRUE(schema.Describe(record, key).ok());
  EXPECT_EQ(record.key, KeyOf("Spree 7"));
  EXPECT_EQ(record.payload, "");
  EXPECT_EQ(record.event_time, absl::UnixEpoch());
}

TEST(SchemaTest, NamesTheFieldOfAPayloadThatDoesNotFit) {
  const Schema schema = GaugeSchema();
  struct Case {
    std::string payload;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"\x0a\x05Spree"
       "\x28\x01",
       "unknown-field"},
      {"\x0a\x20Spree", "truncated"},
      {"\x0a\x02\xc3\x28", "field `station`"},
      {std::string("\x15\0\0\0\0", 5), "field `at`"},
      {"\x0a\x82\x08" + std::string(1026, 'x'), "key-too-long"},
  };
  for (const Case& c : cases) {
    NewRecord record{.payload = c.payload};
    std::string key;
    const absl::Status status = schema.Describe(record, key);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST(SchemaTest, HashesEqualForTheSameRecordsHoweverTheyAreWritten) {
  const policy::testing::TestSchema reordered(policy::testing::ProtoText(R"(
      // Another order, a comment, a message that nothing refers to.
      message Unused { string text = 1; }
      message Record {
        string note = 4 [$p];
        double level = 3 [$p, (allmende.v1.unit) = "cm"];
        int64 at = 2 [$t, $p, (allmende.v1.unit) = "ms"];
        string station = 1 [$k, $p];
      })"));
  const policy::testing::TestSchema wider(policy::testing::ProtoText(R"(
      message Record {
        string station = 1 [$k, $p];
        int64 at = 2 [$t, $p, (allmende.v1.unit) = "ms"];
        double level = 3 [$p, (allmende.v1.unit) = "cm"];
        string note = 4 [$o];
      })"));
  const Schema schema = GaugeSchema();
  EXPECT_EQ(schema.hash().size(), 32u);
  EXPECT_EQ(schema.hash(), Schema::Create(reordered.descriptor_set(), "test.Record")->hash());
  EXPECT_NE(schema.hash(), Schema::Create(wider.descriptor_set(), "test.Record")->hash());
}

TEST(SchemaTest, IsMadeFromALinkedMessageTypeWithItsImports) {
  const absl::StatusOr<Schema> schema = Schema::Create(Gauge().descriptor());
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->message_name(), "test.Record");
  EXPECT_EQ(schema->hash(), GaugeSchema().hash());
  EXPECT_TRUE(Schema::Create(schema->descriptor_set(), schema->message_name()).ok());
}

TEST(SchemaTest, RefusesWhatIsNoSchema) {
  EXPECT_EQ(Schema::Create("garbage", "test.Record").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Schema::Create(Gauge().descriptor_set(), "test.Other").status().code(), absl::StatusCode::kInvalidArgument);
  const std::string set = policy::testing::DescriptorSetOf(
      policy::testing::ProtoText("message Record { Record again = 1; string a = 2 [$k]; }"));
  const absl::Status status = Schema::Create(set, "test.Record").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("again"));
}

}  // namespace
}  // namespace allmende
