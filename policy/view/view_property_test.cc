// CompiledView against the plain reference, byte for byte, on random schemas, programs and records.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "policy/testing/mutate.h"
#include "policy/testing/random.h"
#include "policy/testing/random_program.h"
#include "policy/testing/reference_record.h"
#include "policy/testing/reference_view.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/test_schema.h"
#include "policy/view/program_builder.h"
#include "policy/view/view.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

using testing::Random;
using testing::TestSchema;

std::shared_ptr<const Mac> TestKey() {
  static const auto& mac = *new std::shared_ptr<const Mac>(std::make_shared<testing::TestMac>("key of an agreement"));
  return mac;
}

v1::ViewProgram KeepAll(const SchemaTable& table) {
  v1::ViewProgram program = KeepEverything(table);
  program.set_dataset_id("0123456789abcdef");
  return program;
}

void KeepValues(google::protobuf::RepeatedPtrField<v1::FieldInstruction>& instructions) {
  for (v1::FieldInstruction& instruction : instructions) {
    if (instruction.has_nested()) {
      KeepValues(*instruction.mutable_nested()->mutable_fields());
    } else {
      instruction.mutable_keep();
    }
  }
}

// The same fields, unchanged.
v1::ViewProgram KeepDelivered(v1::ViewProgram program) {
  KeepValues(*program.mutable_fields());
  return program;
}

class ViewProperty : public ::testing::TestWithParam<uint64_t> {
 protected:
  // What the reference delivers for a record is what the view writes.
  static void ExpectAgreement(const CompiledView& view, const v1::ViewProgram& program, const TestSchema& schema,
                              const google::protobuf::Message& record, ViewOutput& output) {
    const std::string payload = testing::Encoded(record);
    const std::string key = testing::ReferenceKey(record, schema.table());
    const auto event_time = testing::ReferenceEventTime(record, schema.table());
    const testing::ReferenceView reference(program, schema.table(), *TestKey());
    const auto expected = reference.Apply(record, key, event_time);
    const ViewResult result = view.Apply({RecordOperation::kUpsert, key, event_time, payload}, output);
    SCOPED_TRACE(record.DebugString());
    if (!expected.has_value()) {
      EXPECT_EQ(result, ViewResult::kFiltered);
      return;
    }
    ASSERT_EQ(result, ViewResult::kDeliver);
    EXPECT_EQ(output.event_time_us, expected->event_time_us);
    EXPECT_EQ(output.key, expected->key);
    EXPECT_EQ(output.key_is_pseudonym, expected->key_is_pseudonym);
    if (output.payload != testing::Encoded(*expected->message)) {
      const auto got = schema.NewRecord();
      EXPECT_TRUE(got->ParseFromArray(output.payload.data(), static_cast<int>(output.payload.size())));
      FAIL() << "got\n" << got->DebugString() << "instead of\n" << expected->message->DebugString();
    }
    if (view.identity()) {
      EXPECT_EQ(output.payload, payload);
    }
  }
};

TEST_P(ViewProperty, AgreesWithTheReference) {
  Random random(GetParam());
  const TestSchema schema(testing::RandomSchemaText(random));
  ViewOutput output;
  for (int i = 0; i < 4; ++i) {
    const v1::ViewProgram program = testing::RandomProgram(schema.table(), random);
    SCOPED_TRACE(schema.text() + program.DebugString());
    const auto view = CompiledView::Compile(program, schema.table(), TestKey());
    ASSERT_TRUE(view.ok()) << view.status();
    for (int k = 0; k < 25; ++k) {
      const auto record = schema.NewRecord();
      testing::FillRandomly(*record, random);
      ExpectAgreement(*view, program, schema, *record, output);
    }
  }
}

TEST_P(ViewProperty, KeepingEverythingChangesNothing) {
  Random random(GetParam() + 10'000);
  const TestSchema schema(testing::RandomSchemaText(random));
  SCOPED_TRACE(schema.text());
  const auto view = CompiledView::Compile(KeepAll(schema.table()), schema.table(), nullptr);
  ASSERT_TRUE(view.ok()) << view.status();
  EXPECT_TRUE(view->identity());
  EXPECT_TRUE(view->changed_fields().empty());
  ViewOutput output;
  for (int i = 0; i < 20; ++i) {
    const auto record = schema.NewRecord();
    testing::FillRandomly(*record, random);
    const std::string payload = testing::Encoded(*record);
    ASSERT_EQ(view->Apply({RecordOperation::kUpsert, "key", 7, payload}, output), ViewResult::kDeliver);
    EXPECT_EQ(output.payload, payload);
  }
}

// Whatever arrives: no field leaves that the program does not name, and what is valid stays valid.
TEST_P(ViewProperty, DamagedPayloadsNeverShowMoreThanTheProgramNames) {
  Random random(GetParam() + 20'000);
  const TestSchema schema(testing::RandomSchemaText(random));
  v1::ViewProgram program = testing::RandomProgram(schema.table(), random);
  program.clear_rows();
  SCOPED_TRACE(schema.text() + program.DebugString());
  const auto view = CompiledView::Compile(program, schema.table(), TestKey());
  ASSERT_TRUE(view.ok()) << view.status();
  const RecordValidator validator(schema.table());
  RecordFacts facts;
  ViewOutput output;
  for (int i = 0; i < 100; ++i) {
    const auto record = schema.NewRecord();
    testing::FillRandomly(*record, random);
    const std::string payload = testing::Mutated(testing::Encoded(*record), random);
    SCOPED_TRACE(::testing::PrintToString(payload));
    const bool valid = !validator.Validate(payload, facts).has_value();
    const ViewResult result = view->Apply({RecordOperation::kUpsert, "key", 7, payload}, output);
    if (valid) {
      ASSERT_EQ(result, ViewResult::kDeliver);
    }
    if (result != ViewResult::kDeliver) {
      continue;
    }
    if (const auto problem = valid ? validator.Validate(output.payload, facts) : std::nullopt) {
      // A program may well change a part of a time or a place; nothing else makes a record into none.
      EXPECT_TRUE(problem->code == RecordProblemCode::kBadTimestamp || problem->code == RecordProblemCode::kBadPosition)
          << problem->field << ": " << problem->detail;
    }
    // Applied to what came out, a program that keeps what it delivers keeps all of it.
    const auto only_delivered = CompiledView::Compile(KeepDelivered(program), schema.table(), TestKey());
    ASSERT_TRUE(only_delivered.ok()) << only_delivered.status();
    const std::string first(output.payload);
    ViewOutput again;
    ASSERT_EQ(only_delivered->Apply({RecordOperation::kUpsert, "key", 7, first}, again), ViewResult::kDeliver);
    EXPECT_EQ(again.payload, first);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ViewProperty, ::testing::Range<uint64_t>(0, 200));

}  // namespace
}  // namespace allmende::policy
