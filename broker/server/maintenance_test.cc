// What a broker does by itself while it runs.
#include <cerrno>
#include <functional>

#include "allmende/v1/catalogue.grpc.pb.h"
#include "broker/testing/exchange_fixture.h"
#include "grpcpp/generic/generic_stub.h"
#include "sdk/base/file.h"
#include "sdk/http/testing/fetch.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/pki/profile.h"
#include "sdk/rpc/status.h"
#include "sdk/testing/disk_faults.h"
#include "sdk/testing/test_directory.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

// Whether `happened` becomes true in time.
bool Within(absl::Duration time, const std::function<bool()>& happened) {
  const absl::Time give_up = absl::Now() + time;
  while (!happened()) {
    if (absl::Now() > give_up) {
      return false;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

// What grpc.health.v1.Health says of the whole server: a HealthCheckResponse with one enumeration.
std::string AskHealth(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  const grpc::Slice nothing;
  const grpc::ByteBuffer request(&nothing, 1);
  grpc::ByteBuffer response;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
  call->StartCall();
  grpc::Status status;
  int tag = 0;
  call->Finish(&response, &status, &tag);
  void* done = nullptr;
  bool ok = false;
  queue.Next(&done, &ok);
  grpc::Slice answer;
  if (!status.ok() || !response.DumpToSingleSlice(&answer).ok()) {
    return status.error_message();
  }
  return std::string(reinterpret_cast<const char*>(answer.begin()), answer.size());
}

const std::string kServing = "\x08\x01";
const std::string kNotServing = "\x08\x02";

using MaintenanceTest = ExchangeTest;

TEST_F(MaintenanceTest, AfterAFailedDiskTheBrokerSaysSoAndANewStartHelps) {
  Store("amt/pegel", 0, 3, 3);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_stop_at_head(true);
  ASSERT_TRUE(Reader(request)->ReceiveAll().ok());  // now the agreement is recorded
  const auto channel = broker_.Connect("amt");
  EXPECT_EQ(AskHealth(channel), kServing);
  EXPECT_FALSE(broker_.server()->failed());
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  {
    const FailingSync failing(EIO);
    EXPECT_EQ(writer->Store({At(3, "a", 3)}).status().code(), absl::StatusCode::kDataLoss);
  }
  EXPECT_TRUE(Within(absl::Seconds(10), [&] { return broker_.server()->failed(); }));
  EXPECT_EQ(AskHealth(channel), kNotServing);
  const auto reader = Reader(request);
  EXPECT_TRUE(reader->ReceiveAll().ok()) << "what is there can be read";
  EXPECT_EQ(reader->records().size(), 3);
  broker_.Stop();
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  EXPECT_EQ(AskHealth(broker_.Connect("amt")), kServing);
  Store("amt/pegel", 4, 1, 1);
}

TEST_F(MaintenanceTest, WhatIsSupersededInATableIsErasedAsFastAsItComes) {
  v1::CreateDatasetRequest create;
  create.set_name("amt/busse");
  create.set_kind(v1::TABLE);
  create.set_schema(policy::testing::DescriptorSetOf(policy::testing::ProtoText(kRecordBody)));
  create.set_message_name("test.Record");
  create.mutable_retention()->set_latest(true);
  {
    grpc::ClientContext context;
    v1::Dataset created;
    const auto catalogue = v1::CatalogueService::NewStub(broker_.Connect("amt"));
    ASSERT_TRUE(catalogue->CreateDataset(&context, create, &created).ok());
  }
  ASSERT_EQ(broker_.Release("amt/busse", PolicyText("amt/busse", kFields, kNavigationGetsPublic)), absl::OkStatus());
  const auto writer = Writer("amt/busse");
  ASSERT_TRUE(writer->Open().ok());
  const std::string padding(10'000, 's');
  for (int i = 0; i < 40; ++i) {  // 40 MB in 4000 records
    std::vector<TestRecord> records;
    for (int j = 0; j < 100; ++j) {
      records.push_back(At(i, absl::StrCat("bus ", j), i, padding));
    }
    const auto stored = writer->Store(records);
    ASSERT_TRUE(stored.ok()) << stored.status();
    ASSERT_TRUE(stored->has_stored()) << stored->ShortDebugString();
  }
  v1::SubscribeRequest request = Wanted("amt/busse");
  request.set_stop_at_head(true);
  size_t left = 0;
  // A pass begins when the table has doubled, so up to as much as is live may be superseded at its end.
  EXPECT_TRUE(Within(absl::Seconds(8), [&] {
    const auto reader = Reader(request);
    EXPECT_TRUE(reader->ReceiveAll().ok());
    left = reader->records().size();
    return left < 2'000;
  })) << left;
}

TEST_F(MaintenanceTest, WhatIsOlderThanADatasetKeepsItsRecordsGoesFromItsQuarantineToo) {
  v1::CreateDatasetRequest create;
  create.set_name("amt/busse");
  create.set_kind(v1::TABLE);
  create.set_schema(policy::testing::DescriptorSetOf(policy::testing::ProtoText(kRecordBody)));
  create.set_message_name("test.Record");
  create.set_bad_records(v1::QUARANTINE);
  create.mutable_retention()->set_max_age_us(1'000'000);
  const auto catalogue = v1::CatalogueService::NewStub(broker_.Connect("amt"));
  {
    grpc::ClientContext context;
    v1::Dataset created;
    ASSERT_TRUE(catalogue->CreateDataset(&context, create, &created).ok());
  }
  const auto writer = Writer("amt/busse");
  ASSERT_TRUE(writer->Open().ok());
  TestRecord bad = At(1, "b", 2);
  bad.payload += '\x1a';
  for (int i = 0; i < 2; ++i) {
    const auto stored = writer->Store({At(0, "a", 1), bad});
    ASSERT_TRUE(stored.ok()) << stored.status();
    ASSERT_TRUE(stored->has_stored()) << stored->ShortDebugString();
  }
  v1::GetDatasetRequest get;
  get.set_name("amt/busse");
  v1::Dataset dataset;
  EXPECT_TRUE(Within(absl::Seconds(30), [&] {
    grpc::ClientContext context;
    EXPECT_TRUE(catalogue->GetDataset(&context, get, &dataset).ok());
    return dataset.first_sequence() == 3 && dataset.quarantined() == 0;
  })) << dataset.ShortDebugString();
}

class MetricsCertificateTest : public ExchangeTest {
 protected:
  void SetUp() override {
    broker_.config().metrics_listen = "127.0.0.1:0";
    ExchangeTest::SetUp();
  }

  http::Fetched Fetch(const std::string& authority) const {
    const auto profile = pki::LoadProfile(broker_.Profile("pruefer"));
    EXPECT_TRUE(profile.ok()) << profile.status();
    return http::FetchHttps(broker_.server()->metrics_port(), "/metrics", authority, profile->Pair());
  }
};

TEST_F(MetricsCertificateTest, ARenewedCertificateIsShownByTheMetricsToo) {
  EXPECT_EQ(Fetch(pki::CityLayout(broker_.directory()).AuthorityCertificate()).status, 200);
  // Of another authority, so that it can be told from the first one.
  const TestDirectory directory;
  pki::CityOptions options;
  options.city = "nachbarstadt";
  ASSERT_TRUE(pki::InitCity(directory.File("other"), options, absl::Now()).ok());
  const pki::CityLayout other(directory.File("other"));
  EXPECT_EQ(Fetch(other.AuthorityCertificate()).status, 0);
  for (const auto& [from, to] : {std::pair(other.BrokerCertificate(), broker_.config().certificate),
                                 std::pair(other.BrokerKey(), broker_.config().key)}) {
    ASSERT_TRUE(WriteFileAtomically(to, *ReadFile(from, 1 << 20), FileAccess::kOwnerOnly).ok());
  }
  EXPECT_TRUE(Within(absl::Seconds(10), [&] { return Fetch(other.AuthorityCertificate()).status == 200; }));
}

}  // namespace
}  // namespace allmende::broker
