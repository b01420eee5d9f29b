#include "broker/session/publish_session.h"

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"

namespace allmende::broker {
namespace {

const std::string kMyOutbox(16, 'a');
const std::string kOtherOutbox(16, 'b');

DatasetState MakeDataset(uint64_t epoch = 0, std::string writer_id = "") {
  DatasetState dataset;
  dataset.name = "wasser/regen";
  dataset.id = std::string(16, 'd');
  dataset.provider = "bwb";
  dataset.writer = {epoch, std::move(writer_id), "bwb"};
  auto schema = std::make_shared<Schema>();
  schema->hash = std::string(32, 's');
  dataset.schema = schema;
  return dataset;
}

v1::PublishOpen Open(bool take_over = false) {
  v1::PublishOpen open;
  open.set_dataset("wasser/regen");
  open.set_writer_id(kMyOutbox);
  open.set_take_over(take_over);
  return open;
}

BatchOutcome Stored(uint64_t next_sequence) {
  BatchOutcome outcome;
  outcome.stored = true;
  outcome.batch.next_sequence = next_sequence;
  return outcome;
}

BatchOutcome Refused() {
  BatchOutcome outcome;
  outcome.refused.set_code(v1::BAD_RECORD);
  return outcome;
}

// One word an effect, so that a test reads like a protocol.
std::string Describe(const PublishSession::Effect& effect) {
  if (const auto* record = std::get_if<PublishSession::RecordWriter>(&effect)) {
    return absl::StrCat("record-writer:", record->fact.epoch());
  }
  if (std::holds_alternative<PublishSession::ClaimTurn>(effect)) {
    return "claim";
  }
  if (const auto* submit = std::get_if<PublishSession::SubmitBatch>(&effect)) {
    return absl::StrCat("submit:", submit->number);
  }
  if (const auto* send = std::get_if<PublishSession::Send>(&effect)) {
    if (send->response.has_opened()) {
      return absl::StrCat("opened:", send->response.opened().next_sequence());
    }
    return send->response.has_stored() ? absl::StrCat("stored:", send->response.stored().next_sequence()) : "refused";
  }
  return absl::StrCat("finish:", absl::StatusCodeToString(std::get<PublishSession::Finish>(effect).status.code()));
}

std::string Describe(const PublishSession::Effects& effects) {
  std::vector<std::string> words;
  for (const PublishSession::Effect& effect : effects) {
    words.push_back(Describe(effect));
  }
  return absl::StrJoin(words, " ");
}

class PublishSessionTest : public testing::Test {
 protected:
  // A session that is open and has no batch under way.
  void OpenSession() {
    const DatasetState dataset = MakeDataset(3, kMyOutbox);
    ASSERT_EQ(Describe(session_.OnOpen(Open(), &dataset)), "claim");
    WriterTicket ticket;
    ticket.number = 7;
    ticket.head.next_sequence = 11;
    ASSERT_EQ(Describe(session_.OnClaimed(ticket, dataset)), "opened:11");
  }

  PublishSession session_{"bwb", PublishLimits{.batch_bytes_max = 100}};
};

TEST_F(PublishSessionTest, FirstWriterIsRecordedBeforeItsTurn) {
  const DatasetState dataset = MakeDataset();
  EXPECT_EQ(Describe(session_.OnOpen(Open(), &dataset)), "record-writer:1");
  EXPECT_EQ(Describe(session_.OnWriter(Writer{1, kMyOutbox, "bwb"})), "claim");
  EXPECT_EQ(Describe(session_.OnClaimed(WriterTicket{}, dataset)), "opened:1");
  EXPECT_EQ(session_.epoch(), 1u);
}

TEST_F(PublishSessionTest, SameOutboxGoesOnInItsEpoch) {
  OpenSession();
  EXPECT_EQ(session_.epoch(), 3u);
}

TEST_F(PublishSessionTest, AnotherOutboxMustTakeOverOnPurpose) {
  const DatasetState dataset = MakeDataset(3, kOtherOutbox);
  EXPECT_EQ(Describe(session_.OnOpen(Open(), &dataset)), "finish:FAILED_PRECONDITION");
  PublishSession second("bwb", {});
  EXPECT_EQ(Describe(second.OnOpen(Open(true), &dataset)), "record-writer:4");
}

TEST_F(PublishSessionTest, OpenIsRefused) {
  const DatasetState dataset = MakeDataset();
  v1::PublishOpen short_id = Open();
  short_id.set_writer_id("x");
  const struct {
    std::string participant;
    v1::PublishOpen open;
    const DatasetState* dataset;
    std::string effect;
  } cases[] = {
      {"bwb", Open(), nullptr, "finish:NOT_FOUND"},
      {"navi-ag", Open(), &dataset, "finish:PERMISSION_DENIED"},
      {"bwb", short_id, &dataset, "finish:INVALID_ARGUMENT"},
  };
  for (const auto& test : cases) {
    PublishSession session(test.participant, {});
    EXPECT_EQ(Describe(session.OnOpen(test.open, test.dataset)), test.effect);
    EXPECT_TRUE(session.finished());
  }
}

TEST_F(PublishSessionTest, AFailedClaimOrRecordEndsTheStream) {
  const DatasetState dataset = MakeDataset();
  session_.OnOpen(Open(), &dataset);
  EXPECT_EQ(Describe(session_.OnWriter(absl::AbortedError("lost the race"))), "finish:ABORTED");
  const DatasetState mine = MakeDataset(1, kMyOutbox);
  PublishSession second("bwb", {});
  second.OnOpen(Open(), &mine);
  EXPECT_EQ(Describe(second.OnClaimed(absl::DataLossError("damaged"), mine)), "finish:DATA_LOSS");
}

TEST_F(PublishSessionTest, AnswersKeepTheOrderOfTheBatches) {
  OpenSession();
  EXPECT_EQ(Describe(session_.OnBatch("one")), "submit:0");
  EXPECT_EQ(Describe(session_.OnBatch("two")), "submit:1");
  EXPECT_EQ(Describe(session_.OnBatch("three")), "submit:2");
  EXPECT_EQ(Describe(session_.OnOutcome(2, Stored(14))), "");
  EXPECT_EQ(Describe(session_.OnOutcome(0, Stored(12))), "stored:12");
  EXPECT_EQ(Describe(session_.OnOutcome(1, Stored(13))), "stored:13 stored:14");
}

TEST_F(PublishSessionTest, ARefusedBatchEndsTheStreamAfterWhatCameBefore) {
  OpenSession();
  session_.OnBatch("one");
  session_.OnBatch("two");
  EXPECT_EQ(Describe(session_.OnOutcome(1, Refused())), "");
  EXPECT_EQ(Describe(session_.OnBatch("three")), "") << "nothing more is taken";
  EXPECT_EQ(Describe(session_.OnOutcome(0, Stored(12))), "stored:12 refused finish:OK");
  EXPECT_EQ(Describe(session_.OnOutcome(1, Stored(13))), "") << "an outcome that comes twice changes nothing";
}

TEST_F(PublishSessionTest, AStorageErrorEndsTheStreamWithIt) {
  OpenSession();
  session_.OnBatch("one");
  EXPECT_EQ(Describe(session_.OnOutcome(0, absl::ResourceExhaustedError("disk full"))), "finish:RESOURCE_EXHAUSTED");
  EXPECT_EQ(Describe(session_.OnBatch("two")), "");
}

TEST_F(PublishSessionTest, ABatchBeforeOpenedIsRefused) {
  EXPECT_EQ(Describe(session_.OnBatch("early")), "finish:INVALID_ARGUMENT");
}

TEST_F(PublishSessionTest, AnOversizedBatchIsRefused) {
  OpenSession();
  EXPECT_EQ(Describe(session_.OnBatch(std::string(101, 'x'))), "finish:INVALID_ARGUMENT");
}

TEST_F(PublishSessionTest, HalfCloseWaitsForOpenOutcomes) {
  OpenSession();
  session_.OnBatch("one");
  EXPECT_EQ(Describe(session_.OnHalfClose()), "");
  EXPECT_EQ(Describe(session_.OnOutcome(0, Stored(12))), "stored:12 finish:OK");
}

TEST_F(PublishSessionTest, ASecondOpenIsRefused) {
  OpenSession();
  const DatasetState dataset = MakeDataset(3, kMyOutbox);
  EXPECT_EQ(Describe(session_.OnOpen(Open(), &dataset)), "finish:INVALID_ARGUMENT");
}

TEST_F(PublishSessionTest, AStreamThatIsClosedAtOnceIsToldWhatItLacks) {
  EXPECT_EQ(Describe(session_.OnHalfClose()), "finish:INVALID_ARGUMENT");
}

}  // namespace
}  // namespace allmende::broker
