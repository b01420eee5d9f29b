// The dataset logs that are in use, opened when they are first needed.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "broker/data/dataset_log.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe. Borrows `log` and `clock`. Never more logs than there are datasets.
class DatasetLogs {
 public:
  DatasetLogs(Log& log, const Clock& clock) : log_(log), clock_(clock) {}

  // Reads storage the first time; call it from the executor. Errors as DatasetLog::Open.
  absl::StatusOr<std::shared_ptr<DatasetLog>> Get(const DatasetState& dataset);

 private:
  Log& log_;
  const Clock& clock_;
  Mutex mutex_;
  absl::flat_hash_map<std::string, std::shared_ptr<DatasetLog>> open_ ABSL_GUARDED_BY(mutex_);  // by dataset id
};

}  // namespace allmende::broker
