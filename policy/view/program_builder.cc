#include "policy/view/program_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

using v1::FieldInstruction;
using Instructions = google::protobuf::RepeatedPtrField<FieldInstruction>;

FieldInstruction* Find(Instructions& instructions, uint32_t number) {
  for (FieldInstruction& instruction : instructions) {
    if (instruction.number() == number) {
      return &instruction;
    }
  }
  return nullptr;
}

bool AllClassed(const FieldInfo& field) {
  if (field.message == nullptr) {
    return field.field_class != v1::FIELD_CLASS_UNSPECIFIED;
  }
  for (const FieldInfo& inner : field.message->fields) {
    if (!AllClassed(inner)) {
      return false;
    }
  }
  return true;
}

void KeepClassed(const MessageTable& table, Instructions& instructions) {
  for (const FieldInfo& field : table.fields) {
    FieldInstruction instruction;
    instruction.set_number(field.number);
    if (AllClassed(field)) {
      instruction.mutable_keep();
    } else if (field.message != nullptr) {
      KeepClassed(*field.message, *instruction.mutable_nested()->mutable_fields());
      if (instruction.nested().fields().empty()) {
        continue;
      }
    } else {
      continue;
    }
    *instructions.Add() = std::move(instruction);
  }
}

}  // namespace

absl::Status AddInstruction(v1::ViewProgram& program, const FieldInfo& field, FieldInstruction instruction) {
  Instructions* instructions = program.mutable_fields();
  for (size_t i = 0; i + 1 < field.number_path.size(); ++i) {
    FieldInstruction* around = Find(*instructions, field.number_path[i]);
    if (around == nullptr) {
      around = instructions->Add();
      around->set_number(field.number_path[i]);
      around->mutable_nested();
    } else if (!around->has_nested()) {
      return absl::AlreadyExistsError(
          absl::StrCat("`", field.path, "` lies in a message that has an instruction as a whole already"));
    }
    instructions = around->mutable_nested()->mutable_fields();
  }
  if (Find(*instructions, field.number) != nullptr) {
    return absl::AlreadyExistsError(absl::StrCat("`", field.path, "` has an instruction already"));
  }
  instruction.set_number(field.number);
  *instructions->Add() = std::move(instruction);
  return absl::OkStatus();
}

v1::ViewProgram KeepEverything(const SchemaTable& table) {
  v1::ViewProgram program;
  KeepClassed(table.record(), *program.mutable_fields());
  return program;
}

}  // namespace allmende::policy
