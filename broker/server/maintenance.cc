#include "broker/server/maintenance.h"

#include <malloc.h>

#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/data/retention.h"

namespace allmende::broker {
namespace {

constexpr absl::Duration kTick = absl::Seconds(1);
constexpr uint64_t kRetentionTicks = 10;
// Of each tick, for erasing what is superseded in tables: the disk and the processors are for the exchange first.
constexpr absl::Duration kLatestTime = absl::Milliseconds(500);
constexpr size_t kLatestBytes = 2 << 20;  // of a table's log at a time, which is some ten milliseconds
constexpr size_t kFreeMemoryMax = 64 << 20;
constexpr absl::Duration kQueueWait = absl::Milliseconds(5);

// A stream that sets no bound has the broker's.
v1::Retention WithDefaults(v1::Retention retention, v1::DatasetKind kind, const RetentionConfig& defaults) {
  if (kind == v1::STREAM && retention.max_age_us() == 0 && retention.max_bytes() == 0) {
    retention.set_max_age_us(absl::ToInt64Microseconds(defaults.stream_age_max));
    retention.set_max_bytes(defaults.stream_bytes_max);
  }
  return retention;
}

}  // namespace

std::unique_ptr<Maintenance> Maintenance::Start(Exchange& exchange, const BrokerConfig& config, Maintained maintained) {
  return std::unique_ptr<Maintenance>(new Maintenance(exchange, config, std::move(maintained)));
}

Maintenance::Maintenance(Exchange& exchange, const BrokerConfig& config, Maintained maintained)
    : exchange_(exchange),
      data_(config.data),
      free_disk_bytes_min_(config.limits.free_disk_bytes_min),
      retention_(config.retention),
      maintained_(std::move(maintained)),
      latest_(exchange.log),
      quarantine_(exchange.log) {
  CheckDisk();
  thread_ = std::thread([this] { Run(); });
}

Maintenance::~Maintenance() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  thread_.join();
}

bool Maintenance::SleepUntil(absl::Duration since_boot) {
  MutexLock lock(mutex_);
  while (!stopping_ && SinceBoot() < since_boot) {
    stop_.WaitFor(mutex_, since_boot - SinceBoot());
  }
  return !stopping_;
}

void Maintenance::Run() {
  absl::Duration next = SinceBoot() + kTick;
  while (SleepUntil(next)) {
    next = SinceBoot() + kTick;
    Tick();
    KeepLatest(SinceBoot() + kLatestTime);
  }
}

void Maintenance::CheckDisk() {
  std::error_code error;
  const std::filesystem::space_info space = std::filesystem::space(data_, error);
  if (error && !space_unknown_) {
    exchange_.logger.Warning("free disk space cannot be read: what was known before is taken to hold",
                             {{"path", data_}, {"why", error.message()}});
  }
  space_unknown_ = static_cast<bool>(error);
  if (space_unknown_) {
    return;
  }
  const bool low = space.available < static_cast<uint64_t>(free_disk_bytes_min_);
  if (low != exchange_.disk_low) {
    exchange_.logger.Warning(
        low ? "disk nearly full: publishing is refused" : "disk has room again",
        {{"free_bytes", absl::StrCat(space.available)}, {"needed_bytes", absl::StrCat(free_disk_bytes_min_)}});
  }
  exchange_.disk_low = low;
}

void Maintenance::CheckLog() {
  if (failure_told_ || !maintained_.log_failed()) {
    return;
  }
  failure_told_ = true;
  exchange_.logger.Error("the disk has failed: nothing is stored until the broker starts anew", {{"path", data_}});
  maintained_.on_log_failure();
}

// The allocator keeps what was freed, also after a flood: without this a broker stays for good as large as it ever was.
void Maintenance::GiveBackMemory() {
  if (mallinfo2().fordblks < kept_memory_ + kFreeMemoryMax) {
    return;
  }
  malloc_trim(0);
  kept_memory_ = mallinfo2().fordblks;
}

void Maintenance::RefreshCertificate() {
  absl::Status renewed = maintained_.tls.Refresh(exchange_.clock.Now());
  if (renewed.ok() && maintained_.metrics_https != nullptr) {
    renewed = maintained_.metrics_https->Replace(maintained_.tls.pem());
  }
  if (!renewed.ok()) {
    exchange_.logger.Error("new certificate is not taken up", {{"why", std::string(renewed.message())}});
  }
}

void Maintenance::Tick() {
  CheckDisk();
  CheckLog();
  const absl::Status revoked = maintained_.revocations.Refresh();
  if (!revoked.ok()) {
    exchange_.logger.Error("revocation register cannot be read", {{"why", std::string(revoked.message())}});
  }
  RefreshCertificate();
  // Watermarks, leases and time boundaries of policies are due by the clock.
  exchange_.subscriptions.WakeAll();
  const bool due = ++ticks_ % kRetentionTicks == 0;
  if (due || retention_behind_) {
    KeepRetention();
  }
  if (due) {
    GiveBackMemory();
  }
}

void Maintenance::KeepRetention() {
  const std::shared_ptr<const State> state = exchange_.control.state();
  retention_behind_ = false;
  for (const auto& [name, dataset] : state->datasets) {
    const v1::Retention retention = WithDefaults(dataset->retention, dataset->kind, retention_);
    const absl::Time now = exchange_.clock.Now();
    NoteKept(name, ApplyRetention(exchange_.log, LogId{dataset->log}, retention, now));
    NoteKept(name, quarantine_.Step(LogId{dataset->log}, retention, now));
  }
}

// `more`: whether so much is due that it takes another call.
void Maintenance::NoteKept(const std::string& dataset, const absl::StatusOr<bool>& more) {
  if (more.ok() ? *more : absl::IsResourceExhausted(more.status())) {  // a full queue is no trouble either
    retention_behind_ = true;
  } else if (!more.ok()) {
    exchange_.logger.Warning("retention could not be applied",
                             {{"dataset", dataset}, {"why", std::string(more.status().message())}});
  }
}

// A piece of each table in turn, until none has anything to do or the time is over.
void Maintenance::KeepLatest(absl::Duration until) {
  const std::shared_ptr<const State> state = exchange_.control.state();
  std::vector<const DatasetState*> tables;
  for (const auto& [name, dataset] : state->datasets) {
    if (dataset->retention.latest()) {
      tables.push_back(dataset.get());
    }
  }
  size_t idle = 0;  // tables in a row that had nothing to do
  while (idle < tables.size() && SinceBoot() < until) {
    if (latest_.Waiting() && !SleepUntil(SinceBoot() + kQueueWait)) {
      return;
    }
    next_table_ = (next_table_ + 1) % tables.size();
    idle = StepLatest(*tables[next_table_]) ? 0 : idle + 1;
  }
}

// Returns whether there is more to do at once.
bool Maintenance::StepLatest(const DatasetState& table) {
  const absl::Status kept = latest_.Step(table, exchange_.clock.Now(), retention_.tombstone_age_max, kLatestBytes);
  if (!kept.ok() && !absl::IsResourceExhausted(kept)) {  // a full queue is no trouble: the next tick goes on
    exchange_.logger.Warning("retention could not be applied",
                             {{"dataset", table.name}, {"why", std::string(kept.message())}});
  }
  return kept.ok() && latest_.Busy(table);
}

}  // namespace allmende::broker
