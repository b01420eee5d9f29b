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
  std::deque<std::function<void()>> dropped;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(tasks_);
  }
  changed_.NotifyAll();
  for (std::thread& thread : threads_) {
    thread.join();
  }
  threads_.clear();
}

void Executor::Post(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    tasks_.push_back(std::move(task));
  }
  changed_.NotifyOne();
}

void Executor::Run() {
  while (true) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (tasks_.empty() && !stopping_) {
        changed_.Wait(mutex_);
      }
      if (stopping_) {
        return;
      }
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
  }
}

std::shared_ptr<Pump> Pump::Create(Executor& executor, std::function<void()> step) {
  return std::shared_ptr<Pump>(new Pump(executor, std::move(step)));
}

Pump::Pump(Executor& executor, std::function<void()> step) : executor_(executor), step_(std::move(step)) {}

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
  executor_.Post([self = shared_from_this()] { self->RunOnce(); });
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
  executor_.Post([self = shared_from_this()] { self->RunOnce(); });
}

}  // namespace allmende::broker
