// Replicas and their broker.
#include "allmende/replica.h"

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "gmock/gmock.h"
#include "sdk/replica/testing/replica_test_base.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(StreamReplicaTest, CopiesTheStreamAndFollowsIt) {
  Put("a", "one");
  Put("a", "two");
  auto replica = OpenAndSync();
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one", "2=two"));
  Put("b", "three");
  ASSERT_EQ(replica->WaitForSequence(3, Soon()), absl::OkStatus());
  const auto found = replica->GetSequence(3);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->record->key, "b");
  EXPECT_EQ(found->record->payload, "three");
  EXPECT_EQ(found->record->event_time, absl::FromUnixMicros(5));
  EXPECT_EQ(found->info.watermark, 3u);
  EXPECT_EQ(found->info.head, 3u);
  EXPECT_FALSE(replica->GetSequence(4)->record.has_value());
  EXPECT_TRUE(dataset_.requests()[0].keep_copy());
  EXPECT_TRUE(dataset_.requests()[0].with_schema());
  EXPECT_EQ(dataset_.requests()[0].purpose(), "testing");
}

TEST_F(StreamReplicaTest, SaysWhereAnswersComeFrom) {
  Put("a", "one");
  auto replica = OpenAndSync();
  const ReplicaStatus status = replica->status();
  EXPECT_EQ(status.dataset, "wasser/regen");
  EXPECT_EQ(status.kind, v1::STREAM);
  EXPECT_TRUE(status.complete);
  EXPECT_TRUE(status.syncing);
  EXPECT_EQ(status.connected_to, broker_.endpoint());
  EXPECT_EQ(status.readable, absl::OkStatus());
  EXPECT_EQ(status.info.source, ReadInfo::Source::kSynced);
  EXPECT_EQ(status.info.as_of, clock_->Now());
  EXPECT_EQ(status.info.age, absl::ZeroDuration());
  EXPECT_EQ(status.info.lease_until, clock_->Now() + absl::Hours(1));
  EXPECT_EQ(status.records, 1u);
  EXPECT_GT(status.bytes_on_disk, 0u);
  EXPECT_EQ(status.terms.agreement(), "agreement-1");
  EXPECT_EQ(status.schema, "the schema");
  EXPECT_EQ(status.message_name, "test.Record");
}

TEST_F(TableReplicaTest, BeginsWithASnapshotAndFollowsChanges) {
  Put("a", "1");
  Put("b", "2");
  Put("a", "3");
  Put("c", "4");
  Delete("c");
  auto replica = OpenAndSync();
  EXPECT_THAT(All(*replica, true), ElementsAre("a=3", "b=2"));
  EXPECT_EQ(replica->status().records, 2u);
  Put("d", "6");
  Delete("a");
  Delete("never there");
  Put("b", "9");
  ASSERT_EQ(replica->WaitForSequence(9, Soon()), absl::OkStatus());
  EXPECT_THAT(All(*replica, true), ElementsAre("b=9", "d=6"));
  EXPECT_EQ(replica->status().records, 2u);
  EXPECT_EQ(replica->Get("b")->record->sequence, 9u);
  EXPECT_FALSE(replica->Get("a")->record.has_value());
}

TEST_F(TableReplicaTest, CountsKeysThatChangeWithinOneBatch) {
  Put("a", "1");
  auto replica = OpenAndSync();
  dataset_.Append({{.key = "b", .payload = "x"},
                   {.operation = format::Operation::kDelete, .key = "b"},
                   {.operation = format::Operation::kDelete, .key = "a"},
                   {.key = "a", .payload = "y"},
                   {.key = "c", .payload = "z"},
                   {.key = "c", .payload = "z2"}});
  ASSERT_EQ(replica->WaitForSequence(7, Soon()), absl::OkStatus());
  EXPECT_THAT(All(*replica, true), ElementsAre("a=y", "c=z2"));
  EXPECT_EQ(replica->status().records, 2u);
}

TEST_F(TableReplicaTest, WalksOverRangesOfKeys) {
  for (const char* key : {"a", "ab", "abc", "b", "ba", "\xff", "\xff\xff"}) Put(key, "x");
  auto replica = OpenAndSync();
  const auto keys = [&](const std::string& prefix, const std::string& from, const std::string& to) {
    ScanOptions options;
    options.prefix = prefix;
    options.from = from;
    options.to = to;
    return All(*replica, true, options);
  };
  EXPECT_THAT(keys("", "", ""), testing::SizeIs(7));
  EXPECT_THAT(keys("ab", "", ""), ElementsAre("ab=x", "abc=x"));
  EXPECT_THAT(keys("", "ab", "b"), ElementsAre("ab=x", "abc=x"));
  EXPECT_THAT(keys("a", "abc", ""), ElementsAre("abc=x"));
  EXPECT_THAT(keys("\xff", "", ""), ElementsAre("\xff=x", "\xff\xff=x"));
  EXPECT_THAT(keys("", "b", "a"), IsEmpty());
  EXPECT_THAT(keys("a", "b", ""), IsEmpty());
}

TEST_F(StreamReplicaTest, WalksOverRangesOfSequences) {
  for (int i = 1; i <= 5; ++i) Put("a", "x");
  auto replica = OpenAndSync();
  ScanOptions options;
  options.from_sequence = 2;
  options.to_sequence = 3;
  EXPECT_THAT(All(*replica, false, options), ElementsAre("2=x", "3=x"));
  options.to_sequence = 1;
  EXPECT_THAT(All(*replica, false, options), IsEmpty());
}

TEST_F(TableReplicaTest, WalksOverOneStateWhateverTheSyncDoes) {
  for (int i = 0; i < 200; ++i) Put(absl::StrCat("key ", 1000 + i), "before");
  auto replica = OpenAndSync();
  auto cursor = replica->Scan();
  ASSERT_TRUE(cursor.ok());
  ASSERT_TRUE((*cursor)->Next());
  for (int i = 0; i < 200; ++i) Put(absl::StrCat("key ", 1000 + i), "after");
  ASSERT_EQ(replica->WaitForSequence(400, Soon()), absl::OkStatus());
  int count = 1;
  while ((*cursor)->Next()) {
    EXPECT_EQ((*cursor)->record().payload, "before");
    ++count;
  }
  EXPECT_EQ((*cursor)->status(), absl::OkStatus());
  EXPECT_EQ(count, 200);
}

TEST_F(TableReplicaTest, BoundsOpenCursors) {
  Put("a", "1");
  auto replica = OpenAndSync();
  std::vector<std::unique_ptr<ReplicaCursor>> cursors;
  absl::Status status;
  while (cursors.size() < 100) {
    auto cursor = replica->Scan();
    status = cursor.status();
    if (!cursor.ok()) break;
    cursors.push_back(*std::move(cursor));
  }
  EXPECT_EQ(cursors.size(), 64u);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  cursors.pop_back();
  EXPECT_TRUE(replica->Scan().ok());
}

TEST_F(TableReplicaTest, IsReadByKeyAndStreamsBySequence) {
  Put("a", "1");
  auto replica = OpenAndSync();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(replica->ScanSequences().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StreamReplicaTest, IsReadBySequence) {
  Put("a", "1");
  auto replica = OpenAndSync();
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(replica->Scan().status().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(StreamReplicaTest, ResumesWithItsTokenAfterARestart) {
  Put("a", "one");
  OpenAndSync();
  Put("a", "two");
  auto replica = OpenAndSync();
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one", "2=two"));
  ASSERT_EQ(dataset_.requests().size(), 2u);
  EXPECT_EQ(dataset_.requests()[1].resume_token(), "1:2");
  EXPECT_EQ(replica->status().records, 2u);
}

// A process that dies between two watermarks gets records again that it has; older ones must not come back meanwhile.
TEST_F(TableReplicaTest, DoesNotFallBackOnARepeat) {
  Put("a", "1");
  OpenAndSync();
  std::atomic<bool> mute = true;
  dataset_.SetTamper([&](v1::SubscribeResponse& response) { return !mute || !response.has_watermark(); });
  Put("a", "2");
  Put("a", "3");
  {
    auto replica = OpenReplica();
    ASSERT_TRUE(replica->StartSync(*client_).ok());
    ASSERT_EQ(replica->WaitForSequence(3, Soon()), absl::OkStatus());
  }
  // Now the broker breaks off behind the first repeat.
  dataset_.SetTamper([&](v1::SubscribeResponse& response) { return response.batch().last_sequence() < 3; });
  auto replica = OpenReplica();
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  while (dataset_.requests().size() < 6) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(replica->Get("a")->record->payload, "3");
  EXPECT_EQ(replica->status().records, 1u);
}

TEST_F(StreamReplicaTest, GoesOnAtAnotherEndpoint) {
  FakeBroker other(&city_, &dataset_);
  other.Start();
  client_ = ConnectForTest(city_, {broker_.endpoint(), other.endpoint()});
  Put("a", "one");
  auto replica = OpenAndSync();
  broker_.Kill();
  Put("a", "two");
  ASSERT_EQ(replica->WaitForSequence(2, Soon()), absl::OkStatus());
  EXPECT_EQ(replica->status().connected_to, other.endpoint());
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one", "2=two"));
}

TEST_F(StreamReplicaTest, TakesOverTheLogThatReplacedTheOneItKnew) {
  Put("a", "old one");
  Put("a", "old two");
  auto replica = OpenAndSync();
  broker_.Kill();
  dataset_.ReplaceLog(/*same_id=*/true);
  Put("a", "new");
  broker_.Start();
  while (replica->status().snapshots == 0) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(All(*replica, false), ElementsAre("1=new"));
  EXPECT_EQ(replica->status().records, 1u);
}

TEST_F(TableReplicaTest, ServesTheOldCopyUntilTheNewOneIsComplete) {
  Put("a", "old");
  auto replica = OpenAndSync();
  replica->StopSync();
  dataset_.ReplaceLog(/*same_id=*/true);
  Put("a", "new");
  Put("b", "new");
  std::atomic<bool> hold = true;
  dataset_.SetTamper([&](v1::SubscribeResponse& response) { return !hold || response.batch().last_sequence() != 2; });
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  while (dataset_.requests().size() < 5) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(All(*replica, true), ElementsAre("a=old"));
  hold = false;
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_THAT(All(*replica, true), ElementsAre("a=new", "b=new"));
  EXPECT_EQ(replica->status().snapshots, 1u);
}

TEST_F(StreamReplicaTest, BeginsAFirstCopyAnewThatBrokeOff) {
  for (int i = 1; i <= 4; ++i) Put("a", "old");
  std::atomic<bool> cut = true;
  dataset_.SetTamper([&](v1::SubscribeResponse& response) { return !cut || response.batch().last_sequence() < 3; });
  {
    auto replica = OpenReplica();
    ASSERT_TRUE(replica->StartSync(*client_).ok());
    while (dataset_.requests().size() < 3) absl::SleepFor(absl::Milliseconds(1));
  }
  // A broker that was restored: another history, up to another place.
  dataset_.ReplaceLog(/*same_id=*/true);
  for (int i = 1; i <= 6; ++i) Put("a", "new");
  cut = false;
  auto replica = OpenAndSync();
  EXPECT_THAT(All(*replica, false), ElementsAre("1=new", "2=new", "3=new", "4=new", "5=new", "6=new"));
  EXPECT_EQ(replica->status().records, 6u);
}

TEST_F(TableReplicaTest, StaysOpenWhileAWiderViewIsFetched) {
  dataset_.SetView([](const format::RecordView&) { return std::string("less"); }, "narrow", false);
  Put("a", "more");
  auto replica = OpenAndSync();
  EXPECT_EQ(replica->Get("a")->record->payload, "less");
  dataset_.SetView({}, "wide", false);
  while (replica->status().snapshots == 0) {
    EXPECT_EQ(replica->status().readable, absl::OkStatus());
  }
  EXPECT_EQ(replica->Get("a")->record->payload, "more");
}

TEST_F(StreamReplicaTest, ClosesOnARefusalAndOpensOnceItIsPermittedAgain) {
  Put("a", "one");
  auto replica = OpenAndSync();
  dataset_.Refuse("policy-expired");
  while (replica->status().readable.ok()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);
  const absl::Status status = replica->WaitForSequence(2, Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("policy-expired"));
  replica.reset();
  replica = OpenReplica();
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);

  dataset_.Refuse(std::nullopt);
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one"));
}

TEST_F(StreamReplicaTest, KeepsNothingWhereTheTermsPermitNoCopy) {
  dataset_.SetLease(std::nullopt);
  Put("a", "one");
  auto replica = OpenReplica();
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  const absl::Status status = replica->WaitUntilSynced(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(status.message()), HasSubstr("agreement-1"));
  EXPECT_FALSE(replica->GetSequence(1).ok());
  EXPECT_EQ(replica->status().records, 0u);
}

TEST_F(StreamReplicaTest, PassesOverWithheldRecords) {
  dataset_.SetView(
      [](const format::RecordView& record) -> std::optional<std::string> {
        if (record.key == "hidden") return std::nullopt;
        return std::string(record.payload);
      },
      "filtered", false);
  Put("hidden", "1");
  Put("shown", "2");
  Put("hidden", "3");
  auto replica = OpenAndSync();
  EXPECT_THAT(All(*replica, false), ElementsAre("2=2"));
  EXPECT_EQ(replica->status().info.watermark, 3u);
  EXPECT_FALSE(replica->GetSequence(3)->record.has_value());
}

TEST_F(StreamReplicaTest, GoesOnServingWhenADeliveryStaysDamaged) {
  Put("a", "one");
  auto replica = OpenAndSync();
  std::atomic<bool> damage = true;
  dataset_.SetTamper([&](v1::SubscribeResponse& response) {
    if (damage && response.has_batch()) response.mutable_batch()->mutable_original()->back()++;
    return true;
  });
  Put("a", "two");
  const absl::Status status = replica->WaitForSequence(2, Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one"));
  damage = false;
  while (replica->status().info.watermark < 2) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(All(*replica, false), ElementsAre("1=one", "2=two"));
}

TEST_F(StreamReplicaTest, IsForOneProcessAtATime) {
  auto replica = OpenReplica();
  const absl::Status status = TryOpen({.dataset = "wasser/regen"}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat(::getpid())));
}

TEST_F(StreamReplicaTest, IsReadBesideTheProcessThatSyncsIt) {
  Put("a", "one");
  auto writer = OpenAndSync();
  auto beside = OpenReplica({.dataset = "wasser/regen", .beside_another = true});
  EXPECT_THAT(All(*beside, false), ElementsAre("1=one"));
  EXPECT_EQ(beside->status().dataset, "wasser/regen");
  EXPECT_EQ(beside->StartSync(*client_).code(), absl::StatusCode::kFailedPrecondition);
  Put("b", "two");
  ASSERT_EQ(writer->WaitForSequence(2, Soon()), absl::OkStatus());
  EXPECT_THAT(All(*beside, false), ElementsAre("1=one")) << "as of Open";
  EXPECT_THAT(All(*OpenReplica({.beside_another = true}), false), ElementsAre("1=one", "2=two"));
}

TEST_F(StreamReplicaTest, BesideAnotherProcessTheLeaseAndTheClockCount) {
  Put("a", "one");
  auto writer = OpenAndSync();
  auto beside = OpenReplica({.beside_another = true});
  clock_->Advance(absl::Minutes(59));
  EXPECT_TRUE(beside->GetSequence(1).ok());
  clock_->Advance(-absl::Minutes(30));
  EXPECT_EQ(beside->GetSequence(1).status().code(), absl::StatusCode::kFailedPrecondition) << "turned back";
  clock_->Set(clock_->Now() + absl::Minutes(30));
  clock_->Advance(absl::Hours(2));
  EXPECT_EQ(beside->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied) << "after the lease";
}

TEST_F(StreamReplicaTest, KeepsThePurposeItWasFirstSyncedFor) {
  client_->impl().purpose = "warning";
  OpenAndSync();
  client_->impl().purpose = "advertising";
  OpenAndSync();
  auto replica = OpenReplica({.dataset = "wasser/regen", .purpose = "research"});
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  std::vector<std::string> purposes;
  for (const auto& request : dataset_.requests()) purposes.push_back(request.purpose());
  EXPECT_THAT(purposes, ElementsAre("warning", "warning", "research"));
}

TEST_F(StreamReplicaTest, BelongsToOneParticipant) {
  client_->impl().participant = "navi";
  OpenAndSync();
  client_->impl().participant = "logistik";
  auto replica = OpenReplica();
  const absl::Status status = replica->StartSync(*client_);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("holds what `navi` is shown; give `logistik` a directory"));
  client_->impl().participant = "navi";
  EXPECT_TRUE(replica->StartSync(*client_).ok());
}

TEST_F(StreamReplicaTest, BelongsToOneDatasetAndOneAgreement) {
  EXPECT_EQ(TryOpen({}).status().code(), absl::StatusCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(Directory()));
  std::filesystem::create_symlink(Directory(), Directory());
  EXPECT_THAT(std::string(TryOpen({}).status().message()), HasSubstr("cannot look into"));
  std::filesystem::remove(Directory());
  OpenReplica({.dataset = "wasser/regen", .purpose = "warning"});
  EXPECT_EQ(TryOpen({.dataset = "wasser/pegel"}).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(TryOpen({.dataset = "wasser/regen", .agreement = "7"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
  auto replica = OpenReplica({});
  EXPECT_EQ(replica->status().dataset, "wasser/regen");
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_EQ(dataset_.requests()[0].purpose(), "warning");
}

TEST_F(StreamReplicaTest, SyncsOnceAtATime) {
  auto replica = OpenAndSync();
  EXPECT_EQ(replica->StartSync(*client_).code(), absl::StatusCode::kFailedPrecondition);
  replica->StopSync();
  replica->StopSync();
  EXPECT_FALSE(replica->status().syncing);
  EXPECT_EQ(replica->WaitUntilSynced(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(replica->StartSync(*client_).ok());
  EXPECT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
}

TEST_F(TableReplicaTest, AnswersWhileTheSyncWrites) {
  for (int i = 0; i < 50; ++i) Put(absl::StrCat("key ", i), "0");
  auto replica = OpenAndSync();
  std::atomic<bool> stop = false;
  std::atomic<int> reads = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 2; ++t) {
    readers.emplace_back([&] {
      uint64_t last = 0;
      while (!stop) {
        const auto found = replica->Get("key 7");
        ASSERT_TRUE(found.ok()) << found.status();
        ASSERT_TRUE(found->record.has_value());
        ASSERT_GE(found->record->sequence, last);
        last = found->record->sequence;
        ++reads;
      }
    });
  }
  for (int round = 1; round <= 20; ++round) {
    for (int i = 0; i < 50; ++i) Put(absl::StrCat("key ", i), absl::StrCat(round));
    // A log that is replaced makes the copy anew under the readers' eyes.
    if (round == 10) {
      dataset_.SetView([](const format::RecordView& r) { return std::string(r.payload); }, "other", false);
    }
  }
  ASSERT_EQ(replica->WaitForSequence(50 * 21, Soon()), absl::OkStatus());
  while (reads < 100) absl::SleepFor(absl::Milliseconds(1));
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(replica->status().records, 50u);
}

}  // namespace
}  // namespace allmende
