#include "broker/log/memory_log.h"

#include <optional>
#include <string>
#include <vector>

#include "broker/log/log_conformance.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr LogId kRain{7};

class MemoryHarness final : public LogHarness {
 public:
  void Open(const ConformanceLimits& limits) override {
    log_.reset();
    MemoryLogOptions options;
    options.queued_writes_max = limits.queued_writes_max;
    options.queued_bytes_max = limits.queued_bytes_max;
    options.entry_bytes_max = limits.entry_bytes_max;
    options.logs_max = limits.logs_max;
    options.watches_max = limits.watches_max;
    absl::StatusOr<std::unique_ptr<MemoryLog>> opened = MemoryLog::Open(disk_, options);
    ASSERT_TRUE(opened.ok()) << opened.status();
    log_ = *std::move(opened);
  }
  void Close() override { log_.reset(); }
  Log& log() override { return *log_; }
  void Settle() override { log_->Settle(); }
  void Hold() override {}
  void Release() override {}

 private:
  MemoryDisk disk_;
  std::unique_ptr<MemoryLog> log_;
};

INSTANTIATE_TEST_SUITE_P(MemoryLog, LogConformance,
                         ::testing::Values(LogImplementation{"memory",
                                                             [] { return std::make_unique<MemoryHarness>(); }}),
                         [](const auto& test) { return test.param.name; });

class MemoryLogTest : public ::testing::Test {
 protected:
  MemoryLogTest() { Open(); }

  void Open(MemoryLogOptions options = {}) {
    log_.reset();
    log_ = MemoryLog::Open(disk_, options).value();
  }

  // The code that is reported appears in `codes_` at the place of the write.
  void Append(const std::string& bytes) {
    const std::size_t place = codes_.size();
    codes_.push_back("waiting");
    std::vector<LogEntry> entries = {EntryOf(bytes)};
    const LogPosition next = log_->After(position_, entries);
    const absl::Status accepted =
        log_->Append(RequestFor(kRain, position_, std::move(entries)), [this, place](absl::StatusOr<LogHead> head) {
          codes_[place] = absl::StatusCodeToString(head.status().code());
        });
    if (accepted.ok()) {
      position_ = next;
    } else {
      codes_[place] = "refused " + absl::StatusCodeToString(accepted.code());
    }
  }

  std::vector<std::string> Entries() {
    const auto view = log_->View();
    return Drain(view->ReadFrom(kRain, {}, 1000));
  }

  MemoryDisk disk_;
  std::unique_ptr<MemoryLog> log_;
  LogPosition position_;
  std::vector<std::string> codes_;
};

TEST_F(MemoryLogTest, NothingHappensByItself) {
  Append("a");
  Append("b");
  Append("c");
  EXPECT_THAT(Entries(), IsEmpty());
  EXPECT_EQ(log_->Step(2), 2u);
  EXPECT_THAT(codes_, ElementsAre("OK", "OK", "waiting"));
  EXPECT_THAT(Entries(), ElementsAre("1+1:a", "2+1:b"));
  log_->Settle();
  EXPECT_EQ(log_->Step(1), 0u);
  EXPECT_THAT(codes_, ElementsAre("OK", "OK", "OK"));
}

TEST_F(MemoryLogTest, FailedGroupChangesNothingAndTheNextOneWorks) {
  log_->FailWrite(1, absl::ResourceExhaustedError("disk full"));
  Append("a");
  Append("b");
  log_->Step(2);
  EXPECT_THAT(codes_, ElementsAre("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"));
  EXPECT_THAT(Entries(), IsEmpty());
  position_ = {};
  Append("c");
  log_->Settle();
  EXPECT_THAT(codes_, ElementsAre("RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED", "OK"));
  Open();
  EXPECT_THAT(Entries(), ElementsAre("1+1:c"));
}

TEST_F(MemoryLogTest, FailedDiskStaysFailedUntilReopened) {
  Append("a");
  log_->FailWrite(0, absl::DataLossError("the disk failed"));
  Append("b");
  Append("c");
  log_->Step(1);
  log_->Step(1);
  Append("d");
  log_->Step(1);
  EXPECT_THAT(codes_, ElementsAre("OK", "DATA_LOSS", "DATA_LOSS", "refused DATA_LOSS"));
  Open();
  EXPECT_THAT(Entries(), ElementsAre("1+1:a"));
}

TEST_F(MemoryLogTest, CrashLeavesAPrefixOfWhatWaitedAndReportsNothing) {
  for (std::size_t written = 0; written <= 3; ++written) {
    SCOPED_TRACE(written);
    MemoryDisk disk;
    auto log = MemoryLog::Open(disk).value();
    int reported = 0;
    LogPosition position;
    for (int i = 0; i < 3; ++i) {
      std::vector<LogEntry> entries = {EntryOf("a")};
      const LogPosition next = log->After(position, entries);
      ASSERT_TRUE(log->Append(RequestFor(kRain, position, std::move(entries)), [&](auto) { ++reported; }).ok());
      position = next;
    }
    log->Crash(written);
    EXPECT_EQ(log->Append(RequestFor(kRain, position, {EntryOf("b")}), [&](auto) { ++reported; }).code(),
              absl::StatusCode::kUnavailable);
    log.reset();
    EXPECT_EQ(reported, 0);
    log = MemoryLog::Open(disk).value();
    EXPECT_EQ(log->HeadOf(kRain).entries, written);
  }
}

TEST_F(MemoryLogTest, LostCommitsAreRefusedUnlessAccepted) {
  Append("a");
  log_->Step(1);
  Append("b");
  log_->Step(1);
  log_.reset();
  disk_.LoseCommits(1);
  const absl::Status refused = MemoryLog::Open(disk_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ends with commit 1, but commit 2 was acknowledged"));
  Open({.accept_loss = true});
  EXPECT_THAT(Entries(), ElementsAre("1+1:a"));
  Open();  // accepted once, for good
}

TEST_F(MemoryLogTest, LostCommitThatWasNeverReportedIsNoLoss) {
  Append("a");
  log_->Crash(1);
  log_.reset();
  disk_.LoseCommits(1);
  Open();
  EXPECT_THAT(Entries(), IsEmpty());
}

TEST_F(MemoryLogTest, DiskServesOneLogAtATime) {
  EXPECT_EQ(MemoryLog::Open(disk_).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(MemoryLogTest, ClosingDropsWhatWaits) {
  Append("a");
  log_.reset();
  EXPECT_THAT(codes_, ElementsAre("UNAVAILABLE"));
  Open();
  EXPECT_THAT(Entries(), IsEmpty());
}

}  // namespace
}  // namespace allmende::broker
