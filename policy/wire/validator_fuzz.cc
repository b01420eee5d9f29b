// Arbitrary bytes as a record of a random schema, compared with protobuf's own parser.
//
// Input: one byte that picks the schema, then the payload.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "policy/testing/random.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/test_schema.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

const testing::TestSchema& SchemaFor(uint8_t seed) {
  static auto& schemas = *new std::array<std::unique_ptr<testing::TestSchema>, 256>;
  if (schemas[seed] == nullptr) {
    testing::Random random(seed);
    schemas[seed] = std::make_unique<testing::TestSchema>(testing::RandomSchemaText(random));
  }
  return *schemas[seed];
}

void Require(bool holds) {
  if (!holds) {
    std::abort();
  }
}

void Fuzz(uint8_t seed, std::string_view payload) {
  const testing::TestSchema& schema = SchemaFor(seed);
  const RecordValidator validator(schema.table());
  validator.CheckKey(payload);
  RecordFacts facts;
  if (validator.Validate(payload, facts).has_value()) {
    return;
  }
  const auto record = schema.NewRecord();
  Require(record->ParseFromArray(payload.data(), static_cast<int>(payload.size())));
  Require(!testing::HoldsUnknownFields(*record));
  Require(testing::ValuesInRange(*record, schema.table()));
  Require(facts.key.bytes() == testing::ReferenceKey(*record, schema.table()));
  Require(facts.event_time_us == testing::ReferenceEventTime(*record, schema.table()));
  Require(!validator.CheckKey(facts.key.bytes()).has_value());
  const std::string again = testing::Encoded(*record);
  Require(again.size() <= payload.size() && (again.size() < payload.size() || again == payload));
}

}  // namespace
}  // namespace allmende::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 0) {
    allmende::policy::Fuzz(data[0], std::string_view(reinterpret_cast<const char*>(data) + 1, size - 1));
  }
  return 0;
}
