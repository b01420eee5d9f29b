// Which record of a table came before each record of a batch, for the same key. Readers whose rows are filtered need
// it: only who may hold the version before is told that a key is gone.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/log/log.h"
#include "sdk/base/mutex.h"
#include "sdk/format/batch.h"

namespace allmende::broker {

// The key index says it, but not yet for batches that are still being appended: what those say is kept here, and no
// longer than that. Thread-safe.
class KeyVersions {
 public:
  explicit KeyVersions(LogId log) : log_(log) {}

  // For each record of `batch`, which is to be appended next, the sequence of the record before it; 0 where there is
  // none or where it is a delete, or, where retention has given up keys, what NewestExpired says. Blocks on the disk.
  // Errors as LogView.
  absl::StatusOr<std::vector<Sequence>> Before(const format::BatchView& batch, const Log& log) const;

  // `batch` is being appended.
  void Add(const format::BatchView& batch);
  // Everything below `next` can be seen in the log.
  void Durable(Sequence next);
  // Nothing is being appended any more.
  void Clear();

 private:
  // Batches that follow one another.
  struct Generation {
    absl::flat_hash_map<std::string, Sequence> latest;  // by key; 0: deleted
    Sequence next = 0;
  };

  const LogId log_;

  mutable Mutex mutex_;
  Generation older_ ABSL_GUARDED_BY(mutex_);
  Generation newer_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::broker
