// Durable appends of batches of 256 records of 256 bytes, beside raw synced RocksDB writes of the same bytes. `window`
// is how many appends are under way; one is what the raw writer does. Processor time is the whole process's.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "broker/log/log.h"
#include "broker/log/store_log.h"
#include "sdk/base/endian.h"
#include "sdk/base/mutex.h"
#include "sdk/store/testing/raw_writer.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

constexpr std::uint32_t kRecords = 256;
constexpr std::size_t kBatchBytes = std::size_t{kRecords} * 256;
constexpr std::size_t kKeyBytes = 16;
constexpr LogId kLog{1};

std::string RandomBytes(std::mt19937_64& random, std::size_t bytes) {
  std::string content(bytes, '\0');
  for (char& byte : content) byte = static_cast<char>(random());
  return content;
}

// Keys of a table with a million rows, in random order.
std::string RandomKey(std::mt19937_64& random) {
  std::string key = SideKeyPrefix(kLog);
  key.append(kKeyBytes - sizeof(std::uint64_t), 'k');
  AppendBigEndian<std::uint64_t>(random() % 1'000'000, key);
  return key;
}

std::string Encoded(Sequence sequence) {
  std::string value;
  AppendBigEndian(sequence, value);
  return value;
}

void Count(benchmark::State& state) {
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * kRecords);
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * kBatchBytes));
}

// Appends with at most `window` under way.
class Appender {
 public:
  Appender(Log& log, std::size_t window) : log_(log), window_(window) {}
  ~Appender() { Await(0); }

  void Append(const std::string& batch, std::vector<SideWrite> side_writes) {
    Await(window_ - 1);
    AppendRequest request{kLog, position_, {{batch, kRecords, {}}}, std::move(side_writes)};
    position_ = log_.After(position_, request.entries);
    {
      MutexLock lock(mutex_);
      ++under_way_;
    }
    const absl::Status accepted = log_.Append(std::move(request), [this](const absl::StatusOr<LogHead>& head) {
      MutexLock lock(mutex_);
      failed_ = failed_ || !head.ok();
      --under_way_;
      fewer_.NotifyOne();
    });
    if (!accepted.ok()) std::abort();
  }

  bool failed() {
    Await(0);
    MutexLock lock(mutex_);
    return failed_;
  }

 private:
  void Await(std::size_t under_way_max) {
    MutexLock lock(mutex_);
    while (under_way_ > under_way_max) fewer_.Wait(mutex_);
  }

  Log& log_;
  const std::size_t window_;
  LogPosition position_;
  Mutex mutex_;
  CondVar fewer_;
  std::size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
  bool failed_ ABSL_GUARDED_BY(mutex_) = false;
};

void Run(benchmark::State& state, bool table) {
  TestDirectory directory;
  StoreLogOptions options;
  options.path = directory.File("log");
  auto log = StoreLog::Open(std::move(options)).value();
  std::mt19937_64 random(1);
  const std::string batch = RandomBytes(random, kBatchBytes);
  {
    Appender appender(*log, static_cast<std::size_t>(state.range(0)));
    Sequence next = 1;
    for (auto _ : state) {
      std::vector<SideWrite> side_writes;
      for (std::uint32_t i = 0; table && i < kRecords; ++i) {
        side_writes.push_back(SideWrite::Put(SideFamily::kKeyIndex, RandomKey(random), Encoded(next + i)));
      }
      next += kRecords;
      appender.Append(batch, std::move(side_writes));
    }
    if (appender.failed()) state.SkipWithError("an append failed");
  }
  Count(state);
  const StoreLog::Statistics statistics = log->statistics();
  state.counters["appends_per_sync"] =
      static_cast<double>(statistics.writes) / static_cast<double>(std::max<std::uint64_t>(statistics.commits, 1));
}

void LogStream(benchmark::State& state) {
  Run(state, false);
}
void LogTable(benchmark::State& state) {
  Run(state, true);
}

void RunRaw(benchmark::State& state, bool table) {
  TestDirectory directory;
  store::RawWriter writer(directory.File("raw"));
  std::mt19937_64 random(1);
  const std::string batch = RandomBytes(random, kBatchBytes);
  std::uint64_t sequence = 1;
  for (auto _ : state) {
    const std::string encoded = Encoded(sequence);
    std::vector<std::pair<std::string, std::string_view>> pairs = {{encoded, batch}};
    for (std::uint32_t i = 0; table && i < kRecords; ++i) pairs.emplace_back(RandomKey(random), encoded);
    if (!writer.Write(pairs).ok()) state.SkipWithError("a write failed");
    sequence += kRecords;
  }
  Count(state);
}

void RawStream(benchmark::State& state) {
  RunRaw(state, false);
}
void RawTable(benchmark::State& state) {
  RunRaw(state, true);
}

constexpr std::int64_t kBatches = 4000;  // a million records

BENCHMARK(RawStream)->Iterations(kBatches)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(LogStream)
    ->ArgName("window")
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Iterations(kBatches)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(RawTable)->Iterations(kBatches)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(LogTable)
    ->ArgName("window")
    ->Arg(1)
    ->Arg(16)
    ->Arg(64)
    ->Iterations(kBatches)
    ->UseRealTime()
    ->MeasureProcessCPUTime();

// Opening a log of a million records.
void Reopen(benchmark::State& state) {
  TestDirectory directory;
  StoreLogOptions options;
  options.path = directory.File("log");
  std::mt19937_64 random(1);
  const std::string batch = RandomBytes(random, kBatchBytes);
  auto log = StoreLog::Open(options).value();
  {
    Appender appender(*log, 16);
    for (int i = 0; i < kBatches; ++i) appender.Append(batch, {});
  }
  for (auto _ : state) {
    state.PauseTiming();
    log.reset();
    state.ResumeTiming();
    log = StoreLog::Open(options).value();
  }
}
BENCHMARK(Reopen)->Iterations(5)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace allmende::broker
