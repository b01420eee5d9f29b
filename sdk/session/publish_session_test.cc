#include "sdk/session/publish_session.h"

#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/session/publish_script.h"

namespace allmende::session {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One outbox and, over time, the sessions that empty it.
class PublishSessionTest : public testing::Test {
 protected:
  PublishSessionTest() {
    options_.dataset = "wasser/regen";
    options_.writer_id = std::string(16, 'w');
    options_.reconnect.endpoint_count = 2;
  }

  // A process starts with `count` batches in its outbox, and connects.
  std::vector<std::string> StartWith(uint64_t count) {
    outbox_count_ = count;
    stream_ = 0;
    session_.emplace(options_, saved_, count, [] { return 0.5; });
    return Do(PublishStart{});
  }

  std::vector<std::string> Do(const PublishEvent& event, bool all = false) {
    const PublishEffects effects = session_->Step(event);
    for (const PublishEffect& effect : effects) {
      if (const auto* open = std::get_if<PublishOpenStream>(&effect)) stream_ = open->stream;
      if (const auto* save = std::get_if<PublishSaveBase>(&effect)) saved_ = save->base;
      if (const auto* send = std::get_if<PublishSend>(&effect)) sent_.push_back(*send);
      if (const auto* stop = std::get_if<PublishStopped>(&effect)) stopped_ = stop->status;
      if (const auto* load = std::get_if<PublishLoad>(&effect)) load_ = load->from_number;
    }
    return Lines(effects, all);
  }

  // The outbox answers the load that is open, up to batch `last`.
  std::vector<std::string> Load(uint64_t last) {
    BatchesLoaded loaded;
    for (uint64_t number = load_; number <= last; ++number) loaded.batches.push_back(BatchNumber(number));
    return Do(loaded);
  }

  std::vector<std::string> Answer(const v1::PublishResponse& response) {
    return Do(PublishResponseReceived{stream_, response});
  }
  std::vector<std::string> Break(const absl::Status& status) { return Do(PublishStreamEnded{stream_, status}); }

  // The broker stores the `index`th batch that was ever sent.
  v1::PublishResponse Store(size_t index) { return log_.Store(sent_[index], BatchNumber(sent_[index].number)); }

  PublishSessionOptions options_;
  FakeLog log_;
  SendBase saved_;  // as on the disk
  std::optional<PublishSession> session_;
  uint64_t outbox_count_ = 0;
  uint64_t stream_ = 0;
  uint64_t load_ = 0;
  std::vector<PublishSend> sent_;
  absl::Status stopped_;
};

TEST_F(PublishSessionTest, SavesItsBaseBeforeItSendsAnything) {
  EXPECT_THAT(StartWith(2), ElementsAre("open 0"));
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("save 1 at 1/1"));
  EXPECT_THAT(Load(2), ElementsAre("send 1 as 1/1", "send 2 as 1/11"));
  EXPECT_THAT(Answer(Store(0)), ElementsAre("stored 1-1 (10 records)"));
  EXPECT_THAT(Answer(Store(1)), ElementsAre("stored 2-2 (10 records)"));
  EXPECT_TRUE(session_->connected());
  EXPECT_EQ(session_->base().next_sequence, 21);
}

TEST_F(PublishSessionTest, StatementsFollowOneAnother) {
  StartWith(2);
  Answer(log_.Opened());
  Load(2);
  EXPECT_EQ(sent_[0].place.previous_hash, crypto::Digest{});
  EXPECT_EQ(sent_[1].place.previous_hash, StatementHashOf(BatchNumber(1), sent_[0].place));
  EXPECT_EQ(sent_[1].place.schema_hash, log_.schema);
  EXPECT_EQ(sent_[1].place.created_us, 2);
}

TEST_F(PublishSessionTest, ABatchKeepsTheSchemaItWasMadeFor) {
  StartWith(1);
  Answer(log_.Opened());
  PendingBatch batch = BatchNumber(1);
  batch.schema_hash = DigestFrom(7);
  Do(BatchesLoaded{{batch}});
  EXPECT_EQ(sent_[0].place.schema_hash, DigestFrom(7));
}

TEST_F(PublishSessionTest, KeepsNoMoreInFlightThanTheBrokerAllows) {
  StartWith(5);
  Answer(log_.Opened());
  EXPECT_THAT(Load(5), ElementsAre("send 1 as 1/1", "send 2 as 1/11", "send 3 as 1/21"));
  EXPECT_THAT(Answer(Store(0)), ElementsAre("stored 1-1 (10 records)", "send 4 as 1/31"));
}

TEST_F(PublishSessionTest, ABrokerThatAllowsMuchInFlightGetsNoMoreThanTheOwnBound) {
  options_.in_flight_bytes_max = 2 * kBytesPerBatch;
  StartWith(3);
  v1::PublishResponse opened = log_.Opened();
  opened.mutable_opened()->set_in_flight_bytes_max(UINT64_MAX);
  Answer(opened);
  EXPECT_THAT(Load(3), ElementsAre("send 1 as 1/1", "send 2 as 1/11"));
}

TEST_F(PublishSessionTest, ABatchOverTheInFlightBoundGoesAlone) {
  StartWith(2);
  v1::PublishResponse opened = log_.Opened();
  opened.mutable_opened()->set_in_flight_bytes_max(1);
  Answer(opened);
  EXPECT_THAT(Load(2), ElementsAre("send 1 as 1/1"));
  EXPECT_THAT(Answer(Store(0)), ElementsAre("stored 1-1 (10 records)", "send 2 as 1/11"));
}

TEST_F(PublishSessionTest, OneAcknowledgementMayCoverSeveralBatches) {
  StartWith(3);
  Answer(log_.Opened());
  Load(3);
  EXPECT_THAT(Answer(FakeLog::Stored(31)), ElementsAre("stored 1-3 (30 records)"));
}

TEST_F(PublishSessionTest, ARepeatedAcknowledgementChangesNothing) {
  StartWith(2);
  Answer(log_.Opened());
  Load(2);
  Answer(FakeLog::Stored(11));
  EXPECT_THAT(Answer(FakeLog::Stored(11)), IsEmpty());
  EXPECT_THAT(Answer(FakeLog::Stored(1)), IsEmpty());
  EXPECT_EQ(session_->base().next_sequence, 11);
}

// ------------------------------------------------------------------------------------------------- crash and reconnect

struct Restart {
  const char* name;
  size_t stored;  // of three batches that were sent, so many had reached the broker when the process died
  std::vector<std::string> then;
};

TEST_F(PublishSessionTest, WhatTheBrokerHasIsNotSentAgainAfterACrash) {
  const Restart kRestarts[] = {
      {"none", 0, {"send 1 as 1/1", "send 2 as 1/11", "send 3 as 1/21"}},
      {"one", 1, {"stored 1-1 (10 records)", "send 2 as 1/11", "send 3 as 1/21"}},
      {"two", 2, {"stored 1-2 (20 records)", "send 3 as 1/21"}},
      {"all", 3, {"stored 1-3 (30 records)"}},
  };
  for (const Restart& restart : kRestarts) {
    SCOPED_TRACE(restart.name);
    log_ = FakeLog();
    saved_ = SendBase();
    sent_.clear();
    StartWith(3);
    Answer(log_.Opened());
    Load(3);
    const std::vector<PublishSend> first = sent_;
    for (size_t i = 0; i < restart.stored; ++i) Store(i);  // and no answer arrives

    EXPECT_THAT(StartWith(3), ElementsAre("open 0"));
    EXPECT_THAT(Answer(log_.Opened()), IsEmpty());
    EXPECT_EQ(Load(3), restart.then);
    for (size_t i = first.size(); i < sent_.size(); ++i) {
      EXPECT_EQ(sent_[i].place.previous_hash, first[sent_[i].number - 1].place.previous_hash);
    }
  }
}

TEST_F(PublishSessionTest, ABrokenStreamIsTriedAgainAtOnceAndThenElsewhere) {
  StartWith(1);
  Answer(log_.Opened());
  Load(1);
  Answer(Store(0));
  EXPECT_THAT(Break(absl::UnavailableError("gone")), ElementsAre("close", "open 0"));
  EXPECT_FALSE(session_->connected());
  EXPECT_EQ(session_->last_error().message(), "gone");
  EXPECT_THAT(Break(absl::UnavailableError("gone")), ElementsAre("close", "open 1"));
  EXPECT_THAT(Do(PublishStreamEnded{stream_, absl::UnavailableError("gone")}, /*all=*/true),
              ElementsAre("close", "timer 150ms"));
  EXPECT_THAT(Do(PublishTimeout{}), ElementsAre("open 0"));
}

TEST_F(PublishSessionTest, ABrokerThatAcceptsAndFailsIsNotTriedInATightLoop) {
  StartWith(1);
  int pauses = 0;
  for (int i = 0; i < 8; ++i) {
    Answer(log_.Opened());
    const std::vector<std::string> lines = Break(absl::UnavailableError("crashed"));
    if (lines == std::vector<std::string>{"close"}) {
      ++pauses;
      Do(PublishTimeout{});
    }
  }
  EXPECT_EQ(pauses, 4);  // one after each round over the two endpoints
}

TEST_F(PublishSessionTest, AnOverloadedBrokerIsLeftAloneForAWhile) {
  StartWith(1);
  EXPECT_THAT(Do(PublishStreamEnded{stream_, absl::ResourceExhaustedError("full")}, /*all=*/true),
              ElementsAre("close", "timer 150ms"));
}

TEST_F(PublishSessionTest, EventsOfAnEarlierStreamAreIgnored) {
  StartWith(1);
  const uint64_t first = stream_;
  Break(absl::UnavailableError("gone"));
  EXPECT_THAT(Do(PublishStreamEnded{first, absl::DataLossError("late")}), IsEmpty());
  EXPECT_THAT(Do(PublishResponseReceived{first, log_.Opened()}), IsEmpty());
  EXPECT_FALSE(session_->connected());
}

TEST_F(PublishSessionTest, ABrokerThatDoesNotAnswerIsGivenUp) {
  EXPECT_THAT(StartWith(1), ElementsAre("open 0"));
  EXPECT_THAT(Do(PublishTimeout{}), ElementsAre("close", "open 1"));
  Answer(log_.Opened());
  Load(1);
  EXPECT_THAT(Do(PublishTimeout{}, /*all=*/true), ElementsAre("close", "timer 150ms"));
  EXPECT_EQ(session_->last_error().code(), absl::StatusCode::kDeadlineExceeded);
}

TEST_F(PublishSessionTest, SilenceIsNoFaultWhileNothingIsInFlight) {
  StartWith(0);
  Answer(log_.Opened());
  EXPECT_THAT(Do(PublishTimeout{}, /*all=*/true), IsEmpty());
  EXPECT_TRUE(session_->connected());
}

TEST_F(PublishSessionTest, OfflineBeforeTheFirstContactOnlyDelaysTheStatements) {
  StartWith(0);
  Break(absl::UnavailableError("no network"));
  StartWith(2);  // another process, still offline
  Break(absl::UnavailableError("no network"));
  log_.next_sequence = 501;  // an earlier writer of the same epoch number
  log_.head = DigestFrom(9);
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("save 1 at 1/501"));
  EXPECT_THAT(Load(2), ElementsAre("send 1 as 1/501", "send 2 as 1/511"));
  EXPECT_EQ(sent_[0].place.previous_hash, DigestFrom(9));
}

// --------------------------------------------------------------------------------------------------------- garbage

TEST_F(PublishSessionTest, AGreetingThatMakesNoSenseIsNoContact) {
  using Spoil = void (*)(v1::PublishOpened&);
  const Spoil kSpoilers[] = {
      [](v1::PublishOpened& o) { o.set_dataset_id("short"); },
      [](v1::PublishOpened& o) { o.set_dataset_id(std::string(16, '\0')); },
      [](v1::PublishOpened& o) { o.set_epoch(0); },
      [](v1::PublishOpened& o) { o.set_epoch(UINT64_MAX); },
      [](v1::PublishOpened& o) { o.set_next_sequence(0); },
      [](v1::PublishOpened& o) { o.set_next_sequence(UINT64_MAX); },
      [](v1::PublishOpened& o) { o.set_head_statement_hash("x"); },
      [](v1::PublishOpened& o) { o.clear_schema_hash(); },
      [](v1::PublishOpened& o) { o.set_batch_bytes_max(0); },
      [](v1::PublishOpened& o) { o.set_in_flight_bytes_max(0); },
  };
  for (const Spoil spoil : kSpoilers) {
    StartWith(1);
    v1::PublishResponse response = log_.Opened();
    spoil(*response.mutable_opened());
    EXPECT_THAT(Answer(response), ElementsAre("close", "open 1")) << response.ShortDebugString();
    EXPECT_EQ(session_->base(), SendBase());
  }
}

TEST_F(PublishSessionTest, AnAnswerOutOfPlaceEndsTheStreamAndLosesNothing) {
  const v1::PublishResponse kAnswers[] = {
      v1::PublishResponse(),   // no message at all
      log_.Opened(),           // a second greeting
      FakeLog::Stored(15),     // inside a batch
      FakeLog::Stored(1'000),  // beyond what was sent
      FakeLog::Stored(UINT64_MAX),
  };
  for (const v1::PublishResponse& answer : kAnswers) {
    SCOPED_TRACE(answer.ShortDebugString());
    saved_ = SendBase();
    StartWith(2);
    Answer(log_.Opened());
    Load(2);
    EXPECT_THAT(Answer(answer), ElementsAre("close", "open 1"));
    EXPECT_EQ(session_->base().first_number, 1);
    EXPECT_THAT(Answer(log_.Opened()), ElementsAre("send 1 as 1/1", "send 2 as 1/11"));
  }
}

TEST_F(PublishSessionTest, AnAcknowledgementBeforeTheGreetingIsRefused) {
  StartWith(1);
  EXPECT_THAT(Answer(FakeLog::Stored(11)), ElementsAre("close", "open 1"));
}

// --------------------------------------------------------------------------------------------- the broker lost
// something

TEST_F(PublishSessionTest, ALogThatIsNotTheOneItWasStopsThePublisher) {
  struct Case {
    const char* name;
    void (*change)(FakeLog&);
    absl::StatusCode code;
    const char* message;
  };
  const Case kCases[] = {
      {"shorter", [](FakeLog& log) { log.next_sequence = 11; }, absl::StatusCode::kDataLoss,
       "acknowledged everything below 21 and now ends at 10"},
      {"empty", [](FakeLog& log) { log = FakeLog(); }, absl::StatusCode::kDataLoss, "now ends at 0"},
      {"other history", [](FakeLog& log) { log.head = DigestFrom(1); }, absl::StatusCode::kDataLoss,
       "other records before 21"},
      {"other dataset", [](FakeLog& log) { log.dataset_id = std::string(16, 'x'); },
       absl::StatusCode::kFailedPrecondition, "another dataset"},
      {"older epoch",
       [](FakeLog& log) {
         log.epoch = 1;
         log.next_sequence = 31;
       },
       absl::StatusCode::kDataLoss, "epoch 1 instead of 2"},
      {"records in its own epoch that it never wrote", [](FakeLog& log) { log.next_sequence = 51; },
       absl::StatusCode::kAborted, "a copy of the outbox"},
  };
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    log_ = FakeLog();
    log_.epoch = 2;
    saved_ = SendBase();
    sent_.clear();
    StartWith(2);
    Answer(log_.Opened());
    Load(2);
    Answer(Store(0));
    Answer(Store(1));
    c.change(log_);
    Break(absl::UnavailableError("restarted"));
    EXPECT_THAT(Answer(log_.Opened()), ElementsAre("close", absl::StrCat("stop ", absl::StatusCodeToString(c.code))));
    EXPECT_THAT(std::string(stopped_.message()), HasSubstr(c.message));
    EXPECT_THAT(Do(PublishTimeout{}), IsEmpty());  // for good
  }
}

// ----------------------------------------------------------------------------------------------------- several writers

TEST_F(PublishSessionTest, TakesOverOnceAndNotAgainOnReconnect) {
  options_.take_over = true;
  EXPECT_THAT(StartWith(1), ElementsAre("open 0 taking over"));
  EXPECT_THAT(Break(absl::UnavailableError("gone")), ElementsAre("close", "open 1 taking over"));
  log_.epoch = 4;
  Answer(log_.Opened());
  EXPECT_THAT(Break(absl::UnavailableError("gone")), ElementsAre("close"));
  EXPECT_THAT(Do(PublishTimeout{}), ElementsAre("open 0"));
}

TEST_F(PublishSessionTest, AnotherWriterIsNotPushedAsideUnasked) {
  StartWith(1);
  EXPECT_THAT(Break(absl::FailedPreconditionError("`wasser/regen` has another writer")),
              ElementsAre("close", "stop FAILED_PRECONDITION"));
}

TEST_F(PublishSessionTest, AFencedWriterStopsAndKeepsItsBatches) {
  StartWith(2);
  Answer(log_.Opened());
  Load(2);
  v1::PublishResponse refused = FakeLog::Refused(v1::FENCED);
  refused.mutable_refused()->set_epoch(2);
  EXPECT_THAT(Answer(refused), ElementsAre("close", "stop ABORTED"));
  EXPECT_THAT(std::string(stopped_.message()), HasSubstr("taken `wasser/regen` over (epoch 2)"));
  EXPECT_EQ(session_->base().first_number, 1);
}

TEST_F(PublishSessionTest, FencedWhileIdleCountsAsWell) {
  StartWith(0);
  Answer(log_.Opened());
  EXPECT_THAT(Answer(FakeLog::Refused(v1::FENCED)), ElementsAre("close", "stop ABORTED"));
}

TEST_F(PublishSessionTest, TakenBackItGoesOnBehindTheOtherWriter) {
  StartWith(1);
  Answer(log_.Opened());
  Load(1);
  Answer(Store(0));
  log_.AnotherWriterStores(100);
  saved_ = session_->base();

  options_.take_over = true;
  log_.epoch = 3;
  outbox_count_ = 1;
  StartWith(1);  // nothing waited when it was fenced
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("save 2 at 3/111"));
  EXPECT_THAT(Load(3), ElementsAre("send 2 as 3/111", "send 3 as 3/121"));
}

TEST_F(PublishSessionTest, StoredBeforeTheTakeOverIsRecognisedWhereItIsStillTheHead) {
  StartWith(2);
  Answer(log_.Opened());
  Load(2);
  Store(0);  // and the process dies
  options_.take_over = true;
  log_.epoch = 5;
  StartWith(2);
  Answer(log_.Opened());
  EXPECT_THAT(Load(2), ElementsAre("stored 1-1 (10 records)", "save 2 at 5/11", "send 2 as 5/11"));
}

struct Doubt {
  InDoubt choice;
  std::vector<std::string> then;
};

TEST_F(PublishSessionTest, WhatMayBeStoredBehindAnotherWriterIsForAPersonToDecide) {
  const Doubt kDoubts[] = {
      {InDoubt::kStop, {"close", "stop ABORTED"}},
      {InDoubt::kSendAgain, {"save 1 at 3/111", "send 1 as 3/111", "send 2 as 3/121"}},
      {InDoubt::kDrop, {"save 3 at 3/111"}},
  };
  for (const Doubt& doubt : kDoubts) {
    log_ = FakeLog();
    saved_ = SendBase();
    sent_.clear();
    options_.in_doubt = doubt.choice;
    StartWith(2);
    Answer(log_.Opened());
    Load(2);
    Store(0);  // the answer is lost, then somebody else takes over and stores
    log_.AnotherWriterStores(100);
    log_.epoch = 3;
    StartWith(2);
    Answer(log_.Opened());
    EXPECT_EQ(Load(2), doubt.then);
  }
}

// ------------------------------------------------------------------------------------------------------------ refusals

TEST_F(PublishSessionTest, ARefusedBatchStopsUntilItIsDiscarded) {
  StartWith(3);
  Answer(log_.Opened());
  Load(3);
  Answer(Store(0));
  v1::PublishResponse refused = FakeLog::Refused(v1::BAD_RECORD);
  refused.mutable_refused()->set_problem_count(4);
  v1::RecordProblem& problem = *refused.mutable_refused()->add_problems();
  problem.set_index(7);
  problem.set_field("position.latitude");
  problem.set_code("out-of-range");
  problem.set_detail("is 95");
  EXPECT_THAT(Answer(refused), ElementsAre("close", "stop INVALID_ARGUMENT batch 2"));
  EXPECT_EQ(
      stopped_.message(),
      "the broker refused records of `wasser/regen` from 11 on: record 7 of the batch, field `position.latitude`: "
      "is 95 (out-of-range); 4 records of it are bad; discard the batch, or mend its records and append them anew");
  EXPECT_THAT(Break(absl::OkStatus()), IsEmpty());

  EXPECT_THAT(Do(RefusedDiscarded{}), ElementsAre("save 3 at 1/11", "open 0"));
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("send 3 as 1/11"));
  EXPECT_EQ(sent_.back().place.previous_hash, log_.head);
}

TEST_F(PublishSessionTest, EachRefusalHasItsConsequence) {
  struct Case {
    v1::PublishRefusedCode code;
    std::vector<std::string> then;
  };
  const Case kCases[] = {
      {v1::BAD_BATCH, {"close", "stop INVALID_ARGUMENT batch 1"}},
      {v1::BAD_RECORD, {"close", "stop INVALID_ARGUMENT batch 1"}},
      {v1::WRONG_SEQUENCE, {"close", "open 1"}},
      {v1::FENCED, {"close", "stop ABORTED"}},
      {v1::EQUIVOCATION, {"close", "stop ABORTED"}},
      {v1::SCHEMA_CHANGED, {"close", "open 1"}},
      {v1::PUBLISH_REFUSED_CODE_UNSPECIFIED, {"close", "stop INVALID_ARGUMENT batch 1"}},
  };
  for (const Case& c : kCases) {
    saved_ = SendBase();
    StartWith(1);
    Answer(log_.Opened());
    Load(1);
    EXPECT_EQ(Answer(FakeLog::Refused(c.code)), c.then) << v1::PublishRefusedCode_Name(c.code);
  }
}

TEST_F(PublishSessionTest, AChangedSchemaIsTakenUpUnlessTheBatchNamesItsOwn) {
  StartWith(1);
  Answer(log_.Opened());
  Load(1);
  Answer(FakeLog::Refused(v1::SCHEMA_CHANGED));
  log_.schema = DigestFrom(0x77);
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("save 1 at 1/1", "send 1 as 1/1"));
  EXPECT_EQ(sent_.back().place.schema_hash, DigestFrom(0x77));

  saved_ = SendBase();
  StartWith(1);
  Answer(log_.Opened());
  PendingBatch batch = BatchNumber(1);
  batch.schema_hash = DigestFrom(7);
  Do(BatchesLoaded{{batch}});
  EXPECT_THAT(Answer(FakeLog::Refused(v1::SCHEMA_CHANGED)), ElementsAre("close", "stop FAILED_PRECONDITION batch 1"));
}

TEST_F(PublishSessionTest, ARefusalThatNoReconnectMendsStopsAtLast) {
  StartWith(1);
  Answer(log_.Opened());
  Load(1);
  std::vector<std::string> lines;
  int refusals = 0;
  while (stopped_.ok() && refusals < 10) {
    ++refusals;
    if (Answer(FakeLog::Refused(v1::WRONG_SEQUENCE)) == std::vector<std::string>{"close"}) Do(PublishTimeout{});
    if (stopped_.ok()) Answer(log_.Opened());
  }
  EXPECT_EQ(refusals, 3);
  EXPECT_EQ(stopped_.code(), absl::StatusCode::kAborted);
}

TEST_F(PublishSessionTest, ABatchThatTheBrokerCannotTakeWaitsForWhatIsBeforeIt) {
  StartWith(2);
  v1::PublishResponse opened = log_.Opened();
  opened.mutable_opened()->set_batch_bytes_max(kBytesPerBatch);
  Answer(opened);
  PendingBatch large = BatchNumber(2);
  large.encoded_bytes = kBytesPerBatch + 1;
  EXPECT_THAT(Do(BatchesLoaded{{BatchNumber(1), large}}), ElementsAre("send 1 as 1/1"));
  EXPECT_THAT(Answer(Store(0)), ElementsAre("stored 1-1 (10 records)", "close", "stop INVALID_ARGUMENT batch 2"));
}

TEST_F(PublishSessionTest, ErrorsThatNoRetryMendsStop) {
  for (const absl::Status& status : {absl::NotFoundError("no such dataset"), absl::PermissionDeniedError("role"),
                                     absl::UnauthenticatedError("who"), absl::InvalidArgumentError("bad")}) {
    StartWith(1);
    EXPECT_THAT(Break(status), ElementsAre("close", absl::StrCat("stop ", absl::StatusCodeToString(status.code()))));
  }
}

TEST_F(PublishSessionTest, AFailedDiskOfTheBrokerIsWaitedOut) {
  StartWith(1);
  EXPECT_THAT(Break(absl::DataLossError("disk")), ElementsAre("close", "open 1"));
  Answer(log_.Opened());
  Load(1);
  EXPECT_THAT(Do(PublishStreamEnded{stream_, absl::DataLossError("disk")}, /*all=*/true),
              ElementsAre("close", "timer 150ms"));
  EXPECT_EQ(session_->last_error(), absl::DataLossError("disk"));
  EXPECT_THAT(Do(PublishTimeout{}), ElementsAre("open 0"));
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("send 1 as 1/1"));
}

TEST_F(PublishSessionTest, AnIdentityThatWasAcceptedOnceMayBecomeGoodAgain) {
  StartWith(1);
  Answer(log_.Opened());
  Load(1);
  EXPECT_THAT(Break(absl::UnauthenticatedError("expired")), ElementsAre("close", "open 1"));
  EXPECT_THAT(Break(absl::UnauthenticatedError("expired")), ElementsAre("close"));
  EXPECT_EQ(session_->last_error(), absl::UnauthenticatedError("expired"));
  EXPECT_THAT(Do(PublishTimeout{}), ElementsAre("open 0"));
  EXPECT_THAT(Answer(log_.Opened()), ElementsAre("send 1 as 1/1"));
}

TEST_F(PublishSessionTest, DiscardingWithoutARefusalDoesNothing) {
  StartWith(1);
  Answer(log_.Opened());
  EXPECT_THAT(Do(RefusedDiscarded{}), IsEmpty());
}

}  // namespace
}  // namespace allmende::session
