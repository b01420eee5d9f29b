// What a broker does by the clock: certificates and revocations that changed on disk, subscriptions whose time came,
// records whose time is over.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "broker/config/config.h"
#include "broker/data/latest_keeper.h"
#include "broker/service/exchange.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/revocation.h"
#include "sdk/rpc/tls.h"

namespace allmende::broker {

// One thread of its own, once a second. Borrows everything.
class Maintenance {
 public:
  static std::unique_ptr<Maintenance> Start(Exchange& exchange, const BrokerConfig& config,
                                            pki::RevocationRegister& revocations, rpc::ServerTls& tls);
  ~Maintenance();

 private:
  Maintenance(Exchange& exchange, const BrokerConfig& config, pki::RevocationRegister& revocations,
              rpc::ServerTls& tls);
  void Run();
  void Tick();
  void CheckDisk();
  void KeepRetention();

  Exchange& exchange_;
  const std::string data_;
  const int64_t free_disk_bytes_min_;
  const RetentionConfig retention_;
  pki::RevocationRegister& revocations_;
  rpc::ServerTls& tls_;
  LatestKeeper latest_;
  uint64_t ticks_ = 0;

  Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace allmende::broker
