// The canonical form of a schema, which its hash is computed over.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace allmende::policy {

// Returns the canonical descriptor set of a schema that SchemaTable::Compile accepts: a serialized
// google.protobuf.FileDescriptorSet, the same for all sets that mean the same record. Equal bytes mean equal records,
// with the same names, types, classes, units, keys and event times; and the set can be compiled again.
//
//   - Only the messages and enums that the record's message reaches, in the order of their files; a message around them
//     that is not reached itself stays as an empty shell. Files without any of these are left out.
//   - Of a file: name, package, dependencies (those among the files that are left and referred to, sorted by name),
//     messages, enums, syntax. Of a message: name, fields, nested types, enums, oneofs (names only). Of a field: name,
//     number, label, type, type name, oneof index, `proto3_optional`, and of its options `packed` (where it is written)
//     and the four of allmende/v1/options.proto. Of an enum: name, `allow_alias`, values by name and number.
//     Comments, reserved names and numbers, JSON names and other options are not part of it.
//   - Fields stand by ascending number. Files stand topologically, an imported file before its importer; of those that
//     could come next, the one with the least name.
//   - Protobuf's deterministic encoding: fields by ascending number.
//
//   kInvalidArgument  as SchemaTable::Compile
absl::StatusOr<std::string> CanonicalDescriptorSet(std::string_view descriptor_set, std::string_view message_name);

}  // namespace allmende::policy
