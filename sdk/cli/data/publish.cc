// `allmende publish`.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/dataset_info.h"
#include "sdk/cli/data/import_options.h"
#include "sdk/cli/data/outbox_folder.h"
#include "sdk/cli/data/upload.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/table.h"
#include "sdk/schema_tools/compile_schema.h"
#include "sdk/tabular/record_buffer.h"
#include "sdk/tabular/table_diff.h"

namespace allmende::cli {
namespace {

using tabular::ImportedRecord;
using tabular::Importer;
using tabular::ImportPlan;
using tabular::ImportStep;

constexpr absl::Duration kFollowInterval = absl::Milliseconds(200);
constexpr int kBadRowsShown = 20;
constexpr int kSampleRecords = 3;

class PublishRun {
 public:
  PublishRun(Context& context, const Values& values)
      : context_(context), values_(values), files_(values.Texts("FILE")) {}

  absl::StatusOr<ExitCode> Run() {
    ALLMENDE_RETURN_IF_ERROR(CheckTogether());
    if (values_.Has("schema")) {
      ALLMENDE_RETURN_IF_ERROR(ReadLocalSchema());
      return DryRun();
    }
    ALLMENDE_ASSIGN_OR_RETURN(client_, Connect(context_));
    ALLMENDE_ASSIGN_OR_RETURN(folder_, FindOutbox(context_, values_, *client_, values_.Text("DATASET")));
    ALLMENDE_ASSIGN_OR_RETURN(info_, DescribeDataset(*client_, values_.Text("DATASET"), folder_));
    ALLMENDE_ASSIGN_OR_RETURN(plan_, MakePlan(values_, *info_.schema.table));
    if (values_.Switch("dry-run")) return DryRun();
    if (info_.remembered) {
      context_.Remark("No broker can be reached: records are checked against the schema seen last and kept here.");
    }
    CatchInterrupts();
    return Send();
  }

 private:
  absl::Status CheckTogether() const {
    const bool snapshot = values_.Switch("snapshot");
    if (values_.Has("schema") && !values_.Switch("dry-run")) {
      return UsageError("--schema is for --dry-run", "a dataset's own schema counts when records are published");
    }
    if (files_.empty() && (values_.Switch("dry-run") || values_.Switch("follow") || snapshot)) {
      return UsageError("no FILE is named", "without files, `publish` sends what waits in the outbox");
    }
    if (values_.Switch("follow") && (files_.size() > 1 || values_.Switch("sort") || snapshot)) {
      return UsageError("--follow takes one file, and neither --sort nor --snapshot: a file that grows has no end");
    }
    if (snapshot && files_.size() > 1) return UsageError("--snapshot takes one file: the whole table");
    if (values_.Has("previous") && !snapshot) return UsageError("--previous is for --snapshot");
    if (values_.Switch("allow-empty") && !snapshot) return UsageError("--allow-empty is for --snapshot");
    if (values_.Switch("dry-run") && values_.Switch("follow")) {
      return UsageError("--dry-run reads files to their end, so --follow does not go along");
    }
    if (values_.Has("schema") && snapshot && !values_.Has("previous")) {
      return UsageError("--snapshot with --schema takes --previous, too",
                        "without a broker there is nothing else to compare with");
    }
    if (values_.Switch("dry-run") && snapshot && ReadsStandardInput()) {
      return UsageError("--dry-run with --snapshot reads the file twice, so it does not take `-`");
    }
    return absl::OkStatus();
  }

  absl::Status ReadLocalSchema() {
    ALLMENDE_ASSIGN_OR_RETURN(const CompiledSchema compiled,
                              CompileSchema(values_.Text("schema"), values_.Text("message"), {}));
    ALLMENDE_ASSIGN_OR_RETURN(info_.schema, ReadSchema(compiled.files.SerializeAsString(), compiled.message));
    ALLMENDE_ASSIGN_OR_RETURN(plan_, MakePlan(values_, *info_.schema.table));
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<Importer>> OpenFile(const std::string& file, tabular::OnBadRow on_bad_row) const {
    return Importer::Open(file, plan_,
                          {.on_bad_row = on_bad_row, .errors_max = kBadRowsShown, .follow = values_.Switch("follow")});
  }

  // Reads everything and shows what it would become, and of a snapshot what it would change.
  absl::StatusOr<ExitCode> DryRun() {
    tabular::ImportStatistics total;
    Table sample = Table::OfData(info_.schema.printer->Columns());
    for (const std::string& file : files_) {
      ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(file, tabular::OnBadRow::kCollect));
      const absl::Status status = ReadThrough(*importer, sample);
      for (const tabular::InputError& error : importer->errors()) *context_.err << ErrorText(error.ToStatus(), false);
      ALLMENDE_RETURN_IF_ERROR(status);
      total.Add(importer->statistics());
    }
    if (values_.Switch("snapshot") && total.bad_rows == 0) ALLMENDE_RETURN_IF_ERROR(Changes().status());
    Details details;
    AddTo(total, details);
    AddDiff(details);
    Write(context_, details);
    if (context_.output == OutputFormat::kTable && !sample.rows().empty()) {
      context_.Remark("\nThe first records:");
      Write(context_, sample);
    }
    context_.Remark("\nNothing was published: this was a dry run.");
    return total.bad_rows > 0 ? ExitCode::kProblemsFound : ExitCode::kOk;
  }

  absl::Status ReadThrough(Importer& importer, Table& sample) const {
    ImportedRecord record;
    while (true) {
      ALLMENDE_ASSIGN_OR_RETURN(const ImportStep step, importer.Next(record));
      if (step != ImportStep::kRecord) return absl::OkStatus();
      if (sample.rows().size() >= kSampleRecords || record.operation == tabular::Operation::kDelete) continue;
      ALLMENDE_ASSIGN_OR_RETURN(const std::vector<std::string> texts, info_.schema.printer->Cells(record.payload));
      std::vector<Cell> cells;
      for (const std::string& text : texts) cells.push_back(Cell::Text(text));
      sample.AddRow(std::move(cells));
    }
  }

  absl::StatusOr<ExitCode> Send() {
    const absl::Duration start = context_.elapsed();
    const bool in_memory = values_.Switch("sort") || values_.Switch("snapshot") || ReadsStandardInput();
    int64_t expected = 0;
    std::optional<TableState> table;
    if (values_.Switch("snapshot")) {
      ALLMENDE_ASSIGN_OR_RETURN(table, Changes());
    } else if (in_memory) {
      ALLMENDE_RETURN_IF_ERROR(Load());
    } else if (!values_.Switch("follow")) {
      ALLMENDE_ASSIGN_OR_RETURN(expected, Check());
    }
    // While a file is followed, nobody knows what the table is; after a crash not even here.
    if (values_.Switch("follow")) std::filesystem::remove(folder_.table());
    ALLMENDE_ASSIGN_OR_RETURN(upload_, OpenUpload());
    upload_->Expect(in_memory ? static_cast<int64_t>(buffer_.size()) : expected);
    if (values_.Switch("follow")) {
      ALLMENDE_RETURN_IF_ERROR(Follow());
    } else {
      ALLMENDE_RETURN_IF_ERROR(in_memory ? PutBuffer() : PutFiles());
    }
    if (table.has_value()) upload_->SetTable(*std::move(table));
    ALLMENDE_RETURN_IF_ERROR(upload_->Finish());
    ShowSummary(context_.elapsed() - start);
    return upload_->stats().quarantined_records > 0 || upload_->discarded() > 0 ? ExitCode::kProblemsFound
                                                                                : ExitCode::kOk;
  }

  absl::StatusOr<std::unique_ptr<Upload>> OpenUpload() {
    const std::string& doubt = values_.Text("in-doubt");
    return Upload::Open(context_, *client_,
                        {.dataset = info_.dataset.name(),
                         .folder = folder_,
                         .take_over = values_.Switch("take-over"),
                         .discard_refused = values_.Switch("discard-refused"),
                         .in_doubt = doubt == "send-again" ? InDoubt::kSendAgain
                                     : doubt == "drop"     ? InDoubt::kDrop
                                                           : InDoubt::kStop,
                         .patience = values_.Duration("wait"),
                         .keep_table = info_.dataset.kind() == v1::TABLE});
  }

  bool ReadsStandardInput() const {
    return !values_.Switch("follow") && std::find(files_.begin(), files_.end(), "-") != files_.end();
  }

  // Before anything is sent, every file is read to its end: so nothing of an upload with a bad row is stored.
  absl::StatusOr<int64_t> Check() {
    ImportedRecord record;
    int64_t records = 0;
    for (const std::string& file : files_) {
      ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(file, tabular::OnBadRow::kStop));
      ImportStep step = ImportStep::kRecord;
      while (step == ImportStep::kRecord) {
        ALLMENDE_ASSIGN_OR_RETURN(step, importer->Next(record));
      }
      records += importer->statistics().records;
    }
    return records;
  }

  absl::Status PutFiles() {
    ImportedRecord record;
    for (const std::string& file : files_) {
      ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(file, tabular::OnBadRow::kStop));
      while (true) {
        ALLMENDE_ASSIGN_OR_RETURN(const ImportStep step, importer->Next(record));
        if (step != ImportStep::kRecord) break;
        ALLMENDE_RETURN_IF_ERROR(upload_->Put(record));
      }
      statistics_.Add(importer->statistics());
    }
    return absl::OkStatus();
  }

  absl::Status Load() {
    for (const std::string& file : files_) {
      ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(file, tabular::OnBadRow::kStop));
      ALLMENDE_RETURN_IF_ERROR(buffer_.AppendAll(*importer));
      statistics_.Add(importer->statistics());
    }
    return values_.Switch("sort") ? buffer_.SortByEventTime() : absl::OkStatus();
  }

  absl::Status PutBuffer() {
    ImportedRecord record;
    for (size_t i = 0; i < buffer_.size(); ++i) {
      buffer_.Get(i, record);
      ALLMENDE_RETURN_IF_ERROR(upload_->Put(record));
    }
    return absl::OkStatus();
  }

  // Fills the buffer with what leads from the table's last snapshot to this one. Returns the table afterwards.
  absl::StatusOr<TableState> Changes() {
    if (info_.dataset.kind() != v1::TABLE && !values_.Has("schema")) {
      return absl::FailedPreconditionError(
          absl::StrCat("`", info_.dataset.name(), "` is a stream; --snapshot is for tables"));
    }
    ALLMENDE_ASSIGN_OR_RETURN(TableState table, LastTable());
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(files_[0], tabular::OnBadRow::kStop));
    const std::unique_ptr<Importer> before = ImportOf(table);
    const auto take = [&](const ImportedRecord& record) { return buffer_.Append(record); };
    ALLMENDE_ASSIGN_OR_RETURN(diff_,
                              tabular::DiffSnapshots(before.get(), *importer, {.duplicates = Duplicates()}, take));
    statistics_.Add(importer->statistics());
    ALLMENDE_RETURN_IF_ERROR(CheckNotEmpty());
    ImportedRecord record;
    for (size_t i = 0; i < buffer_.size(); ++i) {
      buffer_.Get(i, record);
      Apply(record, table);
    }
    return table;
  }

  // An export that failed often leaves a file behind that looks like an empty table.
  absl::Status CheckNotEmpty() const {
    if (diff_->new_keys > 0 || diff_->deleted == 0 || values_.Switch("allow-empty")) return absl::OkStatus();
    return WithHint(absl::InvalidArgumentError(absl::StrCat("`", files_[0], "` has no rows; that would delete all ",
                                                            CountText(diff_->deleted), " records of the table")),
                    "if that is meant, say --allow-empty");
  }

  tabular::DuplicateKeys Duplicates() const {
    return values_.Text("duplicates") == "last" ? tabular::DuplicateKeys::kLastWins : tabular::DuplicateKeys::kError;
  }

  absl::StatusOr<TableState> LastTable() const {
    TableState table;
    if (values_.Has("previous")) {
      ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> previous,
                                OpenFile(values_.Text("previous"), tabular::OnBadRow::kStop));
      ALLMENDE_RETURN_IF_ERROR(
          tabular::DiffSnapshots(nullptr, *previous, {.duplicates = Duplicates()}, [&](const ImportedRecord& record) {
            Apply(record, table);
            return absl::OkStatus();
          }).status());
      return table;
    }
    ALLMENDE_ASSIGN_OR_RETURN(std::optional<TableState> kept, LoadTable(folder_.table()));
    if (kept.has_value()) return *std::move(kept);
    if (!info_.remembered && info_.dataset.next_sequence() <= 1) return table;
    return WithHint(absl::FailedPreconditionError(absl::StrCat(
                        "what `", info_.dataset.name(), "` held before is not known here, so nothing can be compared")),
                    "name the file that was published last with --previous");
  }

  absl::Status Follow() {
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> importer, OpenFile(files_[0], tabular::OnBadRow::kStop));
    if (!context_.quiet) *context_.err << "publishes what is appended to the file; Ctrl-C ends it" << std::endl;
    ImportedRecord record;
    absl::StatusOr<ImportStep> step;
    while (!Interrupted() && (step = importer->Next(record)).ok()) {
      if (*step == ImportStep::kRecord) {
        ALLMENDE_RETURN_IF_ERROR(upload_->Put(record));
      } else {
        const absl::Status status = upload_->Look();
        if (!status.ok() && !absl::IsCancelled(status)) return status;
        absl::SleepFor(kFollowInterval);
      }
    }
    statistics_.Add(importer->statistics());
    return step.ok() ? absl::OkStatus() : step.status();
  }

  void AddDiff(Details& details) const {
    if (!diff_.has_value()) return;
    details.Add("inserted", Cell::Whole(diff_->inserted));
    details.Add("updated", Cell::Whole(diff_->updated));
    details.Add("unchanged", Cell::Whole(diff_->unchanged));
    details.Add("deleted", Cell::Whole(diff_->deleted));
  }

  void ShowSummary(absl::Duration took) {
    const Publisher::Stats stats = upload_->stats();
    Details details;
    details.Add("dataset", Cell::Text(info_.dataset.name()));
    if (!files_.empty()) AddTo(statistics_, details);
    AddDiff(details);
    details.Add("waited_before", Cell::Whole(static_cast<int64_t>(upload_->waiting_before())));
    details.Add("stored", Cell::Whole(static_cast<int64_t>(stats.stored_records)));
    details.Add("quarantined", Cell::Whole(static_cast<int64_t>(stats.quarantined_records)));
    details.Add("discarded", Cell::Whole(static_cast<int64_t>(upload_->discarded())));
    details.Add("last_sequence",
                stats.next_sequence == 0 ? Cell::None() : Cell::Number(static_cast<int64_t>(stats.next_sequence) - 1));
    details.Add("took_us", Cell::Duration(took));
    Write(context_, details);
    if (stats.quarantined_records > 0) {
      context_.Next(absl::StrCat("allmende quarantine ls ", info_.dataset.name()));
    }
  }

  Context& context_;
  const Values& values_;
  const std::vector<std::string> files_;
  std::unique_ptr<Client> client_;
  OutboxFolder folder_;
  DatasetInfo info_;
  std::shared_ptr<const ImportPlan> plan_;
  tabular::RecordBuffer buffer_;
  tabular::ImportStatistics statistics_;
  std::optional<tabular::DiffCounts> diff_;
  std::unique_ptr<Upload> upload_;
};

absl::StatusOr<ExitCode> RunPublish(Context& context, const Values& values) {
  return PublishRun(context, values).Run();
}

}  // namespace

Command PublishCommand() {
  Command command{
      .name = "publish",
      .summary = "publishes the rows of CSV or NDJSON files, or what still waits in the outbox",
      .details =
          "Files may be packed with gzip; `-` is standard input. Every file is read to its end before the first "
          "record is sent, so nothing of a file with a mistake is stored. Records go to the outbox first: what "
          "is there survives a crash and any time without a broker, and is sent once and in order.",
      .examples = {"allmende publish wasser/regen rain.csv --mapping rain.yaml",
                   "allmende publish verkehr/spuren det_val_hr_2024_01.csv.gz -m traffic_lanes.yaml --sort",
                   "allmende publish nahverkehr/haltestellen stations.ndjson -m stations.yaml --snapshot",
                   "allmende publish wasser/regen rain.csv --dry-run"},
      .arguments = {{.name = "DATASET", .help = "where to"},
                    {.name = "FILE",
                     .help = "what; without files, what waits in the outbox is sent",
                     .kind = ValueKind::kFile,
                     .optional = true,
                     .repeated = true}},
      .options = ImportOptions(),
      .run = RunPublish};
  const std::vector<Option> own = {
      {.name = "dry-run", .help = "reads and checks everything, shows what it would become, publishes nothing"},
      {.name = "schema",
       .help = "with --dry-run: a .proto file to check against, without a broker",
       .kind = ValueKind::kFile},
      {.name = "message",
       .help = "with --schema: which message of the file",
       .kind = ValueKind::kText,
       .value = "NAME"},
      {.name = "sort", .help = "sends the records in the order of their event times"},
      {.name = "follow", .help = "goes on with what is appended to the file, until Ctrl-C"},
      {.name = "snapshot",
       .help = "of tables: the file is the whole table; sends what changed, and deletes what is not in it any more"},
      {.name = "previous",
       .help = "with --snapshot: the file to compare with, instead of the one published last",
       .kind = ValueKind::kFile},
      {.name = "allow-empty", .help = "with --snapshot: a file without rows empties the table"},
      {.name = "duplicates",
       .help = "with --snapshot: what two rows of one key are",
       .kind = ValueKind::kChoice,
       .choices = {"error", "last"},
       .fallback = "error"},
      {.name = "wait",
       .help = "how long nothing may move before the rest is left to the outbox",
       .kind = ValueKind::kDuration,
       .fallback = "30s"},
      OutboxOption(),
      {.name = "take-over",
       .help = "takes the dataset over from another writer, whose unsent records are then refused"},
      {.name = "in-doubt",
       .help = "what becomes of records that may be stored already when nobody can tell",
       .kind = ValueKind::kChoice,
       .choices = {"stop", "send-again", "drop"},
       .fallback = "stop"},
      {.name = "discard-refused", .help = "drops a batch that the broker refused, and goes on"},
  };
  command.options.insert(command.options.end(), own.begin(), own.end());
  return command;
}

}  // namespace allmende::cli
