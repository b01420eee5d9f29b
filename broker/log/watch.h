// Telling readers that a log has grown.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/log/types.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

using WatchCallback = std::function<void(const LogHead&)>;

class WatchRegistry;

// Ends the watch when destroyed. After that the callback neither runs nor will: a destructor on another thread waits
// for a call that is under way; one inside the callback itself does not. It may outlive the log.
class Watch {
 public:
  Watch() = default;
  Watch(Watch&& other) noexcept;
  Watch& operator=(Watch&& other) noexcept;
  ~Watch();

  void Stop();

 private:
  friend class WatchRegistry;
  struct Entry;
  struct Shared;

  Watch(std::shared_ptr<Shared> shared, std::shared_ptr<Entry> entry)
      : shared_(std::move(shared)), entry_(std::move(entry)) {}

  std::shared_ptr<Shared> shared_;
  std::shared_ptr<Entry> entry_;
};

// The watches of all logs. Thread-safe. Lock order: a watch's own mutex is never held together with the registry's.
class WatchRegistry {
 public:
  explicit WatchRegistry(std::size_t watches_max);

  absl::StatusOr<Watch> Add(LogId log, WatchCallback callback);

  // Calls the callbacks of `log`, one after the other. Call it from one thread at a time.
  void Notify(LogId log, const LogHead& head);

 private:
  const std::size_t watches_max_;
  const std::shared_ptr<Watch::Shared> shared_;
};

}  // namespace allmende::broker
