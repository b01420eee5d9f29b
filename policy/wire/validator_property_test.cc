// The validator against protobuf's own parser, on random schemas, records and damage.
#include <gtest/gtest.h>

#include <string>

#include "google/protobuf/message.h"
#include "google/protobuf/stubs/logging.h"
#include "policy/testing/mutate.h"
#include "policy/testing/random.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/test_schema.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

using google::protobuf::Message;
using testing::Random;
using testing::TestSchema;

class ValidatorProperty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(ValidatorProperty, AcceptsWhatProtobufWritesAndReadsTheSameKeyAndTime) {
  Random random(GetParam());
  const TestSchema schema(testing::RandomSchemaText(random));
  SCOPED_TRACE(schema.text());
  const RecordValidator validator(schema.table());
  RecordFacts facts;
  for (int i = 0; i < 30; ++i) {
    const auto record = schema.NewRecord();
    testing::FillRandomly(*record, random);
    const auto problem = validator.Validate(testing::Encoded(*record), facts);
    ASSERT_FALSE(problem.has_value()) << problem->field << ": " << problem->detail << "\n" << record->DebugString();
    EXPECT_EQ(facts.key.bytes(), testing::ReferenceKey(*record, schema.table()));
    EXPECT_EQ(facts.event_time_us, testing::ReferenceEventTime(*record, schema.table()));
    EXPECT_FALSE(validator.CheckKey(facts.key.bytes()).has_value());
  }
}

TEST_P(ValidatorProperty, AcceptsOfDamagedBytesOnlyWhatProtobufWouldWrite) {
  const google::protobuf::LogSilencer silencer;  // of complaints about damage
  Random random(GetParam() + 1'000'000);
  const TestSchema schema(testing::RandomSchemaText(random));
  SCOPED_TRACE(schema.text());
  const RecordValidator validator(schema.table());
  RecordFacts facts;
  for (int i = 0; i < 300; ++i) {
    const auto record = schema.NewRecord();
    testing::FillRandomly(*record, random);
    const std::string bytes = testing::Mutated(testing::Encoded(*record), random);
    const auto problem = validator.Validate(bytes, facts);
    const auto parsed = schema.NewRecord();
    const bool parses = parsed->ParseFromString(bytes) && !testing::HoldsUnknownFields(*parsed);
    const std::string again = parses ? testing::Encoded(*parsed) : "";
    const std::string trace = ::testing::PrintToString(bytes);
    if (problem.has_value()) {
      // Its own encoding, every value in range: no reason to refuse it.
      EXPECT_FALSE(parses && again == bytes && testing::ValuesInRange(*parsed, schema.table()))
          << problem->field << ": " << problem->detail << "\n"
          << trace;
      continue;
    }
    ASSERT_TRUE(parses) << trace;
    EXPECT_TRUE(testing::ValuesInRange(*parsed, schema.table())) << trace;
    EXPECT_EQ(facts.key.bytes(), testing::ReferenceKey(*parsed, schema.table()));
    EXPECT_EQ(facts.event_time_us, testing::ReferenceEventTime(*parsed, schema.table()));
    // Defaults that are written out are all that may differ.
    EXPECT_LE(again.size(), bytes.size()) << trace;
    if (again.size() == bytes.size()) {
      EXPECT_EQ(again, bytes);
    }
    RecordFacts facts_again;
    EXPECT_FALSE(validator.Validate(again, facts_again).has_value());
    EXPECT_EQ(facts_again.key.bytes(), facts.key.bytes());
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ValidatorProperty, ::testing::Range<uint64_t>(0, 150));

}  // namespace
}  // namespace allmende::policy
