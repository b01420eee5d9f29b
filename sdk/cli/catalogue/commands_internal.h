// What the commands of this folder share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "allmende/v1/catalogue.pb.h"
#include "policy/schema/schema_table.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/context.h"
#include "sdk/schema_tools/compile_schema.h"

namespace allmende::cli {

void AddDatasetCommands(Program& program);
void AddCreateCommand(Program& program);
void AddQuarantineCommands(Program& program);
void AddReplayCommand(Program& program);
void AddSchemaCommands(Program& program);

// A schema ready to register, and its table.
struct LocalSchema {
  CompiledSchema compiled;
  policy::SchemaTable table;
};

// Compiles what `--schema`, `--message` and `--import-path` say. kInvalidArgument lists all problems.
absl::StatusOr<LocalSchema> CompileLocal(const Values& values);
absl::StatusOr<LocalSchema> FinishSchema(CompiledSchema compiled);
// The options that CompileLocal reads; `required`: of `--schema`.
std::vector<Option> SchemaOptions(bool required);

// `stream`, `table`.
std::string KindText(v1::DatasetKind kind);

// Everything about one dataset; its fields too where the schema came along.
void WriteDataset(Context& context, const v1::Dataset& dataset);

// The paths of the fields that a policy treats as one value, in order; with `only`, those of this class.
std::vector<std::string> ValuePaths(const policy::SchemaTable& schema, std::optional<v1::FieldClass> only);

// Fields, with class, type and role, as a table.
void WriteFields(Context& context, const policy::SchemaTable& schema);

}  // namespace allmende::cli
