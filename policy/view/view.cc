#include "policy/view/view.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policy/view/plan_compiler.h"
#include "policy/view/pseudonym.h"
#include "policy/view/rounding.h"
#include "policy/view/transform.h"
#include "policy/view/view_plan.h"
#include "policy/wire/validator.h"

namespace allmende::policy {
namespace {

using v1::FieldInstruction;
using Instructions = google::protobuf::RepeatedPtrField<FieldInstruction>;

constexpr size_t kKeyIdBytesMax = 64;

const FieldInstruction* Find(const Instructions& instructions, uint32_t number) {
  const auto found = std::find_if(instructions.begin(), instructions.end(),
                                  [&](const FieldInstruction& instruction) { return instruction.number() == number; });
  return found == instructions.end() ? nullptr : &*found;
}

bool MakesPseudonyms(const Instructions& instructions) {
  return std::any_of(instructions.begin(), instructions.end(), [](const FieldInstruction& instruction) {
    return instruction.has_pseudonym() || MakesPseudonyms(instruction.nested().fields());
  });
}

KeyTreatment KeyTreatmentOf(const v1::ViewProgram& program, const SchemaTable& table) {
  if (table.key_fields().empty()) {
    return KeyTreatment::kNone;
  }
  for (const FieldInfo* field : table.key_fields()) {
    const FieldInstruction* instruction = Find(program.fields(), field->number);
    if (instruction == nullptr || !instruction->has_keep()) {
      return KeyTreatment::kPseudonym;
    }
  }
  return KeyTreatment::kKeep;
}

// The numbers of periods grow as the periods get shorter.
FieldInstruction::Pseudonym::Period KeyPeriodOf(const v1::ViewProgram& program, const SchemaTable& table) {
  auto period = FieldInstruction::Pseudonym::AGREEMENT;
  for (const FieldInfo* field : table.key_fields()) {
    const FieldInstruction* instruction = Find(program.fields(), field->number);
    if (instruction != nullptr && instruction->has_pseudonym()) {
      period = std::max(period, instruction->pseudonym().period());
    }
  }
  return period;
}

// What the program delivers.
struct Deliveries {
  bool all = true;  // every field of the schema, as it is
  std::vector<std::string> delivered;
  std::vector<std::string> changed;
};

void Collect(const MessageTable& table, const Instructions* instructions, Deliveries& deliveries) {
  for (const FieldInfo& field : table.fields) {
    // Without a list, all is kept.
    const FieldInstruction* instruction = instructions == nullptr ? nullptr : Find(*instructions, field.number);
    if (instructions != nullptr && instruction == nullptr) {
      deliveries.all = false;
      continue;
    }
    const bool nested = instruction != nullptr && instruction->has_nested();
    if (nested || !field.is_value()) {
      Collect(*field.message, nested ? &instruction->nested().fields() : nullptr, deliveries);
      continue;
    }
    deliveries.delivered.push_back(field.path);
    if (instruction != nullptr && !instruction->has_keep()) {
      deliveries.all = false;
      deliveries.changed.push_back(field.path);
    }
  }
}

absl::Status CheckIds(const v1::ViewProgram& program, const Mac* mac) {
  if (program.dataset_id().size() != view::kDatasetIdBytes) {
    return absl::InvalidArgumentError(absl::StrCat("the view makes pseudonyms, so its program needs a dataset id of ",
                                                   view::kDatasetIdBytes, " bytes; it has ",
                                                   program.dataset_id().size()));
  }
  if (program.pseudonym_key_id().size() > kKeyIdBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("the pseudonym key id has over ", kKeyIdBytesMax, " bytes"));
  }
  if (mac == nullptr) {
    return absl::InvalidArgumentError("the view makes pseudonyms, but its key is not at hand");
  }
  return absl::OkStatus();
}

}  // namespace

CompiledView::CompiledView() = default;
CompiledView::CompiledView(CompiledView&&) noexcept = default;
CompiledView& CompiledView::operator=(CompiledView&&) noexcept = default;
CompiledView::~CompiledView() = default;

bool NeedsMac(const v1::ViewProgram& program, const SchemaTable& table) {
  return MakesPseudonyms(program.fields()) || KeyTreatmentOf(program, table) == KeyTreatment::kPseudonym;
}

absl::StatusOr<CompiledView> CompiledView::Compile(const v1::ViewProgram& program, const SchemaTable& table,
                                                   std::shared_ptr<const Mac> mac) {
  if (absl::Status status = view::CheckNothingUnknown(program); !status.ok()) {
    return status;
  }
  auto record = view::CompileMessage(program.fields(), table.record());
  if (!record.ok()) {
    return std::move(record).status();
  }
  auto plan = std::make_unique<view::ViewPlan>();
  plan->record = *std::move(record);
  if (program.has_rows()) {
    auto filter = view::CompileFilter(program.rows(), table);
    if (!filter.ok()) {
      return std::move(filter).status();
    }
    plan->filter = *std::move(filter);
  }
  if (NeedsMac(program, table)) {
    if (absl::Status status = CheckIds(program, mac.get()); !status.ok()) {
      return status;
    }
    plan->mac = std::move(mac);
    plan->field_pseudonym_prefix = view::PseudonymPrefix(program.dataset_id(), 1);
    plan->key_pseudonym_prefix = view::PseudonymPrefix(program.dataset_id(), 2);
  }

  CompiledView view;
  view.key_treatment_ = KeyTreatmentOf(program, table);
  view.key_period_ = KeyPeriodOf(program, table);
  if (const FieldInfo* field = table.event_time_field(); field != nullptr) {
    const FieldInstruction* instruction = Find(program.fields(), field->number);
    if (instruction != nullptr && instruction->has_keep()) {
      view.event_time_treatment_ = EventTimeTreatment::kKeep;
    } else if (instruction != nullptr && instruction->has_round_time()) {
      view.event_time_treatment_ = EventTimeTreatment::kRound;
      plan->event_time_step_us = instruction->round_time().step_us();
    }
  }
  Deliveries deliveries;
  Collect(table.record(), &program.fields(), deliveries);
  view.identity_ = deliveries.all && !program.has_rows();
  view.delivered_fields_ = std::move(deliveries.delivered);
  view.changed_fields_ = std::move(deliveries.changed);
  view.plan_ = std::move(plan);
  return view;
}

ViewResult CompiledView::Apply(const RecordInput& input, ViewOutput& output) const {
  output.payload = {};
  output.key = {};
  output.key_is_pseudonym = false;
  output.event_time_us.reset();
  if (input.operation == RecordOperation::kUpsert) {
    bool passes = true;
    if (plan_->filter != nullptr && !view::EvaluateFilter(*plan_->filter, input.payload, passes)) {
      return ViewResult::kError;
    }
    if (!passes) {
      return ViewResult::kFiltered;
    }
  } else if (input.operation != RecordOperation::kDelete || !input.payload.empty()) {
    return ViewResult::kError;
  }
  if (event_time_treatment_ == EventTimeTreatment::kKeep) {
    output.event_time_us = input.event_time_us;
  } else if (event_time_treatment_ == EventTimeTreatment::kRound && input.event_time_us.has_value()) {
    output.event_time_us = view::RoundDown(*input.event_time_us, plan_->event_time_step_us, kTimeMinUs);
  }
  if (key_treatment_ == KeyTreatment::kKeep) {
    output.key = input.key;
  } else if (key_treatment_ == KeyTreatment::kPseudonym) {
    if (!view::ComputePseudonym(*plan_->mac, plan_->key_pseudonym_prefix,
                                view::PeriodOf(key_period_, input.event_time_us), {}, input.key, output.pseudonym_)) {
      output.event_time_us.reset();
      return ViewResult::kError;
    }
    output.key = std::string_view(reinterpret_cast<const char*>(output.pseudonym_), view::kPseudonymBytes);
    output.key_is_pseudonym = true;
  }
  if (input.operation == RecordOperation::kDelete) {
    return ViewResult::kDeliver;
  }
  view::Transform transform(*plan_, input.event_time_us, output.buffer_);
  if (!transform.Record(input.payload)) {
    output.key = {};
    output.event_time_us.reset();
    return ViewResult::kError;
  }
  output.payload = output.buffer_.view();
  return ViewResult::kDeliver;
}

bool CompiledView::filters_rows() const {
  return plan_->filter != nullptr;
}

bool CompiledView::Passes(std::string_view payload) const {
  bool passes = true;
  return plan_->filter == nullptr || (view::EvaluateFilter(*plan_->filter, payload, passes) && passes);
}

}  // namespace allmende::policy
