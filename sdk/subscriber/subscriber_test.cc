#include "allmende/subscriber.h"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/client/testing/fake_broker.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

absl::Time Soon() {
  return absl::Now() + absl::Seconds(20);
}

class SubscriberTest : public testing::Test {
 protected:
  SubscriberTest() { Use(std::make_unique<FakeDataset>()); }

  void Use(std::unique_ptr<FakeDataset> dataset) {
    broker_.reset();
    dataset_ = std::move(dataset);
    broker_ = std::make_unique<FakeBroker>(&city_, dataset_.get());
    broker_->Start();
    client_ = ConnectForTest(city_, {broker_->endpoint()});
  }

  // A batch of `count` records whose payloads are their sequences.
  void Append(uint64_t count) {
    std::vector<std::string> payloads;
    std::vector<format::RecordContent> records;
    for (uint64_t i = 0; i < count; ++i) payloads.push_back(absl::StrCat(dataset_->head() + 1 + i));
    for (const std::string& payload : payloads) records.push_back({.key = "key", .payload = payload});
    dataset_->Append(records);
  }

  std::unique_ptr<Subscriber> Subscribe(SubscribeStart start = StartAtOldest{}) {
    SubscriberOptions options;
    options.dataset = "wasser/regen";
    options.start = std::move(start);
    return Subscribe(options);
  }
  std::unique_ptr<Subscriber> Subscribe(const SubscriberOptions& options) {
    absl::StatusOr<std::unique_ptr<Subscriber>> subscriber = Subscriber::Open(*client_, options);
    EXPECT_TRUE(subscriber.ok()) << subscriber.status();
    return *std::move(subscriber);
  }

  // Takes events until `Wanted` comes.
  template <typename Wanted>
  static std::optional<Wanted> NextOf(Subscriber& subscriber) {
    while (true) {
      absl::StatusOr<SubscriptionEvent> event = subscriber.Next(Soon());
      if (!event.ok()) {
        ADD_FAILURE() << event.status();
        return std::nullopt;
      }
      if (auto* wanted = std::get_if<Wanted>(&*event)) return std::move(*wanted);
    }
  }

  // The payloads until the watermark of `sequence`. Their sequences ascend.
  static std::vector<std::string> TakeUntil(Subscriber& subscriber, uint64_t sequence) {
    std::vector<std::string> payloads;
    uint64_t last = 0;
    while (true) {
      absl::StatusOr<SubscriptionEvent> event = subscriber.Next(Soon());
      if (!event.ok()) {
        ADD_FAILURE() << event.status();
        return payloads;
      }
      if (auto* batch = std::get_if<RecordBatch>(&*event)) {
        for (const RecordView& record : batch->records()) {
          EXPECT_GT(record.sequence, last);
          last = record.sequence;
          payloads.emplace_back(record.payload);
        }
      }
      auto* watermark = std::get_if<WatermarkReached>(&*event);
      if (watermark != nullptr && watermark->sequence >= sequence) return payloads;
    }
  }

  static std::vector<std::string> Numbers(uint64_t first, uint64_t last) {
    std::vector<std::string> numbers;
    for (uint64_t i = first; i <= last; ++i) numbers.push_back(absl::StrCat(i));
    return numbers;
  }

  const rpc::TestCity city_{"musterstadt"};
  std::unique_ptr<FakeDataset> dataset_;
  std::unique_ptr<FakeBroker> broker_;
  std::unique_ptr<Client> client_;
};

TEST_F(SubscriberTest, HandsOutWhatIsStoredAndThenWhatComes) {
  Append(3);
  Append(4);
  auto subscriber = Subscribe();
  const auto opened = NextOf<SubscriptionOpened>(*subscriber);
  ASSERT_TRUE(opened.has_value());
  EXPECT_FALSE(opened->resumed);
  EXPECT_EQ(opened->endpoint, broker_->endpoint());
  EXPECT_EQ(opened->opened.terms().agreement(), "agreement-1");
  EXPECT_EQ(TakeUntil(*subscriber, 7), Numbers(1, 7));
  Append(5);
  EXPECT_EQ(TakeUntil(*subscriber, 12), Numbers(8, 12));
  const Subscriber::Stats stats = subscriber->stats();
  EXPECT_EQ(stats.records, 12u);
  EXPECT_EQ(stats.sequence, 12u);
  EXPECT_EQ(stats.connects, 1u);
  EXPECT_EQ(stats.connected_to, broker_->endpoint());
  EXPECT_EQ(dataset_->requests()[0].purpose(), "testing");
}

TEST_F(SubscriberTest, BeginsWhereItIsTold) {
  Append(3);
  Append(4);
  EXPECT_EQ(TakeUntil(*Subscribe(StartAtSequence{5}), 7), Numbers(5, 7));
  EXPECT_EQ(TakeUntil(*Subscribe(StartAtSequence{8}), 7), Numbers(1, 0));
  auto only_new = Subscribe(StartAtHead{});
  EXPECT_EQ(TakeUntil(*only_new, 7), Numbers(1, 0));
  Append(1);
  EXPECT_EQ(TakeUntil(*only_new, 8), Numbers(8, 8));
}

TEST_F(SubscriberTest, ResumesWithATokenInAnotherProcess) {
  Append(3);
  std::string token;
  {
    auto subscriber = Subscribe();
    while (true) {
      const auto watermark = NextOf<WatermarkReached>(*subscriber);
      ASSERT_TRUE(watermark.has_value());
      if (watermark->sequence == 3) {
        token = watermark->resume_token;
        break;
      }
    }
  }
  Append(2);
  EXPECT_EQ(TakeUntil(*Subscribe(StartAtToken{token}), 5), Numbers(4, 5));

  dataset_->ReplaceLog(/*same_id=*/true);
  auto refused = Subscribe(StartAtToken{token});
  EXPECT_EQ(refused->Next(Soon()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SubscriberTest, HandsOutEachRecordOnceOverBrokenConnections) {
  for (int i = 0; i < 30; ++i) Append(3);
  std::atomic<int> messages = 0;
  dataset_->SetTamper([&](v1::SubscribeResponse&) { return ++messages % 6 != 0; });
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 90), Numbers(1, 90));
  EXPECT_GT(subscriber->stats().connects, 3u);
}

TEST_F(SubscriberTest, GoesOnAtAnotherEndpointWhenItsBrokerDies) {
  FakeBroker other(&city_, dataset_.get());
  other.Start();
  client_ = ConnectForTest(city_, {broker_->endpoint(), other.endpoint()});
  Append(3);
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
  broker_->Kill();
  Append(2);
  const auto opened = NextOf<SubscriptionOpened>(*subscriber);
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(opened->resumed);
  EXPECT_EQ(opened->endpoint, other.endpoint());
  EXPECT_EQ(TakeUntil(*subscriber, 5), Numbers(4, 5));
}

TEST_F(SubscriberTest, WaitsWithoutABrokerAndSaysWhy) {
  Append(3);
  broker_->Kill();
  auto subscriber = Subscribe();
  while (subscriber->stats().last_error.ok()) absl::SleepFor(absl::Milliseconds(1));
  const absl::Status status = subscriber->Next(absl::Now()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(std::string(status.message()), HasSubstr("nobody listens"));
  broker_->Start();
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
}

TEST_F(SubscriberTest, FetchesADamagedDeliveryAgain) {
  Append(3);
  Append(3);
  Append(3);
  std::atomic<int> damaged = 0;
  dataset_->SetTamper([&](v1::SubscribeResponse& response) {
    if (response.batch().first_sequence() == 4 && damaged++ < 2) response.mutable_batch()->mutable_original()->back()++;
    return true;
  });
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 9), Numbers(1, 9));
  EXPECT_EQ(subscriber->stats().connects, 3u);
}

TEST_F(SubscriberTest, GivesUpOnADeliveryThatStaysDamaged) {
  Append(3);
  Append(3);
  dataset_->SetTamper([&](v1::SubscribeResponse& response) {
    if (response.batch().first_sequence() == 4) response.mutable_batch()->mutable_original()->back()++;
    return true;
  });
  auto subscriber = Subscribe();
  EXPECT_EQ(NextOf<RecordBatch>(*subscriber)->last_sequence(), 3u);
  absl::StatusOr<SubscriptionEvent> event = subscriber->Next(Soon());
  while (event.ok()) event = subscriber->Next(Soon());
  EXPECT_EQ(event.status().code(), absl::StatusCode::kDataLoss) << event.status();
  EXPECT_THAT(std::string(event.status().message()), HasSubstr("from record 4"));
  EXPECT_EQ(subscriber->Next(Soon()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(SubscriberTest, RefusesALogThatWasReplacedUnderIt) {
  Append(3);
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
  broker_->Kill();
  dataset_->ReplaceLog(/*same_id=*/false);
  Append(9);
  broker_->Start();
  EXPECT_EQ(subscriber->Next(Soon()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(SubscriberTest, ReportsWithheldRangesToThoseWhoAskForThem) {
  Append(3);
  Append(3);
  Append(3);
  dataset_->SetView(
      [](const format::RecordView& record) -> std::optional<std::string> {
        const int number = std::stoi(std::string(record.payload));
        if (number >= 4 && number <= 7) return std::nullopt;
        return "<" + std::string(record.payload) + ">";
      },
      "filtered", false);
  SubscriberOptions options;
  options.dataset = "wasser/regen";
  options.report_withheld = true;
  auto subscriber = Subscribe(options);
  const auto withheld = NextOf<WithheldRange>(*subscriber);
  ASSERT_TRUE(withheld.has_value());
  EXPECT_EQ(withheld->first_sequence, 4u);
  EXPECT_EQ(withheld->last_sequence, 6u);
  const auto batch = NextOf<RecordBatch>(*subscriber);
  EXPECT_EQ(batch->first_sequence(), 7u);
  ASSERT_EQ(batch->records().size(), 2u);
  EXPECT_EQ(batch->records()[0].sequence, 8u);
  EXPECT_FALSE(batch->original());

  EXPECT_THAT(TakeUntil(*Subscribe(), 9), ElementsAre("<1>", "<2>", "<3>", "<8>", "<9>"));
}

TEST_F(SubscriberTest, BeginsASnapshotAnewThatBrokeOff) {
  Use(std::make_unique<FakeDataset>(v1::TABLE));
  for (const char* key : {"a", "b", "a", "c"}) {
    const std::string payload = absl::StrCat(dataset_->head() + 1);
    dataset_->Append({{.key = key, .payload = payload}});
  }
  dataset_->Append({{.operation = format::Operation::kDelete, .key = "c"}});
  std::atomic<bool> broken = false;
  dataset_->SetTamper(
      [&](v1::SubscribeResponse& response) { return response.batch().first_sequence() != 3 || broken.exchange(true); });
  auto subscriber = Subscribe(StartWithSnapshot{});
  EXPECT_TRUE(NextOf<SubscriptionOpened>(*subscriber)->opened.snapshot());
  const auto again = NextOf<SubscriptionOpened>(*subscriber);
  EXPECT_FALSE(again->resumed);
  EXPECT_THAT(TakeUntil(*subscriber, 5), ElementsAre("2", "3"));
  dataset_->Append({{.key = "c", .payload = "back"}});
  EXPECT_THAT(TakeUntil(*subscriber, 6), ElementsAre("back"));
}

TEST_F(SubscriberTest, SaysWhenTheTermsChange) {
  Append(3);
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
  dataset_->SetView([](const format::RecordView&) { return std::string("less"); }, "narrow", true);
  const auto changed = NextOf<TermsChanged>(*subscriber);
  EXPECT_TRUE(changed->narrowed);
  EXPECT_EQ(changed->cause, "release");
  EXPECT_EQ(changed->terms.view_id(), "narrow");
  Append(1);
  EXPECT_THAT(TakeUntil(*subscriber, 4), ElementsAre("less"));
}

TEST_F(SubscriberTest, EndsWithTheRefusal) {
  Append(3);
  auto subscriber = Subscribe();
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
  dataset_->Refuse("policy-expired");
  const auto ended = NextOf<SubscriptionEnded>(*subscriber);
  EXPECT_FALSE(ended->complete);
  EXPECT_EQ(ended->refused.code(), "policy-expired");
  EXPECT_EQ(subscriber->Next(Soon()).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(SubscriberTest, StopsAtTheHead) {
  Append(3);
  SubscriberOptions options;
  options.dataset = "wasser/regen";
  options.stop_at_head = true;
  auto subscriber = Subscribe(options);
  EXPECT_EQ(TakeUntil(*subscriber, 3), Numbers(1, 3));
  EXPECT_TRUE(NextOf<SubscriptionEnded>(*subscriber)->complete);
  EXPECT_EQ(subscriber->Next(Soon()).status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(SubscriberTest, MakesTheBrokerWaitForASlowReader) {
  const std::string large(100'000, 'x');
  for (int i = 0; i < 200; ++i) dataset_->Append({{.key = "key", .payload = large}});
  std::atomic<int> sent = 0;
  dataset_->SetTamper([&](v1::SubscribeResponse&) {
    ++sent;
    return true;
  });
  client_->impl().tuning.silence_timeout = absl::Seconds(1);
  SubscriberOptions options;
  options.dataset = "wasser/regen";
  options.buffer_bytes_max = 500'000;
  auto subscriber = Subscribe(options);
  int taken = 0;
  while (taken < 200) {
    if (NextOf<RecordBatch>(*subscriber).has_value()) ++taken;
    if (taken == 1) {
      // Longer than the broker may be silent, which says nothing while it is made to wait.
      absl::SleepFor(absl::Milliseconds(1500));
      EXPECT_LT(sent, 100);
    }
  }
  EXPECT_EQ(subscriber->stats().connects, 1u);
}

TEST_F(SubscriberTest, MakesTheBrokerWaitForAReaderWhoTakesNoWithheldRanges) {
  for (int i = 0; i < 3000; ++i) dataset_->Append({{.key = "key", .payload = "x"}});
  dataset_->SetView([](const format::RecordView&) { return std::optional<std::string>(); }, "nothing", false);
  // So the head that is heard of is the last range that was received.
  dataset_->SetTamper([](v1::SubscribeResponse& response) {
    if (response.has_opened()) response.mutable_opened()->set_head_sequence(0);
    return true;
  });
  SubscriberOptions options;
  options.dataset = "wasser/regen";
  options.report_withheld = true;
  options.buffer_bytes_max = 20'000;
  auto subscriber = Subscribe(options);
  while (subscriber->stats().head_sequence < 30) absl::SleepFor(absl::Milliseconds(1));
  for (uint64_t before = 0; before != subscriber->stats().head_sequence;) {
    before = subscriber->stats().head_sequence;
    absl::SleepFor(absl::Milliseconds(200));
  }
  EXPECT_LT(subscriber->stats().head_sequence, 1000u);
  // It goes on once room is made.
  uint64_t last = 0;
  while (last < 3000) {
    const auto withheld = NextOf<WithheldRange>(*subscriber);
    ASSERT_TRUE(withheld.has_value());
    EXPECT_EQ(withheld->first_sequence, last + 1);
    last = withheld->last_sequence;
  }
}

TEST_F(SubscriberTest, TakesAViewForNarrowerIfTheBrokerDoesNotSayThatItIsNot) {
  dataset_->SetTamper([](v1::SubscribeResponse& response) {
    if (response.has_entitlement_changed()) response.mutable_entitlement_changed()->clear_not_narrower();
    return true;
  });
  auto subscriber = Subscribe();
  (void)NextOf<SubscriptionOpened>(*subscriber);
  dataset_->SetView({}, "other", /*narrowed=*/false);
  const auto changed = NextOf<TermsChanged>(*subscriber);
  ASSERT_TRUE(changed.has_value());
  EXPECT_TRUE(changed->narrowed);
}

TEST_F(SubscriberTest, GivesUpOnASilentBroker) {
  std::atomic<int> opened = 0;
  client_->impl().tuning.silence_timeout = absl::Milliseconds(100);
  dataset_->SetTamper([&](v1::SubscribeResponse& response) {
    if (response.has_opened()) ++opened;
    return true;
  });
  auto subscriber = Subscribe();
  while (opened < 3) ASSERT_TRUE(subscriber->Next(Soon()).ok());
}

TEST_F(SubscriberTest, ReturnsAtOnceWhenCancelled) {
  auto subscriber = Subscribe();
  (void)NextOf<WatermarkReached>(*subscriber);
  std::thread other([&] { subscriber->Cancel(); });
  EXPECT_EQ(subscriber->Next(absl::InfiniteFuture()).status().code(), absl::StatusCode::kCancelled);
  other.join();
  EXPECT_EQ(subscriber->Next(absl::InfiniteFuture()).status().code(), absl::StatusCode::kCancelled);
}

TEST_F(SubscriberTest, SaysWhatIsWrongWithItsOptions) {
  SubscriberOptions options;
  EXPECT_EQ(Subscriber::Open(*client_, options).status().code(), absl::StatusCode::kInvalidArgument);
  options.dataset = "wasser/regen";
  options.start = StartAtSequence{0};
  EXPECT_EQ(Subscriber::Open(*client_, options).status().code(), absl::StatusCode::kInvalidArgument);
  options.start = StartAtToken{};
  EXPECT_EQ(Subscriber::Open(*client_, options).status().code(), absl::StatusCode::kInvalidArgument);
  options.start = StartAtOldest{};
  options.buffer_bytes_max = 0;
  EXPECT_EQ(Subscriber::Open(*client_, options).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende
