#include "broker/log/watch.h"

#include <atomic>
#include <memory>
#include <optional>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::broker {
namespace {

constexpr LogId kRain{7};

TEST(WatchTest, StopOnAnotherThreadWaitsForTheCallUnderWay) {
  WatchRegistry registry(10);
  Mutex mutex;
  CondVar changed;
  bool inside = false;
  bool go_on = false;
  std::atomic<bool> finished = false;
  std::optional<Watch> watch = registry
                                   .Add(kRain,
                                        [&](const LogHead&) {
                                          MutexLock lock(mutex);
                                          inside = true;
                                          changed.NotifyAll();
                                          while (!go_on) changed.Wait(mutex);
                                          finished = true;
                                        })
                                   .value();
  std::thread notifier([&] { registry.Notify(kRain, {}); });
  {
    MutexLock lock(mutex);
    while (!inside) changed.Wait(mutex);
  }
  std::thread stopper([&] {
    watch.reset();
    EXPECT_TRUE(finished.load());
  });
  {
    MutexLock lock(mutex);
    go_on = true;
    changed.NotifyAll();
  }
  stopper.join();
  notifier.join();
}

TEST(WatchTest, WhatTheCallbackHoldsIsFreedWithTheWatch) {
  WatchRegistry registry(10);
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = held;
  std::optional<Watch> watch = registry.Add(kRain, [held = std::move(held)](const LogHead&) {}).value();
  EXPECT_FALSE(weak.expired());
  watch.reset();
  EXPECT_TRUE(weak.expired());
}

TEST(WatchTest, CallbackThatEndsItsOwnWatchIsFreedAfterItReturns) {
  WatchRegistry registry(10);
  std::optional<Watch> watch;
  auto held = std::make_shared<int>(1);
  const std::weak_ptr<int> weak = held;
  watch = registry
              .Add(kRain,
                   [held = std::move(held), &watch, weak](const LogHead&) {
                     watch.reset();
                     EXPECT_FALSE(weak.expired());
                   })
              .value();
  registry.Notify(kRain, {});
  EXPECT_TRUE(weak.expired());
}

TEST(WatchTest, MovingAWatchKeepsItAndEndsTheOneReplaced) {
  WatchRegistry registry(2);
  int first = 0;
  int second = 0;
  Watch a = registry.Add(kRain, [&](const LogHead&) { ++first; }).value();
  Watch b = registry.Add(kRain, [&](const LogHead&) { ++second; }).value();
  a = std::move(b);
  registry.Notify(kRain, {});
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
  EXPECT_TRUE(registry.Add(kRain, [](const LogHead&) {}).ok());  // the place is free again
}

TEST(WatchTest, MayOutliveTheRegistry) {
  auto registry = std::make_unique<WatchRegistry>(1);
  Watch watch = registry->Add(kRain, [](const LogHead&) {}).value();
  registry.reset();
  watch.Stop();
  watch.Stop();
}

TEST(WatchTest, WatchesComeAndGoWhileOthersAreCalled) {
  WatchRegistry registry(100);
  std::atomic<bool> stop = false;
  std::thread notifier([&] {
    while (!stop.load()) registry.Notify(kRain, {});
  });
  for (int i = 0; i < 2000; ++i) {
    auto alive = std::make_unique<bool>(true);
    Watch watch = registry.Add(kRain, [flag = alive.get()](const LogHead&) { EXPECT_TRUE(*flag); }).value();
    watch.Stop();
    *alive = false;  // no call comes after Stop
  }
  stop = true;
  notifier.join();
}

}  // namespace
}  // namespace allmende::broker
