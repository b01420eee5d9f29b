#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "allmende/client.h"
#include "sdk/base/status.h"
#include "sdk/cli/connect/connect.h"
#include "sdk/cli/frame/context.h"
#include "sdk/cli/frame/plain_text.h"
#include "sdk/cli/frame/table.h"
#include "sdk/cli/regime/commands.h"
#include "sdk/cli/regime/commands_internal.h"

namespace allmende::cli {
namespace {

// Clocks that differ by more make leases and crises end at surprising times.
constexpr absl::Duration kClockDifference = absl::Seconds(10);

Cell RegimeCell(const v1::Regime& regime) {
  if (regime.crises().empty()) return Cell::Text("normal", Style::kGood);
  std::vector<std::string> kinds;
  for (const v1::Crisis& crisis : regime.crises()) kinds.push_back(crisis.kind());
  return Cell::Text(absl::StrCat("crisis: ", absl::StrJoin(kinds, ", ")), Style::kWarning);
}

absl::StatusOr<ExitCode> ShowStatus(Context& context, const Values&) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, Connect(context));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::BrokerStatus status, client->Status());
  const absl::Time broker_now = absl::FromUnixMicros(status.now_us());
  const absl::Time started = absl::FromUnixMicros(status.started_at_us());
  const bool sees_others = status.free_disk_bytes() > 0;  // shown to officers and auditors only
  Details details;
  details.Add("city", Cell::Text(status.city()));
  details.Add("broker", Cell::Text(absl::StrJoin(client->endpoints(), ", ")));
  details.Add("version", Cell::Text(status.version()));
  details.Add("running_for_us", Cell::Duration(broker_now - started));
  details.Add("regime", RegimeCell(status.regime()));
  details.Add("datasets", Cell::Whole(static_cast<int64_t>(status.datasets())));
  if (sees_others) {
    details.Add("publishers", Cell::Whole(static_cast<int64_t>(status.publishers())));
    details.Add("subscriptions", Cell::Whole(static_cast<int64_t>(status.subscriptions())));
    details.Add("free_disk_bytes", Cell::Bytes(static_cast<int64_t>(status.free_disk_bytes())));
  }
  details.Add("control_log", Cell::Number(static_cast<int64_t>(status.control_head())));
  details.Add("you_are", Cell::Text(status.caller()));
  details.Add("your_roles", Cell::List({status.roles().begin(), status.roles().end()}));
  Write(context, details);
  if (context.output == OutputFormat::kTable && !status.regime().crises().empty()) {
    *context.out << "\n";
    WriteRegime(context, status.regime());
  }
  const absl::Duration off = context.now() - broker_now;
  if (off > kClockDifference || off < -kClockDifference) {
    context.Warn(absl::StrCat("this machine's clock is ", DurationText(off < absl::ZeroDuration() ? -off : off),
                              off > absl::ZeroDuration() ? " ahead of" : " behind", " the broker's"));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddStatusCommand(Program& program) {
  program.commands.push_back(
      {.name = "status",
       .summary = "shows how the broker is, and who you are to it",
       .details = "Officers and auditors also see how many publish and subscribe, and free disk.",
       .run = ShowStatus});
}

void AddRegimeCommands(Program& program) {
  AddPolicyCommands(program);
  AddCrisisCommands(program);
  AddStatusCommand(program);
}

}  // namespace allmende::cli
