// Worker threads for whatever must not run in a gRPC reaction: hashing, validation, storage reads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Runs tasks on a fixed number of threads, first come first served. Thread-safe. The queue has no bound of its own:
// tasks come from Pumps, each of which has at most one task waiting, and from calls with one answer, one task each. Who
// makes pumps and calls bounds their number.
class Executor {
 public:
  explicit Executor(int threads);
  ~Executor();  // stops
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Does nothing once stopped.
  void Post(std::function<void()> task);

  // Waits for running tasks and drops the others. Not from a task.
  void Stop();

 private:
  void Run();

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // constant until Stop
};

// Runs one function again and again, never twice at once: after every Wake() it runs at least once more. Wakes that
// come while it waits or runs are folded into one. Thread-safe.
class Pump : public std::enable_shared_from_this<Pump> {
 public:
  // `step` runs on `executor`, which must outlive the last Wake(). What `step` borrows must be kept alive by what it
  // captures: a step may still be running when the last reference to the pump elsewhere is dropped.
  static std::shared_ptr<Pump> Create(Executor& executor, std::function<void()> step);

  void Wake();

 private:
  Pump(Executor& executor, std::function<void()> step);
  void RunOnce();

  Executor& executor_;
  const std::function<void()> step_;
  Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // waiting or running
  bool again_ ABSL_GUARDED_BY(mutex_) = false;      // woken while running
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
