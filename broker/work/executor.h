// Worker threads for whatever must not run in a gRPC reaction: hashing, validation, storage reads.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Runs tasks on a fixed number of threads. Those of one party run first come first served; parties that have any take
// turns, a task each, so that nobody waits longer because somebody else asks for more. Thread-safe. The queue has no
// bound of its own: tasks come from Pumps, each of which has at most one task waiting, and from calls with one answer,
// one task each. Who makes pumps and calls bounds their number.
class Executor {
 public:
  explicit Executor(int threads);
  ~Executor();  // stops
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Does nothing once stopped. `party` is the participant that the work is for; the broker's own work has none, and
  // its turn like everybody.
  void Post(std::function<void()> task, const std::string& party = {});

  // Waits for running tasks and drops the others. Not from a task.
  void Stop();

 private:
  using Tasks = std::deque<std::function<void()>>;
  void Run();
  std::function<void()> TakeNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::unordered_map<std::string, Tasks> waiting_ ABSL_GUARDED_BY(mutex_);  // by party; none is empty
  std::deque<std::string> turns_ ABSL_GUARDED_BY(mutex_);                   // every party in `waiting_`, once
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;  // constant until Stop
};

// Runs one function again and again, never twice at once: after every Wake() it runs at least once more. Wakes that
// come while it waits or runs are folded into one. Thread-safe.
class Pump : public std::enable_shared_from_this<Pump> {
 public:
  // `step` runs on `executor`, which must outlive the last Wake(). What `step` borrows must be kept alive by what it
  // captures: a step may still be running when the last reference to the pump elsewhere is dropped.
  static std::shared_ptr<Pump> Create(Executor& executor, std::function<void()> step, std::string party = {});

  void Wake();

 private:
  Pump(Executor& executor, std::function<void()> step, std::string party);
  void RunOnce();

  Executor& executor_;
  const std::string party_;
  const std::function<void()> step_;
  Mutex mutex_;
  bool scheduled_ ABSL_GUARDED_BY(mutex_) = false;  // waiting or running
  bool again_ ABSL_GUARDED_BY(mutex_) = false;      // woken while running
  bool running_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
