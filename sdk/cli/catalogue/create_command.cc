#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "allmende/client.h"
#include "sdk/base/status.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/regime/policy_check.h"
#include "sdk/cli/regime/release.h"

namespace allmende::cli {
namespace {

absl::StatusOr<v1::CreateDatasetRequest> RequestOf(const Values& values, const LocalSchema& schema) {
  v1::CreateDatasetRequest request;
  request.set_name(values.Text("NAME"));
  request.set_title(values.Text("title"));
  request.set_description(values.Text("description"));
  request.set_kind(values.Text("kind") == "table" ? v1::TABLE : v1::STREAM);
  request.set_schema(schema.compiled.files.SerializeAsString());
  request.set_message_name(schema.compiled.message);
  request.set_bad_records(values.Text("bad-records") == "quarantine" ? v1::QUARANTINE : v1::REFUSE_BATCH);
  v1::Retention& retention = *request.mutable_retention();
  retention.set_max_age_us(absl::ToInt64Microseconds(values.Duration("keep-for")));
  retention.set_max_bytes(values.Whole("keep-mib") << 20);
  retention.set_latest(values.Switch("keep-latest"));
  if (request.kind() == v1::TABLE && schema.table.key_fields().empty()) {
    return WithHint(absl::InvalidArgumentError(
                        absl::StrCat("a table needs a key, and `", schema.compiled.message, "` has no key field")),
                    "mark what names a record: `[(allmende.v1.key) = true]`; or make a stream with `--kind stream`");
  }
  if (retention.latest() && request.kind() != v1::TABLE) {
    return UsageError("`--keep-latest` is for tables", "add `--kind table`");
  }
  return request;
}

// Fields that nobody will ever get: most often a class was forgotten.
void WarnOfUnclassified(Context& context, const policy::SchemaTable& schema) {
  std::vector<std::string> open;
  for (const policy::FieldInfo* field : schema.all_fields()) {
    if (field->is_value() && field->field_class == v1::FIELD_CLASS_UNSPECIFIED) open.push_back(field->path);
  }
  if (open.empty()) return;
  std::string names = open[0];
  for (size_t i = 1; i < open.size() && i < 5; ++i) absl::StrAppend(&names, ", ", open[i]);
  if (open.size() > 5) absl::StrAppend(&names, ", ...");
  context.Warn(absl::StrCat(open.size(), open.size() == 1 ? " field has" : " fields have",
                            " no class and will never be delivered: ", names));
}

// The policy of the dataset to be made, looked at before anything is made.
absl::StatusOr<ReleaseOptions> CheckedPolicyFile(Context& context, const std::string& path, const std::string& dataset,
                                                 const policy::SchemaTable& schema) {
  ReleaseOptions release;
  release.dataset = dataset;
  release.path = path;
  ALLMENDE_ASSIGN_OR_RETURN(release.text, ReadPolicy(path));
  const CheckedPolicy checked = CheckPolicyText(release.text, path, &schema, nullptr, context.now());
  if (!checked.ok()) {
    *context.err << FormatDiagnostics(checked, DiagnosticFormat::kText);
    return absl::InvalidArgumentError(absl::StrCat("the policy `", path, "` has errors; nothing was made"));
  }
  if (checked.dataset != dataset) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", path, "` is the policy of `", checked.dataset, "`, not of `", dataset, "`"));
  }
  return release;
}

absl::StatusOr<ExitCode> Create(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const LocalSchema schema, CompileLocal(values));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::CreateDatasetRequest request, RequestOf(values, schema));
  std::optional<ReleaseOptions> release;
  if (values.Has("policy")) {
    ALLMENDE_ASSIGN_OR_RETURN(release, CheckedPolicyFile(context, values.Text("policy"), request.name(), schema.table));
  }
  WarnOfUnclassified(context, schema.table);
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(v1::Dataset dataset, client->CreateDataset(request));
  if (!release.has_value()) {
    WriteDataset(context, dataset);
    context.Remark("");
    context.Next(absl::StrCat("allmende policy release FILE   (until then nobody reads `", dataset.name(), "`)"));
    return ExitCode::kOk;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> officer,
                            Connect(context, {.profile = values.Text("officer"), .purpose = {}}));
  const absl::StatusOr<v1::ReleaseResponse> released = ReleasePolicy(*officer, *release);
  if (!released.ok()) {
    return WithHint(released.status(),
                    absl::StrCat("the dataset was made, its policy is not in force: let an officer say "
                                 "`allmende policy release ",
                                 ShellWord(release->path), "`"));
  }
  ShowDiagnostics(context, *released);
  dataset.set_release(released->release());
  WriteDataset(context, dataset);
  return released->errors_size() > 0 ? ExitCode::kProblemsFound : ExitCode::kOk;
}

}  // namespace

void AddCreateCommand(Program& program) {
  std::vector<Option> options = SchemaOptions(true);
  const std::vector<Option> more = {
      {.name = "kind",
       .help = "stream: every record counts; table: the latest record of each key",
       .kind = ValueKind::kChoice,
       .choices = {"stream", "table"},
       .fallback = "stream"},
      {.name = "policy", .help = "a policy to put in force at once; needs role officer", .kind = ValueKind::kFile},
      {.name = "officer",
       .help = "the profile that releases the policy (default: the same)",
       .kind = ValueKind::kFile,
       .value = "PROFILE"},
      {.name = "title", .help = "for people who look for data", .kind = ValueKind::kText},
      {.name = "description", .help = "what it holds", .kind = ValueKind::kText},
      {.name = "bad-records",
       .help =
           "what happens to a record that does not fit the schema: its batch is refused, or it goes to the quarantine",
       .kind = ValueKind::kChoice,
       .choices = {"refuse", "quarantine"},
       .fallback = "refuse"},
      {.name = "keep-for", .help = "how long records are kept (default: without bound)", .kind = ValueKind::kDuration},
      {.name = "keep-mib", .help = "how many MiB are kept (default: without bound)", .kind = ValueKind::kWhole},
      {.name = "keep-latest", .help = "of tables, keep the latest record of each key only"}};
  options.insert(options.end(), more.begin(), more.end());
  program.commands.push_back(
      {.name = "dataset create",
       .summary = "registers a dataset; you become its provider",
       .details = "For role agency, or operator for data given back. Repeating it is safe.",
       .examples =
           {"allmende dataset create wasser/regen --schema rain.proto --policy rain.policy.yaml",
            "allmende dataset create oepnv/haltestellen --schema stations.proto --message Station --kind table"},
       .arguments = {{.name = "NAME", .help = "lower-case words of a-z, 0-9 and `-`, joined by `/`: `wasser/regen`"}},
       .options = std::move(options),
       .run = Create});
}

}  // namespace allmende::cli
