// Reading from a real broker: who gets what, in which order, and what changes while one reads.
#include "broker/testing/exchange_fixture.h"

#include <chrono>

#include "allmende/v1/policy.grpc.pb.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

class SubscribeTest : public ExchangeTest {
 protected:
  void DeclareHeavyRain() {
    v1::DeclareCrisisRequest request;
    request.set_kind("starkregen");
    request.set_until_us(absl::ToUnixMicros(absl::Now() + absl::Hours(1)));
    request.set_reason("test");
    grpc::ClientContext context;
    const auto stub = v1::PolicyService::NewStub(broker_.Connect("feuerwehr"));
    const absl::Status declared = rpc::FromGrpc(stub->DeclareCrisis(&context, request, &regime_));
    ASSERT_TRUE(declared.ok()) << declared;
  }
  void LiftHeavyRain() {
    v1::LiftCrisisRequest request;
    request.set_number(regime_.crises(0).number());
    grpc::ClientContext context;
    const auto stub = v1::PolicyService::NewStub(broker_.Connect("feuerwehr"));
    const absl::Status lifted = rpc::FromGrpc(stub->LiftCrisis(&context, request, &regime_));
    ASSERT_TRUE(lifted.ok()) << lifted;
  }
  v1::SubscribeRequest ForFireService() {
    v1::SubscribeRequest request = Wanted("amt/pegel");
    request.set_purpose("gefahrenabwehr");
    return request;
  }

  v1::Regime regime_;
};

TEST_F(SubscribeTest, RecordsComeInOrderThroughTheViewAndThenAsTheyAreStored) {
  Store("amt/pegel", 0, 10, 4);
  const auto reader = Reader(Wanted("amt/pegel"));
  ASSERT_TRUE(reader->ReceiveThrough(10).ok());
  Store("amt/pegel", 10, 5, 5);
  ASSERT_TRUE(reader->ReceiveThrough(15).ok());
  ASSERT_EQ(reader->records().size(), 15);
  for (size_t i = 0; i < reader->records().size(); ++i) {
    EXPECT_EQ(reader->records()[i].sequence, i + 1);
    EXPECT_FALSE(reader->records()[i].original) << "a field is dropped, so it cannot be the original";
  }
  EXPECT_TRUE(Hides(reader->records(), "S1"));
  EXPECT_THAT(reader->opened().terms().fields(), ::testing::ElementsAre("time", "id", "level"));
}

TEST_F(SubscribeTest, AViewThatChangesNothingPassesTheBatchesOnAsTheyWerePublished) {
  ASSERT_EQ(
      broker_.CreateDataset("amt/offen",
                            "message Record { google.protobuf.Timestamp time = 1 [$t, $p]; string id = 2 [$k, $p]; "
                            "optional int32 level = 3 [$p]; string shaft = 4 [$p]; }",
                            false),
      absl::OkStatus());
  ASSERT_EQ(broker_.Release("amt/offen",
                            PolicyText("amt/offen", "  public: [time, id, level, shaft]\n", kNavigationGetsPublic)),
            absl::OkStatus());
  Store("amt/offen", 0, 10, 4);
  v1::SubscribeRequest request = Wanted("amt/offen");
  request.set_stop_at_head(true);
  const auto reader = Reader(request);
  const auto ended = reader->ReceiveAll();
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->complete());
  ASSERT_EQ(reader->records().size(), 10);
  EXPECT_TRUE(reader->records().front().original);
  EXPECT_EQ(reader->records().back().payload, At(9, "id9", 9).payload);
}

TEST_F(SubscribeTest, WithoutAPolicyNothingIsDelivered) {
  ASSERT_EQ(broker_.CreateDataset("amt/neu", kRecordBody, false), absl::OkStatus());
  Store("amt/neu", 0, 3, 3);
  const auto reader = Reader(Wanted("amt/neu"));
  const auto ended = reader->ReceiveAll();
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->has_refused()) << ended->ShortDebugString();
  EXPECT_TRUE(reader->records().empty());
}

TEST_F(SubscribeTest, ARefusalNamesFileLineAndWhatIsMissing) {
  Store("amt/pegel", 0, 3, 3);
  for (const char* const participant : {"logistik", "amt"}) {
    const auto reader = Reader(Wanted("amt/pegel"), participant);
    const auto ended = reader->ReceiveAll();
    ASSERT_TRUE(ended.ok()) << ended.status();
    ASSERT_TRUE(ended->has_refused()) << ended->ShortDebugString();
    EXPECT_THAT(ended->refused().ShortDebugString(), HasSubstr("test.policy.yaml"));
    EXPECT_THAT(ended->refused().ShortDebugString(), HasSubstr("navigation"));
    EXPECT_TRUE(reader->records().empty());
  }
}

TEST_F(SubscribeTest, AnotherPurposeIsRefused) {
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_purpose("forschung");
  const auto ended = Reader(request)->ReceiveAll();
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->has_refused());
}

TEST_F(SubscribeTest, OfficersAndAuditorsReadNoData) {
  for (const char* const participant : {"beauftragte", "pruefer"}) {
    const absl::Status status = Reader(Wanted("amt/pegel"), participant)->ReceiveAll().status();
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << participant << ": " << status;
  }
}

TEST_F(SubscribeTest, AnUnknownDatasetIsNamed) {
  const absl::Status status = Reader(Wanted("amt/nirgends"))->ReceiveAll().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

TEST_F(SubscribeTest, ARunningSubscriptionFollowsACrisisAndItsEnd) {
  Store("amt/pegel", 0, 3, 3);
  // Refused while nothing is declared.
  EXPECT_TRUE(Reader(ForFireService(), "feuerwehr")->ReceiveAll()->has_refused());
  DeclareHeavyRain();
  const auto reader = Reader(ForFireService(), "feuerwehr");
  ASSERT_TRUE(reader->ReceiveThrough(3).ok());
  ASSERT_EQ(reader->records().size(), 3);
  EXPECT_THAT(reader->records()[0].payload, HasSubstr("S1"));
  LiftHeavyRain();
  const absl::Time lifted = absl::Now();
  const auto ended = reader->ReceiveAll();
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_TRUE(ended->has_refused());
  EXPECT_LT(absl::Now() - lifted, absl::Seconds(5));
}

TEST_F(SubscribeTest, ARunningSubscriptionFollowsAReleaseThatNarrowsIt) {
  Store("amt/pegel", 0, 3, 3);
  const auto reader = Reader(Wanted("amt/pegel"));
  ASSERT_TRUE(reader->ReceiveThrough(3).ok());
  std::string narrower = kNavigationGetsPublic;
  narrower.replace(narrower.find("[public]"), 8, "[time, id]");
  ASSERT_EQ(broker_.Release("amt/pegel", PolicyText("amt/pegel", kFields, narrower)), absl::OkStatus());
  const auto changed =
      reader->ReceiveUntil([](const v1::SubscribeResponse& response) { return response.has_entitlement_changed(); });
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_TRUE(changed->entitlement_changed().narrowed());
  EXPECT_EQ(changed->entitlement_changed().cause(), "release");
  EXPECT_THAT(changed->entitlement_changed().terms().fields(), ::testing::ElementsAre("time", "id"));
  Store("amt/pegel", 3, 1, 1);
  ASSERT_TRUE(reader->ReceiveThrough(4).ok());
  EXPECT_LT(reader->records().back().payload.size(), reader->records().front().payload.size());
}

TEST_F(SubscribeTest, ASnapshotHasTheLatestRecordOfEachKeyAndTheTailFollows) {
  const auto writer = Writer("amt/orte");
  ASSERT_TRUE(writer->Open().ok());
  ASSERT_TRUE(writer->Store({At(0, "a", 1), At(1, "b", 2), At(2, "a", 3)})->has_stored());
  ASSERT_TRUE(writer->Store({At(3, "c", 4), Gone("b")})->has_stored());
  v1::SubscribeRequest request = Wanted("amt/orte");
  request.set_snapshot(true);
  const auto reader = Reader(request);
  const auto complete = reader->ReceiveUntil([](const v1::SubscribeResponse& response) {
    return response.has_watermark() && response.watermark().snapshot_complete();
  });
  ASSERT_TRUE(complete.ok()) << complete.status();
  ASSERT_EQ(reader->records().size(), 2);
  EXPECT_EQ(reader->records()[0].sequence, 3);
  EXPECT_EQ(reader->records()[1].sequence, 4);
  ASSERT_TRUE(writer->Store({Gone("a")})->has_stored());
  ASSERT_TRUE(reader->ReceiveThrough(6).ok());
  EXPECT_TRUE(reader->records().back().deleted);
}

TEST_F(SubscribeTest, AStreamHasNoSnapshot) {
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_snapshot(true);
  const absl::Status status = Reader(request)->ReceiveAll().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

TEST_F(SubscribeTest, ATokenGoesOnWhereItWasGivenOut) {
  Store("amt/pegel", 0, 6, 3);
  std::string token;
  {
    v1::SubscribeRequest request = Wanted("amt/pegel");
    const auto reader = Reader(request);
    const auto watermark = reader->ReceiveThrough(6);
    ASSERT_TRUE(watermark.ok()) << watermark.status();
    token = watermark->watermark().resume_token();
  }
  Store("amt/pegel", 6, 2, 2);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_resume_token(token);
  const auto reader = Reader(request);
  ASSERT_TRUE(reader->ReceiveThrough(8).ok());
  ASSERT_EQ(reader->records().size(), 2);
  EXPECT_EQ(reader->records()[0].sequence, 7);
}

TEST_F(SubscribeTest, ATokenOfASubscriptionThatDeliveredNothingGoesOnToo) {
  Store("amt/pegel", 0, 6, 3);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_only_new(true);
  for (int round = 0; round < 3; ++round) {
    const auto watermark = Reader(request)->ReceiveThrough(6);
    ASSERT_TRUE(watermark.ok()) << watermark.status();
    request.set_resume_token(watermark->watermark().resume_token());
  }
  Store("amt/pegel", 6, 1, 1);
  const auto reader = Reader(request);
  ASSERT_TRUE(reader->ReceiveThrough(7).ok());
  EXPECT_EQ(reader->records().size(), 1);
}

TEST_F(SubscribeTest, TokensThatFitNothingAreRefused) {
  Store("amt/pegel", 0, 1, 1);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  for (const std::string& token : {std::string("x"), std::string(57, '\1'), std::string(1000, '\xff')}) {
    request.set_resume_token(token);
    const absl::Status status = Reader(request)->ReceiveAll().status();
    EXPECT_TRUE(status.code() == absl::StatusCode::kInvalidArgument ||
                status.code() == absl::StatusCode::kFailedPrecondition)
        << status;
  }
}

TEST_F(SubscribeTest, StartsAtASequenceOrAtAnEventTime) {
  Store("amt/pegel", 0, 9, 3);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_stop_at_head(true);
  request.set_from_sequence(5);
  const auto by_sequence = Reader(request);
  ASSERT_TRUE(by_sequence->ReceiveAll().ok());
  ASSERT_FALSE(by_sequence->records().empty());
  EXPECT_EQ(by_sequence->records()[0].sequence, 5);
  request.set_from_event_time_us((int64_t{1'700'000'000} + 6) * 1'000'000);
  const auto by_time = Reader(request);
  ASSERT_TRUE(by_time->ReceiveAll().ok());
  ASSERT_FALSE(by_time->records().empty());
  EXPECT_EQ(by_time->records()[0].sequence, 7);
  request.set_from_sequence(100);
  EXPECT_EQ(Reader(request)->ReceiveAll().status().code(), absl::StatusCode::kOutOfRange);
}

TEST_F(SubscribeTest, ReadAndLookupGiveTheSameViewAsASubscription) {
  Store("amt/orte", 0, 5, 5);
  const auto stub = v1::ExchangeService::NewStub(broker_.Connect("navi"));
  v1::ReadRequest read;
  read.set_dataset("amt/orte");
  read.set_purpose("verkehrslenkung");
  read.set_records_max(2);
  v1::ReadResponse page;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Read(&context, read, &page).ok());
  }
  ASSERT_EQ(page.records().records_size(), 2) << page.ShortDebugString();
  EXPECT_EQ(page.records().next_sequence(), 3);
  EXPECT_EQ(page.records().records(0).payload().find("S1"), std::string::npos);
  v1::LookupRequest lookup;
  lookup.set_dataset("amt/orte");
  lookup.set_purpose("verkehrslenkung");
  lookup.set_key(At(0, "id3", 0).key);
  v1::LookupResponse found;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Lookup(&context, lookup, &found).ok());
  }
  ASSERT_TRUE(found.has_record()) << found.ShortDebugString();
  EXPECT_EQ(found.record().sequence(), 4);
  EXPECT_EQ(found.record().payload().find("S1"), std::string::npos);
  lookup.set_key("nothing");
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Lookup(&context, lookup, &found).ok());
  }
  EXPECT_TRUE(found.absent());
  const auto stranger = v1::ExchangeService::NewStub(broker_.Connect("logistik"));
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stranger->Read(&context, read, &page).ok());
  }
  EXPECT_TRUE(page.has_refused());
}

}  // namespace
}  // namespace allmende::broker
