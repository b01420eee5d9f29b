#include "broker/data/dataset_logs.h"

#include "sdk/base/status.h"

namespace allmende::broker {

absl::StatusOr<std::shared_ptr<DatasetLog>> DatasetLogs::Get(const DatasetState& dataset) {
  // The lock is held while a log is opened, so that no log is opened twice and two tails drift apart.
  MutexLock lock(mutex_);
  const auto found = open_.find(dataset.id);
  if (found != open_.end()) {
    return found->second;
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<DatasetLog> opened, DatasetLog::Open(log_, clock_, dataset));
  open_.emplace(dataset.id, opened);
  return opened;
}

}  // namespace allmende::broker
