#include "allmende/publisher.h"

#include <unistd.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/client/testing/fake_broker.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

absl::Time Soon() {
  return absl::Now() + absl::Seconds(20);
}

class PublisherTest : public testing::Test {
 protected:
  PublisherTest() {
    broker_.Start();
    client_ = ConnectForTest(city_, {broker_.endpoint()});
  }

  PublisherOptions Options() const {
    PublisherOptions options;
    options.dataset = "wasser/regen";
    options.outbox_directory = directory_.File("outbox");
    options.batch_records_max = 10;
    options.flush_interval = absl::Milliseconds(5);
    return options;
  }

  std::unique_ptr<Publisher> OpenPublisher(const PublisherOptions& options) {
    absl::StatusOr<std::unique_ptr<Publisher>> publisher = Publisher::Open(*client_, options);
    EXPECT_TRUE(publisher.ok()) << publisher.status();
    return publisher.ok() ? *std::move(publisher) : nullptr;
  }

  // Records `first` to `last` - 1.
  static void Append(Publisher& publisher, int first, int last) {
    for (int i = first; i < last; ++i) {
      const std::string payload = absl::StrCat("payload ", i);
      ASSERT_TRUE(publisher.Append({.key = "key", .payload = payload}).ok());
    }
  }

  // Exactly the records 0 to `count` - 1 are stored, each once and in order.
  void ExpectStored(int count) {
    const std::vector<FakeDataset::Item> records = dataset_.Records();
    ASSERT_EQ(records.size(), static_cast<size_t>(count));
    for (int i = 0; i < count; ++i) {
      EXPECT_EQ(records[i].payload, absl::StrCat("payload ", i));
      EXPECT_EQ(records[i].sequence, static_cast<uint64_t>(i + 1));
    }
  }

  const rpc::TestCity city_{"musterstadt"};
  FakeDataset dataset_;
  FakeBroker broker_{&city_, &dataset_};
  std::unique_ptr<Client> client_;
  TestDirectory directory_;
};

TEST_F(PublisherTest, StoresRecordsOnceAndInOrder) {
  for (const bool outbox : {true, false}) {
    PublisherOptions options = Options();
    if (!outbox) options.outbox_directory.clear();
    options.take_over = true;
    auto publisher = OpenPublisher(options);
    const int before = static_cast<int>(dataset_.Records().size());
    Append(*publisher, before, before + 1000);
    ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
    ExpectStored(before + 1000);
    const Publisher::Stats stats = publisher->stats();
    EXPECT_EQ(stats.appended_records, 1000u);
    EXPECT_EQ(stats.stored_records, 1000u);
    EXPECT_EQ(stats.outbox_records, 0u);
    EXPECT_EQ(stats.outbox_bytes, 0u);
    EXPECT_EQ(stats.next_sequence, before + 1001u);
    EXPECT_EQ(stats.connected_to, broker_.endpoint());
  }
  EXPECT_EQ(dataset_.repeats(), 0u);
}

TEST_F(PublisherTest, KeepsEachThreadsOrder) {
  auto publisher = OpenPublisher(Options());
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 300; ++i) {
        const std::string key = absl::StrCat(t);
        const std::string payload = absl::StrCat(i);
        ASSERT_TRUE(publisher->Append({.key = key, .payload = payload}).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  std::vector<int> next(3, 0);
  for (const FakeDataset::Item& item : dataset_.Records()) {
    EXPECT_EQ(item.payload, absl::StrCat(next[std::stoi(item.key)]++));
  }
  EXPECT_THAT(next, testing::Each(300));
}

TEST_F(PublisherTest, StoresNothingTwiceWhenAnswersAreLost) {
  // Of the batches that arrive, some are lost on the way there and some on the way back.
  dataset_.DecideFate([](uint64_t nth) {
    if (nth % 7 == 3) return BatchFate::kStoreAndCut;
    if (nth % 11 == 5) return BatchFate::kCut;
    return BatchFate::kStore;
  });
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 500);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(500);
  EXPECT_EQ(publisher->stats().stored_records, 500u);
  EXPECT_GT(publisher->stats().connects, 3u);
}

TEST_F(PublisherTest, FillsTheOutboxForAWeekOfflineAndThenSendsItAsItWas) {
  broker_.Kill();
  const absl::Time monday = absl::FromUnixSeconds(1'719'792'000);
  const auto clock = std::make_shared<ManualClock>(monday);
  client_->impl().tuning.clock = clock;
  for (int day = 0; day < 7; ++day) {
    // A new process each day.
    auto publisher = OpenPublisher(Options());
    Append(*publisher, day * 10, day * 10 + 10);
    ASSERT_TRUE(publisher->Flush().ok());
    EXPECT_EQ(publisher->stats().outbox_records, (day + 1) * 10u);
    EXPECT_EQ(publisher->stats().connected_to, "");
    EXPECT_EQ(publisher->Close(absl::Now()).code(), absl::StatusCode::kDeadlineExceeded);
    clock->Advance(absl::Hours(24));
  }
  broker_.Start();
  auto publisher = OpenPublisher(Options());
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(70);
  const std::vector<FakeDataset::Item> records = dataset_.Records();
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(records[i].created_us, absl::ToUnixMicros(monday + absl::Hours(24) * (i / 10)));
  }
}

TEST_F(PublisherTest, GoesOnAtAnotherEndpointWhenItsBrokerDies) {
  FakeBroker other(&city_, &dataset_);
  other.Start();
  client_ = ConnectForTest(city_, {broker_.endpoint(), other.endpoint()});
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 100);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(publisher->stats().connected_to, broker_.endpoint());
  Append(*publisher, 100, 150);
  broker_.Kill();
  Append(*publisher, 150, 200);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(publisher->stats().connected_to, other.endpoint());
  ExpectStored(200);
}

TEST_F(PublisherTest, KeepsWhatWasNotSentOverClosing) {
  broker_.Kill();
  {
    auto publisher = OpenPublisher(Options());
    Append(*publisher, 0, 25);
    while (publisher->stats().last_error.ok()) absl::SleepFor(absl::Milliseconds(1));
    const absl::Status status = publisher->Close(absl::Now());
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    EXPECT_THAT(std::string(status.message()), HasSubstr("25 records"));
    EXPECT_THAT(std::string(status.message()), HasSubstr("nobody listens"));
    EXPECT_EQ(publisher->Append({.payload = "late"}).code(), absl::StatusCode::kCancelled);
  }
  broker_.Start();
  auto publisher = OpenPublisher(Options());
  EXPECT_EQ(publisher->Close(Soon()), absl::OkStatus());
  ExpectStored(25);
}

TEST_F(PublisherTest, StopsAtABadRecordAndGoesOnOnceItIsDiscarded) {
  dataset_.DecideFate([](uint64_t nth) { return nth == 1 ? BatchFate::kRefuse : BatchFate::kStore; });
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 30);
  const absl::Status status = publisher->WaitUntilStored(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("record 1 of the batch, field `level`: it is too high"));
  EXPECT_EQ(publisher->stats().stopped, status);
  EXPECT_EQ(publisher->stats().outbox_records, 20u);

  const auto discarded = publisher->DiscardRefused();
  ASSERT_TRUE(discarded.ok()) << discarded.status();
  ASSERT_EQ(discarded->size(), 10u);
  EXPECT_EQ(discarded->front().payload, "payload 10");
  EXPECT_EQ(discarded->front().key, "key");
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(dataset_.Records().size(), 20u);
  EXPECT_EQ(publisher->DiscardRefused().status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PublisherTest, FillsTheOutboxWhileItIsStoppedAndThenSaysWhy) {
  dataset_.DecideFate([](uint64_t nth) { return nth == 0 ? BatchFate::kRefuse : BatchFate::kStore; });
  for (const bool block : {false, true}) {
    PublisherOptions options = Options();
    options.outbox_bytes_max = 20'000;
    options.block_when_full = block;
    auto publisher = OpenPublisher(options);
    if (!block) Append(*publisher, 0, 10);
    EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kInvalidArgument);

    absl::Status status;
    int taken = 0;
    while (taken < 1'000 && (status = publisher->Append({.payload = absl::StrCat("later ", taken)})).ok()) ++taken;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_GT(taken, block ? -1 : 100);
    EXPECT_EQ(publisher->Flush(), absl::OkStatus());
    EXPECT_LE(publisher->stats().outbox_bytes, 20'000u);
    EXPECT_EQ(publisher->WaitUntilStored(Soon()), publisher->stats().stopped);
    dataset_.DecideFate([](uint64_t nth) { return nth == 0 ? BatchFate::kRefuse : BatchFate::kStore; });
  }
  dataset_.DecideFate({});
  auto publisher = OpenPublisher(Options());
  const uint64_t waiting = publisher->stats().outbox_records;
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(dataset_.Records().size(), waiting);
}

TEST_F(PublisherTest, TakesNothingWithoutAnOutboxWhileItIsStopped) {
  dataset_.DecideFate([](uint64_t) { return BatchFate::kRefuse; });
  PublisherOptions options = Options();
  options.outbox_directory.clear();
  auto publisher = OpenPublisher(options);
  Append(*publisher, 0, 10);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher->Append({.payload = "more"}).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(PublisherTest, WaitsOutAFailedDiskOfTheBrokerAndAnExpiredCertificate) {
  dataset_.DecideFate([](uint64_t nth) {
    if (nth == 1) return BatchFate::kDiskFailed;
    if (nth == 2) return BatchFate::kExpired;
    return BatchFate::kStore;
  });
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 30);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(30);
  EXPECT_EQ(publisher->stats().connects, 3u);
}

// What moves from memory to the queue while it is counted must be counted all the same.
TEST_F(PublisherTest, TakesNothingForStoredThatIsNot) {
  broker_.Kill();
  PublisherOptions options = Options();
  options.outbox_directory.clear();
  options.batch_records_max = 1;
  auto publisher = OpenPublisher(options);
  std::atomic<int> appending = 2;
  Append(*publisher, 0, 1);
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      Append(*publisher, 0, 20'000);
      --appending;
    });
  }
  while (appending > 0) {
    const absl::Status status = publisher->WaitUntilStored(absl::InfinitePast());
    EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
    if (status.ok()) break;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(publisher->stats().outbox_records, 40'001u);
}

TEST_F(PublisherTest, ClosesTwice) {
  broker_.Kill();
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 5);
  EXPECT_EQ(publisher->Close(absl::Now()).code(), absl::StatusCode::kDeadlineExceeded);
  const absl::Time begun = absl::Now();
  EXPECT_EQ(publisher->Close(Soon()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(publisher->DiscardRefused().status().code(), absl::StatusCode::kCancelled);
  publisher.reset();
  EXPECT_LT(absl::Now() - begun, absl::Milliseconds(900));
}

TEST_F(PublisherTest, ClosingWakesWhoWaitsForTheBroker) {
  broker_.Kill();
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 5);
  std::thread waiting(
      [&] { EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kDeadlineExceeded); });
  const absl::Time begun = absl::Now();
  EXPECT_EQ(publisher->Close(absl::Now()).code(), absl::StatusCode::kDeadlineExceeded);
  waiting.join();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
}

TEST_F(PublisherTest, RemembersARefusedBatchOverReopening) {
  dataset_.DecideFate([](uint64_t) { return BatchFate::kRefuse; });
  {
    auto publisher = OpenPublisher(Options());
    Append(*publisher, 0, 10);
    EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kInvalidArgument);
  }
  dataset_.DecideFate({});
  auto publisher = OpenPublisher(Options());
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(10);
}

TEST_F(PublisherTest, IsFencedByTheWriterThatTakesOver) {
  auto first = OpenPublisher(Options());
  Append(*first, 0, 10);
  ASSERT_EQ(first->WaitUntilStored(Soon()), absl::OkStatus());

  PublisherOptions options = Options();
  options.outbox_directory = directory_.File("other");
  auto second = OpenPublisher(options);
  Append(*second, 10, 20);
  EXPECT_EQ(second->WaitUntilStored(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  second.reset();
  options.take_over = true;
  second = OpenPublisher(options);
  ASSERT_EQ(second->WaitUntilStored(Soon()), absl::OkStatus());

  ASSERT_TRUE(first->Append({.payload = "too late"}).ok());
  const absl::Status status = first->WaitUntilStored(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted) << status;
  EXPECT_EQ(first->stats().outbox_records, 1u);
  ExpectStored(20);
  EXPECT_EQ(dataset_.epoch(), 2u);
}

TEST_F(PublisherTest, SaysSoWhenTheBrokerHasLostAcknowledgedRecords) {
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 10);
  ASSERT_EQ(publisher->Close(Soon()), absl::OkStatus());
  publisher.reset();
  dataset_.ReplaceLog(/*same_id=*/true);
  publisher = OpenPublisher(Options());
  Append(*publisher, 10, 20);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(dataset_.Records().size(), 0u);
  EXPECT_EQ(publisher->stats().outbox_records, 10u);
}

TEST_F(PublisherTest, RefusesAnotherDatasetOfTheSameName) {
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 10);
  ASSERT_EQ(publisher->Close(Soon()), absl::OkStatus());
  publisher.reset();
  dataset_.ReplaceLog(/*same_id=*/false);
  publisher = OpenPublisher(Options());
  Append(*publisher, 10, 20);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(PublisherTest, BoundsWhatWaits) {
  broker_.Kill();
  for (const bool outbox : {true, false}) {
    PublisherOptions options = Options();
    if (!outbox) options.outbox_directory.clear();
    options.outbox_bytes_max = 100'000;
    options.block_when_full = false;
    auto publisher = OpenPublisher(options);
    const std::string payload(1'000, 'x');
    absl::Status status;
    int taken = 0;
    while (taken < 1'000 && (status = publisher->Append({.payload = payload})).ok()) ++taken;
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_GT(taken, 80);
    EXPECT_LE(publisher->stats().outbox_bytes, 100'000u);
    ASSERT_TRUE(publisher->Flush().ok());
  }
}

TEST_F(PublisherTest, WaitsForRoomWhenToldTo) {
  PublisherOptions options = Options();
  options.outbox_bytes_max = 20'000;
  auto publisher = OpenPublisher(options);
  Append(*publisher, 0, 2'000);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(2'000);
}

TEST_F(PublisherTest, KeepsToTheBrokersBounds) {
  dataset_.SetBounds(/*batch_bytes_max=*/1'000, /*in_flight_bytes_max=*/1'500);
  auto publisher = OpenPublisher(Options());
  Append(*publisher, 0, 300);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ExpectStored(300);
  ASSERT_TRUE(publisher->Append({.payload = std::string(2'000, 'x')}).ok());
  EXPECT_EQ(publisher->WaitUntilStored(Soon()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher->DiscardRefused()->size(), 1u);
}

TEST_F(PublisherTest, TakesARecordOfTheLargestSizeAndNoLargerOne) {
  PublisherOptions options = Options();
  options.outbox_directory.clear();
  auto publisher = OpenPublisher(options);
  const std::string largest(kRecordBytesMax - 3, 'x');
  EXPECT_TRUE(publisher->Append({.key = "key", .payload = largest}).ok());
  EXPECT_EQ(publisher->Append({.key = "key+", .payload = largest}).code(), absl::StatusCode::kInvalidArgument);
  const std::string long_key(kKeyBytesMax + 1, 'k');
  EXPECT_EQ(publisher->Append({.key = long_key}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher->Append({.operation = Operation::kErased}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(publisher->Append({.operation = Operation::kDelete}).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(publisher->Append({.operation = Operation::kDelete, .key = "key"}).ok());
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(dataset_.Records().size(), 2u);
}

TEST_F(PublisherTest, LosesNothingOnAFullDisk) {
  SmallDisk disk(96 << 20);
  if (!disk.status().ok()) GTEST_SKIP() << disk.status();
  broker_.Kill();
  PublisherOptions options = Options();
  options.outbox_directory = disk.path() + "/outbox";
  auto publisher = OpenPublisher(options);
  ASSERT_TRUE(publisher->Flush().ok());
  disk.FillUp();
  const std::string filler(20'000, 'x');
  int appended = 0;
  absl::Status status;
  while (appended < 2'000 && status.ok()) {
    for (int i = 0; i < 10; ++i, ++appended) {
      ASSERT_TRUE(publisher->Append({.key = absl::StrCat(appended), .payload = filler}).ok());
    }
    status = publisher->Flush();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << status;
  disk.MakeRoom();
  for (int tries = 0; tries < 100 && !(status = publisher->Flush()).ok(); ++tries) ::usleep(100'000);
  ASSERT_EQ(status, absl::OkStatus());
  broker_.Start();
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  const std::vector<FakeDataset::Item> records = dataset_.Records();
  ASSERT_EQ(records.size(), static_cast<size_t>(appended));
  for (int i = 0; i < appended; ++i) EXPECT_EQ(records[i].key, absl::StrCat(i));
}

TEST_F(PublisherTest, IsOneWriterADirectory) {
  auto publisher = OpenPublisher(Options());
  const absl::Status status = Publisher::Open(*client_, Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr(absl::StrCat(::getpid())));
}

TEST_F(PublisherTest, SaysWhatIsWrongWithItsOptions) {
  const auto code = [&](auto change) {
    PublisherOptions options = Options();
    change(options);
    return Publisher::Open(*client_, options).status().code();
  };
  EXPECT_EQ(code([](PublisherOptions& o) { o.dataset = ""; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.batch_records_max = 0; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.batch_records_max = 1 << 20; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.batch_bytes_target = 1 << 30; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.schema_hash = "short"; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.writer_id = std::string(16, 'w'); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](PublisherOptions& o) { o.outbox_directory = "/proc/no/such"; }), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace allmende
