#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "allmende/client.h"
#include "policy/language/yaml_tree.h"
#include "sdk/base/hex.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/refusal.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/regime/commands_internal.h"
#include "sdk/cli/regime/policy_check.h"
#include "sdk/cli/regime/release.h"
#include "sdk/schema_tools/compile_schema.h"

namespace allmende::cli {
namespace {

constexpr char kBaselineName[] = "(city baseline)";

std::string ActorText(const v1::Actor& actor) {
  return actor.member().empty() ? actor.participant() : absl::StrCat(actor.participant(), "/", actor.member());
}

DiagnosticFormat FormatOf(const Context& context, const Values& values) {
  if (values.Text("format") == "github") return DiagnosticFormat::kGithub;
  if (values.Text("format") == "json") return DiagnosticFormat::kJson;
  return values.Has("format") || context.output != OutputFormat::kJson ? DiagnosticFormat::kText
                                                                       : DiagnosticFormat::kJson;
}

absl::StatusOr<std::optional<policy::SchemaTable>> SchemaOf(const Values& values) {
  if (!values.Has("schema")) return std::optional<policy::SchemaTable>();
  ALLMENDE_ASSIGN_OR_RETURN(const CompiledSchema compiled,
                            CompileSchema(values.Text("schema"), values.Text("message"), values.Texts("import-path")));
  ALLMENDE_ASSIGN_OR_RETURN(policy::SchemaTable table,
                            policy::SchemaTable::Compile(compiled.files.SerializeAsString(), compiled.message));
  return std::optional<policy::SchemaTable>(std::move(table));
}

// `rain.policy.yaml: in order, 3 tests passed`.
std::string Verdict(const CheckedPolicy& checked) {
  int errors = 0;
  for (const policy::Diagnostic& diagnostic : checked.diagnostics) {
    if (diagnostic.severity == policy::Severity::kError) ++errors;
  }
  const int warnings = static_cast<int>(checked.diagnostics.size()) - errors;
  std::string text = absl::StrCat(checked.file, ": ");
  if (errors > 0) {
    absl::StrAppend(&text, errors, errors == 1 ? " error" : " errors");
  } else {
    absl::StrAppend(&text, "in order");
  }
  if (warnings > 0) absl::StrAppend(&text, ", ", warnings, warnings == 1 ? " warning" : " warnings");
  if (checked.tests_failed > 0) {
    absl::StrAppend(&text, ", ", checked.tests_failed, " of ", checked.tests_passed + checked.tests_failed,
                    " tests failed");
  } else if (checked.tests_passed > 0) {
    absl::StrAppend(&text, ", ", checked.tests_passed, checked.tests_passed == 1 ? " test" : " tests", " passed");
  } else if (!checked.compared && errors == 0) {
    absl::StrAppend(&text,
                    " as far as it can be seen without the schema (`--schema FILE.proto` compares and runs its tests)");
  }
  return text;
}

absl::StatusOr<ExitCode> Check(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<policy::SchemaTable> schema, SchemaOf(values));
  std::optional<policy::Baseline> baseline;
  if (values.Has("baseline")) {
    ALLMENDE_ASSIGN_OR_RETURN(baseline, LoadBaseline(values.Text("baseline")));
  }
  const DiagnosticFormat format = FormatOf(context, values);
  ExitCode code = ExitCode::kOk;
  for (const std::string& path : values.Texts("FILE")) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadPolicy(path));
    const CheckedPolicy checked = CheckPolicyText(text, path, schema.has_value() ? &*schema : nullptr,
                                                  baseline.has_value() ? &*baseline : nullptr, context.now());
    *context.out << FormatDiagnostics(checked, format);
    if (format == DiagnosticFormat::kText && !context.quiet) *context.out << Verdict(checked) << "\n";
    if (!checked.ok()) code = ExitCode::kProblemsFound;
  }
  return code;
}

absl::StatusOr<ExitCode> Release(Context& context, const Values& values) {
  const std::string& path = values.Text("FILE");
  ALLMENDE_ASSIGN_OR_RETURN(const std::string text, ReadPolicy(path));
  const CheckedPolicy checked = CheckPolicyText(text, path, nullptr, nullptr, context.now());
  if (!checked.ok()) {
    *context.out << FormatDiagnostics(checked, FormatOf(context, values));
    if (context.output == OutputFormat::kTable) context.Remark(Verdict(checked));
    return ExitCode::kProblemsFound;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ReleaseOptions options;
  options.dataset = checked.dataset;
  options.path = path;
  options.text = text;
  options.dry_run = values.Switch("dry-run");
  if (values.Has("based-on")) options.based_on = values.Whole("based-on");
  ALLMENDE_ASSIGN_OR_RETURN(const v1::ReleaseResponse response, ReleasePolicy(*client, options));
  ShowDiagnostics(context, response);
  if (response.errors_size() > 0) {
    if (context.output == OutputFormat::kTable) context.Remark("nothing was released");
    return ExitCode::kProblemsFound;
  }
  const std::string what = checked.is_baseline ? "the city baseline" : absl::StrCat("`", checked.dataset, "`");
  if (options.dry_run) {
    context.Remark(absl::StrCat(path, " is in order and could be released for ", what));
    return ExitCode::kOk;
  }
  Details details;
  details.Add("dataset", checked.is_baseline ? Cell::None().Shown(kBaselineName) : Cell::Text(checked.dataset));
  details.Add("release", Cell::Number(static_cast<int64_t>(response.release())));
  details.Add("in_force_since", Cell::Time(absl::FromUnixMicros(response.released_at_us())));
  Write(context, details);
  return ExitCode::kOk;
}

// The dataset that was named; empty for the baseline.
absl::StatusOr<std::string> WhichDataset(const Values& values) {
  if (values.Has("DATASET") == values.Switch("baseline")) {
    return UsageError("name a dataset, or say `--baseline` for the city's own policy");
  }
  return values.Text("DATASET");
}

absl::StatusOr<ExitCode> List(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string dataset, WhichDataset(values));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  Table table({"release", "file", "released_at", "released_by", "sha256"});
  table.SetEmptyText("nothing was released yet, so nobody reads");
  v1::ListReleasesRequest request;
  request.set_dataset(dataset);
  bool first = true;
  do {
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListReleasesResponse page, client->ListReleases(request));
    for (const v1::PolicyRelease& release : page.releases()) {
      Cell number = Cell::Number(static_cast<int64_t>(release.number()));
      const std::string hash = EncodeHex(release.text_sha256());
      table.AddRow({first ? std::move(number).Shown(absl::StrCat(release.number(), " (in force)")) : std::move(number),
                    Cell::Text(release.file_name()), Cell::Time(absl::FromUnixMicros(release.released_at_us())),
                    Cell::Text(ActorText(release.released_by())), Cell::Text(hash).Shown(hash.substr(0, 12))});
      first = false;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  Write(context, table);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::string dataset, WhichDataset(values));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  const auto wanted = static_cast<uint64_t>(values.Whole("release"));
  v1::ListReleasesRequest request;
  request.set_dataset(dataset);
  request.set_page_size(10);
  request.set_with_text(true);
  do {
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListReleasesResponse page, client->ListReleases(request));
    for (const v1::PolicyRelease& release : page.releases()) {
      if (wanted != 0 && release.number() != wanted) continue;
      if (context.output == OutputFormat::kTable) {
        *context.out << release.text();
        return ExitCode::kOk;
      }
      Details details;
      details.Add("release", Cell::Number(static_cast<int64_t>(release.number())));
      details.Add("file", Cell::Text(release.file_name()));
      details.Add("released_at", Cell::Time(absl::FromUnixMicros(release.released_at_us())));
      details.Add("released_by", Cell::Text(ActorText(release.released_by())));
      details.Add("text", Cell::Text(release.text()));
      Write(context, details);
      return ExitCode::kOk;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  const std::string what = dataset.empty() ? "the city baseline" : absl::StrCat("`", dataset, "`");
  return absl::NotFoundError(wanted == 0 ? absl::StrCat("nothing was released for ", what, " yet")
                                         : absl::StrCat("there is no release ", wanted, " of ", what));
}

void ShowTerms(Context& context, const v1::ExplainResponse& response) {
  const v1::Terms& terms = response.terms();
  Details details;
  details.Add("allowed", Cell::Bool(true));
  details.Add("fields", Cell::List({terms.fields().begin(), terms.fields().end()}));
  details.Add("changed_fields", Cell::List({terms.changed_fields().begin(), terms.changed_fields().end()}));
  details.Add("may_keep_copy", Cell::Bool(terms.may_keep_copy()));
  const bool endless = terms.lease_us() == INT64_MAX;
  details.Add("lease_us", Cell::Duration(endless ? absl::InfiniteDuration() : absl::Microseconds(terms.lease_us())));
  details.Add("licences", Cell::List({terms.licences().begin(), terms.licences().end()}));
  details.Add("attributions", Cell::List({terms.attributions().begin(), terms.attributions().end()}));
  details.Add("duties", Cell::List({terms.duties().begin(), terms.duties().end()}));
  details.Add("release", Cell::Number(static_cast<int64_t>(terms.release())));
  details.Add("rules", Cell::List({response.rules().begin(), response.rules().end()}));
  Write(context, details);
}

absl::StatusOr<ExitCode> Explain(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  v1::ExplainRequest request;
  request.set_dataset(values.Text("DATASET"));
  request.set_participant(values.Has("as") ? values.Text("as") : client->participant());
  request.set_purpose(values.Has("purpose") ? values.Text("purpose") : client->purpose());
  request.set_action(values.Text("action"));
  for (const std::string& role : values.Texts("role")) request.add_roles(role);
  request.set_during_crisis(values.Text("during-crisis"));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::ExplainResponse response, client->Explain(request));
  if (response.has_refused()) return ShowRefusal(context, response.refused());
  ShowTerms(context, response);
  return ExitCode::kOk;
}

}  // namespace

void AddPolicyCommands(Program& program) {
  const Argument dataset = {.name = "DATASET", .help = "the dataset's name", .optional = true};
  const Option baseline = {.name = "baseline", .help = "the city baseline instead of a dataset's policy"};
  const Option format = {.name = "format",
                         .help = "how problems are written; `github` shows them beside the code in CI",
                         .kind = ValueKind::kChoice,
                         .choices = {"text", "json", "github"},
                         .fallback = "text"};
  program.commands.push_back(
      {.name = "policy check",
       .summary = "looks for errors in policy files, as the broker does before it releases one",
       .details =
           "Needs no broker. With the dataset's schema it also compares fields and classes and runs the tests that "
           "the file carries.",
       .examples = {"allmende policy check rain.policy.yaml --schema rain.proto --baseline city.baseline.yaml"},
       .arguments = {{.name = "FILE", .help = "policies or baselines", .kind = ValueKind::kFile, .repeated = true}},
       .options = {{.name = "schema", .help = "the dataset's schema, a .proto file", .kind = ValueKind::kFile},
                   {.name = "message",
                    .help = "the record's message type, where the schema has several",
                    .kind = ValueKind::kText,
                    .value = "NAME"},
                   {.name = "import-path",
                    .help = "where imports of the schema are looked for",
                    .kind = ValueKind::kDirectory,
                    .repeated = true},
                   {.name = "baseline", .help = "the city baseline to compare with", .kind = ValueKind::kFile},
                   format},
       .run = Check});
  program.commands.push_back(
      {.name = "policy release",
       .summary = "puts a policy in force; running subscriptions follow within a second",
       .details = "For role officer. The broker checks the file first and releases nothing that has errors. The file "
                  "itself says which dataset it is for.",
       .examples = {"allmende policy release rain.policy.yaml", "allmende policy release city.baseline.yaml --dry-run"},
       .arguments = {{.name = "FILE", .help = "a policy or a baseline", .kind = ValueKind::kFile}},
       .options = {{.name = "based-on",
                    .help = "refuse if another release than this one is in force by now (default: the one in force)",
                    .kind = ValueKind::kWhole},
                   {.name = "dry-run", .help = "only let the broker check it"},
                   format},
       .run = Release});
  program.commands.push_back({.name = "policy list",
                              .summary = "lists the releases of a dataset's policy, newest first",
                              .arguments = {dataset},
                              .options = {baseline},
                              .run = List});
  program.commands.push_back(
      {.name = "policy show",
       .summary = "prints the policy in force, or an earlier release",
       .arguments = {dataset},
       .options = {baseline, {.name = "release", .help = "which one", .kind = ValueKind::kWhole}},
       .run = Show});
  program.commands.push_back(
      {.name = "policy explain",
       .summary = "says what somebody would get of a dataset, and by which rules; shows no data",
       .examples = {"allmende policy explain wasser/pegel --as navi-ag --purpose verkehrslenkung"},
       .arguments = {{.name = "DATASET", .help = "the dataset's name"}},
       .options = {{.name = "as", .help = "which participant (default: you)", .kind = ValueKind::kText, .value = "ID"},
                   {.name = "role",
                    .help = "the roles that their certificate would have (default: operator; for you, your own)",
                    .kind = ValueKind::kChoice,
                    .choices = {"agency", "operator", "officer", "crisis-authority", "auditor"},
                    .repeated = true},
                   {.name = "purpose", .help = "what for", .kind = ValueKind::kText, .value = "PURPOSE"},
                   {.name = "action",
                    .help = "what they do",
                    .kind = ValueKind::kChoice,
                    .choices = {"subscribe", "read", "lookup"},
                    .fallback = "subscribe"},
                   {.name = "during-crisis",
                    .help = "suppose that a crisis of this kind was declared",
                    .kind = ValueKind::kText,
                    .value = "KIND"}},
       .run = Explain});
}

}  // namespace allmende::cli
