#include "broker/data/latest_keeper.h"

#include "broker/testing/data_fixture.h"

namespace allmende::broker {
namespace {

class LatestKeeperTest : public DataTest {
 protected:
  void Fill(int batches) {
    for (int i = 0; i < batches; ++i) {
      std::vector<Line> lines;
      lines.reserve(100);
      for (int j = 0; j < 100; ++j) {
        lines.push_back({absl::StrCat("k", j), i});
      }
      Store(lines);
    }
  }
  // Until the pass under way ends.
  void RunPass(absl::Duration tombstone_age = absl::ZeroDuration(), size_t bytes_max = 1 << 30) {
    do {
      const absl::Status step = keeper_->Step(dataset_, clock_.Now(), tombstone_age, bytes_max);
      log_->Settle();
      ASSERT_TRUE(step.ok()) << step;
    } while (keeper_->Busy(dataset_));
  }
  size_t Live() const {
    const std::vector<std::string> stored = Stored();
    return static_cast<size_t>(
        std::count_if(stored.begin(), stored.end(), [](const std::string& line) { return !line.ends_with("erased"); }));
  }

  std::unique_ptr<LatestKeeper> keeper_ = std::make_unique<LatestKeeper>(*log_);
};

TEST_F(LatestKeeperTest, LeavesTheLatestRecordOfEachKeyAndEverySequence) {
  Fill(15);
  RunPass();
  EXPECT_EQ(Live(), 100);
  const std::vector<std::string> stored = Stored();
  ASSERT_EQ(stored.size(), 1500);
  EXPECT_EQ(stored.front(), "1 erased");
  EXPECT_EQ(stored.back(), "1500 k99=14");
}

TEST_F(LatestKeeperTest, DoesNothingBeforeTheLogHasGrownByWhatIsLive) {
  Fill(15);
  RunPass();
  Fill(5);
  RunPass();
  EXPECT_EQ(Live(), 600);
  Fill(6);
  RunPass();
  EXPECT_EQ(Live(), 100);
}

TEST_F(LatestKeeperTest, GoesOnInSmallPieces) {
  Fill(15);
  RunPass(absl::ZeroDuration(), 1);
  EXPECT_EQ(Live(), 100);
}

TEST_F(LatestKeeperTest, LeavesRoomInTheQueueOfTheLogForPublishers) {
  for (int i = 0; i < 120; ++i) {
    std::vector<Line> lines;
    for (int j = 0; j < 100; ++j) {
      const std::string id = j < 60 ? absl::StrCat(j % 10) : absl::StrCat(j, " of ", i);
      lines.push_back({std::string(500, 'x') + id, i});
    }
    Store(lines);
  }
  const absl::Status step = keeper_->Step(dataset_, clock_.Now(), absl::ZeroDuration(), 1 << 30);
  ASSERT_TRUE(step.ok()) << step;
  EXPECT_TRUE(keeper_->Busy(dataset_)) << "the pass is not over after one step";
  RunPass();
  EXPECT_FALSE(keeper_->Waiting());
  EXPECT_EQ(Live(), 10 + 120 * 40);
}

TEST_F(LatestKeeperTest, DeletesStayForTheirTimeAndAreThenErased) {
  Store({{"a", 1}, {"b", 2}});
  Store({{"a", 0, true}});
  Fill(12);
  RunPass(absl::Hours(24));
  EXPECT_EQ(Stored()[0], "1 erased");
  EXPECT_EQ(Stored()[1], "2 b=2");
  EXPECT_EQ(Stored()[2], "3 -a");
  EXPECT_EQ(*NewestErasedTombstone(*log_->View(), LogId{1}), 0);
  clock_.Advance(absl::Hours(25));
  Fill(12);
  RunPass(absl::Hours(24));
  EXPECT_EQ(Stored()[1], "2 b=2");
  EXPECT_EQ(Stored()[2], "3 erased");
  EXPECT_EQ(*NewestErasedTombstone(*log_->View(), LogId{1}), 3);
}

TEST_F(LatestKeeperTest, ADeleteStaysForItsTimeAlsoWhereTheKeyCameBack) {
  Store({{"a", 1}});
  Store({{"a", 0, true}});
  Store({{"a", 2}});
  Fill(12);
  RunPass(absl::Hours(24));
  EXPECT_EQ(Stored()[0], "1 erased");
  EXPECT_EQ(Stored()[1], "2 -a");
  EXPECT_EQ(Stored()[2], "3 a=2");
  EXPECT_EQ(*NewestErasedTombstone(*log_->View(), LogId{1}), 0);
  clock_.Advance(absl::Hours(25));
  Fill(12);
  RunPass(absl::Hours(24));
  EXPECT_EQ(Stored()[1], "2 erased");
  EXPECT_EQ(*NewestErasedTombstone(*log_->View(), LogId{1}), 2);
}

TEST_F(LatestKeeperTest, WhatABatchSaysAboutEarlierRecordsOutlivesItsContent) {
  Fill(15);
  RunPass();
  const auto view = log_->View();
  auto cursor = view->ReadFromSequence(LogId{1}, 101, 1);
  ASSERT_TRUE(cursor.ok() && (*cursor)->Next());
  EXPECT_EQ(SplitStored((*cursor)->entry().bytes)->Previous(0), 1);
}

TEST_F(LatestKeeperTest, EachErasureIsCounted) {
  EXPECT_EQ(*ErasureCount(*log_->View(), LogId{1}), 0);
  Fill(15);
  RunPass();
  EXPECT_EQ(*ErasureCount(*log_->View(), LogId{1}), 14) << "of 15 batches";
  RunPass();
  EXPECT_EQ(*ErasureCount(*log_->View(), LogId{1}), 14);
  keeper_ = std::make_unique<LatestKeeper>(*log_);
  Fill(15);
  RunPass();
  EXPECT_EQ(*ErasureCount(*log_->View(), LogId{1}), 29);
}

TEST_F(LatestKeeperTest, APassThatACrashInterruptedIsDoneAgain) {
  Fill(15);
  ASSERT_TRUE(keeper_->Step(dataset_, clock_.Now(), absl::ZeroDuration(), 1 << 30).ok());
  keeper_.reset();
  log_->Crash(3);
  Reopen();
  keeper_ = std::make_unique<LatestKeeper>(*log_);
  RunPass();
  EXPECT_EQ(Live(), 100);
}

TEST_F(LatestKeeperTest, WhatIsErasedCanBeWrittenAgain) {
  Fill(15);
  RunPass();
  Store({{"k3", 77}});
  EXPECT_EQ(Stored().back(), "1501 k3=77");
}

}  // namespace
}  // namespace allmende::broker
