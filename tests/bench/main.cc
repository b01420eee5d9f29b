// The exchange's figures, with real processes over mutual TLS on this machine's disk. docs/development.md says how to
// read them.
#include <cstdio>
#include <cstring>
#include <string>

#include "sdk/base/status.h"
#include "tests/bench/benches.h"

namespace allmende::bench {
namespace {

constexpr uint64_t kRecords = 256 * 4096;  // a good million

absl::Status Run(uint64_t records, Report& report) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Stage> stage, Stage::Make());
  ALLMENDE_RETURN_IF_ERROR(stage->StartBroker());
  ALLMENDE_RETURN_IF_ERROR(BenchIdle(*stage, report));
  ALLMENDE_RETURN_IF_ERROR(BenchPublish(*stage, records, report));
  ALLMENDE_RETURN_IF_ERROR(BenchDeliver(*stage, records, report));
  ALLMENDE_RETURN_IF_ERROR(BenchRestart(*stage, report));
  return BenchImport(*stage, report);
}

}  // namespace
}  // namespace allmende::bench

int main(int argc, char** argv) {
  using allmende::bench::Report;
  if (argc == 4 && std::strcmp(argv[1], "--raw-server") == 0) {
    return allmende::bench::RunRawServer(argv[2], std::stoull(argv[3]));
  }
  Report report;
  const absl::Status run = allmende::bench::Run(argc > 1 ? std::stoull(argv[1]) : allmende::bench::kRecords, report);
  report.Print();
  if (!run.ok()) {
    std::fprintf(stderr, "exchange_bench: %s\n", run.ToString().c_str());
    return 1;
  }
  return report.met() ? 0 : 2;  // a missed target is a failure of the run
}
