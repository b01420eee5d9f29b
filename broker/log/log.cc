#include "broker/log/log.h"

#include <memory>
#include <optional>
#include <utility>

#include "sdk/base/mutex.h"

namespace allmende::broker {

absl::StatusOr<LogHead> AppendAndWait(Log& log, AppendRequest request) {
  struct Outcome {
    Mutex mutex;
    CondVar known;
    std::optional<absl::StatusOr<LogHead>> head ABSL_GUARDED_BY(mutex);
  };
  const auto outcome = std::make_shared<Outcome>();
  absl::Status accepted = log.Append(std::move(request), [outcome](absl::StatusOr<LogHead> head) {
    MutexLock lock(outcome->mutex);
    outcome->head = std::move(head);
    outcome->known.NotifyAll();
  });
  if (!accepted.ok()) {
    return accepted;
  }
  MutexLock lock(outcome->mutex);
  while (!outcome->head.has_value()) {
    outcome->known.Wait(outcome->mutex);
  }
  return *std::move(outcome->head);
}

}  // namespace allmende::broker
