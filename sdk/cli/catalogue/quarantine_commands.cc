#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "allmende/client.h"
#include "google/protobuf/descriptor.pb.h"
#include "sdk/base/hex.h"
#include "sdk/base/status.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/table.h"
#include "sdk/schema_tools/record_printer.h"

namespace allmende::cli {
namespace {

absl::StatusOr<ExitCode> List(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  Table table({"number", "sequence", "accepted_at", "field", "code", "reason"});
  table.SetEmptyText("the quarantine is empty");
  v1::ListQuarantineRequest request;
  request.set_dataset(values.Text("DATASET"));
  request.set_page_size(1'000);
  do {
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListQuarantineResponse page, client->ListQuarantine(request));
    for (const v1::QuarantinedRecord& record : page.records()) {
      const std::string& field = record.problem().field();
      table.AddRow({Cell::Number(static_cast<int64_t>(record.number())),
                    Cell::Number(static_cast<int64_t>(record.sequence())),
                    Cell::Time(absl::FromUnixMicros(record.accepted_at_us())),
                    field.empty() ? Cell::None().Shown("(record)") : Cell::Text(field),
                    Cell::Text(record.problem().code()), Cell::Text(record.problem().detail())});
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  Write(context, table);
  return ExitCode::kOk;
}

absl::StatusOr<v1::QuarantinedRecord> Find(Client& client, const std::string& dataset, uint64_t number) {
  v1::ListQuarantineRequest request;
  request.set_dataset(dataset);
  do {
    ALLMENDE_ASSIGN_OR_RETURN(const v1::ListQuarantineResponse page, client.ListQuarantine(request));
    for (const v1::QuarantinedRecord& record : page.records()) {
      if (record.number() == number) return record;
    }
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  return WithHint(absl::NotFoundError(absl::StrCat("the quarantine of `", dataset, "` has no record ", number)),
                  absl::StrCat("`allmende quarantine ls ", dataset, "` lists those there are"));
}

// The record's JSON as far as it can be read; empty where it cannot.
std::string AsJson(const v1::Dataset& dataset, const std::string& payload) {
  google::protobuf::FileDescriptorSet files;
  if (!files.ParseFromString(dataset.schema())) return "";
  const auto printer = RecordPrinter::Create(files, dataset.message_name());
  if (!printer.ok()) return "";
  return (*printer)->Json(payload).value_or("");
}

absl::StatusOr<ExitCode> Show(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  const std::string& name = values.Text("DATASET");
  ALLMENDE_ASSIGN_OR_RETURN(const v1::QuarantinedRecord record,
                            Find(*client, name, static_cast<uint64_t>(values.Whole("NUMBER"))));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(name, true));
  const std::string json = AsJson(dataset, record.record().payload());
  Details details;
  details.Add("number", Cell::Number(static_cast<int64_t>(record.number())));
  details.Add("sequence", Cell::Number(static_cast<int64_t>(record.sequence())));
  details.Add("accepted_at", Cell::Time(absl::FromUnixMicros(record.accepted_at_us())));
  details.Add("field", Cell::Text(record.problem().field()));
  details.Add("code", Cell::Text(record.problem().code()));
  details.Add("reason", Cell::Text(record.problem().detail()));
  details.Add("record", json.empty() ? Cell::None().Shown("(cannot be read by the schema)") : Cell::Text(json));
  details.Add("payload_hex", Cell::Text(EncodeHex(record.record().payload())));
  Write(context, details);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Drop(Context& context, const Values& values) {
  v1::DropQuarantineRequest request;
  request.set_dataset(values.Text("DATASET"));
  request.set_all(values.Switch("all"));
  for (const std::string& text : values.Texts("NUMBER")) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(text, &number)) return UsageError(absl::StrCat("`", text, "` is no record's number"));
    request.add_numbers(number);
  }
  if (request.all() == (request.numbers_size() > 0)) {
    return UsageError("say either which records to drop, or `--all`",
                      "`allmende quarantine ls DATASET` shows their numbers");
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::DropQuarantineResponse response, client->DropQuarantine(request));
  if (response.dropped() == 0 && !request.all()) {
    return WithHint(
        absl::NotFoundError(absl::StrCat("the quarantine of `", request.dataset(), "` has no such records")),
        absl::StrCat("`allmende quarantine ls ", request.dataset(), "` lists those there are"));
  }
  Details details;
  details.Add("dropped", Cell::Whole(static_cast<int64_t>(response.dropped())));
  Write(context, details);
  return ExitCode::kOk;
}

}  // namespace

void AddQuarantineCommands(Program& program) {
  const Argument dataset = {.name = "DATASET", .help = "the dataset's name"};
  program.commands.push_back({.name = "quarantine ls",
                              .summary = "lists records that did not fit the schema; for the provider",
                              .arguments = {dataset},
                              .run = List});
  program.commands.push_back(
      {.name = "quarantine show",
       .summary = "shows one of them, with the reason",
       .arguments = {dataset, {.name = "NUMBER", .help = "its number", .kind = ValueKind::kWhole}},
       .run = Show});
  program.commands.push_back(
      {.name = "quarantine drop",
       .summary = "takes records out of the quarantine for good",
       .arguments =
           {dataset,
            {.name = "NUMBER", .help = "which", .kind = ValueKind::kWhole, .optional = true, .repeated = true}},
       .options = {{.name = "all", .help = "all of them"}},
       .run = Drop});
}

}  // namespace allmende::cli
