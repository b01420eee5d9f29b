#include "broker/control/control_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/log/store_log.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

class ControlLogTest : public ::testing::Test {
 protected:
  ControlLogTest() { Reopen(); }
  ~ControlLogTest() override { Close(); }

  void Close() {
    control_.reset();
    executor_.reset();
    log_.reset();
  }

  void Reopen() {
    Close();
    StoreLogOptions options;
    options.path = directory_.File("log");
    auto log = StoreLog::Open(options);
    ASSERT_TRUE(log.ok()) << log.status();
    log_ = *std::move(log);
    executor_.emplace(2);
    auto control = ControlLog::Open(*log_, clock_, *executor_);
    ASSERT_TRUE(control.ok()) << control.status();
    control_ = *std::move(control);
  }

  absl::Status Record(ControlLog::Propose propose) {
    std::promise<absl::Status> recorded;
    v1::Actor actor;
    actor.set_participant("feuerwehr");
    control_->Record(actor, std::move(propose), [&recorded](const absl::StatusOr<std::shared_ptr<const State>>& state) {
      recorded.set_value(state.status());
    });
    return recorded.get_future().get();
  }

  // Declares a crisis; its number is that of the regime it makes.
  absl::Status Declare(const std::string& reason) {
    return Record([reason](const State& state) -> absl::StatusOr<std::optional<v1::Fact>> {
      v1::Fact fact;
      v1::Crisis& crisis = *fact.mutable_crisis_declared()->mutable_crisis();
      crisis.set_number(state.regime.number() + 1);
      crisis.set_kind("starkregen");
      crisis.set_until_us(absl::ToUnixMicros(absl::FromUnixSeconds(1'760'000'000) + absl::Hours(1)));
      crisis.set_reason(reason);
      return fact;
    });
  }

  const TestDirectory directory_;
  const ManualClock clock_{absl::FromUnixSeconds(1'760'000'000)};
  std::unique_ptr<StoreLog> log_;
  std::optional<Executor> executor_;
  std::unique_ptr<ControlLog> control_;
};

TEST_F(ControlLogTest, FactsAreThereAfterReopening) {
  ASSERT_EQ(Declare("first"), absl::OkStatus());
  ASSERT_EQ(Declare("second"), absl::OkStatus());
  const std::string hash = control_->state()->head_hash;
  Reopen();
  EXPECT_EQ(control_->state()->version, 2);
  EXPECT_EQ(control_->state()->head_hash, hash);
  ASSERT_EQ(control_->state()->regime.crises_size(), 2);
  EXPECT_EQ(control_->state()->regime.crises(1).reason(), "second");
}

TEST_F(ControlLogTest, TheNumberOfALogWhoseDatasetWasLostIsNotGivenAgain) {
  AppendRequest request;
  request.log = LogId{7};
  request.entries.push_back({.bytes = "of a dataset that no fact names"});
  ASSERT_TRUE(AppendAndWait(*log_, std::move(request)).ok());
  Reopen();
  EXPECT_EQ(control_->state()->next_log, 8);
}

TEST_F(ControlLogTest, AFactThatDoesNotFollowIsRefusedAndNothingIsAdvisedThatDoesNotHelp) {
  ASSERT_EQ(Declare("first"), absl::OkStatus());
  v1::Fact fact;
  fact.set_sequence(2);
  fact.set_previous_hash(std::string(32, 'x'));
  AppendRequest request;
  request.log = kControlLog;
  request.expected = log_->HeadOf(kControlLog).position;
  request.entries.push_back({.bytes = fact.SerializeAsString()});
  ASSERT_TRUE(AppendAndWait(*log_, std::move(request)).ok());
  const absl::Status refused = ControlLog::Open(*log_, clock_, *executor_).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("restore the directory from a backup"));
  EXPECT_THAT(std::string(refused.message()), ::testing::Not(::testing::HasSubstr("accept-loss")));
}

TEST_F(ControlLogTest, AFactThatCouldNotBeReadBackIsRefusedAndNothingIsStored) {
  const absl::Status refused = Declare("cut inside a character: \xc3");
  EXPECT_EQ(refused.code(), absl::StatusCode::kInternal) << refused;
  EXPECT_EQ(control_->state()->version, 0);
  ASSERT_EQ(Declare("whole"), absl::OkStatus()) << "the log goes on";
  Reopen();
  EXPECT_EQ(control_->state()->version, 1);
}

TEST_F(ControlLogTest, AProposalThatIsRefusedOrHasNothingToSayChangesNothing) {
  EXPECT_EQ(Record([](const State&) { return absl::NotFoundError("no such thing"); }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(Record([](const State&) { return std::optional<v1::Fact>(); }), absl::OkStatus());
  v1::Fact unknown_crisis;
  unknown_crisis.mutable_crisis_lifted()->set_number(7);
  EXPECT_EQ(Record([&](const State&) { return std::optional<v1::Fact>(unknown_crisis); }).code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(control_->state()->version, 0);
}

TEST_F(ControlLogTest, AFactThatIsTooLargeForTheLogIsRefusedAndTheNextOneIsTaken) {
  EXPECT_FALSE(Declare(std::string(5 << 20, 'x')).ok());
  EXPECT_EQ(Declare("small"), absl::OkStatus());
  EXPECT_EQ(control_->state()->version, 1);
}

TEST_F(ControlLogTest, AfterAFailedDiskFactsAreRefusedAndTheStateIsThatOfTheDisk) {
  ASSERT_EQ(Declare("before"), absl::OkStatus());
  {
    const FailingSync failing(EIO);
    EXPECT_EQ(Declare("during").code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Declare("after").code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(control_->state()->version, 1);
  Reopen();
  EXPECT_EQ(Declare("again"), absl::OkStatus());
}

}  // namespace
}  // namespace allmende::broker
