#include <memory>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "allmende/client.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/regime/commands_internal.h"

namespace allmende::cli {
namespace {

absl::StatusOr<ExitCode> Declare(Context& context, const Values& values) {
  if (values.Has("for") == values.Has("until")) {
    return UsageError(
        "say when the crisis ends: either `--for` or `--until`",
        "for example `--for 6h`; it ends by itself then, at most 7 days ahead, and can be declared again");
  }
  v1::DeclareCrisisRequest request;
  request.set_kind(values.Text("KIND"));
  const absl::Time until = values.Has("for") ? context.now() + values.Duration("for") : values.Time("until");
  request.set_until_us(absl::ToUnixMicros(until));
  request.set_reason(values.Text("reason"));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Regime regime, client->DeclareCrisis(request));
  WriteRegime(context, regime);
  return ExitCode::kOk;
}

// A crisis in force by its number or its kind.
absl::StatusOr<uint64_t> FindCrisis(Client& client, const std::string& text) {
  uint64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Regime regime, client.GetRegime());
  for (const v1::Crisis& crisis : regime.crises()) {
    if (crisis.kind() == text) return crisis.number();
  }
  return WithHint(absl::NotFoundError(absl::StrCat("no crisis `", text, "` is in force")),
                  "`allmende crisis show` lists those that are");
}

absl::StatusOr<ExitCode> End(Context& context, const Values& values) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  v1::LiftCrisisRequest request;
  ALLMENDE_ASSIGN_OR_RETURN(const uint64_t number, FindCrisis(*client, values.Text("CRISIS")));
  request.set_number(number);
  request.set_reason(values.Text("reason"));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Regime regime, client->LiftCrisis(request));
  WriteRegime(context, regime);
  return ExitCode::kOk;
}

absl::StatusOr<ExitCode> Show(Context& context, const Values&) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Regime regime, client->GetRegime());
  WriteRegime(context, regime);
  return ExitCode::kOk;
}

}  // namespace

void WriteRegime(Context& context, const v1::Regime& regime) {
  Table table({"number", "kind", "from", "until", "left_us", "reason"});
  table.SetEmptyText("no crisis is in force");
  for (const v1::Crisis& crisis : regime.crises()) {
    const absl::Time until = absl::FromUnixMicros(crisis.until_us());
    table.AddRow({Cell::Number(static_cast<int64_t>(crisis.number())), Cell::Text(crisis.kind(), Style::kWarning),
                  Cell::Time(absl::FromUnixMicros(crisis.from_us())), Cell::Time(until),
                  Cell::Duration(until - context.now()), Cell::Text(crisis.reason())});
  }
  Write(context, table);
}

void AddCrisisCommands(Program& program) {
  program.commands.push_back(
      {.name = "crisis declare",
       .summary = "declares a crisis: the rules written for it count from now on",
       .details =
           "For role crisis-authority. It holds for the whole city and ends by itself; one crisis of a kind at a time.",
       .examples = {"allmende crisis declare heavy-rain --for 6h --reason \"level 4 warning\"",
                    "allmende crisis declare heat --until 2026-07-20T20:00:00+02:00"},
       .arguments = {{.name = "KIND", .help = "as the policies name it, for example `heavy-rain`"}},
       .options = {{.name = "for", .help = "how long from now", .kind = ValueKind::kDuration},
                   {.name = "until", .help = "when it ends", .kind = ValueKind::kTime},
                   {.name = "reason", .help = "for the log", .kind = ValueKind::kText}},
       .run = Declare});
  program.commands.push_back({.name = "crisis end",
                              .summary = "ends a crisis before its time",
                              .arguments = {{.name = "CRISIS", .help = "its number or its kind"}},
                              .options = {{.name = "reason", .help = "for the log", .kind = ValueKind::kText}},
                              .run = End});
  program.commands.push_back({.name = "crisis show", .summary = "shows the crises in force", .run = Show});
}

}  // namespace allmende::cli
