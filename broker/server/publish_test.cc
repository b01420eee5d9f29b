// Publishing to a real broker: what is stored, what is refused and why.
#include "broker/testing/exchange_fixture.h"

#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/status.grpc.pb.h"
#include "sdk/rpc/status.h"
#include "sdk/testing/disk_faults.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

using PublishTest = ExchangeTest;

TEST_F(PublishTest, StoredBatchesMoveTheDatasetForward) {
  const auto writer = Writer("amt/pegel");
  const auto opened = writer->Open();
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->epoch(), 1);
  EXPECT_EQ(opened->next_sequence(), 1);
  const auto stored = writer->Store({At(0, "a", 1), At(1, "a", 2)});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->stored().next_sequence(), 3);
  EXPECT_FALSE(stored->stored().repeated());
}

TEST_F(PublishTest, ABatchSentAgainAfterAReconnectIsAcknowledgedOnce) {
  std::string batch;
  {
    const auto writer = Writer("amt/pegel");
    ASSERT_TRUE(writer->Open().ok());
    batch = writer->Seal({At(0, "a", 1)});
    writer->Send(batch);
    ASSERT_TRUE(writer->Receive().ok());
  }
  const auto again = Writer("amt/pegel");
  const auto opened = again->Open();
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(opened->epoch(), 1) << "the same outbox keeps its epoch";
  again->Send(batch);
  const auto answer = again->Receive();
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->stored().repeated()) << answer->ShortDebugString();
  EXPECT_EQ(answer->stored().next_sequence(), 2);
}

TEST_F(PublishTest, OtherRecordsAtStoredSequencesAreEquivocation) {
  Store("amt/pegel", 0, 1, 1);
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  writer->place().first_sequence = 1;
  writer->place().previous_hash = {};
  const auto answer = writer->Store({At(7, "other", 7)});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->refused().code(), v1::EQUIVOCATION) << answer->ShortDebugString();
}

TEST_F(PublishTest, AGapIsRefusedAndSaysWhereToGoOn) {
  Store("amt/pegel", 0, 2, 2);
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  writer->place().first_sequence = 10;
  const auto answer = writer->Store({At(7, "a", 7)});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->refused().code(), v1::WRONG_SEQUENCE) << answer->ShortDebugString();
  EXPECT_EQ(answer->refused().next_sequence(), 3);
}

TEST_F(PublishTest, AnotherOutboxMustTakeOverAndFencesTheFirst) {
  const auto first = Writer("amt/pegel", "amt", 'a');
  ASSERT_TRUE(first->Open().ok());
  ASSERT_TRUE(first->Store({At(0, "a", 1)}).ok());

  const auto refused = Writer("amt/pegel", "amt", 'b');
  EXPECT_EQ(refused->Open().status().code(), absl::StatusCode::kFailedPrecondition);

  const auto second = Writer("amt/pegel", "amt", 'b');
  const auto opened = second->Open(true);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->epoch(), 2);
  EXPECT_EQ(opened->next_sequence(), 2);
  ASSERT_TRUE(second->Store({At(1, "a", 2)})->has_stored());

  const auto late = first->Store({At(2, "a", 3)});
  ASSERT_FALSE(late.ok() && late->has_stored()) << late->ShortDebugString();
}

TEST_F(PublishTest, OnlyTheProviderPublishes) {
  const auto writer = Writer("amt/pegel", "navi");
  const auto opened = writer->Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kPermissionDenied) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("amt"));
}

TEST_F(PublishTest, AnUnknownDatasetIsNamed) {
  const auto opened = Writer("amt/nirgends")->Open();
  EXPECT_EQ(opened.status().code(), absl::StatusCode::kNotFound) << opened.status();
  EXPECT_THAT(std::string(opened.status().message()), HasSubstr("amt/nirgends"));
}

TEST_F(PublishTest, ABadRecordRefusesItsBatchWithIndexFieldAndReasonAndNothingIsStored) {
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  TestRecord bad = At(1, "b", 2);
  bad.payload += '\x1a';  // field 3 again, as a string, cut off
  const auto answer = writer->Store({At(0, "a", 1), bad});
  ASSERT_TRUE(answer.ok()) << answer.status();
  const v1::PublishRefused& refused = answer->refused();
  EXPECT_EQ(refused.code(), v1::BAD_RECORD) << answer->ShortDebugString();
  ASSERT_EQ(refused.problems_size(), 1);
  EXPECT_EQ(refused.problems(0).index(), 1);
  EXPECT_FALSE(refused.problems(0).code().empty());
  EXPECT_EQ(refused.next_sequence(), 1);
  const auto again = Writer("amt/pegel");
  EXPECT_EQ(again->Open()->next_sequence(), 1);
}

struct DamagedBatch {
  const char* name;
  std::string (*damage)(const std::string& batch);
};

TEST_F(PublishTest, DamagedBatchesAreRefusedAndTheBrokerGoesOn) {
  const std::vector<DamagedBatch> cases = {
      {"empty", [](const std::string&) { return std::string("\0", 1); }},
      {"garbage", [](const std::string&) { return std::string(500, '\xff'); }},
      {"cut off", [](const std::string& batch) { return batch.substr(0, batch.size() / 2); }},
      {"longer", [](const std::string& batch) { return batch + "x"; }},
      {"flipped bit in the last record",
       [](const std::string& batch) {
         std::string damaged = batch;
         damaged[batch.size() - 3] ^= 1;
         return damaged;
       }},
      {"flipped bit in the statement",
       [](const std::string& batch) {
         std::string damaged = batch;
         damaged[40] ^= 1;
         return damaged;
       }},
  };
  for (const DamagedBatch& one : cases) {
    SCOPED_TRACE(one.name);
    const auto writer = Writer("amt/pegel");
    ASSERT_TRUE(writer->Open().ok());
    writer->Send(one.damage(writer->Seal({At(0, "a", 1), At(1, "b", 2)})));
    const auto answer = writer->Receive();
    ASSERT_TRUE(answer.ok()) << answer.status();
    EXPECT_TRUE(answer->has_refused()) << answer->ShortDebugString();
    EXPECT_FALSE(answer->refused().detail().empty());
  }
  Store("amt/pegel", 0, 1, 1);
}

TEST_F(PublishTest, ABatchBeforeOpenIsAnError) {
  const auto stub = v1::ExchangeService::NewStub(broker_.Connect("amt"));
  grpc::ClientContext context;
  const auto stream = stub->Publish(&context);
  v1::PublishRequest request;
  request.set_batch("x");
  stream->Write(request);
  v1::PublishResponse response;
  EXPECT_FALSE(stream->Read(&response));
  const absl::Status status = rpc::FromGrpc(stream->Finish());
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

TEST_F(PublishTest, AMessageOverTheBoundIsRefusedAndTheBrokerGoesOn) {
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  writer->Send(std::string(8 << 20, 'x'));
  const auto answer = writer->Receive();
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kResourceExhausted) << answer.status();
  Store("amt/pegel", 0, 1, 1);
}

TEST_F(PublishTest, QuarantineTakesTheBadRecordAndTheRestFlows) {
  ASSERT_EQ(broker_.CreateDataset("amt/lax", kRecordBody, false, /*quarantine=*/true), absl::OkStatus());
  ASSERT_EQ(broker_.Release("amt/lax", PolicyText("amt/lax", kFields, kNavigationGetsPublic)), absl::OkStatus());
  const auto writer = Writer("amt/lax");
  ASSERT_TRUE(writer->Open().ok());
  TestRecord bad = At(1, "b", 2);
  bad.payload += '\x1a';
  const auto answer = writer->Store({At(0, "a", 1), bad, At(2, "c", 3)});
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_TRUE(answer->has_stored()) << answer->ShortDebugString();
  EXPECT_EQ(answer->stored().next_sequence(), 4);
  ASSERT_EQ(answer->stored().quarantined_size(), 1);
  EXPECT_EQ(answer->stored().quarantined(0).index(), 1);

  v1::SubscribeRequest request = Wanted("amt/lax");
  request.set_stop_at_head(true);
  const auto reader = Reader(request);
  ASSERT_TRUE(reader->ReceiveAll().ok());
  ASSERT_EQ(reader->records().size(), 2);
  EXPECT_EQ(reader->records()[1].sequence, 3);

  const auto catalogue = v1::CatalogueService::NewStub(broker_.Connect("amt"));
  v1::ListQuarantineRequest list;
  list.set_dataset("amt/lax");
  v1::ListQuarantineResponse held;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(catalogue->ListQuarantine(&context, list, &held).ok());
  }
  ASSERT_EQ(held.records_size(), 1);
  EXPECT_EQ(held.records(0).record().payload(), bad.payload);
  EXPECT_EQ(held.records(0).sequence(), 2);

  v1::DropQuarantineRequest drop;
  drop.set_dataset("amt/lax");
  drop.set_all(true);
  v1::DropQuarantineResponse dropped;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(catalogue->DropQuarantine(&context, drop, &dropped).ok());
  }
  EXPECT_EQ(dropped.dropped(), 1);
  {
    grpc::ClientContext context;
    ASSERT_TRUE(catalogue->ListQuarantine(&context, list, &held).ok());
  }
  EXPECT_EQ(held.records_size(), 0);
}

TEST_F(PublishTest, TheQuarantineIsForItsProviderOnly) {
  grpc::ClientContext context;
  v1::ListQuarantineRequest list;
  list.set_dataset("amt/pegel");
  v1::ListQuarantineResponse held;
  const auto catalogue = v1::CatalogueService::NewStub(broker_.Connect("beauftragte"));
  EXPECT_EQ(catalogue->ListQuarantine(&context, list, &held).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

class PublishCapTest : public PublishTest {
 protected:
  void SetUp() override {
    broker_.config().limits.calls_per_participant_max = 2;
    PublishTest::SetUp();
  }

  void AwaitNoPublishers() const {
    const auto stub = v1::StatusService::NewStub(broker_.Connect("pruefer"));
    const absl::Time give_up = absl::Now() + absl::Seconds(20);
    v1::BrokerStatus status;
    do {
      grpc::ClientContext context;
      ASSERT_TRUE(stub->GetStatus(&context, {}, &status).ok());
    } while (status.publishers() != 0 && absl::Now() < give_up);
    ASSERT_EQ(status.publishers(), 0);
  }
};

TEST_F(PublishCapTest, AStreamThatEndsWithABatchUnderWayGivesItsPlaceBack) {
  const auto channel = broker_.Connect("amt");
  for (int round = 0; round < 6; ++round) {
    const absl::Time give_up = absl::Now() + absl::Seconds(5);
    std::unique_ptr<TestWriter> writer;
    absl::Status opened;
    do {
      writer = std::make_unique<TestWriter>(channel, "amt/pegel", std::string(16, 'w'));
      opened = writer->Open().status();
    } while (absl::IsResourceExhausted(opened) && absl::Now() < give_up);
    ASSERT_TRUE(opened.ok()) << "round " << round << ": " << opened;
    BlockedSync blocked;
    writer->Send(writer->Seal({At(round, "a", round)}));
    blocked.AwaitWaiting(1);
    writer.reset();  // as if its process had been killed
    AwaitNoPublishers();
  }
}

TEST_F(PublishCapTest, CallsWithOneAnswerCountToo) {
  const auto first = Writer("amt/pegel");
  ASSERT_TRUE(first->Open().ok());
  const auto second = Writer("amt/orte");
  ASSERT_TRUE(second->Open().ok());
  v1::GetDatasetRequest request;
  request.set_name("amt/pegel");
  v1::Dataset dataset;
  grpc::ClientContext of_amt;
  EXPECT_EQ(v1::CatalogueService::NewStub(broker_.Connect("amt"))->GetDataset(&of_amt, request, &dataset).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext of_navi;
  EXPECT_TRUE(v1::CatalogueService::NewStub(broker_.Connect("navi"))->GetDataset(&of_navi, request, &dataset).ok());
}

TEST_F(PublishTest, ManyBatchesUnderWayAreAnsweredInOrder) {
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  for (int i = 0; i < 200; ++i) {
    writer->Send(writer->Seal({At(2 * i, "a", i), At(2 * i + 1, "b", i)}));
  }
  for (int i = 0; i < 200; ++i) {
    const auto answer = writer->Receive();
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_EQ(answer->stored().next_sequence(), static_cast<uint64_t>(2 * i + 3)) << answer->ShortDebugString();
  }
}

}  // namespace
}  // namespace allmende::broker
