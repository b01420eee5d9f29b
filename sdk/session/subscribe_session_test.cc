#include "sdk/session/subscribe_session.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace allmende::session {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Line(const SubscribeOpenStream& e) {
  std::string start = "oldest";
  if (e.request.has_from_sequence()) start = absl::StrCat("from ", e.request.from_sequence());
  if (e.request.has_resume_token()) start = absl::StrCat("token ", e.request.resume_token());
  if (e.request.snapshot()) start = "snapshot";
  return absl::StrCat("open ", e.endpoint, " ", start);
}
std::string Line(const SubscribeCloseStream&) {
  return "close";
}
std::string Line(const SubscribeSetTimer&) {
  return "";
}
std::string Line(const SubscribeHandOver& e) {
  const v1::SubscribeResponse& response = e.response;
  if (response.has_opened()) return e.resumed ? "resumed" : "opened";
  if (response.has_batch()) {
    return absl::StrCat("batch ", response.batch().first_sequence(), "-", response.batch().last_sequence(), " behind ",
                        e.skip_through);
  }
  if (response.has_watermark()) return absl::StrCat("watermark ", response.watermark().sequence());
  return "ended";
}
std::string Line(const SubscribeStopped& e) {
  return absl::StrCat("stop ", absl::StatusCodeToString(e.status.code()));
}

class SubscribeSessionTest : public testing::Test {
 protected:
  SubscribeSessionTest() {
    options_.request.set_dataset("wasser/regen");
    options_.reconnect.endpoint_count = 2;
  }

  std::vector<std::string> Do(SubscribeEvent event) {
    if (!session_.has_value()) session_.emplace(options_, [] { return 0.5; });
    std::vector<std::string> lines;
    for (const SubscribeEffect& effect : session_->Step(std::move(event))) {
      if (const auto* open = std::get_if<SubscribeOpenStream>(&effect)) stream_ = open->stream;
      const std::string line = std::visit([](const auto& e) { return Line(e); }, effect);
      if (!line.empty()) lines.push_back(line);
    }
    return lines;
  }
  std::vector<std::string> Receive(const v1::SubscribeResponse& response) {
    return Do(SubscribeResponseReceived{stream_, response});
  }
  std::vector<std::string> Break() { return Do(SubscribeStreamEnded{stream_, absl::UnavailableError("gone")}); }

  static v1::SubscribeResponse Opened(uint64_t first, uint64_t head, bool snapshot = false) {
    v1::SubscribeResponse response;
    response.mutable_opened()->set_dataset_id("0123456789abcdef");
    response.mutable_opened()->set_epoch(1);
    response.mutable_opened()->set_first_sequence(first);
    response.mutable_opened()->set_head_sequence(head);
    response.mutable_opened()->set_snapshot(snapshot);
    return response;
  }
  static v1::SubscribeResponse Batch(uint64_t first, uint64_t last) {
    v1::SubscribeResponse response;
    response.mutable_batch()->set_first_sequence(first);
    response.mutable_batch()->set_last_sequence(last);
    return response;
  }
  static v1::SubscribeResponse Watermark(uint64_t sequence, uint64_t head, bool snapshot_complete = false) {
    v1::SubscribeResponse response;
    response.mutable_watermark()->set_sequence(sequence);
    response.mutable_watermark()->set_head_sequence(head);
    response.mutable_watermark()->set_resume_token(absl::StrCat(sequence));
    response.mutable_watermark()->set_snapshot_complete(snapshot_complete);
    return response;
  }

  SubscribeSessionOptions options_;
  std::optional<SubscribeSession> session_;
  uint64_t stream_ = 0;
};

TEST_F(SubscribeSessionTest, ResumesWithTheLastTokenOnTheNextEndpoint) {
  EXPECT_THAT(Do(SubscribeStart{}), ElementsAre("open 0 oldest"));
  EXPECT_THAT(Receive(Opened(1, 9)), ElementsAre("opened"));
  EXPECT_THAT(Receive(Batch(1, 5)), ElementsAre("batch 1-5 behind 0"));
  EXPECT_THAT(Receive(Watermark(5, 9)), ElementsAre("watermark 5"));
  EXPECT_THAT(Receive(Batch(6, 9)), ElementsAre("batch 6-9 behind 5"));
  EXPECT_THAT(Break(), ElementsAre("close", "open 0 token 5"));
  EXPECT_THAT(Break(), ElementsAre("close", "open 1 token 5"));
  EXPECT_THAT(Receive(Opened(6, 9)), ElementsAre("resumed"));
  EXPECT_THAT(Receive(Batch(6, 9)), IsEmpty()) << "it was handed over before";
  EXPECT_THAT(Receive(Batch(10, 12)), ElementsAre("batch 10-12 behind 9"));
}

TEST_F(SubscribeSessionTest, SkipsWhatItHasOfABatchThatComesWhole) {
  Do(SubscribeStart{});
  Receive(Opened(4, 9));
  EXPECT_THAT(Receive(Batch(1, 6)), ElementsAre("batch 1-6 behind 3"));
  EXPECT_THAT(Receive(Batch(5, 9)), ElementsAre("close")) << "only the first one may begin earlier";
}

TEST_F(SubscribeSessionTest, GoesOnBySequenceWhereTheTokenLeadsTooFar) {
  Do(SubscribeStart{});
  Receive(Opened(1, 9));
  Receive(Batch(1, 9));
  Receive(Watermark(9, 9));
  EXPECT_THAT(Do(DeliveryDamaged{4, absl::DataLossError("bad")}), ElementsAre("close"));
  EXPECT_THAT(Do(SubscribeTimeout{}), testing::Contains(testing::EndsWith("from 4")));
}

TEST_F(SubscribeSessionTest, GivesUpOnDamageAtOnePlaceOnly) {
  Do(SubscribeStart{});
  for (int i = 0; i < 5; ++i) {
    Receive(Opened(1, 9));
    EXPECT_THAT(Do(DeliveryDamaged{static_cast<uint64_t>(i + 1), absl::DataLossError("bad")}), ElementsAre("close"));
    Do(SubscribeTimeout{});
  }
  Receive(Opened(1, 9));
  EXPECT_THAT(Do(DeliveryDamaged{5, absl::DataLossError("bad")}), ElementsAre("close"));
  Do(SubscribeTimeout{});
  Receive(Opened(1, 9));
  EXPECT_THAT(Do(DeliveryDamaged{5, absl::DataLossError("bad")}), ElementsAre("close", "stop DATA_LOSS"));
}

TEST_F(SubscribeSessionTest, ASnapshotThatBreaksOffBeginsAnew) {
  options_.request.set_snapshot(true);
  EXPECT_THAT(Do(SubscribeStart{}), ElementsAre("open 0 snapshot"));
  Receive(Opened(1, 9, true));
  Receive(Batch(1, 5));
  EXPECT_THAT(Break(), ElementsAre("close", "open 0 snapshot"));
  EXPECT_THAT(Receive(Opened(1, 9, true)), ElementsAre("opened"));
  EXPECT_THAT(Receive(Batch(1, 9)), ElementsAre("batch 1-9 behind 0"));
  EXPECT_THAT(Receive(Watermark(9, 9, true)), ElementsAre("watermark 9"));
  EXPECT_THAT(Break(), ElementsAre("close", "open 0 token 9"));
}

TEST_F(SubscribeSessionTest, StopsWhereTheBrokerHasLostWhatWasReceived) {
  for (const bool other_dataset : {false, true}) {
    session_.reset();
    Do(SubscribeStart{});
    Receive(Opened(1, 9));
    Receive(Batch(1, 9));
    Break();
    v1::SubscribeResponse opened = Opened(10, other_dataset ? 9 : 8);
    if (other_dataset) opened.mutable_opened()->set_dataset_id("fedcba9876543210");
    EXPECT_THAT(Receive(opened), ElementsAre("close", "stop FAILED_PRECONDITION"));
  }
}

TEST_F(SubscribeSessionTest, TreatsNonsenseAsABrokenConnection) {
  struct Case {
    const char* name;
    v1::SubscribeResponse response;
  };
  const std::vector<Case> cases = {{"a range backwards", Batch(5, 4)},
                                   {"sequence 0", Batch(0, 4)},
                                   {"a watermark ahead of the head", Watermark(10, 9)},
                                   {"opened twice", Opened(1, 9)},
                                   {"nothing", {}}};
  for (const Case& c : cases) {
    session_.reset();
    Do(SubscribeStart{});
    Receive(Opened(1, 9));
    EXPECT_THAT(Receive(c.response), testing::Contains("close")) << c.name;
  }
  session_.reset();
  Do(SubscribeStart{});
  EXPECT_THAT(Receive(Batch(1, 2)), testing::Contains("close")) << "nothing comes before `opened`";
}

TEST_F(SubscribeSessionTest, IgnoresWhatComesFromAStreamThatWasGivenUp) {
  Do(SubscribeStart{});
  const uint64_t first = stream_;
  Break();
  EXPECT_THAT(Do(SubscribeResponseReceived{first, Opened(1, 9)}), IsEmpty());
  EXPECT_THAT(Do(SubscribeStreamEnded{first, absl::UnavailableError("late")}), IsEmpty());
}

TEST_F(SubscribeSessionTest, StopsForGoodWhereAnotherTryCannotHelp) {
  Do(SubscribeStart{});
  EXPECT_THAT(Do(SubscribeStreamEnded{stream_, absl::NotFoundError("no such dataset")}),
              ElementsAre("close", "stop NOT_FOUND"));
  EXPECT_THAT(Do(SubscribeTimeout{}), IsEmpty());
}

}  // namespace
}  // namespace allmende::session
