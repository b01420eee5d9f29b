// `allmende recall`: takes a wrong upload of a table back.
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/dataset_info.h"
#include "sdk/cli/data/import_options.h"
#include "sdk/cli/data/outbox_folder.h"
#include "sdk/cli/data/upload.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/table.h"
#include "sdk/tabular/record_buffer.h"
#include "sdk/tabular/table_diff.h"

namespace allmende::cli {
namespace {

using tabular::ImportedRecord;
using tabular::Importer;

// What leads from the wrong rows back: the rows of `previous` where it has the key, deletes of the other keys.
absl::StatusOr<tabular::DiffCounts> Corrections(const Values& values, std::shared_ptr<const tabular::ImportPlan> plan,
                                                tabular::RecordBuffer& corrections) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Importer> wrong, Importer::Open(values.Text("FILE"), plan, {}));
  const TableState nothing;
  std::unique_ptr<Importer> right = ImportOf(nothing);
  if (values.Has("previous")) {
    ALLMENDE_ASSIGN_OR_RETURN(right, Importer::Open(values.Text("previous"), plan, {}));
  }
  return tabular::DiffSnapshots(wrong.get(), *right, {.duplicates = tabular::DuplicateKeys::kLastWins},
                                [&](const ImportedRecord& record) { return corrections.Append(record); });
}

absl::StatusOr<ExitCode> RunRecall(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const OutboxFolder folder, FindOutbox(context, values, *client, values.Text("DATASET")));
  ALLMENDE_ASSIGN_OR_RETURN(const DatasetInfo info, DescribeDataset(*client, values.Text("DATASET"), folder));
  if (info.dataset.kind() != v1::TABLE) {
    return WithHint(absl::FailedPreconditionError(
                        absl::StrCat("`", info.dataset.name(),
                                     "` is a stream: what happened stays, and only a table has keys that can "
                                     "be deleted")),
                    "publish corrected records behind the wrong ones; readers tell them by key and event time");
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::shared_ptr<const tabular::ImportPlan> plan,
                            MakePlan(values, *info.schema.table));
  tabular::RecordBuffer corrections;
  ALLMENDE_ASSIGN_OR_RETURN(const tabular::DiffCounts counts, Corrections(values, plan, corrections));
  Details details;
  details.Add("dataset", Cell::Text(info.dataset.name()));
  details.Add("restored", Cell::Whole(counts.inserted + counts.updated));
  details.Add("deleted", Cell::Whole(counts.deleted));
  details.Add("unchanged", Cell::Whole(counts.unchanged));
  if (values.Switch("dry-run")) {
    Write(context, details);
    context.Remark("Nothing was published: this was a dry run.");
    return ExitCode::kOk;
  }
  CatchInterrupts();
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Upload> upload, Upload::Open(context, *client,
                                                                               {.dataset = info.dataset.name(),
                                                                                .folder = folder,
                                                                                .take_over = values.Switch("take-over"),
                                                                                .patience = values.Duration("wait"),
                                                                                .keep_table = true}));
  upload->Expect(static_cast<int64_t>(corrections.size()));
  ImportedRecord record;
  for (size_t i = 0; i < corrections.size(); ++i) {
    corrections.Get(i, record);
    ALLMENDE_RETURN_IF_ERROR(upload->Put(record));
  }
  ALLMENDE_RETURN_IF_ERROR(upload->Finish());
  details.Add("last_sequence", Cell::Number(static_cast<int64_t>(upload->stats().next_sequence) - 1));
  Write(context, details);
  return ExitCode::kOk;
}

}  // namespace

Command RecallCommand() {
  Command command{
      .name = "recall",
      .summary = "takes a wrong upload of a table back",
      .details =
          "Reads the wrong file once more. Keys that the previous file has get their rows back; all other keys of "
          "the wrong file are deleted, which every replica follows. The log keeps both: readers see that there "
          "was a correction. Streams cannot be taken back.",
      .examples = {"allmende recall nahverkehr/haltestellen wrong.ndjson --previous last-week.ndjson -m stations.yaml"},
      .arguments = {{.name = "DATASET", .help = "where it was published"},
                    {.name = "FILE", .help = "the wrong file", .kind = ValueKind::kFile}},
      .options = ImportOptions(),
      .run = RunRecall};
  const std::vector<Option> own = {
      {.name = "previous", .help = "the file that was right before", .kind = ValueKind::kFile},
      {.name = "dry-run", .help = "shows what would be corrected, publishes nothing"},
      {.name = "wait",
       .help = "how long nothing may move before the rest is left to the outbox",
       .kind = ValueKind::kDuration,
       .fallback = "30s"},
      OutboxOption(),
      {.name = "take-over", .help = "takes the dataset over from another writer"},
  };
  command.options.insert(command.options.end(), own.begin(), own.end());
  return command;
}

}  // namespace allmende::cli
