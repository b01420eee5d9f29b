#include "sdk/session/replica_apply.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::session {
namespace {

using ::testing::ElementsAre;

// One line an effect.
std::vector<std::string> Lines(const ReplicaEffects& effects) {
  std::vector<std::string> lines;
  for (const ReplicaEffect& effect : effects) {
    if (const auto* store = std::get_if<ReplicaStoreBatch>(&effect)) {
      lines.push_back(
          absl::StrCat("store into ", store->copy, " behind ", store->skip_through, store->new_keys ? " new" : ""));
    } else if (const auto* commit = std::get_if<ReplicaCommit>(&effect)) {
      lines.push_back(absl::StrCat("commit", commit->synced ? " synced" : "", commit->with_opened ? " opened" : ""));
    } else if (const auto* drop = std::get_if<ReplicaDrop>(&effect)) {
      lines.push_back(absl::StrCat("drop ", drop->copy));
    } else if (const auto* pause = std::get_if<ReplicaPause>(&effect)) {
      lines.push_back(absl::StrCat("pause ", absl::StatusCodeToString(pause->why.code())));
    } else {
      lines.push_back("resubscribe");
    }
  }
  return lines;
}

class ReplicaApplyTest : public testing::Test {
 protected:
  std::vector<std::string> Do(const ReplicaEvent& event) { return Lines(apply_.Step(event, now_)); }

  static SubscriptionOpened Opened(v1::DatasetKind kind, uint64_t first, uint64_t head, bool snapshot = false) {
    SubscriptionOpened event;
    event.opened.set_dataset_id("dataset");
    event.opened.set_kind(kind);
    event.opened.set_first_sequence(first);
    event.opened.set_head_sequence(head);
    event.opened.set_snapshot(snapshot);
    event.opened.mutable_terms()->set_view_id("view");
    event.opened.mutable_terms()->set_may_keep_copy(true);
    return event;
  }
  WatermarkReached Watermark(uint64_t sequence, uint64_t head, bool snapshot_complete = false) const {
    WatermarkReached event;
    event.sequence = sequence;
    event.head_sequence = head;
    event.resume_token = absl::StrCat("token ", sequence);
    event.as_of = now_;
    event.lease_until = now_ + absl::Hours(1);
    event.snapshot_complete = snapshot_complete;
    return event;
  }
  // A stream's copy that is complete up to 10.
  void MakeStreamCopy() {
    Do(Opened(v1::STREAM, 1, 10));
    Do(BatchArrived{1, 10});
    Do(Watermark(10, 10));
    ASSERT_EQ(apply_.state().served.applied, 10u);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  ReplicaApply apply_{ReplicaState()};
};

TEST_F(ReplicaApplyTest, AStreamIsServedOnceItHasCaughtUp) {
  EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start()));
  EXPECT_THAT(Do(Opened(v1::STREAM, 1, 10)), ElementsAre("commit opened"));
  EXPECT_THAT(Do(BatchArrived{1, 6}), ElementsAre("store into 1 behind 0", "commit"));
  EXPECT_THAT(Do(Watermark(6, 10)), ElementsAre("commit"));
  EXPECT_EQ(apply_.state().served.number, 0u);
  EXPECT_EQ(std::get<StartAtSequence>(apply_.Start()).sequence, 7u);
  EXPECT_THAT(Do(BatchArrived{7, 10}), ElementsAre("store into 1 behind 6", "commit"));
  EXPECT_THAT(Do(Watermark(10, 10)), ElementsAre("commit"));
  EXPECT_EQ(apply_.state().served.number, 1u);
  EXPECT_EQ(std::get<StartAtToken>(apply_.Start()).token, "token 10");
}

TEST_F(ReplicaApplyTest, ATableAsksForASnapshotOnceItKnowsThatItIsOne) {
  EXPECT_THAT(Do(Opened(v1::TABLE, 1, 10)), ElementsAre("commit opened", "resubscribe"));
  EXPECT_TRUE(std::holds_alternative<StartWithSnapshot>(apply_.Start()));
  EXPECT_THAT(Do(Opened(v1::TABLE, 1, 10, true)), ElementsAre("commit opened", "drop 1"));
  EXPECT_THAT(Do(BatchArrived{1, 10}), ElementsAre("store into 2 behind 0 new", "commit"));
  EXPECT_THAT(Do(Watermark(10, 10, true)), ElementsAre("commit"));
  EXPECT_EQ(apply_.state().served.number, 2u);
  EXPECT_THAT(Do(BatchArrived{11, 12}), ElementsAre("store into 2 behind 10", "commit"));
}

TEST_F(ReplicaApplyTest, ASnapshotThatBrokeOffIsThrownAway) {
  Do(Opened(v1::TABLE, 1, 10));
  Do(Opened(v1::TABLE, 1, 10, true));
  Do(BatchArrived{1, 4});
  EXPECT_THAT(Do(Opened(v1::TABLE, 1, 10, true)), ElementsAre("commit opened", "drop 2"));
  EXPECT_THAT(Do(BatchArrived{1, 10}), ElementsAre("store into 3 behind 0 new", "commit"));
}

TEST_F(ReplicaApplyTest, ANarrowerViewClosesTheCopyDurablyAndAWiderOneDoesNot) {
  for (const bool narrowed : {true, false}) {
    apply_ = ReplicaApply(ReplicaState());
    MakeStreamCopy();
    TermsChanged changed;
    changed.terms.set_view_id("other");
    changed.terms.set_may_keep_copy(true);
    changed.narrowed = narrowed;
    EXPECT_THAT(Do(changed), ElementsAre(narrowed ? "commit synced opened" : "commit opened", "resubscribe"));
    EXPECT_EQ(apply_.state().narrowed, narrowed);
    EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start()));
    SubscriptionOpened opened = Opened(v1::STREAM, 1, 10);
    opened.opened.mutable_terms()->set_view_id("other");
    Do(opened);
    Do(BatchArrived{1, 10});
    EXPECT_THAT(Do(Watermark(10, 10)), ElementsAre("commit", "drop 1"));
    EXPECT_FALSE(apply_.state().narrowed);
  }
}

TEST_F(ReplicaApplyTest, AViewThatChangedWhileNobodyListenedCountsAsNarrower) {
  MakeStreamCopy();
  SubscriptionOpened opened = Opened(v1::STREAM, 11, 10);
  opened.opened.mutable_terms()->set_view_id("other");
  EXPECT_THAT(Do(opened), ElementsAre("commit synced opened", "resubscribe"));
  EXPECT_TRUE(apply_.state().narrowed);
}

TEST_F(ReplicaApplyTest, ARefusalClosesTheCopyUntilTheBrokerPermitsItAgain) {
  MakeStreamCopy();
  EXPECT_THAT(Do(SubscriptionEnded{}), ElementsAre("commit synced", "pause PERMISSION_DENIED"));
  EXPECT_TRUE(apply_.state().ended);
  EXPECT_THAT(Do(Opened(v1::STREAM, 11, 10)), ElementsAre("commit opened"));
  EXPECT_FALSE(apply_.state().ended);
}

TEST_F(ReplicaApplyTest, TermsWithoutCopiesCloseIt) {
  MakeStreamCopy();
  EXPECT_THAT(Do(TermsChanged{}), ElementsAre("commit synced opened", "pause PERMISSION_DENIED"));
  EXPECT_TRUE(apply_.state().ended);
}

TEST_F(ReplicaApplyTest, WhatCannotBeResumedIsMadeAnewWhileTheOldCopyServes) {
  for (const auto code :
       {absl::StatusCode::kFailedPrecondition, absl::StatusCode::kOutOfRange, absl::StatusCode::kInvalidArgument}) {
    apply_ = ReplicaApply(ReplicaState());
    MakeStreamCopy();
    EXPECT_THAT(Do(SubscriptionFailed{absl::Status(code, "")}), ElementsAre("commit opened", "resubscribe"));
    EXPECT_EQ(apply_.state().served.number, 1u);
    EXPECT_FALSE(apply_.state().narrowed);
    // From the start the same answer means something else.
    EXPECT_THAT(Do(SubscriptionFailed{absl::Status(code, "")}),
                ElementsAre(absl::StrCat("pause ", absl::StatusCodeToString(code))));
  }
  EXPECT_THAT(Do(SubscriptionFailed{absl::DataLossError("")}), ElementsAre("pause DATA_LOSS"));
}

TEST_F(ReplicaApplyTest, ALeaseCountsByWhateverTheLocalClockShows) {
  MakeStreamCopy();
  WatermarkReached watermark = Watermark(10, 10);
  watermark.as_of = now_ + absl::Hours(5);  // the broker's clock is ahead
  watermark.lease_until = watermark.as_of + absl::Minutes(20);
  Do(watermark);
  EXPECT_EQ(apply_.state().lease_until, now_ + absl::Minutes(20));
  EXPECT_EQ(apply_.state().as_of, watermark.as_of);
  watermark.lease_until = absl::InfiniteFuture();
  Do(watermark);
  EXPECT_EQ(apply_.state().lease_until, absl::InfiniteFuture());
  watermark.lease_until = absl::InfinitePast();
  Do(watermark);
  EXPECT_EQ(apply_.state().lease_until, absl::InfinitePast());
}

TEST_F(ReplicaApplyTest, TheClockCountsAnewFromEachContact) {
  MakeStreamCopy();
  now_ += absl::Hours(24 * 365);
  Do(BatchArrived{11, 11});
  EXPECT_EQ(apply_.state().clock_seen, now_);
  now_ -= absl::Hours(24 * 365);
  Do(BatchArrived{12, 12});
  EXPECT_GT(apply_.state().clock_seen, now_);
  Do(Watermark(12, 12));
  EXPECT_EQ(apply_.state().clock_seen, now_);
}

TEST_F(ReplicaApplyTest, ADamagedCopyIsMadeAnew) {
  EXPECT_THAT(Do(CopyDamaged{}), testing::IsEmpty());
  MakeStreamCopy();
  EXPECT_THAT(Do(CopyDamaged{}), ElementsAre("commit opened", "resubscribe"));
  EXPECT_THAT(Do(CopyDamaged{}), testing::IsEmpty());
}

}  // namespace
}  // namespace allmende::session
