// The parts of the benchmark, in the order they run in: later ones use what earlier ones have stored.
#pragma once

#include "absl/status/status.h"
#include "tests/bench/report.h"
#include "tests/bench/stage.h"

namespace allmende::bench {

inline constexpr char kStream[] = "amt/stream";
inline constexpr char kTable[] = "amt/table";

absl::Status BenchIdle(Stage& stage, Report& report);
// Stores `records` in the stream and half of them in the table, beside synced writes of the same batches.
absl::Status BenchPublish(Stage& stage, uint64_t records, Report& report);
// Reads the stream through both views, beside a bare gRPC stream of the same bytes.
absl::Status BenchDeliver(Stage& stage, uint64_t records, Report& report);
// Publishes the largest file of the real data with the command line. Skipped where there is none.
absl::Status BenchImport(Stage& stage, Report& report);
absl::Status BenchRestart(Stage& stage, Report& report);

// What `BenchDeliver` starts as another process, `--raw-server CITY RECORDS`: holds the batches of that many records in
// memory and writes them to whoever calls Subscribe. Returns only when it cannot serve.
int RunRawServer(const std::string& city, uint64_t records);

}  // namespace allmende::bench
