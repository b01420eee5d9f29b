#include "broker/data/retention.h"

#include <map>

#include "allmende/v1/catalogue.pb.h"
#include "broker/data/quarantine_keeper.h"
#include "broker/testing/data_fixture.h"
#include "policy/testing/random.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr LogId kLog{1};

v1::Retention AgeMax(absl::Duration age) {
  v1::Retention retention;
  retention.set_max_age_us(absl::ToInt64Microseconds(age));
  return retention;
}

v1::Retention BytesMax(int64_t bytes) {
  v1::Retention retention;
  retention.set_max_bytes(bytes);
  return retention;
}

class RetentionTest : public DataTest {
 protected:
  using DataTest::DataTest;

  // Until nothing more is due. Returns the number of calls.
  int Keep(const v1::Retention& retention) {
    for (int calls = 1; calls < 1'000; ++calls) {
      const absl::StatusOr<bool> more = ApplyRetention(*log_, kLog, retention, clock_.Now());
      log_->Settle();
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) {
        return calls;
      }
    }
    ADD_FAILURE() << "there is always more to do";
    return 0;
  }

  // What stands beside the log in `family`: key without the log's number -> sequence.
  std::map<std::string, Sequence> Side(SideFamily family) const {
    std::map<std::string, Sequence> entries;
    const auto cursor = log_->View()->ScanSide(family, SideKeyPrefix(kLog), {});
    while (cursor->Next()) {
      entries[std::string(cursor->key().substr(SideKeyPrefix(kLog).size()))] = *DecodeSequence(cursor->value());
    }
    EXPECT_TRUE(cursor->status().ok()) << cursor->status();
    return entries;
  }
  // As Side, but the first letter of each key stands for it.
  std::map<std::string, Sequence> Keys() const {
    std::map<std::string, Sequence> keys;
    for (const auto& [key, sequence] : Side(SideFamily::kKeyIndex)) {
      keys[key.substr(0, 1)] = sequence;
    }
    return keys;
  }
};

TEST_F(RetentionTest, ByAgeAndBySizeWholeBatchesGoAndTheLastStays) {
  v1::Retention retention;
  for (int i = 0; i < 5; ++i) {
    Store({{"a", i}});
    clock_.Advance(absl::Hours(1));
  }
  retention.set_max_age_us(absl::ToInt64Microseconds(absl::Minutes(150)));
  ASSERT_TRUE(ApplyRetention(*log_, LogId{1}, retention, clock_.Now()).ok());
  log_->Settle();
  EXPECT_THAT(Stored(), ElementsAre("4 a=3", "5 a=4"));
  retention.set_max_age_us(1);
  retention.set_max_bytes(1);
  ASSERT_TRUE(ApplyRetention(*log_, LogId{1}, retention, clock_.Now()).ok());
  log_->Settle();
  EXPECT_THAT(Stored(), ElementsAre("5 a=4"));
  Reopen();
  Store({{"b", 5}});
}

TEST_F(RetentionTest, WhateverIsDueGoesAtOnceHoweverMuchItIs) {
  for (int i = 0; i < 60; ++i) {
    std::vector<Line> lines;
    for (int j = 0; j < 100; ++j) {
      lines.push_back({absl::StrCat(std::string(500, 'x'), j), i});
    }
    Store(lines);
    clock_.Advance(absl::Minutes(1));
  }
  ASSERT_GT(log_->HeadOf(LogId{1}).bytes, 5 << 20);
  v1::Retention retention;
  for (const int kept : {59, 30, 2}) {
    retention.set_max_age_us(absl::ToInt64Microseconds(absl::Minutes(kept)));
    ASSERT_TRUE(ApplyRetention(*log_, LogId{1}, retention, clock_.Now()).ok());
    log_->Settle();
    EXPECT_EQ(log_->HeadOf(LogId{1}).first_sequence, (60 - kept) * 100 + 1);
  }
}

TEST_F(RetentionTest, WithoutBoundsNothingGoes) {
  Store({{"a", 1}});
  Store({{"a", 2}});
  clock_.Advance(absl::Hours(24 * 3650));
  ASSERT_TRUE(ApplyRetention(*log_, LogId{1}, {}, clock_.Now()).ok());
  log_->Settle();
  EXPECT_EQ(Stored().size(), 2);
}

TEST_F(RetentionTest, KeysOfWhatIsGivenUpLeaveTheIndexAndThoseThatCameAgainStay) {
  Store({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}});
  Store({{"b", 0, true}, {"e", 5}});
  clock_.Advance(absl::Hours(2));
  Store({{"c", 6}});
  Keep(AgeMax(absl::Hours(1)));
  EXPECT_THAT(Stored(), ElementsAre("7 c=6"));
  EXPECT_THAT(Keys(), ElementsAre(Pair("c", 7)));
  EXPECT_EQ(*NewestExpired(*log_->View(), kLog), 6) << "that is e";
}

TEST_F(RetentionTest, AKeyThatIsWrittenWhileItsOldRecordIsGivenUpKeepsItsEntry) {
  Store({{"a", 1}, {"b", 2}});
  clock_.Advance(absl::Hours(2));
  Store({{"z", 3}});
  std::optional<absl::StatusOr<BatchOutcome>> outcome;
  Submit(Seal({{"a", 4}}), &outcome);  // under way, so retention cannot see it
  ASSERT_TRUE(ApplyRetention(*log_, kLog, AgeMax(absl::Hours(1)), clock_.Now()).ok());
  log_->Settle();
  ASSERT_TRUE(outcome.has_value() && outcome->ok() && (*outcome)->stored);
  EXPECT_THAT(Keys(), ElementsAre(Pair("a", 4), Pair("z", 3)));
}

TEST_F(RetentionTest, ManyKeysGoInSeveralCalls) {
  for (int i = 0; i < 40; ++i) {
    std::vector<Line> lines;
    for (int j = 0; j < 500; ++j) {
      lines.push_back({absl::StrCat(i, " ", j), 1});
    }
    Store(lines);
  }
  clock_.Advance(absl::Hours(2));
  Store({{"z", 1}});
  EXPECT_EQ(Keep(AgeMax(absl::Hours(1))), 2);
  EXPECT_THAT(Keys(), ElementsAre(Pair("z", 20'001)));
  EXPECT_EQ(log_->HeadOf(kLog).first_sequence, 20'001);
}

TEST_F(RetentionTest, ACrashInBetweenLeavesNoKeyBehind) {
  for (size_t durable = 0; durable < 3; ++durable) {
    Store({{"a", 1}, {"b", 2}});
    clock_.Advance(absl::Hours(2));
    Store({{"z", 3}});
    ASSERT_TRUE(ApplyRetention(*log_, kLog, AgeMax(absl::Hours(1)), clock_.Now()).ok());
    log_->Crash(durable);
    Reopen();
    Keep(AgeMax(absl::Hours(1)));
    EXPECT_THAT(Keys(), ElementsAre(Pair("z", log_->HeadOf(kLog).next_sequence - 1))) << durable;
  }
}

TEST_F(RetentionTest, WhatCameBeforeAKeyThatWasGivenUpIsNotKnown) {
  Store({{"a", 1}, {"b", 2}});
  clock_.Advance(absl::Hours(2));
  Store({{"z", 3}});
  Keep(AgeMax(absl::Hours(1)));
  Store({{"a", 4}, {"n", 5}, {"z", 6}, {"a", 7}});
  const auto view = log_->View();
  auto cursor = view->ReadFromSequence(kLog, 4, 1);
  ASSERT_TRUE(cursor.ok() && (*cursor)->Next());
  const auto stored = SplitStored((*cursor)->entry().bytes);
  ASSERT_TRUE(stored.ok()) << stored.status();
  std::vector<Sequence> previous;
  for (size_t i = 0; i < 4; ++i) {
    previous.push_back(stored->Previous(i));
  }
  EXPECT_THAT(previous, ElementsAre(2, 2, 3, 4));
}

// The first sequence that a reader who asks for records from a time on begins at.
Sequence StartAt(const LogView& view, int64_t time, const LogHead& head) {
  const auto found = view.ScanSide(SideFamily::kTimeIndex, SideKeyPrefix(kLog), TimeIndexKey(kLog, time));
  return std::max(found->Next() ? *DecodeSequence(found->value()) : head.next_sequence, head.first_sequence);
}

TEST_F(RetentionTest, TimesOfWhatIsGivenUpLeaveTheIndexAndEveryReaderBeginsWhereItDid) {
  for (uint64_t seed = 1; seed < 60; ++seed) {
    policy::testing::Random random(seed);
    const Sequence begin = log_->HeadOf(kLog).next_sequence;
    const int64_t epoch = static_cast<int64_t>(seed) * 1'000;
    int64_t largest = epoch;
    for (int i = 0; i < 12; ++i) {
      Store({{"a", i}});
      clock_.Advance(absl::Minutes(1));
      if (random.Below(3) == 0) {
        largest += 1 + static_cast<int64_t>(random.Below(5));
        ASSERT_TRUE(log_->WriteSide({SideWrite::Put(SideFamily::kTimeIndex, TimeIndexKey(kLog, largest),
                                                    EncodeSequence(begin + i))},
                                    [](const absl::Status&) {})
                        .ok());
        log_->Settle();
      }
    }
    const auto before = log_->View();
    Keep(AgeMax(absl::Minutes(random.Below(14)) + absl::Seconds(30)));
    const LogHead head = log_->HeadOf(kLog);
    size_t of_given_up = 0;
    for (const auto& [time, first] : Side(SideFamily::kTimeIndex)) {
      EXPECT_GE(first, head.first_sequence);
      of_given_up += first == head.first_sequence ? 1 : 0;
    }
    EXPECT_LE(of_given_up, 1);
    for (int64_t time = epoch; time < largest + 2; ++time) {
      EXPECT_EQ(StartAt(*log_->View(), time, head), StartAt(*before, time, head)) << "seed " << seed << " at " << time;
    }
  }
}

class StreamRetentionTest : public RetentionTest {
 protected:
  StreamRetentionTest() : RetentionTest(v1::STREAM) {}
};

TEST_F(StreamRetentionTest, AStreamHasNoKeysToForgetAndGoesAtOnce) {
  for (int i = 0; i < 40; ++i) {
    Store({{"a", i}});
  }
  clock_.Advance(absl::Hours(2));
  Store({{"a", 40}});
  EXPECT_EQ(Keep(AgeMax(absl::Hours(1))), 1);
  EXPECT_THAT(Stored(), ElementsAre("41 a=40"));
  EXPECT_THAT(Side(SideFamily::kKeyIndex), IsEmpty());
  EXPECT_EQ(*NewestExpired(*log_->View(), kLog), 0);
}

class QuarantineKeeperTest : public DataTest {
 protected:
  QuarantineKeeperTest() { dataset_.bad_records = v1::QUARANTINE; }

  void StoreBad(int records) { Store(std::vector<Line>(static_cast<size_t>(records), Line{"b", 1, false, true})); }
  void StoreBadOneByOne(int records) {
    for (int i = 0; i < records; ++i) {
      StoreBad(1);
    }
  }

  // Until nothing more is due.
  void Keep(const v1::Retention& retention) {
    absl::StatusOr<bool> more = true;
    while (more.ok() && *more) {
      more = keeper_->Step(kLog, retention, clock_.Now());
      log_->Settle();
    }
    EXPECT_TRUE(more.ok()) << more.status();
  }

  std::vector<uint64_t> Numbers() const {
    std::vector<uint64_t> numbers;
    const auto cursor = log_->View()->ScanSide(SideFamily::kState, QuarantinePrefix(kLog), {});
    while (cursor->Next()) {
      v1::QuarantinedRecord record;
      EXPECT_TRUE(record.ParseFromArray(cursor->value().data(), static_cast<int>(cursor->value().size())));
      numbers.push_back(record.number());
      EXPECT_EQ(std::string(cursor->key()), QuarantineKey(kLog, record.number()));
    }
    return numbers;
  }
  int64_t RecordBytes() const {
    const auto cursor = log_->View()->ScanSide(SideFamily::kState, QuarantinePrefix(kLog), {});
    return cursor->Next() ? static_cast<int64_t>(cursor->value().size()) : 0;
  }

  std::unique_ptr<QuarantineKeeper> keeper_ = std::make_unique<QuarantineKeeper>(*log_);
};

TEST_F(QuarantineKeeperTest, WhatIsOlderThanTheDatasetsRecordsMayBeGoes) {
  StoreBad(2);
  clock_.Advance(absl::Hours(1));
  StoreBad(1);
  Keep(AgeMax(absl::Hours(1)));
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 3)) << "not older, as old";
  clock_.Advance(absl::Minutes(1));
  Keep(AgeMax(absl::Hours(1)));
  EXPECT_THAT(Numbers(), ElementsAre(3));
  clock_.Advance(absl::Hours(1));
  Keep(AgeMax(absl::Hours(1)));
  EXPECT_THAT(Numbers(), IsEmpty()) << "also of the last batch, which stays";
  StoreBad(1);
  EXPECT_THAT(Numbers(), ElementsAre(4)) << "numbers are not given again";
}

TEST_F(QuarantineKeeperTest, WhatTakesMoreRoomThanTheDatasetsRecordsMayGoesFromTheOldestOn) {
  StoreBadOneByOne(16);
  const v1::Retention retention = BytesMax(16 * RecordBytes() + 8);
  Keep(retention);
  EXPECT_EQ(Numbers().size(), 16);
  StoreBad(1);
  Keep(retention);
  EXPECT_EQ(Numbers().front(), 4) << "an eighth more goes than must";
  EXPECT_EQ(Numbers().back(), 17);
  StoreBad(1);
  Keep(retention);
  EXPECT_EQ(Numbers().front(), 4);
}

TEST_F(QuarantineKeeperTest, WhatSomebodyDroppedMakesRoom) {
  StoreBadOneByOne(8);
  const v1::Retention retention = BytesMax(8 * RecordBytes() + 8);
  Keep(retention);
  std::vector<SideWrite> drop;
  for (const uint64_t number : {3, 4, 5}) {
    drop.push_back(SideWrite::Delete(SideFamily::kState, QuarantineKey(kLog, number)));
  }
  ASSERT_TRUE(log_->WriteSide(std::move(drop), [](const absl::Status&) {}).ok());
  log_->Settle();
  StoreBadOneByOne(3);
  Keep(retention);
  EXPECT_THAT(Numbers(), ElementsAre(1, 2, 6, 7, 8, 9, 10, 11));
}

TEST_F(QuarantineKeeperTest, MuchOfItGoesInSeveralCalls) {
  for (int i = 0; i < 5; ++i) {
    StoreBad(1'000);
  }
  clock_.Advance(absl::Hours(2));
  const absl::StatusOr<bool> more = keeper_->Step(kLog, AgeMax(absl::Hours(1)), clock_.Now());
  ASSERT_TRUE(more.ok()) << more.status();
  EXPECT_TRUE(*more);
  log_->Settle();
  Keep(AgeMax(absl::Hours(1)));
  EXPECT_THAT(Numbers(), IsEmpty());
}

TEST_F(QuarantineKeeperTest, WithoutBoundsNothingGoes) {
  StoreBad(1);
  clock_.Advance(absl::Hours(24 * 3650));
  Keep({});
  EXPECT_THAT(Numbers(), ElementsAre(1));
}

}  // namespace
}  // namespace allmende::broker
