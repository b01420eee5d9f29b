#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/status.h"
#include "tests/bench/benches.h"

namespace allmende::bench {
namespace {

constexpr char kLanes[] = "verkehr/spuren";
constexpr uint64_t kRows = 182'613;  // of the file of January 2024, its header apart

std::string RealData() {
  const char* const named = std::getenv("ALLMENDE_REAL_DATA");
  return named != nullptr ? named : absl::StrCat(ALLMENDE_SOURCE_DIR, "/../shared/data");
}

absl::Status RunCommand(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), absl::StrCat(ProgramFolder(), "/allmende"));
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Process> command, Process::Start(arguments));
  return command->WaitForSuccess();
}

}  // namespace

absl::Status BenchImport(Stage& stage, Report& report) {
  const std::string file = absl::StrCat(RealData(), "/berlin-traffic-detectors/det_val_hr_2024_01.csv.gz");
  if (!std::filesystem::exists(file)) {
    report.Skipped("import of the traffic detectors' file", absl::StrCat("there is no ", file));
    return absl::OkStatus();
  }
  const std::string examples = absl::StrCat(ALLMENDE_SOURCE_DIR, "/examples");
  ALLMENDE_RETURN_IF_ERROR(
      RunCommand({"dataset", "create", kLanes, "--schema", absl::StrCat(examples, "/schemas/traffic_detectors.proto"),
                  "--message", "berlin.LaneHour", "--profile", stage.Profile("amt")}));
  const absl::Time begun = absl::Now();
  ALLMENDE_RETURN_IF_ERROR(
      RunCommand({"publish", kLanes, file, "--mapping", absl::StrCat(examples, "/imports/traffic_lanes.yaml"), "--sort",
                  "--outbox", absl::StrCat(stage.folder(), "/outbox"), "--profile", stage.Profile("amt")}));
  const double took = absl::ToDoubleSeconds(absl::Now() - begun);
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, stage.Connect("amt"));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::Dataset dataset, client->GetDataset(kLanes));
  if (dataset.next_sequence() - 1 != kRows) {
    return absl::InternalError(
        absl::StrCat("of ", kRows, " rows ", dataset.next_sequence() - 1, " were stored by the import"));
  }
  report.AtMost(absl::StrCat("import of ", Grouped(static_cast<double>(dataset.next_sequence() - 1)),
                             " rows of packed CSV, sorted, through an outbox, until stored"),
                took, 5, "s", 2);
  return absl::OkStatus();
}

}  // namespace allmende::bench
