#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "tests/bench/benches.h"

namespace allmende::bench {

absl::Status BenchIdle(Stage& stage, Report& report) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, stage.Connect("amt"));
  ALLMENDE_RETURN_IF_ERROR(client->Status().status());
  report.AtMost("idle memory of a new broker", stage.broker().resident_mb(), 60, "MB");
  report.Note("  of it not shared with files", absl::StrCat(Grouped(stage.broker().anonymous_mb()), " MB"));
  return absl::OkStatus();
}

absl::Status BenchRestart(Stage& stage, Report& report) {
  stage.broker().Kill();
  const absl::Time begun = absl::Now();
  ALLMENDE_RETURN_IF_ERROR(stage.StartBroker());
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, stage.Connect("amt"));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(kStream));
  report.AtMost(
      absl::StrCat("from start to the first answer, ", Grouped(static_cast<double>(dataset.next_sequence() - 1)),
                   " records stored, after SIGKILL"),
      absl::ToDoubleSeconds(absl::Now() - begun), 1, "s", 2);
  report.Note("memory then", absl::StrCat(Grouped(stage.broker().resident_mb()), " MB"));
  return absl::OkStatus();
}

}  // namespace allmende::bench
