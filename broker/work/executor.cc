#include "broker/work/executor.h"

#include <utility>

namespace allmende::broker {

Executor::Executor(int threads) {
  threads_.reserve(static_cast<size_t>(threads));
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Run(); });
  }
}

Executor::~Executor() {
  Stop();
}

void Executor::Stop() {
  std::unordered_map<std::string, Tasks> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(waiting_);
    turns_.clear();
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Executor::Post(std::function<void()> task, const std::string& party) {
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    Tasks& tasks = waiting_[party];
    if (tasks.empty()) {
      turns_.push_back(party);
    }
    tasks.push_back(std::move(task));
  }
  changed_.NotifyOne();
}

std::function<void()> Executor::TakeNext() {
  const auto party = waiting_.find(turns_.front());
  std::function<void()> task = std::move(party->second.front());
  party->second.pop_front();
  if (party->second.empty()) {
    waiting_.erase(party);
  } else {
    turns_.push_back(std::move(turns_.front()));
  }
  turns_.pop_front();
  return task;
}

void Executor::Run() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (turns_.empty() && !stopping_) {
        changed_.Wait(mutex_);
      }
      if (stopping_) {
        return;
      }
      task = TakeNext();
    }
    task();
  }
}

std::shared_ptr<Pump> Pump::Create(Executor& executor, std::function<void()> step, std::string party) {
  return std::shared_ptr<Pump>(new Pump(executor, std::move(step), std::move(party)));
}

Pump::Pump(Executor& executor, std::function<void()> step, std::string party)
    : executor_(executor), party_(std::move(party)), step_(std::move(step)) {}

void Pump::Wake() {
  {
    MutexLock lock(mutex_);
    if (running_) {
      again_ = true;
      return;
    }
    if (scheduled_) {
      return;
    }
    scheduled_ = true;
  }
  executor_.Post([self = shared_from_this()] { self->RunOnce(); }, party_);
}

void Pump::RunOnce() {
  {
    MutexLock lock(mutex_);
    running_ = true;
    again_ = false;
  }
  step_();
  {
    MutexLock lock(mutex_);
    running_ = false;
    scheduled_ = again_;
    if (!again_) {
      return;
    }
  }
  // Back to the end of the queue: one busy session must not starve the others.
  executor_.Post([self = shared_from_this()] { self->RunOnce(); }, party_);
}

}  // namespace allmende::broker
