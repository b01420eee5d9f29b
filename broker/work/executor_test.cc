#include "broker/work/executor.h"

#include <atomic>

#include "gmock/gmock.h"
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

// The one thread of an executor waits in here until it is released, so that what is posted meanwhile queues up.
class Held {
 public:
  explicit Held(Executor& executor) {
    executor.Post([this] {
      started_.Arrive();
      release_.Wait();
    });
    started_.Wait();
  }
  void Release() { release_.Arrive(); }

 private:
  Gate started_{1};
  Gate release_{1};
};

TEST(Executor, PartiesTakeTurnsHoweverMuchOneOfThemAsksFor) {
  Executor executor(1);
  Held held(executor);
  std::vector<std::string> order;
  Gate done(1'004);
  const auto post = [&](const std::string& party) {
    executor.Post(
        [&order, &done, party] {
          order.push_back(party);
          done.Arrive();
        },
        party);
  };
  for (int i = 0; i < 1'000; ++i) {
    post("greedy");
  }
  post("modest");
  post("");
  post("modest");
  post("late");
  held.Release();
  done.Wait();
  order.resize(7);
  EXPECT_THAT(order, ::testing::ElementsAre("greedy", "modest", "", "late", "greedy", "modest", "greedy"));
}

TEST(Executor, TasksOfOnePartyKeepTheirOrder) {
  Executor executor(1);
  Held held(executor);
  std::vector<int> order;
  std::vector<int> expected;
  Gate done(100);
  for (int i = 0; i < 100; ++i) {
    expected.push_back(i);
    executor.Post(
        [&order, &done, i] {
          order.push_back(i);
          done.Arrive();
        },
        "amt");
  }
  held.Release();
  done.Wait();
  EXPECT_EQ(order, expected);
}

TEST(Pump, StandsInItsPartysQueue) {
  Executor executor(1);
  Held held(executor);
  std::vector<std::string> order;
  Gate done(4);
  const auto say = [&](const std::string& what) {
    return [&order, &done, what] {
      order.push_back(what);
      done.Arrive();
    };
  };
  executor.Post(say("greedy 1"), "greedy");
  executor.Post(say("greedy 2"), "greedy");
  const auto pump = Pump::Create(executor, say("greedy pump"), "greedy");
  const auto other = Pump::Create(executor, say("modest pump"), "modest");
  pump->Wake();
  other->Wake();
  held.Release();
  done.Wait();
  EXPECT_THAT(order, ::testing::ElementsAre("greedy 1", "modest pump", "greedy 2", "greedy pump"));
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
