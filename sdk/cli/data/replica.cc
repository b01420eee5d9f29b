// `allmende replica sync|get|scan|status`.
#include "allmende/replica.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/key_text.h"
#include "sdk/cli/data/record_output.h"
#include "sdk/cli/data/terms_text.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/progress.h"
#include "sdk/cli/frame/refusal.h"
#include "sdk/cli/frame/table.h"
#include "sdk/session/refusal_text.h"

namespace allmende::cli {
namespace {

constexpr absl::Duration kLookInterval = absl::Milliseconds(200);

std::string SourceName(ReadInfo::Source source) {
  switch (source) {
    case ReadInfo::Source::kSynced:
      return "synced";
    case ReadInfo::Source::kCatchup:
      return "catching up";
    case ReadInfo::Source::kOffline:
      return "offline";
  }
  return "";
}

// How old what was read is, on standard error: the answer itself is only the records.
void ShowAge(Context& context, const ReadInfo& info) {
  if (context.quiet) return;
  *context.err << "as of " << TimeText(info.as_of) << ", " << DurationText(info.age) << " ago ("
               << SourceName(info.source) << "), complete up to sequence " << info.watermark << "\n";
}

Argument DirectoryArgument() {
  return {.name = "DIR", .help = "the replica's folder", .kind = ValueKind::kDirectory};
}

Option StalenessOption() {
  return {.name = "max-age", .help = "refuses to answer from data older than this", .kind = ValueKind::kDuration};
}

absl::Duration MaxAge(const Values& values) {
  return values.Has("max-age") ? values.Duration("max-age") : absl::InfiniteDuration();
}

absl::StatusOr<std::unique_ptr<Replica>> OpenAt(const std::string& directory, const ReplicaOptions& options) {
  absl::StatusOr<std::unique_ptr<Replica>> replica = Replica::Open(directory, options);
  if (!absl::IsPermissionDenied(replica.status())) return replica;
  return WithHint(replica.status(), absl::StrCat("`ls -ld ", directory, "` shows who may"));
}

absl::StatusOr<std::unique_ptr<Replica>> OpenReplica(const Values& values) {
  return OpenAt(values.Text("DIR"), {.beside_another = true});
}

// What is not allowed without a broker, such as reading after the lease, the broker may allow.
absl::Status Unreadable(absl::Status status, const Values& values) {
  if (!absl::IsPermissionDenied(status)) return status;
  return WithHint(std::move(status), absl::StrCat("`allmende replica sync ", ShellWord(values.Text("DIR")),
                                                  "` asks the broker for a new lease"));
}

std::vector<std::string> FieldsOf(const v1::Terms& terms) {
  return {terms.fields().begin(), terms.fields().end()};
}

absl::StatusOr<SchemaForms> SchemaOf(Replica& replica) {
  const ReplicaStatus status = replica.status();
  if (status.schema.empty()) {
    ALLMENDE_RETURN_IF_ERROR(status.readable);
    return absl::UnavailableError("this replica was never synced");
  }
  return ReadSchema(status.schema, status.message_name);
}

// ------------------------------------------------------------------------------------------------------------- sync

// A dataset that does not exist leaves no folder behind.
absl::StatusOr<std::unique_ptr<Replica>> OpenToSync(Client& client, const Values& values) {
  const std::string& directory = values.Text("DIR");
  std::error_code unknown;
  if (values.Has("dataset") && !std::filesystem::exists(directory, unknown)) {
    absl::Status known = client.GetDataset(values.Text("dataset")).status();
    if (absl::IsNotFound(known)) return known;
  }
  absl::StatusOr<std::unique_ptr<Replica>> replica = OpenAt(
      directory,
      {.dataset = values.Text("dataset"), .purpose = values.Text("purpose"), .agreement = values.Text("agreement")});
  if (absl::IsNotFound(replica.status()) && !values.Has("dataset")) {
    return WithHint(replica.status(), "to make one, name its dataset with --dataset");
  }
  return replica;
}

// Says which fields do not come any more since `before`, and makes `before` what comes now.
void TellLostFields(Context& context, const v1::Terms& terms, std::vector<std::string>& before) {
  std::vector<std::string> now = FieldsOf(terms);
  std::vector<std::string> lost;
  for (const std::string& field : before) {
    if (std::find(now.begin(), now.end(), field) == now.end()) lost.push_back(field);
  }
  before = std::move(now);
  if (lost.empty()) return;
  context.Warn(absl::StrCat("not delivered any more, and removed here: ", absl::StrJoin(lost, ", ")));
}

absl::StatusOr<ExitCode> Sync(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client,
                            Connect(context, {.profile = {}, .purpose = values.Text("purpose")}));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica, OpenToSync(*client, values));
  std::vector<std::string> fields = FieldsOf(replica->status().terms);
  CatchInterrupts();
  ALLMENDE_RETURN_IF_ERROR(replica->StartSync(*client));
  Progress progress(context, {.label = "sync", .unit = "sequences"});
  absl::Time moved = absl::Now();
  uint64_t watermark = replica->status().info.watermark;
  bool caught_up = false;
  while (!Interrupted() && (values.Switch("follow") || !caught_up)) {
    const absl::Status status =
        caught_up ? absl::DeadlineExceededError("") : replica->WaitUntilSynced(absl::Now() + kLookInterval);
    const ReplicaStatus now = replica->status();
    TellLostFields(context, now.terms, fields);
    progress.SetTotal(static_cast<int64_t>(now.info.head));
    progress.SetNote(now.connected_to.empty() ? "no broker yet, keeps trying" : "");
    progress.Set(static_cast<int64_t>(now.info.watermark));
    if (status.ok()) {
      caught_up = true;
      if (values.Switch("follow")) context.Remark("Caught up; goes on with new records until Ctrl-C.");
      continue;
    }
    if (!absl::IsDeadlineExceeded(status)) return status;
    if (caught_up && !now.syncing) {
      return now.last_error.ok() ? absl::UnavailableError("the sync has ended") : now.last_error;
    }
    if (now.info.watermark != watermark || !now.connected_to.empty()) {
      watermark = now.info.watermark;
      moved = absl::Now();
    }
    if (!values.Switch("follow") && absl::Now() - moved > values.Duration("wait")) {
      return absl::UnavailableError(absl::StrCat(
          "no broker could be reached: ", now.last_error.ok() ? "no answer" : std::string(now.last_error.message())));
    }
    if (caught_up) absl::SleepFor(kLookInterval);
  }
  progress.Finish();
  const ReplicaStatus end = replica->status();
  TellLostFields(context, end.terms, fields);
  replica->StopSync();
  Details details;
  details.Add("dataset", Cell::Text(end.dataset));
  details.Add("records", Cell::Whole(static_cast<int64_t>(end.records)));
  details.Add("watermark", Cell::Number(static_cast<int64_t>(end.info.watermark)));
  details.Add("as_of", Cell::Time(end.info.as_of));
  Write(context, details);
  return caught_up ? ExitCode::kOk : ExitCode::kInterrupted;
}

absl::StatusOr<ExitCode> RunSync(Context& context, const Values& values) {
  absl::StatusOr<ExitCode> synced = Sync(context, values);
  const std::optional<v1::Refusal> refusal = session::RefusalOf(synced.status());
  return refusal.has_value() ? ShowRefusal(context, *refusal) : std::move(synced);
}

// -------------------------------------------------------------------------------------------------------------- get

void WriteRecord(Context& context, const SchemaForms& schema, const std::vector<std::string>& fields,
                 const std::vector<std::string>& cells, const StoredRecord& record) {
  Details details;
  details.Add("sequence", Cell::Number(static_cast<int64_t>(record.sequence)));
  details.Add("event_time", Cell::Time(record.event_time.value_or(absl::InfinitePast())));
  const std::vector<std::string>& columns = schema.printer->Columns();
  for (size_t i = 0; i < cells.size(); ++i) {
    if (Delivers(fields, columns[i])) details.AddData(columns[i], Cell::Text(cells[i]));
  }
  Write(context, details);
}

RecordView ViewOf(const StoredRecord& record) {
  return {.sequence = record.sequence,
          .operation = record.operation,
          .key_is_pseudonym = record.key_is_pseudonym,
          .key = record.key,
          .event_time = record.event_time,
          .payload = record.payload};
}

absl::StatusOr<ExitCode> RunGet(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica, OpenReplica(values));
  ALLMENDE_ASSIGN_OR_RETURN(SchemaForms schema, SchemaOf(*replica));
  const ReadOptions options{.max_staleness = MaxAge(values)};
  absl::StatusOr<GetResult> found;
  if (values.Has("sequence")) {
    if (!values.Texts("KEY").empty()) return UsageError("give a key or --sequence, not both");
    found = replica->GetSequence(static_cast<uint64_t>(values.Whole("sequence")), options);
  } else {
    const absl::StatusOr<std::string> key = KeyFromTexts(*schema.table, values.Texts("KEY"));
    if (!key.ok()) return UsageError(std::string(key.status().message()));
    found = replica->Get(*key, options);
  }
  ALLMENDE_RETURN_IF_ERROR(Unreadable(found.status(), values));
  ShowAge(context, found->info);
  if (!found->record.has_value()) {
    return absl::NotFoundError("there is no such record, or your view does not show it");
  }
  if (context.output == OutputFormat::kJson) {
    RecordOutput output(context, std::move(schema), {});
    ALLMENDE_RETURN_IF_ERROR(output.Add(ViewOf(*found->record)));
    return ExitCode::kOk;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<std::string> cells, schema.printer->Cells(found->record->payload));
  WriteRecord(context, schema, FieldsOf(replica->status().terms), cells, *found->record);
  return ExitCode::kOk;
}

// ------------------------------------------------------------------------------------------------------------- scan

absl::StatusOr<ScanOptions> WhatToScan(const Values& values, const SchemaForms& schema) {
  ScanOptions options;
  options.max_staleness = MaxAge(values);
  ALLMENDE_ASSIGN_OR_RETURN(options.prefix, KeyPrefixFromTexts(*schema.table, values.Texts("KEY")));
  if (values.Has("from-sequence")) options.from_sequence = static_cast<uint64_t>(values.Whole("from-sequence"));
  if (values.Has("to-sequence")) options.to_sequence = static_cast<uint64_t>(values.Whole("to-sequence"));
  return options;
}

absl::StatusOr<ExitCode> RunScan(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica, OpenReplica(values));
  ALLMENDE_ASSIGN_OR_RETURN(SchemaForms schema, SchemaOf(*replica));
  const absl::StatusOr<ScanOptions> options = WhatToScan(values, schema);
  if (!options.ok()) return UsageError(std::string(options.status().message()));
  const ReplicaStatus status = replica->status();
  const absl::StatusOr<std::unique_ptr<ReplicaCursor>> opened =
      status.kind == v1::TABLE ? replica->Scan(*options) : replica->ScanSequences(*options);
  ALLMENDE_RETURN_IF_ERROR(Unreadable(opened.status(), values));
  const std::unique_ptr<ReplicaCursor>& cursor = *opened;
  ShowAge(context, cursor->info());
  RecordOutput output(context, std::move(schema), FieldsOf(status.terms));
  const uint64_t limit = values.Has("limit") ? static_cast<uint64_t>(values.Whole("limit")) : UINT64_MAX;
  CatchInterrupts();
  while (output.count() < limit && !Interrupted() && cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(output.Add(cursor->record()));
  }
  output.Flush();
  ALLMENDE_RETURN_IF_ERROR(Unreadable(cursor->status(), values));
  return Interrupted() ? ExitCode::kInterrupted : ExitCode::kOk;
}

// ----------------------------------------------------------------------------------------------------------- status

absl::StatusOr<ExitCode> RunStatus(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Replica> replica, OpenReplica(values));
  const ReplicaStatus status = replica->status();
  Details details;
  details.Add("dataset", Cell::Text(status.dataset));
  details.Add("kind", Cell::Text(status.kind == v1::TABLE ? "table" : status.kind == v1::STREAM ? "stream" : "-"));
  details.Add("agreement", Cell::Text(status.agreement));
  details.Add("readable", Cell::Bool(status.readable.ok(), status.readable.ok() ? Style::kGood : Style::kError));
  details.Add("why", status.readable.ok()
                         ? Cell::None()
                         : Cell::Text(std::string(FromAbsl(status.readable.message())), Style::kError));
  details.Add("complete", Cell::Bool(status.complete));
  details.Add("records", Cell::Whole(static_cast<int64_t>(status.records)));
  details.Add("bytes_on_disk", Cell::Bytes(static_cast<int64_t>(status.bytes_on_disk)));
  details.Add("watermark", Cell::Number(static_cast<int64_t>(status.info.watermark)));
  details.Add("head", Cell::Number(static_cast<int64_t>(status.info.head)));
  details.Add("as_of", Cell::Time(status.info.as_of));
  details.Add("age_us", Cell::Duration(status.info.age));
  details.Add("lease_until", Cell::Time(status.info.lease_until));
  Write(context, details);
  if (!context.quiet) (context.output == OutputFormat::kTable ? *context.out : *context.err) << TermsText(status.terms);
  return status.readable.ok() ? ExitCode::kOk : ExitCode::kProblemsFound;
}

}  // namespace

Command ReplicaSyncCommand() {
  return {
      .name = "replica sync",
      .summary = "brings a local copy up to date, or makes it",
      .details = "The copy belongs to the participant who makes it. Other processes may read it while it is followed.",
      .examples = {"allmende replica sync regen --dataset wasser/regen", "allmende replica sync regen --follow"},
      .arguments = {DirectoryArgument()},
      .options =
          {{.name = "dataset", .help = "which; only for a new replica", .kind = ValueKind::kText, .value = "DATASET"},
           {.name = "follow", .help = "goes on with new records until Ctrl-C"},
           {.name = "purpose",
            .help = "what the data will be used for; otherwise as before, at first the profile's",
            .kind = ValueKind::kText,
            .value = "PURPOSE"},
           {.name = "agreement", .help = "under which agreement", .kind = ValueKind::kText, .value = "ID"},
           {.name = "wait",
            .help = "how long to try while no broker can be reached",
            .kind = ValueKind::kDuration,
            .fallback = "30s"}},
      .run = RunSync};
}

Command ReplicaGetCommand() {
  return {.name = "replica get",
          .summary = "looks up one record, without a broker",
          .details = "How old the answer is, is said on standard error.",
          .examples = {"allmende replica get haltestellen de:11000:900001103::1",
                       "allmende replica get regen --sequence 8721"},
          .arguments = {DirectoryArgument(),
                        {.name = "KEY",
                         .help = "of tables: the values of the key fields, in the order of the schema",
                         .kind = ValueKind::kText,
                         .optional = true,
                         .repeated = true}},
          .options = {{.name = "sequence", .help = "of streams: which record", .kind = ValueKind::kWhole},
                      StalenessOption()},
          .run = RunGet};
}

Command ReplicaScanCommand() {
  return {.name = "replica scan",
          .summary = "shows the records of a local copy, without a broker",
          .details =
              "Tables in the order of their keys, streams in the order of their sequences. How old the answer is, "
              "is said on standard error.",
          .examples = {"allmende replica scan haltestellen de:11000:9000011 --output csv",
                       "allmende replica scan regen --from-sequence 8000 --limit 100"},
          .arguments = {DirectoryArgument(),
                        {.name = "KEY",
                         .help = "of tables: how the keys begin; the last text may be cut short",
                         .kind = ValueKind::kText,
                         .optional = true,
                         .repeated = true}},
          .options = {{.name = "from-sequence", .help = "of streams: the first record", .kind = ValueKind::kWhole},
                      {.name = "to-sequence", .help = "of streams: the last record", .kind = ValueKind::kWhole},
                      {.name = "limit", .help = "at most so many records", .kind = ValueKind::kWhole},
                      StalenessOption()},
          .run = RunScan};
}

Command ReplicaStatusCommand() {
  return {.name = "replica status",
          .summary = "shows what a local copy holds, how old it is, and whether it answers",
          .arguments = {DirectoryArgument()},
          .run = RunStatus};
}

}  // namespace allmende::cli
