// Builds view programs by field, as a policy names them.
#pragma once

#include "absl/status/status.h"
#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// Puts `instruction` (its number is filled in) for `field` into `program`, inside the instructions of the messages
// around the field, which are made as needed.
//   kAlreadyExists  the program has an instruction for the field, or for a message around it other than a nested one
absl::Status AddInstruction(v1::ViewProgram& program, const FieldInfo& field, v1::FieldInstruction instruction);

// A program that keeps every field that has a class. Without pseudonyms or filter; the dataset id is still to be set.
v1::ViewProgram KeepEverything(const SchemaTable& table);

}  // namespace allmende::policy
