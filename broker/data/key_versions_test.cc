#include "broker/data/key_versions.h"

#include <map>

#include "broker/data/record_finder.h"
#include "broker/testing/data_fixture.h"
#include "policy/testing/random.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;

class KeyVersionsTest : public DataTest {
 protected:
  using DataTest::DataTest;

  // What each stored record says about the one before it.
  std::vector<Sequence> Previous() const {
    std::vector<Sequence> previous;
    const auto view = log_->View();
    auto cursor = view->ReadFromSequence(LogId{1}, view->HeadOf(LogId{1})->first_sequence, 1 << 30);
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    while ((*cursor)->Next()) {
      const auto stored = SplitStored((*cursor)->entry().bytes);
      EXPECT_TRUE(stored.ok()) << stored.status();
      for (size_t i = 0; i < (*cursor)->entry().count; ++i) {
        previous.push_back(stored->Previous(i));
      }
    }
    return previous;
  }
};

TEST_F(KeyVersionsTest, EachRecordNamesTheOneBeforeItOfItsKey) {
  Store({{"a", 1}, {"b", 2}});
  Store({{"b", 3}, {"c", 4}, {"a", 5}});
  EXPECT_THAT(Previous(), ElementsAre(0, 0, 2, 0, 1));
}

TEST_F(KeyVersionsTest, AKeyCanOccurSeveralTimesInABatch) {
  Store({{"a", 1}, {"a", 2}, {"a", 0, true}, {"a", 0, true}, {"a", 3}, {"a", 4}});
  EXPECT_THAT(Previous(), ElementsAre(0, 1, 2, 0, 0, 5));
}

TEST_F(KeyVersionsTest, AfterADeleteThereIsNothingBefore) {
  Store({{"a", 1}});
  Store({{"a", 0, true}});
  Store({{"a", 0, true}});
  Store({{"a", 2}});
  EXPECT_THAT(Previous(), ElementsAre(0, 1, 0, 0));
}

TEST_F(KeyVersionsTest, BatchesUnderWayCount) {
  std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(4);
  Submit(Seal({{"a", 1}, {"b", 1}}), &outcomes[0]);
  Submit(Seal({{"a", 2}}), &outcomes[1]);
  log_->Step(1);
  Submit(Seal({{"b", 0, true}, {"a", 3}}), &outcomes[2]);
  log_->Step(1);
  log_->Step(1);
  Submit(Seal({{"b", 4}, {"a", 4}}), &outcomes[3]);
  log_->Settle();
  for (auto& outcome : outcomes) {
    ASSERT_TRUE(outcome.has_value() && outcome->ok() && (*outcome)->stored);
  }
  EXPECT_THAT(Previous(), ElementsAre(0, 0, 1, 2, 3, 0, 5));
}

TEST_F(KeyVersionsTest, AFailedBatchDoesNotCount) {
  Store({{"a", 1}});
  log_->FailWrite(0, absl::ResourceExhaustedError("disk full"));
  std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(2);
  Submit(Seal({{"a", 2}}), &outcomes[0]);
  Submit(Seal({{"b", 2}}), &outcomes[1]);
  log_->Settle();
  Claim();
  Store({{"a", 3}, {"b", 3}});
  EXPECT_THAT(Previous(), ElementsAre(0, 1, 0));
}

TEST_F(KeyVersionsTest, ARecordInQuarantineDoesNotCount) {
  dataset_.bad_records = v1::QUARANTINE;
  Store({{"a", 1}, {"a", 2, false, true}, {"a", 3}});
  EXPECT_THAT(Previous(), ElementsAre(0, 0, 1));
}

class StreamVersionsTest : public KeyVersionsTest {
 protected:
  StreamVersionsTest() : KeyVersionsTest(v1::STREAM) {}
};

TEST_F(StreamVersionsTest, AStreamHasNone) {
  Store({{"a", 1}, {"a", 2}});
  Store({{"a", 3}});
  EXPECT_THAT(Previous(), ElementsAre(0, 0, 0));
}

TEST_F(KeyVersionsTest, RandomBatchesUnderWayAgreeWithAPlainIndex) {
  for (uint64_t seed = 1; seed < 50; ++seed) {
    policy::testing::Random random(seed);
    std::map<std::string, Sequence> latest;
    std::vector<Sequence> expected = Previous();
    Sequence sequence = log_->HeadOf(LogId{1}).next_sequence;
    std::vector<std::optional<absl::StatusOr<BatchOutcome>>> outcomes(30);
    for (auto& outcome : outcomes) {
      std::vector<Line> lines;
      for (size_t i = 1 + random.Below(5); i > 0; --i) {
        const std::string id = absl::StrCat(seed, "-", random.Below(6));
        const bool deleted = random.Below(4) == 0;
        lines.push_back({id, 1, deleted});
        expected.push_back(latest[id]);
        latest[id] = deleted ? 0 : sequence;
        ++sequence;
      }
      Submit(Seal(lines), &outcome);
      if (random.Below(3) == 0) {
        log_->Step(1 + random.Below(4));
      }
    }
    log_->Settle();
    for (auto& outcome : outcomes) {
      ASSERT_TRUE(outcome.has_value() && outcome->ok() && (*outcome)->stored) << seed;
    }
    ASSERT_EQ(Previous(), expected) << seed;
  }
}

TEST(EnvelopeTest, WhatIsCutOffOrOfAnotherVersionIsRefused) {
  const std::vector<Sequence> previous = {0, 7};
  const std::string envelope = EncodeEnvelope({absl::FromUnixSeconds(5)}, previous);
  const std::string bytes = envelope + "batch";
  const auto stored = SplitStored(bytes);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->envelope.accepted_at, absl::FromUnixSeconds(5));
  EXPECT_EQ(stored->envelope_bytes, envelope);
  EXPECT_EQ(stored->batch, "batch");
  EXPECT_EQ(stored->Previous(0), 0);
  EXPECT_EQ(stored->Previous(1), 7);
  for (size_t size = 0; size < envelope.size(); ++size) {
    EXPECT_EQ(SplitStored(envelope.substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  for (const char version : {'\0', '\1', '\3'}) {
    std::string other = bytes;
    other[0] = version;
    EXPECT_EQ(SplitStored(other).status().code(), absl::StatusCode::kUnimplemented);
  }
}

TEST(EnvelopeTest, WithoutVersionsBeforeItIsShort) {
  const std::vector<Sequence> previous(100, 0);
  const std::string envelope = EncodeEnvelope({absl::FromUnixSeconds(5)}, previous);
  EXPECT_EQ(envelope, EncodeEnvelope({absl::FromUnixSeconds(5)}));
  EXPECT_EQ(SplitStored(envelope)->Previous(99), 0);
}

using RecordFinderTest = DataTest;

TEST_F(RecordFinderTest, FindsRecordsForwardsAndBackwards) {
  Store({{"a", 1}, {"b", 2}});
  Store({{"c", 3}});
  RecordFinder finder(log_->View(), LogId{1});
  for (const Sequence sequence : {2, 1, 3, 1, 2, 2}) {
    const auto found = finder.Find(sequence);
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_TRUE(found->has_value());
    EXPECT_EQ((*found)->key.front(), static_cast<char>('a' + sequence - 1));
  }
  EXPECT_FALSE(finder.Find(4).ok()) << "not stored in this view";
}

TEST_F(RecordFinderTest, WhatWasTrimmedIsNotThereAndWhatWasTakenOutIsErased) {
  dataset_.bad_records = v1::QUARANTINE;
  Store({{"a", 1}});
  Store({{"b", 2, false, true}, {"c", 3}});
  ASSERT_TRUE(log_->TrimBefore(LogId{1}, 2, [](absl::Status) {}).ok());
  log_->Settle();
  RecordFinder finder(log_->View(), LogId{1});
  EXPECT_FALSE(finder.Find(1)->has_value());
  EXPECT_FALSE((*finder.Find(2))->has_content());
  EXPECT_TRUE((*finder.Find(3))->has_content());
}

}  // namespace
}  // namespace allmende::broker
