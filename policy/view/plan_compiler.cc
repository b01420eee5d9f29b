#include "policy/view/plan_compiler.h"

#include <map>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policy/view/bucket_compiler.h"
#include "policy/view/pseudonym.h"
#include "policy/wire/validator.h"
#include "policy/wire/wire_reader.h"

namespace allmende::policy::view {
namespace {

using Instruction = v1::FieldInstruction;
using Instructions = google::protobuf::RepeatedPtrField<Instruction>;

constexpr uint32_t kMetresMax = 1'000'000;
constexpr size_t kMaskBytesMax = 256;
constexpr size_t kDomainBytesMax = 256;
constexpr int64_t kTimeStepUsMax = 100 * int64_t{366} * 86'400 * 1'000'000;

absl::Status Refuse(const FieldInfo& field, const std::string& why) {
  return absl::InvalidArgumentError(
      absl::StrCat("the view program does not fit the schema: `", field.path, "`: ", why));
}

StepKind KeepStep(WireType type) {
  switch (type) {
    case WireType::kVarint:
      return StepKind::kKeepVarint;
    case WireType::kFixed64:
      return StepKind::kKeepFixed64;
    case WireType::kLengthDelimited:
      return StepKind::kKeepBytes;
    case WireType::kFixed32:
      return StepKind::kKeepFixed32;
  }
  return StepKind::kRefuse;
}

StepKind DropStep(unsigned wire_type) {
  switch (wire_type) {
    case 0:
      return StepKind::kDropVarint;
    case 1:
      return StepKind::kDropFixed64;
    case 2:
      return StepKind::kDropBytes;
    case 5:
      return StepKind::kDropFixed32;
    default:
      return StepKind::kRefuse;
  }
}

StepKind StepOfField(const FieldPlan& field) {
  switch (field.action) {
    case FieldAction::kDrop:
      return DropStep(static_cast<unsigned>(field.wire_type));
    case FieldAction::kKeep:
      return field.type == FieldType::kMessage ? StepKind::kKeepMessage : KeepStep(field.wire_type);
    default:
      return StepKind::kChange;
  }
}

void FillSteps(MessagePlan& plan) {
  for (uint64_t tag = 0; tag < plan.steps.size(); ++tag) {
    plan.steps[tag] = plan.StepOf(tag);
  }
}

FieldPlan PlanFor(const FieldInfo& field) {
  FieldPlan plan;
  plan.number = field.number;
  plan.type = field.type;
  plan.wire_type = field.wire_type;
  plan.may_repeat = field.repeated && !field.packed;
  plan.shows_default = field.has_presence || field.repeated;
  return plan;
}

absl::StatusOr<std::unique_ptr<const MessagePlan>> KeepAll(const MessageTable& table);

absl::Status Keep(const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kKeep;
  if (field.message != nullptr) {
    auto inner = KeepAll(*field.message);
    if (!inner.ok()) {
      return std::move(inner).status();
    }
    plan.inner = *std::move(inner);
  } else if (field.field_class == v1::FIELD_CLASS_UNSPECIFIED) {
    return Refuse(field, "the field has no class, so nobody gets it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<const MessagePlan>> KeepAll(const MessageTable& table) {
  auto plan = std::make_unique<MessagePlan>();
  for (const FieldInfo& field : table.fields) {
    FieldPlan& inner = plan->fields.emplace_back(PlanFor(field));
    if (absl::Status status = Keep(field, inner); !status.ok()) {
      return status;
    }
  }
  FillSteps(*plan);
  return plan;
}

// OK if the field's values may be changed one by one.
absl::Status CheckChangeable(const FieldInfo& field, const char* change) {
  if (field.key) {
    return Refuse(field,
                  absl::StrCat("it is part of the key, and ", change,
                               " it would make different keys equal: keep it, leave it out or take a pseudonym"));
  }
  if (field.packed) {
    return Refuse(field, "it is packed: keep it or leave it out");
  }
  return absl::OkStatus();
}

absl::Status RoundTime(const Instruction::RoundTime& round, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kRoundTime;
  const bool timestamp = field.message != nullptr && field.message->kind == MessageKind::kTimestamp;
  const int64_t unit = timestamp ? 1 : field.type == FieldType::kInt64 ? MicrosecondsPerUnit(field.unit) : 0;
  if (unit == 0) {
    return Refuse(field,
                  "no time to round: neither a google.protobuf.Timestamp nor an int64 with unit `us`, `ms` or "
                  "`s`");
  }
  if (round.step_us() < 1 || round.step_us() > kTimeStepUsMax || round.step_us() % unit != 0) {
    return Refuse(field, absl::StrCat("a step of ", round.step_us(),
                                      " us: it must be at least one of the field's unit, a multiple of that, and at "
                                      "most 100 years"));
  }
  plan.time_step = round.step_us() / unit;
  plan.time_min = kTimeMinUs / unit;
  return CheckChangeable(field, "rounding");
}

absl::Status Grid(const Instruction::Grid& grid, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kGrid;
  if (field.message == nullptr || field.message->kind != MessageKind::kPosition) {
    return Refuse(field, "no place to move: not an allmende.v1.Position");
  }
  if (grid.metres() < 1 || grid.metres() > kMetresMax) {
    return Refuse(field, absl::StrCat("a grid of ", grid.metres(), " m: it must be 1 to ", kMetresMax));
  }
  plan.metres = grid.metres();
  return absl::OkStatus();
}

absl::Status Bucket(const Instruction::Bucket& bucket, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kBucket;
  if (!IsNumber(field.type)) {
    return Refuse(field, "no number to put into a bucket");
  }
  if (absl::Status status = CompileBuckets(bucket, field.type, plan.buckets); !status.ok()) {
    return Refuse(field, std::string(status.message()));
  }
  return CheckChangeable(field, "putting into buckets");
}

absl::Status Mask(const Instruction::Mask& mask, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kMask;
  if (field.type != FieldType::kString && field.type != FieldType::kBytes) {
    return Refuse(field, "only string and bytes can be masked: leave the field out, or put numbers into buckets");
  }
  if (mask.text().empty() || mask.text().size() > kMaskBytesMax) {
    return Refuse(field, absl::StrCat("a mask must have 1 to ", kMaskBytesMax, " bytes"));
  }
  plan.text = mask.text();
  return absl::OkStatus();
}

absl::Status Pseudonym(const Instruction::Pseudonym& pseudonym, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kPseudonym;
  if (field.type != FieldType::kString && field.type != FieldType::kBytes) {
    return Refuse(field, "only string and bytes can become pseudonyms: make it a string, or leave it out");
  }
  if (!Instruction::Pseudonym::Period_IsValid(pseudonym.period()) ||
      pseudonym.period() == Instruction::Pseudonym::PERIOD_UNSPECIFIED) {
    return Refuse(field, "a pseudonym needs a period");
  }
  if (pseudonym.domain().size() > kDomainBytesMax) {
    return Refuse(field, absl::StrCat("the domain of a pseudonym has over ", kDomainBytesMax, " bytes"));
  }
  plan.period = pseudonym.period();
  plan.domain = FramedDomain(pseudonym.domain().empty() ? field.path : pseudonym.domain());
  return absl::OkStatus();
}

absl::Status Nested(const v1::MessageProgram& program, const FieldInfo& field, FieldPlan& plan) {
  plan.action = FieldAction::kNested;
  if (field.message == nullptr) {
    return Refuse(field, "not a message, so there is nothing inside");
  }
  if (program.fields().empty()) {
    return Refuse(field, "nothing inside is delivered: leave the field out");
  }
  auto inner = CompileMessage(program.fields(), *field.message);
  if (!inner.ok()) {
    return std::move(inner).status();
  }
  plan.inner = *std::move(inner);
  return absl::OkStatus();
}

absl::Status Act(const Instruction& instruction, const FieldInfo& field, FieldPlan& plan) {
  // What is in a message has classes of its own; so have its fields where it is kept.
  const bool in_parts =
      instruction.action_case() == Instruction::kNested || instruction.action_case() == Instruction::kKeep;
  if (!in_parts && field.field_class == v1::FIELD_CLASS_UNSPECIFIED) {
    return Refuse(field, "the field has no class, so nobody gets it");
  }
  switch (instruction.action_case()) {
    case Instruction::kKeep:
      return Keep(field, plan);
    case Instruction::kRoundTime:
      return RoundTime(instruction.round_time(), field, plan);
    case Instruction::kGrid:
      return Grid(instruction.grid(), field, plan);
    case Instruction::kBucket:
      return Bucket(instruction.bucket(), field, plan);
    case Instruction::kMask:
      return Mask(instruction.mask(), field, plan);
    case Instruction::kPseudonym:
      return Pseudonym(instruction.pseudonym(), field, plan);
    case Instruction::kNested:
      return Nested(instruction.nested(), field, plan);
    case Instruction::ACTION_NOT_SET:
      break;
  }
  return Refuse(field, "the instruction does not say what to do");
}

}  // namespace

Step MessagePlan::StepOf(uint64_t tag) const {
  const uint64_t number = tag >> 3;
  const auto wire_type = static_cast<unsigned>(tag & 7);
  if (number == 0 || number > kFieldNumberMax) {
    return {};
  }
  const auto found = std::lower_bound(fields.begin(), fields.end(), number,
                                      [](const FieldPlan& field, uint64_t wanted) { return field.number < wanted; });
  if (found == fields.end() || found->number != number) {
    return {.kind = DropStep(wire_type), .field = kUnknownField};
  }
  const auto index = static_cast<uint16_t>(found - fields.begin());
  const bool fits = wire_type == static_cast<unsigned>(found->wire_type);
  return {.kind = fits ? StepOfField(*found) : StepKind::kRefuse, .field = index};
}

absl::StatusOr<std::unique_ptr<const MessagePlan>> CompileMessage(const Instructions& instructions,
                                                                  const MessageTable& table) {
  std::map<uint32_t, const Instruction*> by_number;
  for (const Instruction& instruction : instructions) {
    const FieldInfo* field = table.Find(instruction.number());
    if (field == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the view program does not fit the schema: `", table.type_name,
                                                     "` has no field with number ", instruction.number()));
    }
    if (!by_number.emplace(instruction.number(), &instruction).second) {
      return Refuse(*field, "two instructions for one field");
    }
  }
  auto plan = std::make_unique<MessagePlan>();
  for (const FieldInfo& field : table.fields) {
    FieldPlan& compiled = plan->fields.emplace_back(PlanFor(field));
    const auto instruction = by_number.find(field.number);
    if (instruction == by_number.end()) {
      continue;
    }
    if (absl::Status status = Act(*instruction->second, field, compiled); !status.ok()) {
      return status;
    }
    if (compiled.action == FieldAction::kBucket && !compiled.shows_default &&
        !ShowsZeroAsZero(compiled.buckets, compiled.type)) {
      plan->filled.push_back(static_cast<uint16_t>(plan->fields.size() - 1));
    }
  }
  FillSteps(*plan);
  return plan;
}

absl::Status CheckNothingUnknown(const google::protobuf::Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  if (!reflection.GetUnknownFields(message).empty()) {
    return absl::InvalidArgumentError(absl::StrCat("the view program was made by a newer version: `",
                                                   message.GetDescriptor()->full_name(),
                                                   "` has a field that this one does not know; update this program"));
  }
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const google::protobuf::FieldDescriptor* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      const google::protobuf::Message& inner = field->is_repeated() ? reflection.GetRepeatedMessage(message, field, i)
                                                                    : reflection.GetMessage(message, field);
      if (absl::Status status = CheckNothingUnknown(inner); !status.ok()) {
        return status;
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace allmende::policy::view
