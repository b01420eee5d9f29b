#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "allmende/client.h"
#include "allmende/schema.h"
#include "sdk/base/status.h"
#include "sdk/base/text.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/data/data_commands.h"
#include "sdk/cli/data/dataset_info.h"
#include "sdk/cli/data/outbox_folder.h"
#include "sdk/cli/data/upload.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/interrupt.h"
#include "sdk/cli/frame/table.h"

namespace allmende::cli {
namespace {

// Records out of the quarantine that fit the schema by now.
struct Fitting {
  std::vector<uint64_t> numbers;
  std::vector<tabular::ImportedRecord> records;
  int64_t misfits = 0;
};

class ReplayRun {
 public:
  ReplayRun(Context& context, const Values& values) : context_(context), values_(values) {}

  absl::StatusOr<ExitCode> Run() {
    ALLMENDE_RETURN_IF_ERROR(ReadNumbers());
    ALLMENDE_ASSIGN_OR_RETURN(client_, Connect(context_));
    const std::string& dataset = values_.Text("DATASET");
    ALLMENDE_ASSIGN_OR_RETURN(const OutboxFolder folder, FindOutbox(context_, values_, *client_, dataset));
    ALLMENDE_ASSIGN_OR_RETURN(info_, DescribeDataset(*client_, dataset, folder));
    ALLMENDE_RETURN_IF_ERROR(Collect());
    if (!fitting_.numbers.empty()) {
      CatchInterrupts();
      ALLMENDE_RETURN_IF_ERROR(Publish(folder));
      ALLMENDE_RETURN_IF_ERROR(Drop());
    }
    Details details;
    details.Add("replayed", Cell::Whole(static_cast<int64_t>(fitting_.numbers.size())));
    details.Add("still_do_not_fit", Cell::Whole(fitting_.misfits));
    Write(context_, details);
    return fitting_.misfits > 0 ? ExitCode::kProblemsFound : ExitCode::kOk;
  }

 private:
  absl::Status ReadNumbers() {
    for (const std::string& text : values_.Texts("NUMBER")) {
      uint64_t number = 0;
      if (!absl::SimpleAtoi(text, &number)) return UsageError(absl::StrCat("`", text, "` is no record's number"));
      wanted_.push_back(number);
    }
    if (values_.Switch("all") == wanted_.empty()) return absl::OkStatus();
    return UsageError("say either which records to replay, or `--all`",
                      "`allmende quarantine ls DATASET` shows their numbers");
  }

  absl::Status Collect() {
    ALLMENDE_ASSIGN_OR_RETURN(const Schema schema,
                              Schema::Create(info_.dataset.schema(), info_.dataset.message_name()));
    v1::ListQuarantineRequest request;
    request.set_dataset(info_.dataset.name());
    do {
      ALLMENDE_ASSIGN_OR_RETURN(const v1::ListQuarantineResponse page, client_->ListQuarantine(request));
      for (const v1::QuarantinedRecord& record : page.records()) {
        const auto found = std::find(wanted_.begin(), wanted_.end(), record.number());
        if (found == wanted_.end() && !values_.Switch("all")) continue;
        if (found != wanted_.end()) wanted_.erase(found);
        Take(record, schema);
      }
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    if (wanted_.empty()) return absl::OkStatus();
    return WithHint(absl::NotFoundError(absl::StrCat("the quarantine of `", info_.dataset.name(), "` has no record ",
                                                     wanted_.front(), "; nothing was replayed")),
                    absl::StrCat("`allmende quarantine ls ", info_.dataset.name(), "` lists those there are"));
  }

  void Take(const v1::QuarantinedRecord& record, const Schema& schema) {
    tabular::ImportedRecord taken;
    taken.key = record.record().key();
    if (record.record().operation() == v1::DELETE) {
      taken.operation = tabular::Operation::kDelete;
    } else {
      NewRecord described{.payload = record.record().payload()};
      if (const absl::Status fits = schema.Describe(described, taken.key); !fits.ok()) {
        ++fitting_.misfits;
        context_.Warn(absl::StrCat("record ", record.number(), " does not fit yet: ", fits.message()));
        return;
      }
      taken.event_time = described.event_time;
      taken.payload = record.record().payload();
    }
    fitting_.numbers.push_back(record.number());
    fitting_.records.push_back(std::move(taken));
  }

  absl::Status Publish(const OutboxFolder& folder) {
    UploadOptions options;
    options.dataset = info_.dataset.name();
    options.schema_hash = info_.dataset.schema_hash();
    options.folder = folder;
    options.take_over = values_.Switch("take-over");
    options.keep_table = info_.dataset.kind() == v1::TABLE;
    ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Upload> upload, Upload::Open(context_, *client_, options));
    // What waits may come from an earlier replay that did not get through: sent twice, it would be stored twice.
    if (upload->waiting_before() > 0) {
      return WithHint(absl::FailedPreconditionError(absl::StrCat(upload->waiting_before(), " records of `",
                                                                 options.dataset, "` wait in the outbox already")),
                      absl::StrCat("`allmende publish ", options.dataset,
                                   "` sends them first; those of an earlier "
                                   "replay are then to be dropped from the quarantine"));
    }
    upload->Expect(static_cast<int64_t>(fitting_.records.size()));
    absl::Status status;
    for (size_t i = 0; i < fitting_.records.size() && status.ok(); ++i) status = upload->Put(fitting_.records[i]);
    if (status.ok()) status = upload->Finish();
    if (status.ok()) return status;
    return WithHint(
        status, absl::StrCat("they are in the outbox and in the quarantine now: `allmende publish ", options.dataset,
                             "` (with `--take-over` where another writer has it) sends "
                             "them, then say `allmende quarantine drop ",
                             options.dataset, " ", absl::StrJoin(fitting_.numbers, " "), "`"));
  }

  // After they are stored: a crash in between leaves them in both places, never in none.
  absl::Status Drop() {
    v1::DropQuarantineRequest request;
    request.set_dataset(info_.dataset.name());
    request.mutable_numbers()->Add(fitting_.numbers.begin(), fitting_.numbers.end());
    return client_->DropQuarantine(request).status();
  }

  Context& context_;
  const Values& values_;
  std::vector<uint64_t> wanted_;
  std::unique_ptr<Client> client_;
  DatasetInfo info_;
  Fitting fitting_;
};

}  // namespace

void AddReplayCommand(Program& program) {
  program.commands.push_back(
      {.name = "quarantine replay",
       .summary = "publishes records again that fit the schema by now, then takes them out of the quarantine",
       .details = "They get new sequences, behind everything that is stored. Records that still do not fit stay.",
       .examples = {"allmende quarantine replay wasser/regen --all"},
       .arguments =
           {{.name = "DATASET", .help = "the dataset's name"},
            {.name = "NUMBER", .help = "which", .kind = ValueKind::kWhole, .optional = true, .repeated = true}},
       .options = {{.name = "all", .help = "all of them"},
                   OutboxOption(),
                   {.name = "take-over", .help = "become the dataset's writer if somebody else is; fences them"}},
       .run = [](Context& context, const Values& values) { return ReplayRun(context, values).Run(); }});
}

}  // namespace allmende::cli
