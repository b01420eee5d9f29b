// What a broker does by the clock: certificates and revocations that changed on disk, subscriptions whose time came,
// records whose time is over; and looking whether the disk still works.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "broker/config/config.h"
#include "broker/data/latest_keeper.h"
#include "broker/data/quarantine_keeper.h"
#include "broker/service/exchange.h"
#include "sdk/base/mutex.h"
#include "sdk/http/server.h"
#include "sdk/pki/revocation.h"
#include "sdk/rpc/tls.h"

namespace allmende::broker {

// What is looked after beside the exchange. Borrowed.
struct Maintained {
  pki::RevocationRegister& revocations;
  rpc::ServerTls& tls;
  http::Server* metrics_https;  // null where there is none; shows the certificate of `tls`
  // Whether the log takes nothing more until it is opened again.
  std::function<bool()> log_failed;
  std::function<void()> on_log_failure;  // called once
};

// One thread of its own, once a second. Borrows everything.
class Maintenance {
 public:
  static std::unique_ptr<Maintenance> Start(Exchange& exchange, const BrokerConfig& config, Maintained maintained);
  ~Maintenance();

 private:
  Maintenance(Exchange& exchange, const BrokerConfig& config, Maintained maintained);
  void Run();
  // Intervals are measured with this: somebody may set the time of day back.
  absl::Duration SinceBoot() const { return exchange_.clock.SinceBoot(); }
  // Returns whether it goes on.
  bool SleepUntil(absl::Duration since_boot);
  void Tick();
  void CheckDisk();
  void CheckLog();
  void GiveBackMemory();
  void RefreshCertificate();
  void KeepRetention();
  void NoteKept(const std::string& dataset, const absl::StatusOr<bool>& more);
  void KeepLatest(absl::Duration until);
  bool StepLatest(const DatasetState& table);

  Exchange& exchange_;
  const std::string data_;
  const int64_t free_disk_bytes_min_;
  const RetentionConfig retention_;
  const Maintained maintained_;
  LatestKeeper latest_;
  QuarantineKeeper quarantine_;
  bool retention_behind_ = false;  // there is more to give up than was at once
  size_t next_table_ = 0;          // of those with retention `latest`, by name: whose turn it is
  uint64_t ticks_ = 0;
  size_t kept_memory_ = 0;  // that was free when it was last given back: what the allocator cannot part with
  bool space_unknown_ = false;
  bool failure_told_ = false;

  Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace allmende::broker
