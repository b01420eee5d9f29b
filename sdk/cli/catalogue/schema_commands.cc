#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "allmende/client.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/catalogue/classes.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/catalogue/infer.h"
#include "sdk/cli/catalogue/proto_text.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"

namespace allmende::cli {
namespace {

absl::StatusOr<CompiledSchema> SchemaOf(Context& context, const Values& values) {
  const std::string& what = values.Text("WHAT");
  if (absl::EndsWith(what, ".proto")) {
    return CompileSchema(what, values.Text("message"), values.Texts("import-path"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(what, true));
  CompiledSchema schema;
  schema.message = dataset.message_name();
  if (!schema.files.ParseFromString(dataset.schema())) {
    return absl::DataLossError(absl::StrCat("the broker's schema of `", what, "` cannot be read"));
  }
  return schema;
}

absl::StatusOr<ExitCode> Show(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(CompiledSchema compiled, SchemaOf(context, values));
  if (values.Switch("proto")) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ProtoText(compiled.files, compiled.message));
    *context.out << text;
    return ExitCode::kOk;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const LocalSchema schema, FinishSchema(std::move(compiled)));
  WriteFields(context, schema.table);
  return ExitCode::kOk;
}

// Writes `text` where nothing was before.
absl::Status WriteNew(const std::string& path, const std::string& text, bool overwrite) {
  std::error_code ignored;
  if (!overwrite && std::filesystem::exists(path, ignored)) {
    return WithHint(absl::AlreadyExistsError(absl::StrCat("`", path, "` exists already")),
                    "name another file, or say `--overwrite`");
  }
  return WriteFileAtomically(path, text, FileAccess::kEverybody);
}

absl::StatusOr<ExitCode> Infer(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(InferredSchema schema, InferFrom(values.Text("FILE"), values));
  const bool asks = !values.Has("class") && context.in_is_terminal && context.err_is_terminal && !context.quiet;
  if (asks) schema.proto_text = AskForClasses(context, std::move(schema.proto_text));
  if (!values.Has("out")) {
    *context.out << schema.proto_text;
  } else {
    ALLMENDE_RETURN_IF_ERROR(WriteNew(values.Text("out"), schema.proto_text, values.Switch("overwrite")));
  }
  if (values.Has("mapping")) {
    ALLMENDE_RETURN_IF_ERROR(WriteNew(values.Text("mapping"), schema.import_spec, values.Switch("overwrite")));
  }
  const int open = OpenClasses(schema.proto_text);
  if (context.quiet) return ExitCode::kOk;
  *context.err << "message " << schema.message << ", guessed from " << CountText(schema.rows)
               << (schema.rows == 1 ? " row\n" : " rows\n");
  if (open > 0) {
    *context.err << open << (open == 1 ? " field has" : " fields have")
                 << " no class yet and would never be delivered: choose one for each, or say `--class public`\n";
  }
  if (!schema.import_spec.empty() && !values.Has("mapping")) {
    *context.err << "names or forms differ from the file: `--mapping FILE` writes how its columns become fields\n";
  }
  return ExitCode::kOk;
}

}  // namespace

void AddSchemaCommands(Program& program) {
  std::vector<Option> show = {{.name = "proto", .help = "as a .proto file"}};
  for (const Option& option : SchemaOptions(false)) {
    if (option.name != "schema") show.push_back(option);
  }
  program.commands.push_back(
      {.name = "schema show",
       .summary = "shows the fields of a dataset, or of a .proto file, with classes and units",
       .examples = {"allmende schema show wasser/regen", "allmende schema show rain.proto",
                    "allmende schema show wasser/regen --proto > rain.proto"},
       .arguments = {{.name = "WHAT", .help = "a dataset's name, or a .proto file", .kind = ValueKind::kFile}},
       .options = std::move(show),
       .run = Show});
  std::vector<Option> infer = InferenceOptions();
  infer.push_back(
      {.name = "out", .help = "where the schema goes (default: standard output)", .kind = ValueKind::kFile});
  infer.push_back({.name = "mapping",
                   .help = "where to write how the file's columns become fields, for `allmende publish`",
                   .kind = ValueKind::kFile});
  infer.push_back({.name = "overwrite", .help = "replace files that exist"});
  program.commands.push_back(
      {.name = "schema infer",
       .summary = "guesses a first schema from a CSV or NDJSON file",
       .details =
           "Types come from the values. How sensitive a field is cannot be guessed: on a terminal you are asked for "
           "the class of each; without a class a field is never delivered to anybody.",
       .examples = {"allmende schema infer rain.csv --out rain.proto --mapping rain.import.yaml",
                    "allmende schema infer stops.csv --class public"},
       .arguments = {{.name = "FILE", .help = "the data; gzip too, `-` for standard input", .kind = ValueKind::kFile}},
       .options = std::move(infer),
       .run = Infer});
}

}  // namespace allmende::cli
