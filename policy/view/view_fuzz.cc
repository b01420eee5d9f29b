// Arbitrary programs on arbitrary payloads.
//
// Input: one byte that picks a random schema, one that picks a random program for it (255: the program is in the
// input, behind its length in one byte), then the payload. Payloads that validate must come out as the plain reference
// says; others must not crash.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "policy/testing/random.h"
#include "policy/testing/random_program.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/reference_view.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/test_schema.h"
#include "policy/view/view.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

constexpr uint8_t kProgramInInput = 255;

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

void Compare(const v1::ViewProgram& program, const testing::TestSchema& schema, const CompiledView& view,
             std::string_view payload, const RecordFacts& facts, const Mac& mac) {
  ViewOutput output;
  const ViewResult result =
      view.Apply({RecordOperation::kUpsert, facts.key.bytes(), facts.event_time_us, payload}, output);
  const auto record = schema.NewRecord();
  Require(record->ParseFromArray(payload.data(), static_cast<int>(payload.size())));
  if (testing::Encoded(*record) != payload) {
    Require(result != ViewResult::kError);
    return;  // defaults that are written out are passed on so; the reference does not know about them
  }
  const auto expected = testing::ReferenceView(program, schema.table(), mac)
                            .Apply(*record, std::string(facts.key.bytes()), facts.event_time_us);
  Require(result == (expected.has_value() ? ViewResult::kDeliver : ViewResult::kFiltered));
  if (expected.has_value()) {
    Require(output.payload == testing::Encoded(*expected->message));
    Require(output.key == expected->key);
    Require(output.event_time_us == expected->event_time_us);
  }
}

void Fuzz(uint8_t schema_seed, uint8_t program_seed, std::string_view rest) {
  const testing::TestSchema& schema = SchemaFor(schema_seed);
  v1::ViewProgram program;
  if (program_seed == kProgramInInput && !rest.empty()) {
    const size_t bytes = std::min<size_t>(static_cast<uint8_t>(rest[0]), rest.size() - 1);
    if (!program.ParseFromArray(rest.data() + 1, static_cast<int>(bytes))) {
      return;
    }
    program.set_dataset_id("0123456789abcdef");
    rest.remove_prefix(1 + bytes);
    CanonicalProgram(program);
  } else {
    testing::Random random(program_seed);
    program = testing::RandomProgram(schema.table(), random);
  }
  const auto mac = std::make_shared<testing::TestMac>("key");
  const auto view = CompiledView::Compile(program, schema.table(), mac);
  if (!view.ok()) {
    Require(program_seed == kProgramInInput);
    return;
  }
  RecordFacts facts;
  if (RecordValidator(schema.table()).Validate(rest, facts).has_value()) {
    ViewOutput output;
    view->Apply({RecordOperation::kUpsert, "key", 7, rest}, output);
    return;
  }
  Compare(program, schema, *view, rest, facts, *mac);
}

}  // namespace
}  // namespace allmende::policy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size >= 2) {
    allmende::policy::Fuzz(data[0], data[1], std::string_view(reinterpret_cast<const char*>(data) + 2, size - 2));
  }
  return 0;
}
