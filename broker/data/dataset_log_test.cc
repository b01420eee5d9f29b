#include "broker/data/dataset_log.h"

#include <functional>
#include <utility>

#include "broker/testing/data_fixture.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;

using DatasetLogTest = DataTest;

// Passes everything on; a test may do something just after a view was taken.
class HookedLog final : public Log {
 public:
  explicit HookedLog(Log& log) : log_(log) {}

  absl::Status Append(AppendRequest&& request, AppendCallback done) override {
    return log_.Append(std::move(request), std::move(done));
  }
  absl::Status WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) override {
    return log_.WriteSide(std::move(writes), std::move(done));
  }
  absl::Status Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                       DoneCallback done) override {
    return log_.Replace(log, first, std::move(entry), std::move(side_writes), std::move(done));
  }
  absl::Status TrimBefore(LogId log, Sequence sequence, DoneCallback done) override {
    return log_.TrimBefore(log, sequence, std::move(done));
  }
  LogPosition After(LogPosition position, std::span<const LogEntry> entries) const override {
    return log_.After(position, entries);
  }
  LogHead HeadOf(LogId log) const override { return log_.HeadOf(log); }
  std::vector<LogId> Logs() const override { return log_.Logs(); }
  std::shared_ptr<const LogView> View() const override {
    std::shared_ptr<const LogView> view = log_.View();
    if (const auto hook = std::exchange(after_next_view_taken_, nullptr)) {
      hook();
    }
    return view;
  }
  void AfterNextView(std::function<void()> hook) { after_next_view_taken_ = std::move(hook); }
  absl::StatusOr<Watch> WatchHead(LogId log, WatchCallback callback) override {
    return log_.WatchHead(log, std::move(callback));
  }

 private:
  Log& log_;
  mutable std::function<void()> after_next_view_taken_;
};

TEST_F(DatasetLogTest, BatchesUnderWayLandInOrder) {
  std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(3);
  Submit(Seal({{"a", 1}, {"b", 2}}), &outcomes[0]);
  Submit(Seal({{"c", 3}}), &outcomes[1]);
  Submit(Seal({{"a", 4}}), &outcomes[2]);
  EXPECT_FALSE(outcomes[0].has_value()) << "reported before it is durable";
  log_->Settle();
  for (auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.has_value() && outcome->ok() && (*outcome)->stored);
  }
  EXPECT_THAT(Stored(), ElementsAre("1 a=1", "2 b=2", "3 c=3", "4 a=4"));
}

TEST_F(DatasetLogTest, AFailedAppendFailsWhatFollowsItAndTheNextClaimGoesOnFromTheDisk) {
  Store({{"a", 1}});
  log_->FailWrite(0, absl::ResourceExhaustedError("disk full"));
  std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(2);
  Submit(Seal({{"b", 2}}), &outcomes[0]);
  Submit(Seal({{"c", 3}}), &outcomes[1]);
  log_->Settle();
  EXPECT_EQ(outcomes[0]->status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_FALSE(outcomes[1]->ok());
  EXPECT_EQ(SubmitAndSettle(Seal({{"d", 4}})).status().code(), absl::StatusCode::kAborted);
  Claim();
  EXPECT_EQ(ticket_.head.next_sequence, 2);
  Store({{"e", 5}});
  EXPECT_THAT(Stored(), ElementsAre("1 a=1", "2 e=5"));
}

TEST_F(DatasetLogTest, AnEarlierClaimThatReadTheEndBeforeALaterOneAppendedLeavesThatAlone) {
  HookedLog hooked(*log_);
  data_ = *DatasetLog::Open(hooked, clock_, dataset_);
  Claim();
  Store({{"a", 1}});
  log_->FailWrite(0, absl::ResourceExhaustedError("disk full"));
  EXPECT_FALSE(SubmitAndSettle(Seal({{"b", 2}})).ok());
  std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(2);
  hooked.AfterNextView([&] {
    Claim();
    Submit(Seal({{"c", 3}}), &outcomes[0]);
  });
  data_->Claim([](const absl::StatusOr<WriterTicket>&) {});
  Submit(Seal({{"d", 4}}), &outcomes[1]);
  log_->Settle();
  for (auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.has_value());
    ASSERT_TRUE(outcome->ok()) << outcome->status();
    EXPECT_TRUE((*outcome)->stored) << (*outcome)->refused.ShortDebugString();
  }
  EXPECT_THAT(Stored(), ElementsAre("1 a=1", "2 c=3", "3 d=4"));
  Reopen();
}

TEST_F(DatasetLogTest, AnEarlierTicketStoresNothingAnyMore) {
  const WriterTicket old = ticket_;
  const std::string batch = Seal({{"a", 1}});
  Claim();
  std::optional<absl::StatusOr<BatchOutcome>> outcome;
  data_->Submit(old.number, dataset_, batch, [&](absl::StatusOr<BatchOutcome> answer) { outcome = std::move(answer); });
  log_->Settle();
  EXPECT_EQ(outcome->status().code(), absl::StatusCode::kAborted) << outcome->status();
  EXPECT_THAT(Stored(), ElementsAre());
}

TEST_F(DatasetLogTest, AClaimWaitsForWhatIsUnderWay) {
  std::optional<absl::StatusOr<BatchOutcome>> outcome;
  Submit(Seal({{"a", 1}}), &outcome);
  std::optional<WriterTicket> granted;
  data_->Claim([&](absl::StatusOr<WriterTicket> ticket) { granted = *ticket; });
  EXPECT_FALSE(granted.has_value());
  log_->Settle();
  ASSERT_TRUE(granted.has_value());
  EXPECT_EQ(granted->head.next_sequence, 2);
}

TEST_F(DatasetLogTest, AfterAPowerFailureTheLogGoesOnBehindWhatIsDurable) {
  Store({{"a", 1}});
  std::optional<absl::StatusOr<BatchOutcome>> outcome;
  Submit(Seal({{"b", 2}}), &outcome);
  log_->Crash(0);
  Reopen();
  EXPECT_EQ(ticket_.head.next_sequence, 2);
  Store({{"c", 3}});
  EXPECT_THAT(Stored(), ElementsAre("1 a=1", "2 c=3"));
}

TEST_F(DatasetLogTest, BadRecordsRefuseTheBatchAndAreCounted) {
  const auto outcome = SubmitAndSettle(Seal({{"a", 1}, {"b", 2, false, true}, {"c", 3, false, true}}));
  ASSERT_TRUE(outcome.ok()) << outcome.status();
  EXPECT_FALSE(outcome->stored);
  EXPECT_EQ(outcome->refused.code(), v1::BAD_RECORD);
  EXPECT_EQ(outcome->refused.problem_count(), 2);
  EXPECT_EQ(outcome->refused.problems(0).index(), 1);
  EXPECT_THAT(Stored(), ElementsAre());
}

TEST_F(DatasetLogTest, QuarantineKeepsTheChainWhole) {
  dataset_.bad_records = v1::QUARANTINE;
  Store({{"a", 1}, {"b", 2, false, true}, {"c", 3}});
  Store({{"d", 4}});
  EXPECT_THAT(Stored(), ElementsAre("1 a=1", "2 erased", "3 c=3", "4 d=4"));
  EXPECT_EQ(data_->quarantined(), 1);
  Reopen();
  EXPECT_EQ(data_->quarantined(), 1);
  EXPECT_EQ(ticket_.head.next_sequence, 5);
}

TEST_F(DatasetLogTest, ABatchOfAnotherSchemaEpochOrDatasetIsRefusedForThatReason) {
  place_.schema_hash[0] ^= 1;
  EXPECT_EQ(SubmitAndSettle(Seal({{"a", 1}}))->refused.code(), v1::SCHEMA_CHANGED);
  Claim();
  place_.epoch = 7;
  EXPECT_EQ(SubmitAndSettle(Seal({{"a", 1}}))->refused.code(), v1::FENCED);
  Claim();
  place_.dataset = *format::DatasetId::FromBytes(std::string(16, 'x'));
  EXPECT_EQ(SubmitAndSettle(Seal({{"a", 1}}))->refused.code(), v1::BAD_BATCH);
  Claim();
  Store({{"a", 1}});
}

TEST_F(DatasetLogTest, ALogThatHoldsAnotherDatasetsBatchesIsNotOpened) {
  Store({{"a", 1}});
  dataset_.id = std::string(16, 'o');
  EXPECT_EQ(DatasetLog::Open(*log_, clock_, dataset_).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(DatasetLogTest, TheSameBatchAgainIsARepeatAlsoAfterReopening) {
  const std::string batch = Seal({{"a", 1}});
  ASSERT_TRUE(SubmitAndSettle(batch)->stored);
  EXPECT_TRUE(SubmitAndSettle(batch)->batch.repeated);
  Reopen();
  EXPECT_TRUE(SubmitAndSettle(batch)->batch.repeated);
  EXPECT_THAT(Stored(), ElementsAre("1 a=1"));
}

}  // namespace
}  // namespace allmende::broker
