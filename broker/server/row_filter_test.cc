// Through a real broker: what rows keep back leaves no trace in any message, and whoever followed the table holds what
// may be seen now.
#include "broker/testing/exchange_fixture.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;

class RowFilterTest : public ExchangeTest {
 protected:
  void SetUp() override {
    ExchangeTest::SetUp();
    ASSERT_EQ(broker_.Release("amt/orte",
                              PolicyText("amt/orte", kFields,
                                         absl::StrCat(kNavigationGetsPublic, "    rows: {level: {at_least: 50}}\n"))),
              absl::OkStatus());
    writer_ = Writer("amt/orte");
    ASSERT_TRUE(writer_->Open().ok());
  }
  void Put(const std::vector<TestRecord>& records) {
    const auto stored = writer_->Store(records);
    ASSERT_TRUE(stored.ok()) << stored.status();
    ASSERT_TRUE(stored->has_stored()) << stored->ShortDebugString();
  }
  // Receives through `sequence`; nothing of it may hold `hidden`.
  static void Follow(TestReader& reader, uint64_t sequence, const std::string& hidden) {
    const auto reached = reader.ReceiveUntil([&](const v1::SubscribeResponse& response) {
      EXPECT_EQ(response.SerializeAsString().find(hidden), std::string::npos) << response.ShortDebugString();
      return response.has_watermark() && response.watermark().sequence() >= sequence;
    });
    ASSERT_TRUE(reached.ok()) << reached.status();
  }
  static std::vector<std::string> Came(const TestReader& reader) {
    std::vector<std::string> came;
    for (const TestReader::Got& record : reader.records()) {
      came.push_back(absl::StrCat(record.sequence, record.deleted ? " -" : " +", record.key.substr(0, 4)));
    }
    return came;
  }

  std::unique_ptr<TestWriter> writer_;
};

TEST_F(RowFilterTest, ASubscriptionShowsNoKeyOfWhatIsKeptBack) {
  Put({At(0, "geheim", 9), At(1, "offen", 70)});
  for (const bool snapshot : {false, true}) {
    v1::SubscribeRequest request = Wanted("amt/orte");
    request.set_accept_withheld(true);
    if (snapshot) {
      request.set_snapshot(true);
    }
    const auto reader = Reader(request);
    Follow(*reader, writer_->place().first_sequence - 1, "geheim");
    Put({At(2, "geheim", 10)});
    Put({Gone("geheim"), At(3, "offen", 71)});
    Put({At(4, "geheim", 11), Gone("geheim"), Gone("nie-da")});
    Follow(*reader, writer_->place().first_sequence - 1, "geheim");
    for (const TestReader::Got& record : reader->records()) {
      EXPECT_EQ(record.key.substr(0, 5), "offen") << record.sequence;
    }
    EXPECT_FALSE(reader->records().empty());
  }
}

TEST_F(RowFilterTest, WhatWasShownIsTakenBackOnce) {
  const auto reader = Reader(Wanted("amt/orte"));
  Put({At(0, "aaaa", 70), At(1, "bbbb", 71)});
  Put({At(2, "aaaa", 9), At(3, "aaaa", 10), Gone("bbbb"), Gone("bbbb")});
  Follow(*reader, 6, "nothing");
  EXPECT_THAT(Came(*reader), ElementsAre("1 +aaaa", "2 +bbbb", "3 -aaaa", "5 -bbbb"));
}

TEST_F(RowFilterTest, ATokenGoesOnWithWhatTheReaderHolds) {
  Put({At(0, "aaaa", 70), At(1, "geheim", 9)});
  v1::SubscribeRequest request = Wanted("amt/orte");
  {
    const auto watermark = Reader(request)->ReceiveThrough(2);
    ASSERT_TRUE(watermark.ok()) << watermark.status();
    request.set_resume_token(watermark->watermark().resume_token());
  }
  Put({At(2, "aaaa", 9), At(3, "geheim", 10)});
  const auto reader = Reader(request);
  Follow(*reader, 4, "geheim");
  EXPECT_THAT(Came(*reader), ElementsAre("3 -aaaa"));
}

TEST_F(RowFilterTest, ReadAndLookupShowNoKeyOfWhatIsKeptBackEither) {
  Put({At(0, "geheim", 9), At(1, "offen", 70)});
  Put({At(2, "geheim", 10), Gone("geheim"), At(3, "offen", 9)});
  const auto stub = v1::ExchangeService::NewStub(broker_.Connect("navi"));
  v1::ReadRequest read;
  read.set_dataset("amt/orte");
  read.set_purpose("verkehrslenkung");
  v1::ReadResponse page;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Read(&context, read, &page).ok());
  }
  EXPECT_EQ(page.SerializeAsString().find("geheim"), std::string::npos) << page.ShortDebugString();
  std::vector<v1::Operation> operations;
  for (const v1::Record& record : page.records().records()) {
    operations.push_back(record.operation());
  }
  EXPECT_THAT(operations, ElementsAre(v1::WITHHELD, v1::UPSERT, v1::WITHHELD, v1::WITHHELD, v1::DELETE));
  for (const char* const id : {"geheim", "offen"}) {
    v1::LookupRequest lookup;
    lookup.set_dataset("amt/orte");
    lookup.set_purpose("verkehrslenkung");
    lookup.set_key(At(0, id, 0).key);
    v1::LookupResponse found;
    grpc::ClientContext context;
    ASSERT_TRUE(stub->Lookup(&context, lookup, &found).ok());
    EXPECT_TRUE(found.absent()) << found.ShortDebugString();
    EXPECT_FALSE(found.has_record());
  }
}

TEST_F(RowFilterTest, ARestartForgetsNothingOfIt) {
  Put({At(0, "aaaa", 70), At(1, "geheim", 9)});
  writer_.reset();
  broker_.Stop();
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  writer_ = Writer("amt/orte");
  ASSERT_TRUE(writer_->Open().ok());
  Put({Gone("geheim"), At(2, "aaaa", 9)});
  const auto reader = Reader(Wanted("amt/orte"));
  Follow(*reader, 4, "geheim");
  EXPECT_THAT(Came(*reader), ElementsAre("1 +aaaa", "4 -aaaa"));
}

}  // namespace
}  // namespace allmende::broker
