#include "policy/decide/delivered.h"

#include "google/protobuf/repeated_ptr_field.h"

namespace allmende::policy {
namespace {

Pseudonym::Period PeriodOf(v1::FieldInstruction::Pseudonym::Period period) {
  switch (period) {
    case v1::FieldInstruction::Pseudonym::YEAR:
      return Pseudonym::Period::kYear;
    case v1::FieldInstruction::Pseudonym::MONTH:
      return Pseudonym::Period::kMonth;
    case v1::FieldInstruction::Pseudonym::DAY:
      return Pseudonym::Period::kDay;
    default:
      return Pseudonym::Period::kAgreement;
  }
}

Treatment TreatmentOf(const v1::FieldInstruction& instruction) {
  switch (instruction.action_case()) {
    case v1::FieldInstruction::kKeep:
      return Keep{};
    case v1::FieldInstruction::kRoundTime:
      return RoundTime{absl::Microseconds(instruction.round_time().step_us())};
    case v1::FieldInstruction::kGrid:
      return Grid{instruction.grid().metres()};
    case v1::FieldInstruction::kBucket:
      return Buckets{{instruction.bucket().bounds().begin(), instruction.bucket().bounds().end()}};
    case v1::FieldInstruction::kMask:
      return Mask{};
    case v1::FieldInstruction::kPseudonym:
      return Pseudonym{PeriodOf(instruction.pseudonym().period())};
    default:
      return Drop{};
  }
}

void Collect(const google::protobuf::RepeatedPtrField<v1::FieldInstruction>& instructions, const MessageTable& message,
             std::map<std::string, Treatment>& delivered) {
  for (const v1::FieldInstruction& instruction : instructions) {
    const FieldInfo* const field = message.Find(instruction.number());
    if (field == nullptr) {
      continue;
    }
    if (instruction.has_nested() && field->message != nullptr) {
      Collect(instruction.nested().fields(), *field->message, delivered);
    } else {
      delivered[field->path] = TreatmentOf(instruction);
    }
  }
}

}  // namespace

std::map<std::string, Treatment> DeliveredFields(const v1::ViewProgram& program, const SchemaTable& schema) {
  std::map<std::string, Treatment> delivered;
  Collect(program.fields(), schema.record(), delivered);
  return delivered;
}

}  // namespace allmende::policy
