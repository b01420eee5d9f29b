#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/model/policy.h"
#include "sdk/base/hex.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/table.h"

namespace allmende::cli {
namespace {

std::string RetentionText(const v1::Retention& retention) {
  std::vector<std::string> bounds;
  if (retention.latest()) bounds.push_back("latest per key");
  if (retention.max_age_us() > 0) bounds.push_back(DurationText(absl::Microseconds(retention.max_age_us())));
  if (retention.max_bytes() > 0) bounds.push_back(BytesText(retention.max_bytes()));
  return bounds.empty() ? "without bound" : absl::StrJoin(bounds, ", ");
}

std::string RoleText(const policy::FieldInfo& field) {
  std::vector<std::string> roles;
  if (field.key) roles.push_back("key");
  if (field.event_time) roles.push_back("event time");
  if (field.repeated) roles.push_back("repeated");
  return absl::StrJoin(roles, ", ");
}

std::string TypeText(const policy::FieldInfo& field) {
  return field.type_name.empty() ? std::string(policy::FieldTypeName(field.type)) : field.type_name;
}

}  // namespace

std::string KindText(v1::DatasetKind kind) {
  return kind == v1::TABLE ? "table" : kind == v1::STREAM ? "stream" : "-";
}

absl::StatusOr<LocalSchema> FinishSchema(CompiledSchema compiled) {
  ALLMENDE_ASSIGN_OR_RETURN(policy::SchemaTable table,
                            policy::SchemaTable::Compile(compiled.files.SerializeAsString(), compiled.message));
  return LocalSchema{std::move(compiled), std::move(table)};
}

absl::StatusOr<LocalSchema> CompileLocal(const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(CompiledSchema compiled,
                            CompileSchema(values.Text("schema"), values.Text("message"), values.Texts("import-path")));
  return FinishSchema(std::move(compiled));
}

std::vector<Option> SchemaOptions(bool required) {
  return {{.name = "schema",
           .help = "the records' schema, a .proto file; `allmende schema infer` guesses one",
           .kind = ValueKind::kFile,
           .required = required},
          {.name = "message",
           .help = "the record's message type, where the file has several",
           .kind = ValueKind::kText,
           .value = "NAME"},
          {.name = "import-path",
           .help = "where imports of the schema are looked for, besides its own folder",
           .kind = ValueKind::kDirectory,
           .repeated = true}};
}

void WriteDataset(Context& context, const v1::Dataset& dataset) {
  const auto optional_text = [](const std::string& text) { return text.empty() ? Cell::None() : Cell::Text(text); };
  const uint64_t records = dataset.next_sequence() - dataset.first_sequence();
  Details details;
  details.Add("name", Cell::Text(dataset.name()));
  details.Add("title", optional_text(dataset.title()));
  details.Add("description", optional_text(dataset.description()));
  details.Add("kind", Cell::Text(KindText(dataset.kind())));
  details.Add("provider", Cell::Text(dataset.provider()));
  details.Add("schema", Cell::Text(dataset.message_name()));
  details.Add("schema_version", Cell::Number(dataset.schema_version()));
  Cell release = Cell::Number(static_cast<int64_t>(dataset.release()));
  details.Add("policy_release",
              dataset.release() == 0 ? std::move(release).Shown("none: nobody reads") : std::move(release));
  details.Add("first_sequence", Cell::Number(static_cast<int64_t>(dataset.first_sequence())));
  details.Add("next_sequence", Cell::Number(static_cast<int64_t>(dataset.next_sequence())));
  details.Add("records", Cell::Whole(static_cast<int64_t>(records)));
  details.Add("stored_bytes", Cell::Bytes(dataset.stored_bytes()));
  details.Add("quarantined", Cell::Whole(static_cast<int64_t>(dataset.quarantined())));
  details.Add("bad_records", Cell::Text(dataset.bad_records() == v1::QUARANTINE ? "quarantine" : "refuse"));
  details.Add("kept", Cell::Text(RetentionText(dataset.retention())));
  details.Add("created_at", Cell::Time(absl::FromUnixMicros(dataset.created_at_us())));
  details.Add("id", Cell::Text(EncodeHex(dataset.id())));
  Write(context, details);
}

std::vector<std::string> ValuePaths(const policy::SchemaTable& schema, std::optional<v1::FieldClass> only) {
  std::vector<std::string> paths;
  std::string inside;
  for (const policy::FieldInfo* field : schema.all_fields()) {
    if (!inside.empty() && absl::StartsWith(field->path, inside)) continue;
    inside = field->message != nullptr && field->is_value() ? absl::StrCat(field->path, ".") : "";
    if (field->is_value() && (!only.has_value() || field->field_class == *only)) paths.push_back(field->path);
  }
  return paths;
}

void WriteFields(Context& context, const policy::SchemaTable& schema) {
  Table table({"field", "type", "class", "unit", "role"});
  std::string inside;  // the value whose parts come next; they are not told apart
  for (const policy::FieldInfo* field : schema.all_fields()) {
    if (!inside.empty() && absl::StartsWith(field->path, inside)) continue;
    inside = field->message != nullptr && field->is_value() ? absl::StrCat(field->path, ".") : "";
    const std::string name(policy::FieldClassName(field->field_class));
    table.AddRow({Cell::Text(field->path), Cell::Text(TypeText(*field)),
                  name.empty() ? Cell::Text("none: never delivered", Style::kWarning) : Cell::Text(name),
                  field->unit.empty() ? Cell::None() : Cell::Text(field->unit), Cell::Text(RoleText(*field))});
  }
  Write(context, table);
}

}  // namespace allmende::cli
