// Cuts off connections on which much comes in and little is asked: calls that are begun and broken off again (rapid
// reset, CVE-2023-44487), headers without end, frames that mean nothing. gRPC bounds none of them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "broker/service/connection_use.h"
#include "broker/telemetry/log.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

struct GuardOptions {
  // Of one connection: what may have come that no call has accounted for, beside the message that each publisher may
  // have under way; and how much of it is forgiven in a second.
  int64_t unaccounted_bytes_max = 8 << 20;
  int64_t publisher_bytes_max = 2 << 20;
  int64_t forgiven_bytes = 256 << 10;
  // Calls open or broken off, and how many of these are forgiven in a second.
  int64_t unfinished_calls_max = 1'000;
  int64_t forgiven_calls = 20;
  // Calls are counted where this much came since the last look. A call takes some 50 bytes.
  int64_t suspicious_bytes = 16 << 10;
  // For how long nothing is accepted from the address of a connection that was cut.
  absl::Duration pause = absl::Seconds(10);
};

// Of each peer: calls begun and not ended in order. See CountUnfinishedCalls in stream_counts.h.
using CountCalls = std::function<std::unordered_map<std::string, int64_t>(const std::vector<std::string>& peers)>;

// Thread-safe. Borrows everything.
class ConnectionGuard {
 public:
  ConnectionGuard(const GuardOptions& options, ConnectionUses& uses, CountCalls count_calls, Logger& logger)
      : options_(options), uses_(uses), count_calls_(std::move(count_calls)), logger_(logger) {}
  ~ConnectionGuard();  // stops

  // Looks four times a second from now on, in a thread of its own.
  void Start();

  // From now on looks after this TCP connection, until it is closed. False: it is not welcome.
  bool Watch(int fd);

  // Looks once, `passed` after the last time.
  void Look(absl::Duration passed);

  uint64_t cut() const;  // so far

 private:
  struct Connection {
    ino_t inode = 0;  // the descriptor shows another one when the connection was closed
    std::string peer;
    int64_t received = 0;
    int64_t received_now = 0;  // since the last look
    int64_t unaccounted = 0;
    int64_t publishers = 0;
    int64_t calls = 0;       // unfinished, when they were counted last
    int64_t calls_open = 0;  // of those, not forgiven
  };

  void Run();
  // False: it is closed.
  static bool Measure(int fd, Connection& connection);
  bool IsFlood(Connection& connection, const ConnectionUse& use, absl::Duration passed) const;
  void CountCallsOf(absl::Duration passed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Cut(int fd, const Connection& connection) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const GuardOptions options_;
  ConnectionUses& uses_;
  const CountCalls count_calls_;
  Logger& logger_;

  mutable Mutex mutex_;
  CondVar stop_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<int, Connection> watched_ ABSL_GUARDED_BY(mutex_);             // by descriptor
  absl::Duration time_ ABSL_GUARDED_BY(mutex_);                           // of looking
  std::map<std::string, absl::Duration> paused_ ABSL_GUARDED_BY(mutex_);  // by address: until when
  uint64_t cut_ ABSL_GUARDED_BY(mutex_) = 0;
  std::thread thread_;
};

}  // namespace allmende::broker
