// Import of a file with as many rows as a month of Berlin's lane detectors has: read, parse, encode. Publishing is not
// in it. The file is made up, with the columns of the real one.
#include <memory>
#include <string>

#include "absl/strings/str_format.h"
#include "benchmark/benchmark.h"

#include "sdk/tabular/importer.h"
#include "sdk/tabular/record_buffer.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::tabular {
namespace {

constexpr int kRows = 182'613;
constexpr int kHoursPerDetector = 744;

std::string DetectorFile() {
  std::string text =
      "detid_15;tag;stunde;qualitaet;q_kfz_det_hr;v_kfz_det_hr;q_pkw_det_hr;v_pkw_det_hr;q_lkw_det_hr;v_lkw_det_hr\n";
  for (int row = 0; row < kRows; ++row) {
    const int hour = row % kHoursPerDetector;
    const int cars = row * 7 % 1500;
    const int trucks = row % 90;
    absl::StrAppendFormat(&text, "%d;%02d.01.2024;%d;%s;%d;%d;%d;%d;%d;%d\n", 100101010000167 + row / kHoursPerDetector,
                          hour / 24 + 1, hour % 24, row % 5 ? "1.0" : "0.75", cars + trucks, 40 + row % 30, cars,
                          42 + row % 30, trucks, trucks == 0 ? -1 : 60);
  }
  return text;
}

// Arg 1: sorted by event time, as it is published.
void BM_ImportDetectorMonth(benchmark::State& state) {
  const std::string folder = ALLMENDE_SOURCE_DIR "/examples/";
  const TestSchema schema = SchemaFromFile(folder + "schemas/traffic_detectors.proto", "LaneHour");
  const auto plan = PlanFromFile(folder + "imports/traffic_lanes.yaml", schema);
  const std::string text = DetectorFile();
  for (auto _ : state) {
    auto importer = Importer::Read(SourceFromText(text), "lanes.csv", *plan, {});
    RecordBuffer buffer;
    absl::Status status = buffer.AppendAll(*importer);
    if (status.ok() && state.range(0) == 1) status = buffer.SortByEventTime();
    if (!status.ok() || buffer.size() != kRows) {
      state.SkipWithError(std::string(status.message()).c_str());
      return;
    }
  }
  state.SetItemsProcessed(state.iterations() * kRows);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(text.size()));
}
BENCHMARK(BM_ImportDetectorMonth)->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace allmende::tabular
