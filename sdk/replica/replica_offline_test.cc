// Replicas without a broker: what they answer, how old it is, and when they stop.
#include "allmende/replica.h"

#include "gmock/gmock.h"
#include "sdk/replica/testing/replica_test_base.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(StreamReplicaTest, AnswersOnAColdStartWithoutABroker) {
  Put("a", "one");
  OpenAndSync();
  const absl::Time synced = clock_->Now();
  broker_.Kill();
  clock_->Advance(absl::Minutes(20));
  auto replica = OpenReplica();
  const auto found = replica->GetSequence(1);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->record->payload, "one");
  EXPECT_EQ(found->info.source, ReadInfo::Source::kOffline);
  EXPECT_EQ(found->info.age, absl::Minutes(20));
  EXPECT_EQ(found->info.as_of, synced);
  EXPECT_EQ(found->info.watermark, 1u);
  EXPECT_EQ(found->info.lease_until, synced + absl::Hours(1));
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one"));
  // A sync that finds nobody changes nothing.
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  while (replica->status().last_error.ok()) absl::SleepFor(absl::Milliseconds(1));
  const absl::Status status = replica->WaitUntilSynced(absl::Now());
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nobody listens"));
  EXPECT_TRUE(replica->GetSequence(1).ok());
  EXPECT_THAT(std::string(replica->status().last_error.message()), HasSubstr("nobody listens"));
}

TEST_F(TableReplicaTest, AnswersOnAColdStartWithoutABroker) {
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  auto replica = OpenReplica();
  EXPECT_EQ(replica->Get("a")->record->payload, "one");
  EXPECT_EQ(replica->status().schema, "the schema");
  EXPECT_EQ(replica->status().terms.agreement(), "agreement-1");
}

TEST_F(StreamReplicaTest, HasNothingToSayBeforeItsFirstSync) {
  broker_.Kill();
  auto replica = OpenReplica();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(replica->ScanSequences().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(replica->status().complete);
}

TEST_F(StreamReplicaTest, ClosesWhenItsLeaseEndsAndOpensOnContact) {
  Put("a", "one");
  auto replica = OpenAndSync();
  broker_.Kill();
  while (!replica->status().connected_to.empty()) absl::SleepFor(absl::Milliseconds(1));
  clock_->Advance(absl::Hours(1));
  EXPECT_TRUE(replica->GetSequence(1).ok());
  auto cursor = *replica->ScanSequences();
  clock_->Advance(absl::Seconds(1));
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(cursor->Next());
  EXPECT_EQ(cursor->status().code(), absl::StatusCode::kPermissionDenied);
  cursor.reset();
  replica.reset();
  replica = OpenReplica();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);

  broker_.Start();
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_TRUE(replica->GetSequence(1).ok());
}

TEST_F(StreamReplicaTest, IsReadableOnlyInContactWhereTheLeaseIsNothing) {
  dataset_.SetLease(absl::ZeroDuration());
  Put("a", "one");
  auto replica = OpenAndSync();
  clock_->Advance(absl::Seconds(2));
  EXPECT_TRUE(replica->GetSequence(1).ok());
  replica->StopSync();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);
}

// A machine that slept: its connection may have ended long ago.
TEST_F(StreamReplicaTest, ASilentConnectionIsNoContact) {
  dataset_.SetLease(absl::ZeroDuration());
  Put("a", "one");
  auto replica = OpenAndSync();
  clock_->Advance(absl::Seconds(30));
  EXPECT_TRUE(replica->GetSequence(1).ok());
  clock_->Advance(absl::Minutes(1));
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(replica->status().info.source, ReadInfo::Source::kOffline);
  Put("a", "two");
  while (!replica->GetSequence(2).ok()) absl::SleepFor(absl::Milliseconds(1));
}

TEST_F(StreamReplicaTest, NeverClosesUnderALeaseWithoutEnd) {
  dataset_.SetLease(absl::InfiniteDuration());
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  clock_->Advance(absl::Hours(24 * 365));
  auto replica = OpenReplica();
  EXPECT_EQ(replica->GetSequence(1)->info.lease_until, absl::InfiniteFuture());
}

TEST_F(StreamReplicaTest, DoesNotOpenForAClockThatWasTurnedBack) {
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  {
    auto replica = OpenReplica();
    clock_->Advance(absl::Minutes(50));
    EXPECT_TRUE(replica->GetSequence(1).ok());
    // A small correction is no fraud.
    clock_->Advance(absl::Seconds(-4));
    EXPECT_TRUE(replica->GetSequence(1).ok());
    clock_->Advance(absl::Minutes(-30));
    const absl::Status status = replica->GetSequence(1).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("set it right"));
  }
  // Nor does a restart help.
  auto replica = OpenReplica();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition);
  clock_->Set(clock_->Now() + absl::Minutes(30));
  EXPECT_TRUE(replica->GetSequence(1).ok());
}

TEST_F(StreamReplicaTest, RemembersTheTimeAtWhichTheLeaseHadEnded) {
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  clock_->Advance(absl::Hours(2));
  EXPECT_EQ(OpenReplica()->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);
  clock_->Advance(-absl::Hours(2));
  EXPECT_EQ(OpenReplica()->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StreamReplicaTest, NoticesATurnedBackClockAlthoughNobodyReadMeanwhile) {
  Put("a", "one");
  auto replica = OpenAndSync();
  const absl::Time synced = clock_->Now();
  replica->StopSync();
  broker_.Kill();
  clock_->Advance(absl::Hours(24 * 30));
  clock_->Set(synced + absl::Minutes(1));
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition);
  replica.reset();
  EXPECT_EQ(OpenReplica()->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StreamReplicaTest, KeepsInMindHowLateItWasAlthoughNobodyRead) {
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  {
    auto replica = OpenReplica();
    clock_->Advance(absl::Hours(2));
  }
  clock_->Advance(-absl::Hours(2));
  EXPECT_EQ(OpenReplica()->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(StreamReplicaTest, LosesNothingToAClockThatJumpedForward) {
  Put("a", "one");
  const absl::Time start = clock_->Now();
  OpenAndSync();
  clock_->Advance(absl::Hours(24 * 365));
  EXPECT_FALSE(OpenReplica()->GetSequence(1).ok());
  clock_->Set(start + absl::Minutes(1));
  // The broker vouches for the time, for later runs too.
  auto replica = OpenAndSync();
  EXPECT_TRUE(replica->GetSequence(1).ok());
  broker_.Kill();
  replica.reset();
  EXPECT_TRUE(OpenReplica()->GetSequence(1).ok());
}

TEST_F(StreamReplicaTest, RefusesWhatIsTooOldForTheReader) {
  Put("a", "one");
  OpenAndSync();
  broker_.Kill();
  clock_->Advance(absl::Minutes(20));
  auto replica = OpenReplica({.dataset = "wasser/regen", .max_staleness = absl::Minutes(30)});
  EXPECT_TRUE(replica->GetSequence(1).ok());
  const absl::Status status = replica->GetSequence(1, {.max_staleness = absl::Minutes(10)}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()), HasSubstr("20m"));
  clock_->Advance(absl::Minutes(11));
  EXPECT_EQ(replica->GetSequence(1, {.max_staleness = absl::Hours(2)}).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(StreamReplicaTest, CatchesUpAfterALongTimeOffline) {
  Put("a", "one");
  auto replica = OpenAndSync();
  broker_.Kill();
  clock_->Advance(absl::Minutes(30));
  for (int i = 0; i < 100; ++i) Put("a", "more");
  broker_.Start();
  ASSERT_EQ(replica->WaitForSequence(101, Soon()), absl::OkStatus());
  while (replica->status().info.age > absl::ZeroDuration()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(replica->status().info.source, ReadInfo::Source::kSynced);
  EXPECT_EQ(All(*replica, false).size(), 101u);
}

}  // namespace
}  // namespace allmende
