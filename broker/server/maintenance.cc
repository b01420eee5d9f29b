#include "broker/server/maintenance.h"

#include <filesystem>
#include <string>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "broker/data/retention.h"

namespace allmende::broker {
namespace {

constexpr uint64_t kRetentionTicks = 10;
constexpr size_t kLatestBytes = 8 << 20;  // of each dataset's log, each time

// A stream that sets no bound has the broker's.
v1::Retention WithDefaults(v1::Retention retention, v1::DatasetKind kind, const RetentionConfig& defaults) {
  if (kind == v1::STREAM && retention.max_age_us() == 0 && retention.max_bytes() == 0) {
    retention.set_max_age_us(absl::ToInt64Microseconds(defaults.stream_age_max));
    retention.set_max_bytes(defaults.stream_bytes_max);
  }
  return retention;
}

}  // namespace

std::unique_ptr<Maintenance> Maintenance::Start(Exchange& exchange, const BrokerConfig& config,
                                                pki::RevocationRegister& revocations, rpc::ServerTls& tls) {
  return std::unique_ptr<Maintenance>(new Maintenance(exchange, config, revocations, tls));
}

Maintenance::Maintenance(Exchange& exchange, const BrokerConfig& config, pki::RevocationRegister& revocations,
                         rpc::ServerTls& tls)
    : exchange_(exchange),
      data_(config.data),
      free_disk_bytes_min_(config.limits.free_disk_bytes_min),
      retention_(config.retention),
      revocations_(revocations),
      tls_(tls),
      latest_(exchange.log) {
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

void Maintenance::Run() {
  while (true) {
    {
      MutexLock lock(mutex_);
      const absl::Time next = absl::Now() + absl::Seconds(1);
      while (!stopping_ && absl::Now() < next) {
        stop_.WaitFor(mutex_, next - absl::Now());
      }
      if (stopping_) {
        return;
      }
    }
    Tick();
  }
}

void Maintenance::CheckDisk() {
  std::error_code unknown;
  const std::filesystem::space_info space = std::filesystem::space(data_, unknown);
  const bool low = !unknown && space.available < static_cast<uint64_t>(free_disk_bytes_min_);
  if (low != exchange_.disk_low) {
    exchange_.logger.Warning(
        low ? "disk nearly full: publishing is refused" : "disk has room again",
        {{"free_bytes", absl::StrCat(space.available)}, {"needed_bytes", absl::StrCat(free_disk_bytes_min_)}});
  }
  exchange_.disk_low = low;
}

void Maintenance::Tick() {
  CheckDisk();
  const absl::Status revoked = revocations_.Refresh();
  if (!revoked.ok()) {
    exchange_.logger.Error("revocation register cannot be read", {{"why", std::string(revoked.message())}});
  }
  const absl::Status renewed = tls_.Refresh(exchange_.clock.Now());
  if (!renewed.ok()) {
    exchange_.logger.Error("new certificate is not taken up", {{"why", std::string(renewed.message())}});
  }
  // Watermarks, leases and time boundaries of policies are due by the clock.
  exchange_.subscriptions.WakeAll();
  if (++ticks_ % kRetentionTicks == 0) {
    KeepRetention();
  }
}

void Maintenance::KeepRetention() {
  const std::shared_ptr<const State> state = exchange_.control.state();
  const absl::Time now = exchange_.clock.Now();
  for (const auto& [name, dataset] : state->datasets) {
    absl::Status kept = ApplyRetention(exchange_.log, LogId{dataset->log},
                                       WithDefaults(dataset->retention, dataset->kind, retention_), now);
    if (kept.ok() && dataset->retention.latest()) {
      kept = latest_.Step(*dataset, now, retention_.tombstone_age_max, kLatestBytes);
    }
    if (!kept.ok()) {
      exchange_.logger.Warning("retention could not be applied",
                               {{"dataset", name}, {"why", std::string(kept.message())}});
    }
  }
}

}  // namespace allmende::broker
