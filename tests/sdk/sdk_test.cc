// Publisher, Subscriber and Replica through their public headers, against a real broker that comes and goes.
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "allmende/client.h"
#include "allmende/publisher.h"
#include "allmende/replica.h"
#include "allmende/schema.h"
#include "allmende/subscriber.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "broker/testing/exchange_fixture.h"
#include "sdk/pki/city.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

absl::Time Soon() {
  return absl::Now() + absl::Seconds(60);
}

// What the operator `navi` sees of a record: the shaft is gone.
struct Seen {
  std::string id;
  int level = 0;
  bool operator==(const Seen&) const = default;
};

class SdkTest : public broker::ExchangeTest {
 protected:
  void SetUp() override {
    ExchangeTest::SetUp();
    agency_ = Connect("amt");
    operator_ = Connect("navi");
  }

  std::unique_ptr<Client> Connect(const std::string& participant) {
    absl::StatusOr<std::unique_ptr<Client>> client = Client::Connect(
        {.profile = broker_.Profile(participant), .endpoints = {broker_.endpoint()}, .purpose = "verkehrslenkung"});
    EXPECT_TRUE(client.ok()) << client.status();
    return *std::move(client);
  }

  std::unique_ptr<Publisher> OpenPublisher(const std::string& dataset) {
    PublisherOptions options;
    options.dataset = dataset;
    options.outbox_directory = directory_.File(dataset == "amt/orte" ? "outbox-orte" : "outbox-pegel");
    options.batch_records_max = 16;
    options.flush_interval = absl::Milliseconds(5);
    absl::StatusOr<std::unique_ptr<Publisher>> publisher = Publisher::Open(*agency_, options);
    EXPECT_TRUE(publisher.ok()) << publisher.status();
    return *std::move(publisher);
  }

  // Record `level` of `id`; a delete where the level is negative.
  void Append(Publisher& publisher, const std::string& id, int level) {
    const auto message = schema_.NewRecord();
    const google::protobuf::Descriptor& fields = schema_.descriptor();
    const google::protobuf::Reflection& reflection = *message->GetReflection();
    reflection.SetString(message.get(), fields.FindFieldByName("id"), id);
    if (level >= 0) {
      reflection.SetInt32(message.get(), fields.FindFieldByName("level"), level);
      reflection.SetString(message.get(), fields.FindFieldByName("shaft"), "secret shaft");
    }
    const std::string payload = message->SerializeAsString();
    NewRecord record{.operation = level >= 0 ? Operation::kUpsert : Operation::kDelete, .payload = payload};
    std::string key;
    ASSERT_EQ(dataset_schema_.Describe(record, key), absl::OkStatus());
    ASSERT_EQ(publisher.Append(record), absl::OkStatus());
  }

  Seen Read(const std::string& payload) {
    const auto message = schema_.NewRecord();
    EXPECT_TRUE(message->ParseFromString(payload));
    const google::protobuf::Descriptor& fields = schema_.descriptor();
    const google::protobuf::Reflection& reflection = *message->GetReflection();
    EXPECT_EQ(reflection.GetString(*message, fields.FindFieldByName("shaft")), "");
    return {reflection.GetString(*message, fields.FindFieldByName("id")),
            reflection.GetInt32(*message, fields.FindFieldByName("level"))};
  }

  std::unique_ptr<Replica> OpenReplica(const std::string& dataset) {
    const std::string name = dataset == "amt/orte" ? "replica-orte" : "replica-pegel";
    absl::StatusOr<std::unique_ptr<Replica>> replica = Replica::Open(directory_.File(name), {.dataset = dataset});
    EXPECT_TRUE(replica.ok()) << replica.status();
    return *std::move(replica);
  }
  std::unique_ptr<Replica> OpenAndSync(const std::string& dataset) {
    std::unique_ptr<Replica> replica = OpenReplica(dataset);
    EXPECT_TRUE(replica->StartSync(*operator_).ok());
    EXPECT_EQ(replica->WaitUntilSynced(Soon()), absl::OkStatus());
    return replica;
  }

  std::vector<Seen> All(Replica& replica, bool table) {
    auto cursor = table ? replica.Scan() : replica.ScanSequences();
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    std::vector<Seen> all;
    while (cursor.ok() && (*cursor)->Next()) all.push_back(Read(std::string((*cursor)->record().payload)));
    EXPECT_TRUE(cursor.ok() && (*cursor)->status().ok());
    return all;
  }

  void Restart() {
    broker_.Stop();
    ASSERT_EQ(broker_.Start(), absl::OkStatus());
  }

  const Schema dataset_schema_ = *Schema::Create(schema_.descriptor_set(), "test.Record");
  TestDirectory directory_;
  std::unique_ptr<Client> agency_;
  std::unique_ptr<Client> operator_;
};

TEST_F(SdkTest, EachRecordArrivesOnceWhileTheBrokerComesAndGoes) {
  constexpr int kRecords = 3'000;
  auto publisher = OpenPublisher("amt/pegel");
  auto replica = OpenReplica("amt/pegel");
  ASSERT_TRUE(replica->StartSync(*operator_).ok());
  auto subscriber = *Subscriber::Open(*operator_, {.dataset = "amt/pegel"});
  std::vector<Seen> received;
  std::thread reader([&] {
    uint64_t next = 1;
    while (received.size() < kRecords) {
      absl::StatusOr<SubscriptionEvent> event = subscriber->Next(Soon());
      ASSERT_TRUE(event.ok()) << event.status();
      const auto* batch = std::get_if<RecordBatch>(&*event);
      if (batch == nullptr) continue;
      for (const RecordView& record : batch->records()) {
        ASSERT_EQ(record.sequence, next++);
        received.push_back(Read(std::string(record.payload)));
      }
    }
  });
  for (int i = 0; i < kRecords; ++i) {
    Append(*publisher, absl::StrCat("id", i), i);
    if (i % 700 == 350) Restart();
  }
  EXPECT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  reader.join();
  EXPECT_EQ(replica->WaitForSequence(kRecords, Soon()), absl::OkStatus());
  const std::vector<Seen> copied = All(*replica, false);
  ASSERT_EQ(received.size(), static_cast<size_t>(kRecords));
  EXPECT_EQ(copied, received);
  for (int i = 0; i < kRecords; ++i) {
    ASSERT_EQ(received[i].id, absl::StrCat("id", i));
    ASSERT_EQ(received[i].level, i);
  }
  EXPECT_EQ(agency_->GetDataset("amt/pegel")->next_sequence(), kRecords + 1u);
}

TEST_F(SdkTest, ATableReplicaEqualsTheTableAndOutlivesItsBroker) {
  auto publisher = OpenPublisher("amt/orte");
  std::map<std::string, int> expected;
  const auto change = [&](int from, int to) {
    for (int i = from; i < to; ++i) {
      const std::string id = absl::StrCat("id", 100 + i * 7 % 50);
      const int level = i % 5 == 4 ? -1 : i;
      Append(*publisher, id, level);
      expected.erase(id);
      if (level >= 0) expected[id] = level;
    }
    ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  };
  const auto expect_equal = [&](Replica& replica) {
    std::map<std::string, int> found;
    for (const Seen& seen : All(replica, true)) found[seen.id] = seen.level;
    EXPECT_EQ(found, expected);
    EXPECT_EQ(replica.status().records, expected.size());
  };
  change(0, 300);
  auto replica = OpenAndSync("amt/orte");
  expect_equal(*replica);
  change(300, 400);
  ASSERT_EQ(replica->WaitForSequence(400, Soon()), absl::OkStatus());
  expect_equal(*replica);
  EXPECT_GT(replica->status().info.lease_until, absl::Now() + absl::Hours(24 * 6));

  // A cold start with no broker at all, and then the rest.
  replica.reset();
  std::map<std::string, int> at_400 = expected;
  change(400, 450);
  ASSERT_NE(at_400, expected);
  broker_.Stop();
  replica = OpenReplica("amt/orte");
  at_400.swap(expected);
  expect_equal(*replica);
  at_400.swap(expected);
  EXPECT_EQ(replica->status().info.source, ReadInfo::Source::kOffline);
  EXPECT_EQ(replica->status().info.watermark, 400u);
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  ASSERT_TRUE(replica->StartSync(*operator_).ok());
  ASSERT_EQ(replica->WaitForSequence(450, Soon()), absl::OkStatus());
  expect_equal(*replica);
  EXPECT_EQ(replica->status().snapshots, 0u) << "resumed, not copied anew";
}

TEST_F(SdkTest, AReplicaOfFilteredRowsHoldsWhatMayBeSeenNow) {
  ASSERT_EQ(broker_.Release("amt/orte", broker::PolicyText("amt/orte", broker::kFields,
                                                           absl::StrCat(broker::kNavigationGetsPublic,
                                                                        "    rows: {level: {at_least: 50}}\n"))),
            absl::OkStatus());
  auto publisher = OpenPublisher("amt/orte");
  std::map<std::string, int> expected;
  uint64_t sequence = 0;
  const auto change = [&](int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = absl::StrCat("id", 100 + sequence * 7 % 40);
      const int level = sequence % 6 == 5 ? -1 : static_cast<int>(sequence * 37 % 100);
      Append(*publisher, id, level);
      expected.erase(id);
      if (level >= 50) expected[id] = level;
      ++sequence;
    }
    ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  };
  const auto expect_equal = [&](Replica& replica) {
    std::map<std::string, int> found;
    for (const Seen& seen : All(replica, true)) found[seen.id] = seen.level;
    EXPECT_EQ(found, expected);
    EXPECT_EQ(replica.status().records, expected.size());
  };
  change(100);
  auto replica = OpenAndSync("amt/orte");
  expect_equal(*replica);
  for (int round = 0; round < 5; ++round) {
    change(60);
    ASSERT_EQ(replica->WaitForSequence(sequence, Soon()), absl::OkStatus());
    expect_equal(*replica);
  }
  replica.reset();
  change(100);
  replica = OpenReplica("amt/orte");
  ASSERT_TRUE(replica->StartSync(*operator_).ok());
  ASSERT_EQ(replica->WaitForSequence(sequence, Soon()), absl::OkStatus());
  expect_equal(*replica);
  EXPECT_EQ(replica->status().snapshots, 0u) << "resumed, not copied anew";
}

TEST_F(SdkTest, AReplicaThatMissedWhatWasErasedMeanwhileIsMadeAnewOnce) {
  v1::CreateDatasetRequest create;
  create.set_name("amt/lagen");
  create.set_kind(v1::TABLE);
  create.set_schema(schema_.descriptor_set());
  create.set_message_name("test.Record");
  create.mutable_retention()->set_latest(true);
  grpc::ClientContext create_context;
  v1::Dataset created;
  ASSERT_TRUE(
      v1::CatalogueService::NewStub(broker_.Connect("amt"))->CreateDataset(&create_context, create, &created).ok());
  ASSERT_EQ(broker_.Release("amt/lagen", broker::PolicyText("amt/lagen", broker::kFields,
                                                            absl::StrCat(broker::kNavigationGetsPublic,
                                                                         "    rows: {level: {at_least: 50}}\n"))),
            absl::OkStatus());
  auto publisher = OpenPublisher("amt/lagen");
  Append(*publisher, "a", 70);
  Append(*publisher, "b", 9);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  auto replica = OpenAndSync("amt/lagen");
  EXPECT_EQ(All(*replica, true), std::vector<Seen>({{"a", 70}}));
  replica.reset();

  constexpr int kMore = 1'200;  // enough for the broker to look for what is superseded
  Append(*publisher, "a", 9);
  for (int i = 0; i < kMore; ++i) Append(*publisher, "c", 60 + i % 40);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  const auto reading = v1::ExchangeService::NewStub(broker_.Connect("navi"));
  v1::ReadRequest read;
  read.set_dataset("amt/lagen");
  read.set_purpose("verkehrslenkung");
  read.set_records_max(1);
  v1::ReadResponse first;
  for (const absl::Time give_up = Soon(); absl::Now() < give_up; absl::SleepFor(absl::Milliseconds(50))) {
    grpc::ClientContext context;
    ASSERT_TRUE(reading->Read(&context, read, &first).ok());
    ASSERT_EQ(first.records().records_size(), 1) << first.ShortDebugString();
    if (first.records().records(0).operation() == v1::ERASED) break;
  }
  ASSERT_EQ(first.records().records(0).operation(), v1::ERASED);

  replica = OpenReplica("amt/lagen");
  ASSERT_TRUE(replica->StartSync(*operator_).ok());
  ASSERT_EQ(replica->WaitForSequence(kMore + 3, Soon()), absl::OkStatus());
  EXPECT_EQ(All(*replica, true), std::vector<Seen>({{"c", 60 + (kMore - 1) % 40}}));
  Append(*publisher, "c", 9);
  Append(*publisher, "b", 10);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ASSERT_EQ(replica->WaitForSequence(kMore + 5, Soon()), absl::OkStatus());
  EXPECT_EQ(All(*replica, true), std::vector<Seen>());
  EXPECT_EQ(replica->status().snapshots, 1u);
}

TEST_F(SdkTest, ARecordThatDoesNotFitIsNamedAndCanBeDiscarded) {
  auto publisher = OpenPublisher("amt/pegel");
  Append(*publisher, "good", 1);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  ASSERT_TRUE(publisher->Append({.payload = "garbage"}).ok());
  const absl::Status status = publisher->WaitUntilStored(Soon());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("record 0 of the batch"));
  EXPECT_EQ(publisher->DiscardRefused()->front().payload, "garbage");
  Append(*publisher, "good", 2);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(agency_->GetDataset("amt/pegel")->next_sequence(), 3u);
}

TEST_F(SdkTest, AReleaseThatPermitsNothingClosesTheReplica) {
  auto publisher = OpenPublisher("amt/pegel");
  Append(*publisher, "id", 1);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  auto replica = OpenAndSync("amt/pegel");
  EXPECT_TRUE(replica->GetSequence(1).ok());
  ASSERT_EQ(
      broker_.Release("amt/pegel", broker::PolicyText("amt/pegel", broker::kFields, broker::kFireServiceInCrisis)),
      absl::OkStatus());
  const absl::Time begun = absl::Now();
  while (replica->GetSequence(1).ok() && absl::Now() < Soon()) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_LT(absl::Now() - begun, absl::Seconds(2));
  EXPECT_EQ(replica->GetSequence(1).status().code(), absl::StatusCode::kPermissionDenied);

  auto subscriber = *Subscriber::Open(*operator_, {.dataset = "amt/pegel"});
  const absl::StatusOr<SubscriptionEvent> event = subscriber->Next(Soon());
  ASSERT_TRUE(event.ok()) << event.status();
  ASSERT_TRUE(std::holds_alternative<SubscriptionEnded>(*event));
  EXPECT_NE(std::get<SubscriptionEnded>(*event).refused.code(), "");
}

TEST_F(SdkTest, APublisherGoesOnUnderARenewedCertificate) {
  auto publisher = OpenPublisher("amt/pegel");
  int count = 0;
  Append(*publisher, "id", count++);
  ASSERT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  const auto issued = pki::ListCertificates(broker_.directory());
  ASSERT_TRUE(issued.ok()) << issued.status();
  for (const pki::CertificateEntry& entry : *issued) {
    if (entry.participant != "amt") continue;
    ASSERT_EQ(pki::Revoke(broker_.directory(), {.subject = entry.serial, .reason = "key lost"}, absl::Now()),
              absl::OkStatus());
  }
  const absl::Time give_up = Soon();
  while (!absl::IsUnauthenticated(publisher->stats().last_error) && absl::Now() < give_up) {
    Append(*publisher, "id", count++);
    (void)publisher->WaitUntilStored(absl::Now() + absl::Milliseconds(50));
  }
  EXPECT_EQ(publisher->stats().last_error.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(publisher->stats().stopped, absl::OkStatus());

  pki::IssueOptions renewal;
  renewal.participant = "amt";
  renewal.roles.Add(policy::Role::kAgency);
  renewal.renew = true;
  const auto renewed = pki::IssueCertificate(broker_.directory(), renewal, absl::Now());
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  Append(*publisher, "id", count++);
  EXPECT_EQ(publisher->WaitUntilStored(Soon()), absl::OkStatus());
  EXPECT_EQ(agency_->GetDataset("amt/pegel")->next_sequence(), static_cast<uint64_t>(count) + 1);
}

TEST_F(SdkTest, ASecondOutboxMustTakeOver) {
  auto first = OpenPublisher("amt/pegel");
  Append(*first, "id", 1);
  ASSERT_EQ(first->WaitUntilStored(Soon()), absl::OkStatus());
  PublisherOptions options;
  options.dataset = "amt/pegel";
  auto second = *Publisher::Open(*agency_, options);
  Append(*second, "id", 2);
  EXPECT_EQ(second->WaitUntilStored(Soon()).code(), absl::StatusCode::kFailedPrecondition);
  second.reset();
  options.take_over = true;
  second = *Publisher::Open(*agency_, options);
  Append(*second, "id", 3);
  EXPECT_EQ(second->WaitUntilStored(Soon()), absl::OkStatus());
  Append(*first, "id", 4);
  EXPECT_FALSE(first->WaitUntilStored(Soon()).ok());
  EXPECT_EQ(agency_->GetDataset("amt/pegel")->next_sequence(), 3u);
}

}  // namespace
}  // namespace allmende
