// What the calls on each connection have made of what came on it. gRPC does not tell how much a connection sends, the
// kernel does not tell what for; whoever looks at both sees a flood.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

struct ConnectionUse {
  int64_t bytes = 0;       // of messages that arrived whole
  int64_t calls = 0;       // with one answer, that came whole and are done with
  int64_t publishers = 0;  // more than before, or fewer
};

// Thread-safe.
class ConnectionUses {
 public:
  // `peer` as gRPC's server context names it.
  void Add(const std::string& peer, const ConnectionUse& use) {
    MutexLock lock(mutex_);
    ConnectionUse& sum = uses_[peer];
    sum.bytes += use.bytes;
    sum.calls += use.calls;
    sum.publishers += use.publishers;
  }

  // What was added since the last time, by peer.
  std::unordered_map<std::string, ConnectionUse> TakeAll() {
    MutexLock lock(mutex_);
    return std::exchange(uses_, {});
  }

 private:
  Mutex mutex_;
  std::unordered_map<std::string, ConnectionUse> uses_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
