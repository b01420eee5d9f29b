#include <algorithm>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "allmende/client.h"
#include "sdk/base/status.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/catalogue/from_file.h"
#include "sdk/cli/catalogue/infer.h"
#include "sdk/cli/catalogue/template.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/refusal.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/regime/policy_check.h"
#include "sdk/cli/regime/release.h"
#include "sdk/tabular/importer.h"
#include "sdk/tabular/mapping/import_plan.h"
#include "sdk/tabular/mapping/import_spec.h"

namespace allmende::cli {
namespace {

constexpr int64_t kKeepMibMax = std::numeric_limits<int64_t>::max() >> 20;

absl::Status CheckTogether(const Values& values) {
  if (values.Has("schema") == values.Has("from")) {
    return UsageError("say where the schema comes from: either `--schema FILE.proto`, or `--from DATA` to guess it",
                      "`allmende schema infer DATA` guesses one to look at first");
  }
  if (!values.Has("NAME") && !values.Has("from")) {
    return UsageError("NAME is missing: lower-case words of a-z, 0-9 and `-`, joined by `/`");
  }
  if (values.Has("policy") && values.Has("template")) {
    return UsageError("a policy comes either from `--policy` or from `--template`");
  }
  if (values.Has("from") && !values.Has("class") && !values.Has("template")) {
    return UsageError("nobody can guess how sensitive the fields of a file are",
                      "say `--class public` (or another class), or `--template open` for open data");
  }
  if (!values.Has("from") && !values.Texts("key").empty()) {
    return UsageError("`--key` is for `--from`: a schema of your own marks its key itself",
                      "`[(allmende.v1.key) = true]`");
  }
  if (values.Has("keep-for") && values.Duration("keep-for") < absl::Microseconds(1)) {
    return UsageError("`--keep-for` cannot be nothing", "without it, records are kept without bound");
  }
  if (values.Has("keep-mib") && (values.Whole("keep-mib") < 1 || values.Whole("keep-mib") > kKeepMibMax)) {
    return UsageError(absl::StrCat("`--keep-mib` is 1 to ", kKeepMibMax), "without it, records are kept without bound");
  }
  return absl::OkStatus();
}

// Fields that nobody will ever get: most often a class was forgotten.
void WarnOfUnclassified(Context& context, const policy::SchemaTable& schema) {
  const std::vector<std::string> open = ValuePaths(schema, v1::FIELD_CLASS_UNSPECIFIED);
  if (open.empty()) return;
  const std::vector<std::string> first(open.begin(), open.begin() + std::min<std::ptrdiff_t>(5, std::ssize(open)));
  context.Warn(absl::StrCat(open.size(), open.size() == 1 ? " field has" : " fields have",
                            " no class and will never be delivered: ", absl::StrJoin(first, ", "),
                            open.size() > first.size() ? ", ..." : ""));
}

// One run of the command. What can be checked here, the rows of the file among it, is checked before the broker makes
// anything: a dataset stays for good.
class CreateRun {
 public:
  CreateRun(Context& context, const Values& values) : context_(context), values_(values) {}

  absl::StatusOr<ExitCode> Run() {
    ALLMENDE_RETURN_IF_ERROR(CheckTogether(values_));
    ALLMENDE_RETURN_IF_ERROR(ChooseName());
    ALLMENDE_RETURN_IF_ERROR(PrepareSchema());
    ALLMENDE_RETURN_IF_ERROR(PrepareRequest());
    ALLMENDE_ASSIGN_OR_RETURN(client_, Connect(context_));
    ALLMENDE_RETURN_IF_ERROR(PreparePolicy());
    if (values_.Has("from")) ALLMENDE_RETURN_IF_ERROR(CheckRows());
    ALLMENDE_RETURN_IF_ERROR(WriteMade(made_));
    for (const MadeFile& file : made_) context_.Remark(absl::StrCat("written: ", file.path));
    if (!release_.has_value()) WarnOfUnclassified(context_, schema_->table);  // else the policy's warnings name them
    ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset created, client_->CreateDataset(request_));
    if (values_.Has("from")) ALLMENDE_RETURN_IF_ERROR(CheckEmpty(created));
    if (release_.has_value()) {
      ALLMENDE_ASSIGN_OR_RETURN(const bool released, ReleaseNow());
      if (!released) return ExitCode::kProblemsFound;
    }
    if (values_.Has("from")) {
      ALLMENDE_ASSIGN_OR_RETURN(const ExitCode published, Publish());
      if (published != ExitCode::kOk) return published;
    }
    return Conclude();
  }

 private:
  // The path of a file to be made for this dataset: named after the last word of its name.
  std::string MadePath(const std::string& ending) const {
    const std::string stem = name_.substr(name_.rfind('/') + 1);
    return (std::filesystem::path(values_.Text("save")) / absl::StrCat(stem, ending)).lexically_normal().string();
  }

  absl::Status ChooseName() {
    name_ = values_.Text("NAME");
    if (name_.empty()) {
      ALLMENDE_ASSIGN_OR_RETURN(name_, DatasetNameFor(values_.Text("from")));
    }
    return absl::OkStatus();
  }

  absl::Status PrepareSchema() {
    if (!values_.Has("from")) {
      ALLMENDE_ASSIGN_OR_RETURN(schema_, CompileLocal(values_));
      return absl::OkStatus();
    }
    if (values_.Text("from") == "-") return UsageError("`--from` reads its file twice: give a file, not `-`");
    ALLMENDE_ASSIGN_OR_RETURN(const InferredSchema inferred,
                              InferFrom(values_.Text("from"), values_, values_.Has("class") ? "" : "public"));
    ALLMENDE_ASSIGN_OR_RETURN(const std::string text, WithKeys(inferred.proto_text, values_.Texts("key")));
    made_.push_back({MadePath(".proto"), text});
    rows_seen_ = inferred.rows;
    if (!inferred.import_spec.empty()) {
      mapping_ = MadePath(".import.yaml");
      made_.push_back({mapping_, inferred.import_spec});
      ALLMENDE_ASSIGN_OR_RETURN(import_, tabular::ParseImportSpec(inferred.import_spec, mapping_));
    }
    ALLMENDE_ASSIGN_OR_RETURN(CompiledSchema compiled,
                              CompileSchemaText(text, made_.front().path, inferred.message, {}));
    ALLMENDE_ASSIGN_OR_RETURN(schema_, FinishSchema(std::move(compiled)));
    return absl::OkStatus();
  }

  // Reads the file to its end with the schema guessed from how it begins.
  absl::Status CheckRows() const {
    ALLMENDE_ASSIGN_OR_RETURN(const std::shared_ptr<const tabular::ImportPlan> plan,
                              tabular::ImportPlan::Create(import_, schema_->table));
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<tabular::Importer> importer,
                              tabular::Importer::Open(values_.Text("from"), plan, {}));
    tabular::ImportedRecord record;
    absl::StatusOr<tabular::ImportStep> step;
    while ((step = importer->Next(record)).ok() && *step == tabular::ImportStep::kRecord) {
    }
    if (step.ok() || rows_seen_ < values_.Whole("rows")) return step.status();
    return WithHint(step.status(), absl::StrCat("the schema was guessed from the first ", rows_seen_,
                                                " rows, and nothing was made; `--rows N` looks at more"));
  }

  absl::Status PrepareRequest() {
    request_.set_name(name_);
    request_.set_title(values_.Text("title"));
    request_.set_description(values_.Text("description"));
    // A guessed schema with a key is a table unless it is said otherwise.
    const bool table = values_.Has("kind") ? values_.Text("kind") == "table" : !values_.Texts("key").empty();
    request_.set_kind(table ? v1::TABLE : v1::STREAM);
    request_.set_schema(schema_->compiled.files.SerializeAsString());
    request_.set_message_name(schema_->compiled.message);
    request_.set_bad_records(values_.Text("bad-records") == "quarantine" ? v1::QUARANTINE : v1::REFUSE_BATCH);
    v1::Retention& retention = *request_.mutable_retention();
    retention.set_max_age_us(absl::ToInt64Microseconds(values_.Duration("keep-for")));
    retention.set_max_bytes(values_.Whole("keep-mib") << 20);
    retention.set_latest(values_.Switch("keep-latest"));
    if (table && schema_->table.key_fields().empty()) {
      return WithHint(
          absl::InvalidArgumentError(
              absl::StrCat("a table needs a key, and `", schema_->compiled.message, "` has no key field")),
          values_.Has("from")
              ? "`--key FIELD` says what names a record"
              : "mark what names a record: `[(allmende.v1.key) = true]`; or make a stream: `--kind stream`");
    }
    if (retention.latest() && !table) return UsageError("`--keep-latest` is for tables", "add `--kind table`");
    return absl::OkStatus();
  }

  // When the template's file at `path` was made, if an earlier run did that: it dates the policy, which then stays the
  // same on another day.
  static std::optional<absl::Time> MadeBefore(const std::string& path) {
    constexpr char kFrom[] = "\nvalid: {from: ";
    constexpr size_t kDateBytes = 10;
    const absl::StatusOr<std::string> made = ReadPolicy(path);
    const size_t from = made.ok() ? made->find(kFrom) : std::string::npos;
    absl::Time day;
    if (from == std::string::npos || !absl::ParseTime("%Y-%m-%d", made->substr(from + sizeof(kFrom) - 1, kDateBytes),
                                                      absl::UTCTimeZone(), &day, nullptr)) {
      return std::nullopt;
    }
    return day;
  }

  absl::Status PreparePolicy() {
    if (!values_.Has("policy") && !values_.Has("template")) return absl::OkStatus();
    release_ = ReleaseOptions();
    release_->dataset = name_;
    if (values_.Has("policy")) {
      release_->path = values_.Text("policy");
      ALLMENDE_ASSIGN_OR_RETURN(release_->text, ReadPolicy(release_->path));
    } else {
      const std::string& source = values_.Has("source") ? values_.Text("source") : client_->participant();
      release_->path = MadePath(".policy.yaml");
      ALLMENDE_ASSIGN_OR_RETURN(release_->text,
                                OpenPolicyText({name_, client_->participant(), values_.Text("licence"), source},
                                               schema_->table, MadeBefore(release_->path).value_or(context_.now())));
      made_.push_back({release_->path, release_->text});
    }
    const CheckedPolicy checked =
        CheckPolicyText(release_->text, release_->path, &schema_->table, nullptr, context_.now());
    if (!checked.ok()) {
      *context_.err << FormatDiagnostics(checked, DiagnosticFormat::kText);
      return absl::InvalidArgumentError(absl::StrCat("the policy `", release_->path, "` has errors; nothing was made"));
    }
    if (checked.dataset == name_) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("`", release_->path, "` is the policy of `", checked.dataset, "`, not of `", name_, "`"));
  }

  // False: the broker found errors, shown already. What is in force stays in force: it may have been tightened since.
  absl::StatusOr<bool> ReleaseNow() {
    v1::ListReleasesRequest latest;
    latest.set_dataset(name_);
    latest.set_page_size(1);
    latest.set_with_text(true);
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListReleasesResponse releases, client_->ListReleases(latest));
    const std::string release = absl::StrCat("`allmende policy release ", ShellWord(release_->path), "`");
    if (releases.releases_size() > 0) {
      const v1::PolicyRelease& in_force = releases.releases(0);
      if (in_force.text() == release_->text) return true;
      return WithHint(
          absl::FailedPreconditionError(absl::StrCat("release ", in_force.number(), " of the policy of `", name_,
                                                     "` is in force and differs from `", release_->path, "`")),
          absl::StrCat("if this one shall take its place: ", release));
    }
    release_->based_on = 0;
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> officer,
                              Connect(context_, {.profile = values_.Text("officer"), .purpose = {}}));
    const absl::StatusOr<v1::ReleaseResponse> released = ReleasePolicy(*officer, *release_);
    const std::string later =
        absl::StrCat("the dataset was made, its policy is not in force: let an officer say ", release,
                     values_.Has("from") ? ", then repeat this command to publish the file" : "",
                     "; or repeat it with the officer's profile: `--officer PROFILE`");
    if (!released.ok()) return WithHint(released.status(), later);
    ShowDiagnostics(context_, *released);
    if (released->errors_size() > 0) context_.Remark(absl::StrCat("mend what is wrong: ", later));
    return released->errors_size() == 0;
  }

  // The same rows are not published twice by saying the same thing twice.
  absl::Status CheckEmpty(const v1::Dataset& dataset) const {
    if (dataset.next_sequence() <= 1) return absl::OkStatus();
    return WithHint(absl::FailedPreconditionError(absl::StrCat("`", name_, "` holds ", dataset.next_sequence() - 1,
                                                               " records already, so the file was not published")),
                    absl::StrCat("to add its rows, say `allmende publish ", name_, " ", ShellWord(values_.Text("from")),
                                 mapping_.empty() ? "" : absl::StrCat(" --mapping ", ShellWord(mapping_)), "`"));
  }

  absl::StatusOr<ExitCode> Publish() {
    std::vector<std::string> arguments = {name_, values_.Text("from")};
    if (!mapping_.empty()) arguments.insert(arguments.end(), {"--mapping", mapping_});
    Context quiet = context_;  // its own results would stand before ours
    quiet.quiet = context_.quiet || context_.output != OutputFormat::kTable;
    std::ostringstream results;
    quiet.out = &results;
    return RunCommand(PublishCommand(), arguments, quiet);
  }

  absl::StatusOr<ExitCode> Conclude() {
    ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client_->GetDataset(name_));
    WriteDataset(context_, dataset);
    context_.Remark("");
    if (!release_.has_value()) {
      context_.Next(absl::StrCat("allmende policy release FILE   (until then nobody reads `", name_, "`)"));
    } else if (!values_.Has("from")) {
      context_.Next(absl::StrCat("allmende publish ", name_, " FILE"));
    } else {
      context_.Next(absl::StrCat("allmende subscribe ", name_, " --stop-at-head"));
    }
    return ExitCode::kOk;
  }

  Context& context_;
  const Values& values_;
  std::string name_;
  std::string mapping_;  // path; empty: none needed
  tabular::ImportSpec import_;
  int64_t rows_seen_ = 0;  // from which the schema was guessed
  std::vector<MadeFile> made_;
  std::optional<LocalSchema> schema_;
  v1::CreateDatasetRequest request_;
  std::unique_ptr<Client> client_;
  std::optional<ReleaseOptions> release_;
};

std::vector<Option> CreateOptions() {
  std::vector<Option> options = {{.name = "from",
                                  .help = "a CSV or NDJSON file: guess the schema from it, and publish it",
                                  .kind = ValueKind::kFile},
                                 {.name = "template",
                                  .help = "a policy to begin with; `open` gives everything public to everyone",
                                  .kind = ValueKind::kChoice,
                                  .choices = {"open"}}};
  for (const std::vector<Option>& more : {SchemaOptions(false), InferenceOptions()}) {
    for (const Option& option : more) {
      const bool known =
          std::any_of(options.begin(), options.end(), [&](const Option& other) { return other.name == option.name; });
      if (!known) options.push_back(option);
    }
  }
  const std::vector<Option> rest = {
      {.name = "key",
       .help = "of `--from`: a field that names the record, which makes the dataset a table",
       .kind = ValueKind::kText,
       .value = "FIELD",
       .repeated = true},
      {.name = "save",
       .help = "of `--from` and `--template`: where the files they make are kept",
       .kind = ValueKind::kDirectory,
       .fallback = "."},
      {.name = "kind",
       .help = "stream: every record counts; table: the latest record of each key (default: stream)",
       .kind = ValueKind::kChoice,
       .choices = {"stream", "table"}},
      {.name = "policy", .help = "a policy to put in force at once; needs role officer", .kind = ValueKind::kFile},
      {.name = "officer",
       .help = "the profile that releases the policy (default: the same)",
       .kind = ValueKind::kFile,
       .value = "PROFILE"},
      {.name = "licence", .help = "of `--template`", .kind = ValueKind::kText, .value = "ID", .fallback = "cc-by/4.0"},
      {.name = "source",
       .help = "of `--template`: whom to name with the data (default: you)",
       .kind = ValueKind::kText},
      {.name = "title", .help = "for people who look for data", .kind = ValueKind::kText},
      {.name = "description", .help = "what it holds", .kind = ValueKind::kText},
      {.name = "bad-records",
       .help = "a record that does not fit the schema: its batch is refused, or it goes to the quarantine",
       .kind = ValueKind::kChoice,
       .choices = {"refuse", "quarantine"},
       .fallback = "refuse"},
      {.name = "keep-for", .help = "how long records are kept (default: without bound)", .kind = ValueKind::kDuration},
      {.name = "keep-mib", .help = "how many MiB are kept (default: without bound)", .kind = ValueKind::kWhole},
      {.name = "keep-latest", .help = "of tables, keep the latest record of each key only"}};
  options.insert(options.end(), rest.begin(), rest.end());
  return options;
}

}  // namespace

void AddCreateCommand(Program& program) {
  program.commands.push_back(
      {.name = "dataset create",
       .summary = "registers a dataset; you become its provider",
       .details =
           "For role agency, or operator for data given back. Repeating it is safe.\nWith `--from` it makes schema "
           "and mapping out of a data file, keeps them for later (`--save`), and publishes the file.",
       .examples = {"allmende dataset create wasser/regen --schema rain.proto --policy rain.policy.yaml",
                    "allmende dataset create oepnv/haltestellen --schema stations.proto --message Station --kind table",
                    "allmende dataset create --from stops.csv --template open --key stop_id"},
       .arguments = {{.name = "NAME",
                      .help =
                          "lower-case words of a-z, 0-9 and `-`, joined by `/`: `wasser/regen` (default: the name of "
                          "the file after `--from`)",
                      .optional = true}},
       .options = CreateOptions(),
       .run = [](Context& context, const Values& values) { return CreateRun(context, values).Run(); }});
}

}  // namespace allmende::cli
