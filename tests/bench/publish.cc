#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "allmende/publisher.h"
#include "sdk/base/status.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"
#include "sdk/store/database.h"
#include "tests/bench/benches.h"
#include "tests/bench/sample.h"

namespace allmende::bench {
namespace {

constexpr uint32_t kBatchRecords = 256;
constexpr uint64_t kTableKeys = 200'000;

struct Run {
  double records_per_second = 0;
  absl::Duration publisher_cpu_per_batch;
  absl::Duration broker_cpu_per_batch;
};

absl::StatusOr<Run> Publish(Stage& stage, const std::string& dataset, uint64_t records, uint64_t keys) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> client, stage.Connect("amt"));
  PublisherOptions options;
  options.dataset = dataset;
  options.batch_records_max = kBatchRecords;
  options.batch_bytes_target = 1 << 20;
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Publisher> publisher, Publisher::Open(*client, options));
  Sample sample;
  const absl::Duration own_before = OwnCpu();
  const absl::Duration broker_before = stage.broker().cpu();
  const absl::Time begun = absl::Now();
  for (uint64_t i = 0; i < records; ++i) {
    ALLMENDE_RETURN_IF_ERROR(publisher->Append(sample.Make(i, keys)));
  }
  ALLMENDE_RETURN_IF_ERROR(publisher->WaitUntilStored(absl::Now() + absl::Minutes(10)));
  const absl::Duration took = absl::Now() - begun;
  const int64_t batches = static_cast<int64_t>(records / kBatchRecords);
  Run run;
  run.records_per_second = static_cast<double>(records) / absl::ToDoubleSeconds(took);
  run.publisher_cpu_per_batch = (OwnCpu() - own_before) / batches;
  run.broker_cpu_per_batch = (stage.broker().cpu() - broker_before) / batches;
  return run;
}

// The same batches, one synced write each, as fast as the disk takes them.
absl::StatusOr<double> RawRecordsPerSecond(const std::string& path, uint64_t records) {
  crypto::SaltPool salts;
  format::BatchBuilder builder(salts);
  Sample sample;
  for (uint32_t i = 0; i < kBatchRecords; ++i) {
    const NewRecord& record = sample.Make(i, kTableKeys);
    format::RecordContent content;
    content.key = record.key;
    content.event_time_us = absl::ToUnixMicros(*record.event_time);
    content.payload = record.payload;
    ALLMENDE_RETURN_IF_ERROR(builder.Add(content));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const format::BatchBody body, builder.Finish());
  store::DatabaseOptions options;
  options.path = path;
  options.purpose = "benchmark";
  options.families.resize(1);
  options.families[0].name = "batches";
  options.families[0].buffer_bytes = 16 << 20;
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<store::Database> database, store::Database::Open(options));
  const uint64_t batches = records / kBatchRecords;
  const absl::Time begun = absl::Now();
  for (uint64_t i = 0; i < batches; ++i) {
    store::WriteSet writes(*database);
    writes.Put(store::Family{0}, absl::StrFormat("%016x", i), body.bytes());
    ALLMENDE_RETURN_IF_ERROR(database->Commit(writes, store::Durability::kSynced));
  }
  return static_cast<double>(batches * kBatchRecords) / absl::ToDoubleSeconds(absl::Now() - begun);
}

std::string Micros(absl::Duration duration) {
  return absl::StrCat(Grouped(absl::ToDoubleMicroseconds(duration)), " µs");
}

}  // namespace

absl::Status BenchPublish(Stage& stage, uint64_t records, Report& report) {
  ALLMENDE_RETURN_IF_ERROR(stage.CreateDataset(kStream, false));
  ALLMENDE_RETURN_IF_ERROR(stage.CreateDataset(kTable, true));
  ALLMENDE_ASSIGN_OR_RETURN(const double raw, RawRecordsPerSecond(absl::StrCat(stage.folder(), "/raw"), records / 4));
  report.Note("same batches, raw synced RocksDB writes", absl::StrCat(Grouped(raw), " records/s"));
  ALLMENDE_ASSIGN_OR_RETURN(const Run stream, Publish(stage, kStream, records, records));
  report.AtLeast("durable publish into a stream", stream.records_per_second, 150'000, "records/s");
  report.Note("  ratio to raw synced writes", absl::StrFormat("%.2f", stream.records_per_second / raw));
  report.Note("  CPU a batch of 256, publisher, making the records included", Micros(stream.publisher_cpu_per_batch));
  report.Note("  CPU a batch of 256, broker", Micros(stream.broker_cpu_per_batch));
  ALLMENDE_ASSIGN_OR_RETURN(const Run table, Publish(stage, kTable, records / 2, kTableKeys));
  report.AtLeast("durable publish into a table with its index", table.records_per_second, 60'000, "records/s");
  report.Note("  ratio to raw synced writes", absl::StrFormat("%.2f", table.records_per_second / raw));
  report.Note("  CPU a batch of 256, publisher, making the records included", Micros(table.publisher_cpu_per_batch));
  report.Note("  CPU a batch of 256, broker", Micros(table.broker_cpu_per_batch));
  return absl::OkStatus();
}

}  // namespace allmende::bench
