#include "sdk/outbox/outbox.h"

#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/crypto/random.h"
#include "sdk/outbox/encoding.h"
#include "sdk/outbox/memory_queue.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::outbox {
namespace {

using ::testing::HasSubstr;

class OutboxTest : public testing::Test {
 protected:
  OutboxOptions Options() const {
    OutboxOptions options;
    options.directory = directory_.File("outbox");
    options.dataset = "wasser/regen";
    return options;
  }

  std::unique_ptr<Outbox> OpenOutbox(const OutboxOptions& options) {
    absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Open(options);
    EXPECT_TRUE(outbox.ok()) << outbox.status();
    return outbox.ok() ? *std::move(outbox) : nullptr;
  }

  // A batch of two records.
  QueuedBatch MakeBatch(const std::string& name, size_t padding = 0) {
    format::BatchBuilder builder(salts_);
    for (const char* suffix : {"a", "b"}) {
      const std::string payload = name + suffix + std::string(padding, '.');
      EXPECT_TRUE(builder.Add({.key = name, .payload = payload}).ok());
    }
    return MakeQueuedBatch(*builder.Finish(), /*created_us=*/1'000, {});
  }

  absl::Status Add(BatchQueue& queue, const std::vector<std::string>& names, size_t padding = 0) {
    std::vector<QueuedBatch> batches;
    for (const std::string& name : names) batches.push_back(MakeBatch(name, padding));
    return queue.Add(batches);
  }

  // The payloads of all batches that wait, in order, read the way a sender does.
  static std::vector<std::string> Waiting(BatchQueue& queue) {
    std::vector<std::string> payloads;
    const std::vector<session::PendingBatch> waiting = *queue.List(0, UINT64_MAX);
    for (const session::PendingBatch& pending : waiting) {
      const auto body = queue.Body(pending.number);
      EXPECT_TRUE(body.ok()) << body.status();
      if (!body.ok()) break;
      EXPECT_EQ((*body)->root(), pending.root);
      for (const format::RecordView& record : format::RecordRange((*body)->bytes())) {
        payloads.emplace_back(record.payload);
      }
    }
    return payloads;
  }

  // The first `count` batches are acknowledged.
  static absl::Status Acknowledge(BatchQueue& queue, uint64_t count) {
    session::SendBase base = queue.base();
    const std::vector<session::PendingBatch> pending = *queue.List(base.first_number, UINT64_MAX);
    for (uint64_t i = 0; i < count; ++i) base.next_sequence += pending[i].record_count;
    base.first_number += count;
    return queue.Acknowledge(base);
  }

  TestDirectory directory_;
  crypto::SaltPool salts_;
};

TEST_F(OutboxTest, KeepsBatchesInOrderOverReopening) {
  std::string writer;
  {
    auto outbox = OpenOutbox(Options());
    writer = outbox->writer_id();
    ASSERT_TRUE(Add(*outbox, {"1", "2"}).ok());
    ASSERT_TRUE(Add(*outbox, {"3"}).ok());
  }
  auto outbox = OpenOutbox(Options());
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("1a", "1b", "2a", "2b", "3a", "3b"));
  EXPECT_EQ(outbox->writer_id(), writer);
  EXPECT_EQ(outbox->last_number(), 3u);
  EXPECT_EQ(outbox->waiting().records, 6u);
  ASSERT_TRUE(Add(*outbox, {"4"}).ok());
  EXPECT_EQ(outbox->last_number(), 4u);
}

TEST_F(OutboxTest, SealsTheSameBytesAfterReopening) {
  session::SendBase base;
  base.dataset = *format::DatasetId::FromBytes("0123456789abcdef");
  base.epoch = 3;
  const auto sealed = [&](Outbox& outbox) {
    const session::PendingBatch pending = outbox.List(1, 1)->front();
    return *format::Seal(**outbox.Body(1), session::PlaceOf(base, pending, 1, {}));
  };
  std::string before;
  {
    auto outbox = OpenOutbox(Options());
    ASSERT_TRUE(Add(*outbox, {"1"}).ok());
    ASSERT_TRUE(outbox->SaveBase(base).ok());
    before = sealed(*outbox);
  }
  auto outbox = OpenOutbox(Options());
  EXPECT_EQ(outbox->base(), base);
  EXPECT_EQ(sealed(*outbox), before);
}

TEST_F(OutboxTest, ForgetsAcknowledgedBatchesForSending) {
  auto outbox = OpenOutbox(Options());
  ASSERT_TRUE(Add(*outbox, {"1", "2", "3"}).ok());
  ASSERT_TRUE(Acknowledge(*outbox, 2).ok());
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("3a", "3b"));
  EXPECT_EQ(outbox->waiting().records, 2u);
  outbox.reset();
  outbox = OpenOutbox(Options());
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("3a", "3b"));
  EXPECT_EQ(outbox->base().next_sequence, 5u);
}

TEST_F(OutboxTest, DropsWhatASavedBaseSkips) {
  auto outbox = OpenOutbox(Options());
  ASSERT_TRUE(Add(*outbox, {"1", "2"}).ok());
  session::SendBase base = outbox->base();
  base.first_number = 2;
  ASSERT_TRUE(outbox->SaveBase(base).ok());
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("2a", "2b"));
  EXPECT_EQ(outbox->waiting().records, 2u);
  EXPECT_EQ(outbox->Body(1).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OutboxTest, CountsWhatIsNoLongerWaiting) {
  {
    auto outbox = OpenOutbox(Options());
    ASSERT_TRUE(Add(*outbox, {"1", "2"}).ok());
    EXPECT_EQ(outbox->settled_records(), 0u);
    ASSERT_TRUE(Acknowledge(*outbox, 1).ok());
    EXPECT_EQ(outbox->settled_records(), 2u);
  }
  auto outbox = OpenOutbox(Options());
  MemoryQueue memory("writer");
  ASSERT_TRUE(Add(memory, {"2"}).ok());
  for (BatchQueue* queue : std::initializer_list<BatchQueue*>{outbox.get(), &memory}) {
    EXPECT_EQ(queue->settled_records(), 0u);
    ASSERT_TRUE(Add(*queue, {"3", "4"}).ok());
    session::SendBase base = queue->base();
    base.first_number += 2;  // dropped
    ASSERT_TRUE(queue->SaveBase(base).ok());
    EXPECT_EQ(queue->settled_records(), 4u);
    ASSERT_TRUE(queue->SaveBase(base).ok());
    EXPECT_EQ(queue->settled_records(), 4u);
    ASSERT_TRUE(Acknowledge(*queue, 1).ok());
    EXPECT_EQ(queue->settled_records(), 6u);
  }
}

TEST_F(OutboxTest, ABatchThatWaitsWithoutItsRecordsIsDamage) {
  {
    auto outbox = OpenOutbox(Options());
    ASSERT_TRUE(Add(*outbox, {"1", "2"}).ok());
  }
  {
    store::DatabaseOptions raw;
    raw.path = Options().directory;
    raw.purpose = "outbox";
    raw.families = {{.name = "meta"}, {.name = "batches"}, {.name = "bodies"}};
    auto database = store::Database::Open(raw);
    ASSERT_TRUE(database.ok()) << database.status();
    store::WriteSet writes(**database);
    writes.Delete(store::Family{2}, EncodeNumber(2));
    ASSERT_TRUE((*database)->Commit(writes, store::Durability::kSynced).ok());
  }
  auto outbox = OpenOutbox(Options());
  EXPECT_TRUE(outbox->Body(1).ok());
  EXPECT_EQ(outbox->Body(2).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(outbox->Body(3).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OutboxTest, ListsNoMoreThanAskedFor) {
  auto outbox = OpenOutbox(Options());
  ASSERT_TRUE(Add(*outbox, {"1", "2", "3"}, /*padding=*/1'000).ok());
  EXPECT_EQ(outbox->List(1, 0)->size(), 1u);
  EXPECT_EQ(outbox->List(2, UINT64_MAX)->front().number, 2u);
  EXPECT_TRUE(outbox->List(4, UINT64_MAX)->empty());
}

TEST_F(OutboxTest, ReadsFromTheDiskWhatTheCacheHasNoRoomFor) {
  OutboxOptions options = Options();
  options.cache_bytes_max = 1;
  auto outbox = OpenOutbox(options);
  ASSERT_TRUE(Add(*outbox, {"1", "2"}).ok());
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("1a", "1b", "2a", "2b"));
}

TEST_F(OutboxTest, BelongsToOneDataset) {
  OpenOutbox(Options());
  OutboxOptions other = Options();
  other.dataset = "verkehr/zaehler";
  const absl::Status status = Outbox::Open(other).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("`wasser/regen`"));
}

TEST_F(OutboxTest, IsForOneProcessAtATime) {
  auto outbox = OpenOutbox(Options());
  EXPECT_EQ(Outbox::Open(Options()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(OutboxTest, NamesAMissingParentDirectory) {
  OutboxOptions options = Options();
  options.directory = directory_.File("no/such/outbox");
  EXPECT_EQ(Outbox::Open(options).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OutboxTest, GoesOnAfterAFullDisk) {
  SmallDisk disk(96 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  OutboxOptions options = Options();
  options.directory = disk.path() + "/outbox";
  auto outbox = OpenOutbox(options);
  ASSERT_TRUE(Add(*outbox, {"1"}).ok());
  disk.FillUp();
  absl::Status status;
  int added = 1;
  for (; added < 500; ++added) {
    status = Add(*outbox, {absl::StrCat(added + 1)}, /*padding=*/50'000);
    if (!status.ok()) break;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  EXPECT_EQ(outbox->last_number(), static_cast<uint64_t>(added));
  EXPECT_EQ(Waiting(*outbox).size(), 2u * added);
  disk.MakeRoom();
  // The engine notices by itself, after some seconds.
  for (int tries = 0; tries < 100 && !Add(*outbox, {"after"}).ok(); ++tries) ::usleep(100'000);
  EXPECT_EQ(Waiting(*outbox).size(), 2u * (added + 1));
  outbox.reset();
  outbox = OpenOutbox(options);
  EXPECT_EQ(Waiting(*outbox).size(), 2u * (added + 1));
}

TEST_F(OutboxTest, PromisesNothingMoreAfterAFailedSync) {
  auto outbox = OpenOutbox(Options());
  ASSERT_TRUE(Add(*outbox, {"1"}).ok());
  {
    FailingSync failing(EIO);
    EXPECT_EQ(Add(*outbox, {"2"}).code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Add(*outbox, {"3"}).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(outbox->last_number(), 1u);
  EXPECT_THAT(Waiting(*outbox), testing::ElementsAre("1a", "1b"));
}

TEST_F(OutboxTest, NoticesDamageInsteadOfSendingOtherRecords) {
  OutboxOptions options = Options();
  {
    auto outbox = OpenOutbox(options);
    std::vector<std::string> names;
    for (int i = 0; i < 200; ++i) names.push_back(absl::StrCat(i));
    for (int i = 0; i < 16; ++i) ASSERT_TRUE(Add(*outbox, names, /*padding=*/6'000).ok());
  }
  std::string largest;
  for (const auto& file : std::filesystem::directory_iterator(options.directory)) {
    if (file.path().extension() != ".sst") continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) largest = file.path().string();
  }
  ASSERT_FALSE(largest.empty());
  FlipBit(largest, std::filesystem::file_size(largest) / 2 * 8);
  const absl::StatusOr<std::unique_ptr<Outbox>> outbox = Outbox::Open(options);
  if (!outbox.ok()) {
    EXPECT_EQ(outbox.status().code(), absl::StatusCode::kDataLoss);
    return;
  }
  int damaged = 0;
  for (uint64_t number = 1; number <= (*outbox)->last_number(); ++number) {
    const absl::Status status = (*outbox)->Body(number).status();
    if (status.ok()) continue;
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    ++damaged;
  }
  EXPECT_GT(damaged, 0);
}

TEST_F(OutboxTest, TheQueueInMemoryBehavesAlike) {
  MemoryQueue queue("writer");
  ASSERT_TRUE(Add(queue, {"1", "2", "3"}).ok());
  EXPECT_EQ(queue.List(1, 0)->size(), 1u);
  ASSERT_TRUE(Acknowledge(queue, 2).ok());
  EXPECT_THAT(Waiting(queue), testing::ElementsAre("3a", "3b"));
  EXPECT_EQ(queue.waiting().records, 2u);
  EXPECT_EQ(queue.last_number(), 3u);
  EXPECT_EQ(queue.Body(1).status().code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Add(queue, {"4"}).ok());
  EXPECT_EQ(queue.last_number(), 4u);
}

TEST(OutboxEncodingTest, ReadsBackWhatItWrites) {
  crypto::Digest hash;
  hash.fill(7);
  session::SendBase base;
  base.dataset = *format::DatasetId::FromBytes("0123456789abcdef");
  base.epoch = 1;
  base.first_number = 2;
  base.next_sequence = 3;
  base.previous_hash = hash;
  EXPECT_EQ(*DecodeBase(EncodeBase(base)), base);
  session::PendingBatch batch;
  batch.number = 5;
  batch.record_count = 6;
  batch.encoded_bytes = 7;
  batch.created_us = -8;
  batch.root = hash;
  const session::PendingBatch read = *DecodeDescriptor(5, EncodeDescriptor(batch));
  EXPECT_EQ(read.created_us, -8);
  EXPECT_EQ(read.root, hash);
}

TEST(OutboxEncodingTest, RefusesOtherLengths) {
  const std::string base = EncodeBase({});
  EXPECT_EQ(DecodeBase(base.substr(1)).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeBase(base + "x").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeDescriptor(1, "").status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(DecodeNumber("1234567").status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace allmende::outbox
