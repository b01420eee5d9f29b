#include "policy/decide/view_writer.h"

namespace allmende::policy {
namespace {

v1::FieldInstruction::Pseudonym::Period PeriodOf(Pseudonym::Period period) {
  switch (period) {
    case Pseudonym::Period::kYear:
      return v1::FieldInstruction::Pseudonym::YEAR;
    case Pseudonym::Period::kMonth:
      return v1::FieldInstruction::Pseudonym::MONTH;
    case Pseudonym::Period::kDay:
      return v1::FieldInstruction::Pseudonym::DAY;
    case Pseudonym::Period::kAgreement:
      break;
  }
  return v1::FieldInstruction::Pseudonym::AGREEMENT;
}

struct InstructionWriter {
  v1::FieldInstruction& out;

  void operator()(const Keep&) const { out.mutable_keep(); }
  void operator()(const RoundTime& round) const {
    out.mutable_round_time()->set_step_us(absl::ToInt64Microseconds(round.step));
  }
  void operator()(const Grid& grid) const { out.mutable_grid()->set_metres(static_cast<uint32_t>(grid.metres)); }
  void operator()(const Buckets& buckets) const {
    out.mutable_bucket()->mutable_bounds()->Assign(buckets.bounds.begin(), buckets.bounds.end());
  }
  void operator()(const Pseudonym& pseudonym) const { out.mutable_pseudonym()->set_period(PeriodOf(pseudonym.period)); }
  void operator()(const Mask&) const { out.mutable_mask()->set_text("***"); }
  void operator()(const Drop&) const {}
};

// The instruction for a field, inside those of the messages around it. Slots come by ascending number path, so the
// message that is written to is always the last one.
v1::FieldInstruction& InstructionFor(v1::ViewProgram& program, const std::vector<uint32_t>& number_path) {
  auto* fields = program.mutable_fields();
  for (size_t depth = 0;; ++depth) {
    if (fields->empty() || fields->rbegin()->number() != number_path[depth]) {
      fields->Add()->set_number(number_path[depth]);
    }
    v1::FieldInstruction& instruction = *fields->rbegin();
    if (depth + 1 == number_path.size()) {
      return instruction;
    }
    fields = instruction.mutable_nested()->mutable_fields();
  }
}

v1::RowFilter AnyOf(const CompiledRules& rules, const RowAlternatives& alternatives) {
  if (alternatives.size() == 1) {
    return rules.row_filters[alternatives.front()];
  }
  v1::RowFilter filter;
  for (const int number : alternatives) {
    *filter.mutable_any()->add_of() = rules.row_filters[number];
  }
  return filter;
}

}  // namespace

v1::ViewProgram WriteView(const CompiledRules& rules, const Combination& combination) {
  v1::ViewProgram program;
  for (SlotIndex slot = 0; slot < rules.slots.size(); ++slot) {
    const Treatment& treatment = combination.treatments[slot];
    if (!std::holds_alternative<Drop>(treatment)) {
      std::visit(InstructionWriter{InstructionFor(program, rules.slots[slot].number_path)}, treatment);
    }
  }
  if (combination.rows.size() == 1) {
    *program.mutable_rows() = AnyOf(rules, combination.rows.front());
  } else {
    for (const RowAlternatives& alternatives : combination.rows) {
      *program.mutable_rows()->mutable_all()->add_of() = AnyOf(rules, alternatives);
    }
  }
  return program;
}

}  // namespace allmende::policy
