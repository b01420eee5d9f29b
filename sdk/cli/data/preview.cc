// `allmende dataset preview`: which fields somebody would get, and under which terms.
#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/dataset_info.h"
#include "sdk/cli/data/terms_text.h"
#include "sdk/cli/frame/refusal.h"
#include "sdk/cli/frame/table.h"

namespace allmende::cli {
namespace {

constexpr char kClassPrefix[] = "FIELD_CLASS_";

std::string ClassName(v1::FieldClass field_class) {
  std::string name = v1::FieldClass_Name(field_class);
  if (absl::StartsWith(name, kClassPrefix)) name = name.substr(sizeof(kClassPrefix) - 1);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

bool Names(const google::protobuf::RepeatedPtrField<std::string>& paths, const std::string& field) {
  return std::any_of(paths.begin(), paths.end(), [&](const std::string& path) {
    return path == field || absl::StartsWith(field, path + ".") || absl::StartsWith(path, field + ".");
  });
}

// One row a value, at every level.
void AddFields(const policy::MessageTable& message, const v1::Terms& terms, Table& table) {
  for (const policy::FieldInfo& field : message.fields) {
    if (!field.is_value()) {
      AddFields(*field.message, terms, table);
      continue;
    }
    const bool delivered = Names(terms.fields(), field.path);
    const bool changed = delivered && Names(terms.changed_fields(), field.path);
    table.AddRow({Cell::Text(field.path), Cell::Text(ClassName(field.field_class)), Cell::Text(field.unit),
                  Cell::Text(changed     ? "changed"
                             : delivered ? "as it is"
                                         : "no",
                             changed     ? Style::kWarning
                             : delivered ? Style::kGood
                                         : Style::kDim)});
  }
}

absl::StatusOr<ExitCode> RunPreview(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  const std::string& name = values.Text("DATASET");
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(name, /*with_schema=*/true));
  ALLMENDE_ASSIGN_OR_RETURN(const SchemaForms schema, ReadSchema(dataset.schema(), dataset.message_name()));
  v1::ExplainRequest request;
  request.set_dataset(name);
  request.set_participant(values.Text("as"));
  request.set_purpose(values.Has("purpose") ? values.Text("purpose") : client->purpose());
  request.set_during_crisis(values.Text("during-crisis"));
  for (const std::string& role : values.Texts("role")) request.add_roles(role);
  ALLMENDE_ASSIGN_OR_RETURN(const v1::ExplainResponse answer, client->Explain(request));
  if (answer.has_refused()) return ShowRefusal(context, answer.refused());
  const v1::Terms& terms = answer.terms();
  Table table({"field", "class", "unit", "delivered"});
  AddFields(schema.table->record(), terms, table);
  Write(context, table);
  std::string text = TermsText(terms);
  for (const std::string& rule : answer.rules()) absl::StrAppend(&text, "rule:     ", Printable(rule), "\n");
  if (!context.quiet) (context.output == OutputFormat::kTable ? *context.out : *context.err) << "\n" << text;
  return ExitCode::kOk;
}

}  // namespace

Command PreviewCommand() {
  return {.name = "dataset preview",
          .summary = "shows which fields of a dataset somebody would get, and under which terms",
          .details = "For the provider, data officers and auditors. Shows no data.",
          .examples = {"allmende dataset preview wasser/regen --as navi",
                       "allmende dataset preview wasser/kanal --as feuerwehr --during-crisis starkregen"},
          .arguments = {{.name = "DATASET", .help = "which"}},
          .options = {{.name = "as",
                       .help = "the participant who would ask",
                       .kind = ValueKind::kText,
                       .value = "PARTICIPANT",
                       .required = true},
                      {.name = "role",
                       .help = "the roles that their certificate would have (default: operator)",
                       .kind = ValueKind::kChoice,
                       .choices = {"agency", "operator", "officer", "crisis-authority", "auditor"},
                       .repeated = true},
                      {.name = "purpose",
                       .help = "what they would use the data for; otherwise the profile's",
                       .kind = ValueKind::kText,
                       .value = "PURPOSE"},
                      {.name = "during-crisis",
                       .help = "suppose that a crisis of this kind was declared",
                       .kind = ValueKind::kText,
                       .value = "KIND"}},
          .run = RunPreview};
}

}  // namespace allmende::cli
