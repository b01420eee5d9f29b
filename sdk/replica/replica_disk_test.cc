// Replicas and their disk: what is damaged, what is full, and what has to leave the files.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "allmende/replica.h"
#include "gmock/gmock.h"
#include "sdk/replica/testing/replica_test_base.h"
#include "sdk/testing/disk_faults.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;

bool FilesContain(const std::string& directory, const std::string& needle) {
  for (const auto& file : std::filesystem::directory_iterator(directory)) {
    std::stringstream content;
    content << std::ifstream(file.path(), std::ios::binary).rdbuf();
    if (content.str().find(needle) != std::string::npos) return true;
  }
  return false;
}

TEST_F(TableReplicaTest, ClosesWhileANarrowerViewIsFetchedAndForgetsTheWiderOne) {
  const std::string secret = "secret 8c1f";
  Put("a", secret);
  auto replica = OpenAndSync();
  EXPECT_TRUE(FilesContain(Directory(), secret));
  auto cursor = *replica->Scan();

  std::atomic<bool> hold = true;
  dataset_.SetTamper([&](v1::SubscribeResponse& response) { return !hold || !response.has_batch(); });
  dataset_.SetView([](const format::RecordView&) { return std::string("public"); }, "narrow", /*narrowed=*/true);
  while (replica->status().readable.ok()) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_FALSE(cursor->Next());
  EXPECT_EQ(cursor->status().code(), absl::StatusCode::kPermissionDenied);
  cursor.reset();
  // The closing survives a restart.
  replica.reset();
  replica = OpenReplica();
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kPermissionDenied);

  hold = false;
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_THAT(All(*replica, true), ElementsAre("a=public"));
  replica.reset();
  EXPECT_FALSE(FilesContain(Directory(), secret));
}

TEST_F(TableReplicaTest, ForgetsAWiderViewOnceNobodyLooksAtItAnyMore) {
  const std::string secret = "secret 8c1f";
  Put("a", secret);
  auto replica = OpenAndSync();
  auto cursor = *replica->Scan();
  // By way of a view that shows less without being told narrower: what is dropped then is not purged at once.
  dataset_.SetView([](const format::RecordView&) { return std::string("other"); }, "other", /*narrowed=*/false);
  while (replica->status().snapshots < 1) absl::SleepFor(absl::Milliseconds(1));
  dataset_.SetView([](const format::RecordView&) { return std::string("public"); }, "narrow", /*narrowed=*/true);
  while (replica->status().snapshots < 2) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(All(*replica, true), ElementsAre("a=public"));
  EXPECT_TRUE(FilesContain(Directory(), secret)) << "the cursor may still want it";
  cursor.reset();
  replica.reset();
  EXPECT_FALSE(FilesContain(Directory(), secret));
}

// A process that died between two steps of it, or met a full disk.
TEST_F(TableReplicaTest, FinishesAPurgeThatWasBrokenOff) {
  const std::string secret = "secret 8c1f";
  for (const bool marked : {true, false}) {
    std::filesystem::remove_all(Directory());
    Put("a", secret);
    OpenAndSync();
    {
      auto copies = *replica::Copies::Open(Directory(), {.dataset = "wasser/regen"});
      session::ReplicaState state = *copies->Load();
      if (marked) {
        ASSERT_TRUE(copies->Drop(state.served.number, /*purge=*/true).ok());
      }
      state.served = {};
      state.resume_token.clear();
      ASSERT_TRUE(copies->Commit(state, /*with_opened=*/true, /*synced=*/false).ok());
    }
    EXPECT_TRUE(FilesContain(Directory(), secret));
    OpenReplica();
    EXPECT_FALSE(FilesContain(Directory(), secret)) << marked;
    auto copies = *replica::Copies::Open(Directory(), {.dataset = "wasser/regen"});
    EXPECT_EQ(*copies->PurgeOwed(), 0u);
  }
}

TEST_F(TableReplicaTest, ClosesAlthoughTheDiskIsFull) {
  SmallDisk disk(64 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  Put("a", "secret");
  const ReplicaOptions options = {.dataset = "wasser/regen"};
  auto replica = *Replica::Open(disk.path() + "/replica", options);
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  disk.FillUp();
  const std::string large(500'000, 'x');
  for (int i = 0; i < 20; ++i) Put(absl::StrCat(i), large);
  const absl::Time deadline = Soon();
  while (!absl::IsResourceExhausted(replica->status().last_error) && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_TRUE(replica->Get("a").ok());
  dataset_.SetView([](const format::RecordView&) { return std::string("public"); }, "narrow", /*narrowed=*/true);
  while (replica->status().readable.ok() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kPermissionDenied);
  // Nor does it open while the disk refuses, with a new sync neither.
  replica->StopSync();
  EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kPermissionDenied);
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  while (!absl::IsResourceExhausted(replica->status().last_error) && absl::Now() < deadline) {
    EXPECT_EQ(replica->Get("a").status().code(), absl::StatusCode::kPermissionDenied);
    absl::SleepFor(absl::Milliseconds(1));
  }
  disk.MakeRoom();
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  EXPECT_EQ(replica->Get("a")->record->payload, "public");
}

TEST_F(StreamReplicaTest, LetsGoOfWhatTheBrokerDoesNotKeep) {
  for (int i = 1; i <= 5; ++i) Put("a", absl::StrCat(i));
  auto replica = OpenAndSync();
  EXPECT_EQ(replica->status().records, 5u);
  dataset_.Trim(4);
  clock_->Advance(absl::Minutes(2));
  Put("a", "6");
  ASSERT_EQ(replica->WaitForSequence(6, Soon()), absl::OkStatus());
  while (replica->status().records != 3u) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_THAT(All(*replica, false), ElementsAre("4=4", "5=5", "6=6"));
  EXPECT_FALSE(replica->GetSequence(3)->record.has_value());
}

TEST_F(StreamReplicaTest, NoticesDamageOnTheDiskAndServesWhatIsWhole) {
  // Enough for files; what is in the log only is read into memory when the replica opens.
  const std::string filler(60'000, 'x');
  for (int i = 0; i < 400; ++i) {
    std::string payload = absl::StrCat(i, filler);
    for (size_t at = 10; at < payload.size(); at += 7) payload[at] = static_cast<char>(i * 31 + at * at);
    Put("a", payload);
  }
  OpenAndSync();
  std::string largest;
  for (const auto& file : std::filesystem::directory_iterator(Directory())) {
    if (file.path().extension() != ".sst") continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) largest = file.path().string();
  }
  ASSERT_FALSE(largest.empty());
  FlipBit(largest, std::filesystem::file_size(largest) / 2 * 8);

  {
    auto replica = OpenReplica();
    EXPECT_EQ(All(*replica, false).back(), "DATA_LOSS");
    int whole = 0;
    for (uint64_t sequence = 1; sequence <= 400; ++sequence) {
      const absl::StatusOr<GetResult> found = replica->GetSequence(sequence);
      whole += found.ok() ? 1 : 0;
      EXPECT_TRUE(found.ok() || absl::IsDataLoss(found.status())) << found.status();
    }
    EXPECT_GT(whole, 300);
    EXPECT_LT(whole, 400);
    // The sync makes the copy anew, unless the database has to read the damaged part for it.
    ASSERT_TRUE(replica->StartSync(*client_).ok());
    const absl::Time deadline = Soon();
    while (replica->status().snapshots == 0 && absl::Now() < deadline) {
      if (absl::StrContains(std::string(replica->status().last_error.message()), "remove its directory")) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    EXPECT_LT(absl::Now(), deadline);
  }
  std::filesystem::remove_all(Directory());
  EXPECT_EQ(All(*OpenAndSync(), false).size(), 400u);
}

TEST_F(StreamReplicaTest, GoesOnAfterAFullDisk) {
  SmallDisk disk(64 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  auto replica = *Replica::Open(disk.path() + "/replica", {.dataset = "wasser/regen"});
  Put("a", "one");
  ASSERT_TRUE(replica->StartSync(*client_).ok());
  ASSERT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
  disk.FillUp();
  const std::string large(500'000, 'x');
  int count = 1;
  for (; count < 60; ++count) Put("a", absl::StrCat(count, large));
  const absl::Time deadline = Soon();
  while (!absl::IsResourceExhausted(replica->status().last_error) && absl::Now() < deadline) {
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_EQ(replica->status().last_error.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(replica->status().readable, absl::OkStatus());
  disk.MakeRoom();
  ASSERT_EQ(replica->WaitForSequence(count, Soon()), absl::OkStatus());
  EXPECT_EQ(All(*replica, false).size(), static_cast<size_t>(count));
}

}  // namespace
}  // namespace allmende
