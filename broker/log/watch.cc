#include "broker/log/watch.h"

#include <set>
#include <thread>
#include <utility>

#include "absl/status/status.h"

namespace allmende::broker {

struct Watch::Entry {
  explicit Entry(LogId log_in, WatchCallback callback_in) : log(log_in), callback(std::move(callback_in)) {}

  const LogId log;

  Mutex mutex;
  CondVar returned;
  WatchCallback callback;  // used only while `caller` is set; destroyed by whoever ends the watch, or by `caller`
  bool stopped ABSL_GUARDED_BY(mutex) = false;
  std::thread::id caller ABSL_GUARDED_BY(mutex);  // who runs the callback just now
};

struct Watch::Shared {
  Mutex mutex;
  std::map<LogId, std::set<std::shared_ptr<Entry>>> entries ABSL_GUARDED_BY(mutex);
  std::size_t count ABSL_GUARDED_BY(mutex) = 0;
};

Watch::Watch(Watch&& other) noexcept : shared_(std::move(other.shared_)), entry_(std::move(other.entry_)) {}

Watch& Watch::operator=(Watch&& other) noexcept {
  if (this != &other) {
    Stop();
    shared_ = std::move(other.shared_);
    entry_ = std::move(other.entry_);
  }
  return *this;
}

Watch::~Watch() {
  Stop();
}

void Watch::Stop() {
  const std::shared_ptr<Shared> shared = std::move(shared_);
  const std::shared_ptr<Entry> entry = std::move(entry_);
  if (entry == nullptr) {
    return;
  }
  {
    MutexLock lock(shared->mutex);
    const auto of_log = shared->entries.find(entry->log);
    of_log->second.erase(entry);
    if (of_log->second.empty()) {
      shared->entries.erase(of_log);
    }
    --shared->count;
  }
  WatchCallback ended;  // destroyed outside the mutex
  MutexLock lock(entry->mutex);
  entry->stopped = true;
  while (entry->caller != std::thread::id() && entry->caller != std::this_thread::get_id()) {
    entry->returned.Wait(entry->mutex);
  }
  if (entry->caller == std::thread::id()) {
    ended.swap(entry->callback);
  }
}

WatchRegistry::WatchRegistry(std::size_t watches_max)
    : watches_max_(watches_max), shared_(std::make_shared<Watch::Shared>()) {}

absl::StatusOr<Watch> WatchRegistry::Add(LogId log, WatchCallback callback) {
  auto entry = std::make_shared<Watch::Entry>(log, std::move(callback));
  MutexLock lock(shared_->mutex);
  if (shared_->count >= watches_max_) {
    return absl::ResourceExhaustedError("too many readers wait for new records: retry in a while");
  }
  ++shared_->count;
  shared_->entries[log].insert(entry);
  return Watch(shared_, std::move(entry));
}

void WatchRegistry::Notify(LogId log, const LogHead& head) {
  std::vector<std::shared_ptr<Watch::Entry>> entries;
  {
    MutexLock lock(shared_->mutex);
    const auto of_log = shared_->entries.find(log);
    if (of_log == shared_->entries.end()) {
      return;
    }
    entries.assign(of_log->second.begin(), of_log->second.end());
  }
  for (const std::shared_ptr<Watch::Entry>& entry : entries) {
    {
      MutexLock lock(entry->mutex);
      if (entry->stopped) {
        continue;
      }
      entry->caller = std::this_thread::get_id();
    }
    entry->callback(head);
    WatchCallback ended;
    MutexLock lock(entry->mutex);
    entry->caller = std::thread::id();
    if (entry->stopped) {
      ended.swap(entry->callback);
    }
    entry->returned.NotifyAll();
  }
}

}  // namespace allmende::broker
