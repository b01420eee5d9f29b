#include "policy/testing/random_program.h"

#include <set>

namespace allmende::policy::testing {
namespace {

using v1::FieldInstruction;
using Instructions = google::protobuf::RepeatedPtrField<FieldInstruction>;

bool IsText(const FieldInfo& field) {
  return field.type == FieldType::kString || field.type == FieldType::kBytes;
}

bool IsNumber(const FieldInfo& field) {
  return !IsText(field) && field.type != FieldType::kMessage && field.type != FieldType::kEnum &&
         field.type != FieldType::kBool;
}

bool IsUnsigned(const FieldInfo& field) {
  return field.type == FieldType::kUint32 || field.type == FieldType::kUint64 || field.type == FieldType::kFixed32 ||
         field.type == FieldType::kFixed64;
}

bool IsFloating(const FieldInfo& field) {
  return field.type == FieldType::kDouble || field.type == FieldType::kFloat;
}

void FillBuckets(const FieldInfo& field, Random& random, FieldInstruction::Bucket& bucket) {
  std::set<double> bounds;
  for (uint64_t i = 1 + random.Below(6); i > 0; --i) {
    double bound = static_cast<double>(random.Below(IsUnsigned(field) ? 2'000 : 4'000));
    bound -= IsUnsigned(field) ? 0 : 2'000;
    bounds.insert(IsFloating(field) ? bound / 10 : bound);
  }
  bucket.mutable_bounds()->Add(bounds.begin(), bounds.end());
  if (random.OneIn(3)) {
    bucket.set_index(true);
  } else if (random.OneIn(3) && (!IsUnsigned(field) || *bounds.begin() > 0)) {
    bucket.set_below(IsUnsigned(field) ? 0 : *bounds.begin() - 1);
  }
}

int64_t TimeStep(const FieldInfo& field, Random& random) {
  static const auto& seconds = *new std::vector<int64_t>{1, 7, 60, 900, 3'600, 86'400, 31'536'000};
  if (field.type == FieldType::kMessage && random.OneIn(4)) {
    return 1 + static_cast<int64_t>(random.Below(1'000'000));
  }
  return random.Pick(seconds) * 1'000'000;
}

void FillPseudonym(Random& random, FieldInstruction::Pseudonym& pseudonym) {
  pseudonym.set_period(static_cast<FieldInstruction::Pseudonym::Period>(1 + random.Below(4)));
  if (random.OneIn(4)) {
    pseudonym.set_domain("vehicle");
  }
}

void Fill(const MessageTable& table, Random& random, Instructions& instructions);

void Act(const FieldInfo& field, Random& random, FieldInstruction& instruction) {
  instruction.set_number(field.number);
  const bool changeable = !field.packed && !field.key;
  const MessageKind kind = field.message == nullptr ? MessageKind::kPlain : field.message->kind;
  if (field.message != nullptr && random.OneIn(2)) {
    Fill(*field.message, random, *instruction.mutable_nested()->mutable_fields());
    if (!instruction.nested().fields().empty()) {
      return;
    }
  }
  if (kind == MessageKind::kPosition && random.OneIn(2)) {
    instruction.mutable_grid()->set_metres(1 + static_cast<uint32_t>(random.Below(random.OneIn(2) ? 2'000 : 900'000)));
  } else if ((kind == MessageKind::kTimestamp || MicrosecondsPerUnit(field.unit) > 0) && changeable &&
             random.OneIn(2)) {
    instruction.mutable_round_time()->set_step_us(TimeStep(field, random));
  } else if (IsNumber(field) && changeable && random.OneIn(2)) {
    FillBuckets(field, random, *instruction.mutable_bucket());
  } else if (IsText(field) && random.OneIn(3)) {
    instruction.mutable_mask()->set_text(random.OneIn(5) ? std::string(200, '*') : "***");
  } else if (IsText(field) && random.OneIn(2)) {
    FillPseudonym(random, *instruction.mutable_pseudonym());
  } else {
    instruction.mutable_keep();
  }
}

void Fill(const MessageTable& table, Random& random, Instructions& instructions) {
  for (const FieldInfo& field : table.fields) {
    if (!random.OneIn(3)) {
      Act(field, random, *instructions.Add());
    }
  }
}

void FillConstant(const FieldInfo& field, Random& random, v1::RowConstant& constant) {
  const auto small = static_cast<int64_t>(random.Below(6)) - (random.OneIn(4) ? 3 : 0);
  switch (field.type) {
    case FieldType::kMessage:
      constant.set_time_us(static_cast<int64_t>(random.Below(200'000'000'000'000'000)) - 50'000'000'000'000'000);
      break;
    case FieldType::kString:
      constant.set_text(random.OneIn(2) ? "a" : "");
      break;
    case FieldType::kBytes:
      constant.set_data(random.OneIn(2) ? std::string(1, '\0') : "");
      break;
    case FieldType::kBool:
      constant.set_truth(random.OneIn(2));
      break;
    default:
      if (IsUnsigned(field)) {
        constant.set_natural(random.OneIn(4) ? random.Bits() : random.Below(6));
      } else if (IsFloating(field)) {
        constant.set_number(static_cast<double>(small));
      } else {
        constant.set_integer(random.OneIn(4) ? static_cast<int64_t>(random.Bits()) : small);
      }
  }
}

// Fields that a filter can look at.
std::vector<const FieldInfo*> Comparable(const SchemaTable& table) {
  std::vector<const FieldInfo*> fields;
  for (const FieldInfo* field : table.all_fields()) {
    const MessageTable* message = &table.record();
    bool repeated = false;
    for (const uint32_t number : field->number_path) {
      const FieldInfo* step = message->Find(number);
      repeated |= step->repeated;
      message = step->message.get();
    }
    if (!repeated && (field->message == nullptr || field->message->kind == MessageKind::kTimestamp)) {
      fields.push_back(field);
    }
  }
  if (fields.size() > 30) {
    fields.resize(30);
  }
  return fields;
}

void FillCondition(const std::vector<const FieldInfo*>& fields, int depth, Random& random, v1::RowFilter& filter) {
  if (depth < 4 && random.OneIn(2)) {
    if (random.OneIn(3)) {
      return FillCondition(fields, depth + 1, random, *filter.mutable_negated());
    }
    v1::RowFilterList& list = random.OneIn(2) ? *filter.mutable_all() : *filter.mutable_any();
    for (uint64_t i = 1 + random.Below(3); i > 0; --i) {
      FillCondition(fields, depth + 1, random, *list.add_of());
    }
    return;
  }
  const FieldInfo& field = *random.Pick(fields);
  if (random.OneIn(3)) {
    v1::RowMembership& member = *filter.mutable_member();
    member.mutable_field()->Add(field.number_path.begin(), field.number_path.end());
    for (uint64_t i = 1 + random.Below(4); i > 0; --i) {
      FillConstant(field, random, *member.add_values());
    }
    return;
  }
  v1::RowComparison& compare = *filter.mutable_compare();
  compare.mutable_field()->Add(field.number_path.begin(), field.number_path.end());
  const bool equality = field.type == FieldType::kBool || field.type == FieldType::kEnum;
  compare.set_operator_(static_cast<v1::RowComparison::Operator>(1 + random.Below(equality ? 2 : 6)));
  FillConstant(field, random, *compare.mutable_value());
}

}  // namespace

v1::ViewProgram RandomProgram(const SchemaTable& table, Random& random) {
  v1::ViewProgram program;
  program.set_dataset_id("0123456789abcdef");
  Fill(table.record(), random, *program.mutable_fields());
  const std::vector<const FieldInfo*> comparable = Comparable(table);
  if (!comparable.empty() && random.OneIn(3)) {
    FillCondition(comparable, 0, random, *program.mutable_rows());
  }
  return program;
}

}  // namespace allmende::policy::testing
