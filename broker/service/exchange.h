// What all calls of a broker share. Borrowed by every call; outlives the server.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"
#include "broker/control/control_log.h"
#include "broker/data/dataset_logs.h"
#include "broker/gate/gate.h"
#include "broker/log/log.h"
#include "broker/service/call_cap.h"
#include "broker/service/connection_use.h"
#include "broker/service/subscriptions.h"
#include "broker/session/publish_session.h"
#include "broker/telemetry/log.h"
#include "broker/telemetry/metrics.h"
#include "broker/work/executor.h"
#include "sdk/base/clock.h"
#include "sdk/rpc/peer.h"

namespace allmende::broker {

struct ExchangeLimits {
  PublishLimits publish;
  // Of one publish stream: what may be under way in the log, and what may wait behind it.
  size_t submitted_bytes_max = 1 << 20;
  size_t inbox_bytes_max = 3 << 20;
  // Calls under way at once: with one answer, of everybody; of both kinds, of everybody and of one participant.
  size_t unary_calls_max = 1'000;
  size_t calls_max = 20'000;
  size_t calls_per_participant_max = 1'000;
  absl::Duration answer_wait_max = absl::Minutes(1);  // of a call with one answer, until its work begins
};

// Counters that status and metrics show. Each is the number since start, or now where it says so.
struct ExchangeCounters {
  std::atomic<uint64_t> publishers{0};     // now
  std::atomic<uint64_t> subscriptions{0};  // now
  std::atomic<uint64_t> batches_stored{0};
  std::atomic<uint64_t> records_stored{0};
  std::atomic<uint64_t> batches_repeated{0};
  std::atomic<uint64_t> batches_refused{0};
  std::atomic<uint64_t> records_delivered{0};
  std::atomic<uint64_t> view_errors{0};       // records kept back because their view could not be applied
  std::atomic<uint64_t> requests_refused{0};  // by policy
};

// What the members refer to is thread-safe; they themselves do not change.
struct Exchange {
  Log& log;
  const Clock& clock;
  Executor& executor;
  ControlLog& control;
  DatasetLogs& datasets;
  Gate& gate;
  rpc::PeerIdentifier& peers;
  Logger& logger;
  Metrics& metrics;
  const ExchangeLimits limits;
  ExchangeCounters& counters;
  Subscriptions& subscriptions;
  CallCap& call_cap;
  const std::atomic<bool>& stopping;
  std::atomic<size_t> unary_in_flight{0};
  std::atomic<size_t> prepared_bytes{0};  // deliveries that are ready, of all subscriptions
  std::atomic<bool> disk_low{false};      // nothing more is published until there is room again
  ConnectionUses connection_uses{};
};

}  // namespace allmende::broker
