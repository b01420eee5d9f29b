#include "broker/log/store_log.h"

#include <optional>

#include "broker/log/log_conformance.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

class StoreHarness final : public LogHarness {
 public:
  void Open(const ConformanceLimits& limits) override {
    log_.reset();
    StoreLogOptions options;
    options.path = directory_.File("log");
    options.queued_writes_max = limits.queued_writes_max;
    options.queued_bytes_max = limits.queued_bytes_max;
    options.entry_bytes_max = limits.entry_bytes_max;
    options.logs_max = limits.logs_max;
    options.watches_max = limits.watches_max;
    absl::StatusOr<std::unique_ptr<StoreLog>> opened = StoreLog::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  void Close() override { log_.reset(); }
  Log& log() override { return *log_; }

  void Settle() override {
    // A second time for what callbacks started.
    for (int i = 0; i < 2; ++i) {
      AwaitReported();
    }
  }
  void Hold() override {
    blocked_.emplace();
    // The committer takes what comes first; so that it is not the test's own write, give it one.
    ASSERT_TRUE(log_->WriteSide({SideWrite::Delete(SideFamily::kState, "none")}, [](const absl::Status&) {}).ok());
    blocked_->AwaitWaiting(1);
  }
  void Release() override { blocked_.reset(); }

 private:
  void AwaitReported() {
    Mutex mutex;
    CondVar reported;
    bool done = false;
    absl::Status accepted;
    do {  // the queue may still be full
      accepted = log_->WriteSide({}, [&](const absl::Status&) {
        MutexLock lock(mutex);
        done = true;
        reported.NotifyAll();
      });
    } while (absl::IsResourceExhausted(accepted));
    ASSERT_TRUE(accepted.ok()) << accepted;
    MutexLock lock(mutex);
    while (!done) {
      reported.Wait(mutex);
    }
  }

  TestDirectory directory_;
  std::unique_ptr<StoreLog> log_;
  std::optional<BlockedSync> blocked_;
};

INSTANTIATE_TEST_SUITE_P(StoreLog, LogConformance,
                         ::testing::Values(LogImplementation{"store", [] { return std::make_unique<StoreHarness>(); }}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace allmende::broker
