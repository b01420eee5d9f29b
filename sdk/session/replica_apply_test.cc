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
    } else if (const auto* trim = std::get_if<ReplicaTrim>(&effect)) {
      lines.push_back(absl::StrCat("trim ", trim->copy, " to ", trim->oldest));
    } else if (const auto* pause = std::get_if<ReplicaPause>(&effect)) {
      lines.push_back(absl::StrCat("pause ", absl::StatusCodeToString(pause->why.code())));
      if (pause->at_least > absl::ZeroDuration()) {
        lines.back().append(absl::StrCat(" for ", absl::FormatDuration(pause->at_least)));
      }
    } else {
      lines.push_back("resubscribe");
    }
  }
  return lines;
}

class ReplicaApplyTest : public testing::Test {
 protected:
  std::vector<std::string> Do(const ReplicaEvent& event) { return Lines(apply_.Step(event, {now_, since_boot_})); }
  void Pass(absl::Duration time) {
    now_ += time;
    since_boot_ += time;
  }

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
  // What the copy's age and the rest of its lease, of an hour, are short of; clocks may move apart a little.
  void ExpectSaid(absl::Duration ago) {
    const absl::Duration tolerance = absl::Milliseconds(20);
    EXPECT_LE(absl::AbsDuration(now_ - ago - apply_.state().level_at), tolerance) << apply_.state().level_at;
    EXPECT_LE(absl::AbsDuration(now_ + absl::Hours(1) - ago - apply_.state().lease_until), tolerance)
        << apply_.state().lease_until;
    EXPECT_LE(apply_.state().level_at, now_);
  }
  // A stream's copy that is complete up to 10.
  void MakeStreamCopy() {
    Do(Opened(v1::STREAM, 1, 10));
    Do(BatchArrived{1, 10});
    Do(Watermark(10, 10));
    ASSERT_EQ(apply_.state().served.applied, 10u);
  }

  absl::Time now_ = absl::FromUnixSeconds(1'000'000);
  absl::Duration since_boot_ = absl::Hours(100);
  ReplicaApply apply_{ReplicaState()};
};

TEST_F(ReplicaApplyTest, AStreamIsServedOnceItHasCaughtUp) {
  EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start()));
  EXPECT_THAT(Do(Opened(v1::STREAM, 1, 10)), ElementsAre("commit opened"));
  EXPECT_THAT(Do(BatchArrived{1, 6}), ElementsAre("store into 1 behind 0", "commit"));
  EXPECT_THAT(Do(Watermark(6, 10)), ElementsAre("commit"));
  EXPECT_EQ(apply_.state().served.number, 0u);
  EXPECT_EQ(std::get<StartAtToken>(apply_.Start()).token, "token 6");
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

TEST_F(ReplicaApplyTest, ACopyThatBrokeOffWithoutATokenIsBegunAnew) {
  Do(Opened(v1::STREAM, 1, 10));
  Do(BatchArrived{1, 6});
  EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start())) << "nothing proves that the log is the same";
  EXPECT_THAT(Do(Opened(v1::STREAM, 1, 12)), ElementsAre("commit opened", "drop 1"));
  EXPECT_THAT(Do(BatchArrived{1, 12}), ElementsAre("store into 2 behind 0", "commit"));
  Do(Watermark(12, 12));
  EXPECT_EQ(apply_.state().served, (ReplicaCopy{2, 12, 0}));
}

TEST_F(ReplicaApplyTest, AReconnectGoesOnWithTheFirstCopy) {
  Do(Opened(v1::STREAM, 1, 10));
  Do(BatchArrived{1, 6});
  SubscriptionOpened opened = Opened(v1::STREAM, 7, 12);
  opened.resumed = true;
  EXPECT_THAT(Do(opened), ElementsAre("commit opened"));
  EXPECT_THAT(Do(BatchArrived{7, 10}), ElementsAre("store into 1 behind 6", "commit"));
  Do(Watermark(10, 12));
  EXPECT_EQ(apply_.state().served.number, 0u) << "not as far as the connection began with";
  Do(BatchArrived{11, 12});
  Do(Watermark(12, 12));
  EXPECT_EQ(apply_.state().served.number, 1u);
}

TEST_F(ReplicaApplyTest, AReconnectDoesNotGoOnBehindAnotherWriterWithoutAToken) {
  Do(Opened(v1::STREAM, 1, 10));
  Do(BatchArrived{1, 6});
  SubscriptionOpened opened = Opened(v1::STREAM, 7, 12);
  opened.resumed = true;
  opened.opened.set_epoch(1);
  EXPECT_THAT(Do(opened), ElementsAre("commit opened", "drop 1", "resubscribe"));
  EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start()));
  // With one, the broker has proven that its log is the same.
  opened.resumed = false;
  opened.opened.set_first_sequence(1);
  Do(opened);
  Do(BatchArrived{1, 12});
  Do(Watermark(12, 12));
  opened.resumed = true;
  opened.opened.set_epoch(2);
  EXPECT_THAT(Do(opened), ElementsAre("commit opened"));
}

TEST_F(ReplicaApplyTest, ASnapshotIsNotResumed) {
  Do(Opened(v1::TABLE, 1, 10));
  Do(Opened(v1::TABLE, 1, 10, true));
  Do(BatchArrived{1, 6});
  Do(Watermark(6, 10));
  EXPECT_TRUE(std::holds_alternative<StartWithSnapshot>(apply_.Start()));
}

TEST_F(ReplicaApplyTest, ARefusedCopyUnderAnotherViewIsMadeAnewOnceItIsPermitted) {
  for (const bool told : {true, false}) {
    apply_ = ReplicaApply(ReplicaState());
    MakeStreamCopy();
    v1::Terms terms;
    terms.set_view_id("other");
    if (told) {
      EXPECT_THAT(Do(TermsChanged{terms, "agreement", false}),
                  ElementsAre("commit synced opened", "pause PERMISSION_DENIED"));
    } else {
      SubscriptionOpened opened = Opened(v1::STREAM, 11, 10);
      *opened.opened.mutable_terms() = terms;
      EXPECT_THAT(Do(opened), ElementsAre("commit synced opened", "pause PERMISSION_DENIED"));
    }
    EXPECT_TRUE(apply_.state().ended);
    EXPECT_TRUE(apply_.state().narrowed);
    EXPECT_TRUE(std::holds_alternative<StartAtOldest>(apply_.Start()));
    // Permitted again, and the view is the one that was heard of last.
    SubscriptionOpened opened = Opened(v1::STREAM, 1, 10);
    opened.opened.mutable_terms()->set_view_id("other");
    EXPECT_THAT(Do(opened), ElementsAre("commit opened"));
    EXPECT_FALSE(apply_.state().ended);
    EXPECT_TRUE(apply_.state().narrowed) << "the old copy stays closed";
    Do(BatchArrived{1, 10});
    EXPECT_THAT(Do(Watermark(10, 10)), ElementsAre("commit", "drop 1"));
    EXPECT_FALSE(apply_.state().narrowed);
  }
}

TEST_F(ReplicaApplyTest, CopiesThatCannotBeFollowedAreNotFetchedOneAfterTheOther) {
  const SubscriptionFailed failed{absl::FailedPreconditionError("subscribe anew")};
  std::vector<std::string> last;
  for (const char* pause : {"", " for 1s", " for 2s", " for 4s"}) {
    Do(Opened(v1::TABLE, 1, 10, true));
    Do(BatchArrived{1, 10});
    Do(Watermark(10, 10, true));
    ASSERT_TRUE(std::holds_alternative<StartAtToken>(apply_.Start()));
    last = Do(failed);
    ASSERT_EQ(last[0], "commit opened");
    if (*pause == 0) {
      EXPECT_EQ(last.back(), "resubscribe");
    } else {
      EXPECT_EQ(last.back(), absl::StrCat("pause FAILED_PRECONDITION", pause));
    }
    EXPECT_TRUE(std::holds_alternative<StartWithSnapshot>(apply_.Start()));
    EXPECT_FALSE(apply_.state().narrowed) << "the old copy goes on being read";
  }
  Pass(absl::Hours(1));
  Do(Opened(v1::TABLE, 1, 10, true));
  Do(Watermark(10, 10, true));
  EXPECT_EQ(Do(failed).back(), "resubscribe");
}

TEST_F(ReplicaApplyTest, WhatTheBrokerDoesNotKeepGoesNowAndThen) {
  MakeStreamCopy();
  WatermarkReached watermark = Watermark(10, 10);
  watermark.oldest_sequence = 1;
  EXPECT_THAT(Do(watermark), ElementsAre("commit"));
  watermark.oldest_sequence = 4;
  EXPECT_THAT(Do(watermark), ElementsAre("trim 1 to 4", "commit"));
  watermark.oldest_sequence = 5;
  EXPECT_THAT(Do(watermark), ElementsAre("commit"));
  Pass(absl::Minutes(1));
  EXPECT_THAT(Do(watermark), ElementsAre("trim 1 to 5", "commit"));
}

TEST_F(ReplicaApplyTest, ALeaseCountsByWhateverTheLocalClockShows) {
  MakeStreamCopy();
  Do(Opened(v1::STREAM, 11, 10));
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

// A stopped process, a suspended machine, a slow reader.
TEST_F(ReplicaApplyTest, ALeaseCountsFromWhenItWasSaid) {
  MakeStreamCopy();
  Pass(absl::Seconds(5));
  const WatermarkReached waited = Watermark(10, 10);
  Pass(absl::Seconds(40));
  Do(waited);
  ExpectSaid(absl::Seconds(40));
  // What was said later counts from later; what took longer on its way than another one, from earlier.
  Pass(absl::Seconds(5));
  Do(Watermark(10, 10));
  ExpectSaid(absl::ZeroDuration());
  const WatermarkReached slow = Watermark(10, 10);
  Pass(absl::Milliseconds(300));
  Do(slow);
  ExpectSaid(absl::Milliseconds(300));
}

TEST_F(ReplicaApplyTest, ALeaseCountsFromWhenItWasSaidWhereverTheClockIsSet) {
  for (const absl::Duration jump : {absl::Hours(24 * 365), -absl::Hours(24 * 365)}) {
    apply_ = ReplicaApply(ReplicaState());
    MakeStreamCopy();
    const absl::Time broker = now_;
    Pass(absl::Seconds(7));
    now_ += jump;  // the local clock only
    WatermarkReached watermark = Watermark(10, 10);
    watermark.as_of = broker + absl::Seconds(5);
    watermark.lease_until = watermark.as_of + absl::Hours(1);
    Do(watermark);
    ExpectSaid(absl::Seconds(2));
  }
}

TEST_F(ReplicaApplyTest, ABrokersClockThatGoesBackBeginsAnew) {
  MakeStreamCopy();
  Pass(absl::Seconds(5));
  WatermarkReached watermark = Watermark(10, 10);
  watermark.as_of -= absl::Hours(1);
  watermark.lease_until -= absl::Hours(1);
  Do(watermark);
  ExpectSaid(absl::ZeroDuration());
}

TEST_F(ReplicaApplyTest, ClocksMayMoveApart) {
  for (const int drift_ppm : {-200, 200}) {
    apply_ = ReplicaApply(ReplicaState());
    MakeStreamCopy();
    absl::Time broker = now_;
    for (int minute = 0; minute < 60 * 24 * 60; ++minute) {
      Pass(absl::Minutes(1));
      broker += absl::Minutes(1) + absl::Microseconds(60 * drift_ppm);
      WatermarkReached watermark = Watermark(10, 10);
      watermark.as_of = broker;
      watermark.lease_until = broker + absl::Hours(1);
      Do(watermark);
    }
    ExpectSaid(absl::ZeroDuration());
  }
}

TEST_F(ReplicaApplyTest, ACopyThatTheLogHasOutgrownIsAsOldAsItsConnection) {
  Do(Opened(v1::STREAM, 1, 10));
  const absl::Time opened = now_;
  Pass(absl::Minutes(3));
  Do(BatchArrived{1, 10});
  WatermarkReached watermark = Watermark(10, 12);
  watermark.as_of += absl::Hours(5);  // the broker's clock is ahead
  Do(watermark);
  EXPECT_EQ(apply_.state().level_at, opened);
  EXPECT_EQ(apply_.state().as_of, opened + absl::Hours(5)) << "by the broker's clock";
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
