#include "broker/work/executor.h"

#include <atomic>

#include "gtest/gtest.h"

namespace allmende::broker {
namespace {

// Counts down and lets a test wait for zero.
class Gate {
 public:
  explicit Gate(int count) : count_(count) {}
  void Arrive() {
    MutexLock lock(mutex_);
    --count_;
    changed_.NotifyAll();
  }
  void Wait() {
    MutexLock lock(mutex_);
    while (count_ > 0) {
      changed_.Wait(mutex_);
    }
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mutex_);
};

TEST(Executor, RunsEveryTask) {
  Executor executor(2);
  Gate done(100);
  for (int i = 0; i < 100; ++i) {
    executor.Post([&] { done.Arrive(); });
  }
  done.Wait();
}

TEST(Executor, DropsWaitingTasksWhenItEnds) {
  std::atomic<int> ran = 0;
  Gate started(1);
  Gate release(1);
  std::thread releaser;
  {
    Executor executor(1);
    executor.Post([&] {
      started.Arrive();
      release.Wait();
    });
    started.Wait();
    executor.Post([&] { ++ran; });
    releaser = std::thread([&] { release.Arrive(); });
    releaser.join();
  }
  EXPECT_LE(ran, 1);  // it may have started before the destructor did
}

TEST(Pump, RunsAgainAfterAWakeDuringARun) {
  Executor executor(2);
  std::atomic<int> runs = 0;
  Gate done(2);
  std::shared_ptr<Pump> pump;
  pump = Pump::Create(executor, [&] {
    if (++runs == 1) {
      pump->Wake();
    }
    done.Arrive();
  });
  pump->Wake();
  done.Wait();
  EXPECT_EQ(runs, 2);
}

TEST(Pump, NeverRunsTwiceAtOnce) {
  Executor executor(4);
  std::atomic<int> inside = 0;
  std::atomic<bool> overlapped = false;
  std::atomic<int> runs = 0;
  Gate first(1);
  auto pump = Pump::Create(executor, [&] {
    if (++inside > 1) {
      overlapped = true;
    }
    if (++runs == 1) {
      first.Arrive();
    }
    --inside;
  });
  std::vector<std::thread> wakers;
  for (int i = 0; i < 4; ++i) {
    wakers.emplace_back([&] {
      for (int j = 0; j < 1000; ++j) {
        pump->Wake();
      }
    });
  }
  for (std::thread& waker : wakers) {
    waker.join();
  }
  first.Wait();
  EXPECT_FALSE(overlapped);
}

}  // namespace
}  // namespace allmende::broker
