#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "allmende/client.h"
#include "sdk/base/status.h"
#include "sdk/cli/catalogue/commands.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/table.h"

namespace allmende::cli {
namespace {

absl::StatusOr<ExitCode> List(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<v1::Dataset> datasets, client->ListAllDatasets());
  Table table({"name", "kind", "provider", "records", "stored_bytes", "policy_release", "title"});
  table.SetEmptyText("no datasets yet; `allmende dataset create` makes one");
  for (const v1::Dataset& dataset : datasets) {
    if (values.Has("provider") && dataset.provider() != values.Text("provider")) continue;
    Cell release = Cell::Number(static_cast<int64_t>(dataset.release()));
    table.AddRow({Cell::Text(dataset.name()), Cell::Text(KindText(dataset.kind())), Cell::Text(dataset.provider()),
                  Cell::Whole(static_cast<int64_t>(dataset.next_sequence() - dataset.first_sequence())),
                  Cell::Bytes(dataset.stored_bytes()),
                  dataset.release() == 0 ? std::move(release).Shown("none") : std::move(release),
                  Cell::Text(dataset.title())});
  }
  Write(context, table);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(values.Text("NAME"), true));
  WriteDataset(context, dataset);
  if (context.output != OutputFormat::kTable) return ExitCode::kOk;
  ALLMENDE_ASSIGN_OR_RETURN(const policy::SchemaTable schema,
                            policy::SchemaTable::Compile(dataset.schema(), dataset.message_name()));
  *context.out << "\n";
  WriteFields(context, schema);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Update(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const LocalSchema schema, CompileLocal(values));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  const std::string& name = values.Text("NAME");
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset before, client->GetDataset(name));
  v1::UpdateSchemaRequest request;
  request.set_name(name);
  request.set_schema(schema.compiled.files.SerializeAsString());
  request.set_message_name(schema.compiled.message);
  request.set_expected_version(values.Has("based-on") ? static_cast<uint32_t>(values.Whole("based-on"))
                                                      : before.schema_version());
  request.set_dry_run(values.Switch("dry-run"));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::UpdateSchemaResponse answer, client->UpdateSchema(request));
  for (const std::string& notice : answer.notices()) context.Remark(absl::StrCat("note: ", notice));
  const v1::Dataset& after = answer.dataset();
  if (request.dry_run()) {
    context.Remark(absl::StrCat("`", name, "` could take the schema as version ", before.schema_version() + 1));
    return ExitCode::kOk;
  }
  if (after.schema_version() == before.schema_version()) {
    context.Remark("the schema is the same as before");
  }
  Details details;
  details.Add("name", Cell::Text(name));
  details.Add("schema", Cell::Text(after.message_name()));
  details.Add("schema_version", Cell::Number(after.schema_version()));
  Write(context, details);
  return ExitCode::kOk;
}

}  // namespace

void AddDatasetCommands(Program& program) {
  const Argument name = {.name = "NAME", .help = "the dataset's name"};
  program.commands.push_back(
      {.name = "dataset list",
       .summary = "lists the datasets of the exchange",
       .options =
           {{.name = "provider", .help = "only those of this participant", .kind = ValueKind::kText, .value = "ID"}},
       .run = List});
  program.commands.push_back({.name = "dataset show",
                              .summary = "shows a dataset: where its log stands, its fields and their classes",
                              .arguments = {name},
                              .run = Show});
  std::vector<Option> options = SchemaOptions(true);
  options.push_back({.name = "based-on",
                     .help = "refuse if the schema has another version by now (default: the one in force)",
                     .kind = ValueKind::kWhole});
  options.push_back({.name = "dry-run", .help = "only let the broker check whether readers could go on"});
  program.commands.push_back({.name = "dataset update",
                              .summary = "replaces a dataset's schema by a compatible one",
                              .examples = {"allmende dataset update wasser/regen --schema rain.proto --dry-run"},
                              .arguments = {name},
                              .options = std::move(options),
                              .run = Update});
}

void AddCatalogueCommands(Program& program) {
  AddCreateCommand(program);
  AddDatasetCommands(program);
  AddQuarantineCommands(program);
  AddReplayCommand(program);
  AddSchemaCommands(program);
}

}  // namespace allmende::cli
