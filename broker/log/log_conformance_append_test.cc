// Appending, comparing, side writes, reopening: see log_conformance.h.
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/log/log_conformance.h"

namespace allmende::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr LogId kRain{7};
constexpr LogId kSewers{8};

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST_P(LogConformance, LogThatWasNeverWrittenIsEmpty) {
  EXPECT_EQ(log().HeadOf(kRain), LogHead());
  EXPECT_THAT(log().Logs(), IsEmpty());
  EXPECT_THAT(Entries(kRain), IsEmpty());
  EXPECT_EQ(log().View()->HeadOf(kRain).value(), LogHead());
}

TEST_P(LogConformance, AppendReportsTheNewHead) {
  const LogEntry last = EntryOf("three", 5);
  const absl::StatusOr<LogHead> head = AppendTo(kRain, {EntryOf("one"), EntryOf("two", 2), last});
  ASSERT_TRUE(head.ok()) << head.status();
  EXPECT_EQ(head->next_sequence, 9u);
  EXPECT_EQ(head->first_sequence, 1u);
  EXPECT_EQ(head->entries, 3u);
  EXPECT_EQ(head->bytes, 11u);
  EXPECT_EQ(head->hash, last.hash);
  EXPECT_EQ(log().HeadOf(kRain), *head);
  EXPECT_EQ(log().View()->HeadOf(kRain).value(), *head);
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:one", "2+2:two", "4+5:three"));
}

TEST_P(LogConformance, LogsAreSeparateAndListedInOrder) {
  ASSERT_TRUE(AppendTo(kSewers, {EntryOf("s")}).ok());
  ASSERT_TRUE(AppendTo(kControlLog, {EntryOf("c")}).ok());
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("r")}).ok());
  ASSERT_TRUE(AppendTo(LogId{0xffffffff}, {EntryOf("last")}).ok());
  EXPECT_THAT(log().Logs(), ElementsAre(kControlLog, kRain, kSewers, LogId{0xffffffff}));
  EXPECT_THAT(Entries(kSewers), ElementsAre("1+1:s"));
  EXPECT_THAT(Entries(kControlLog), ElementsAre("1+1:c"));
  EXPECT_THAT(Entries(LogId{0xffffffff}), ElementsAre("1+1:last"));
}

TEST_P(LogConformance, OfTwoWritersAtOnePositionOneWins) {
  const LogPosition start = AppendTo(kRain, {EntryOf("a")})->position;
  ASSERT_TRUE(Append(RequestFor(kRain, start, {EntryOf("first")})).ok());
  const absl::StatusOr<LogHead> second = Append(RequestFor(kRain, start, {EntryOf("second")}));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second.status()), HasSubstr("log 7 goes on with record 3, the write expects record 2"));
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:a", "2+1:first"));
}

TEST_P(LogConformance, LoserWritesNothingAtAll) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a")}).ok());
  EXPECT_FALSE(
      Append(RequestFor(kRain, LogPosition(), {EntryOf("b")}, {SideWrite::Put(SideFamily::kState, "k", "v")})).ok());
  EXPECT_EQ(log().View()->GetSide(SideFamily::kState, "k").value(), std::nullopt);
}

TEST_P(LogConformance, PositionAfterTheHeadIsRefused) {
  const std::vector<LogEntry> entries = {EntryOf("a", 3)};
  const LogPosition future = log().After(LogPosition(), entries);
  EXPECT_EQ(Append(RequestFor(kRain, future, {EntryOf("b")})).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(log().Logs(), IsEmpty());
}

TEST_P(LogConformance, WriterMayHaveSeveralAppendsUnderWay) {
  LogPosition position;
  std::vector<LogPosition> reported;
  std::vector<LogPosition> foreseen;
  harness_->Hold();
  for (int i = 0; i < 20; ++i) {
    std::vector<LogEntry> entries = {EntryOf(absl::StrCat("a", i), 2), EntryOf(absl::StrCat("b", i))};
    const LogPosition next = log().After(position, entries);
    ASSERT_TRUE(log()
                    .Append(RequestFor(kRain, position, std::move(entries)),
                            [&](absl::StatusOr<LogHead> head) { reported.push_back(head.value().position); })
                    .ok());
    foreseen.push_back(next);
    position = next;
  }
  harness_->Release();
  harness_->Settle();
  EXPECT_EQ(reported, foreseen);
  EXPECT_THAT(Entries(kRain), SizeIs(40));
  EXPECT_EQ(log().HeadOf(kRain).position, position);
}

TEST_P(LogConformance, WhatFollowsAFailedAppendFailsToo) {
  std::vector<absl::StatusCode> outcomes;
  const auto note = [&](absl::StatusOr<LogHead> head) { outcomes.push_back(head.status().code()); };
  harness_->Hold();
  std::vector<LogEntry> lost = {EntryOf("lost")};
  const LogPosition wrong = log().After(LogPosition(), lost);
  const LogPosition after_wrong = log().After(wrong, lost);
  ASSERT_TRUE(log().Append(RequestFor(kRain, wrong, lost), note).ok());
  ASSERT_TRUE(log().Append(RequestFor(kRain, after_wrong, {EntryOf("after it")}), note).ok());
  ASSERT_TRUE(log().Append(RequestFor(kRain, LogPosition(), {EntryOf("right")}), note).ok());
  harness_->Release();
  harness_->Settle();
  EXPECT_THAT(outcomes, ElementsAre(absl::StatusCode::kFailedPrecondition, absl::StatusCode::kFailedPrecondition,
                                    absl::StatusCode::kOk));
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:right"));
}

TEST_P(LogConformance, CallbacksComeInOrderOfAcceptanceAcrossLogsAndKinds) {
  std::vector<std::string> order;
  harness_->Hold();
  ASSERT_TRUE(log().Append(RequestFor(kRain, {}, {EntryOf("a")}), [&](auto) { order.push_back("rain"); }).ok());
  ASSERT_TRUE(
      log()
          .WriteSide({SideWrite::Put(SideFamily::kState, "k", "v")}, [&](absl::Status) { order.push_back("side"); })
          .ok());
  ASSERT_TRUE(log().TrimBefore(kRain, 99, [&](absl::Status) { order.push_back("trim"); }).ok());
  ASSERT_TRUE(log().Append(RequestFor(kSewers, {}, {EntryOf("b")}), [&](auto) { order.push_back("sewers"); }).ok());
  ASSERT_TRUE(log().Replace(kSewers, 1, EntryOf("b"), {}, [&](absl::Status) { order.push_back("replace"); }).ok());
  harness_->Release();
  harness_->Settle();
  EXPECT_THAT(order, ElementsAre("rain", "side", "trim", "sewers", "replace"));
}

TEST_P(LogConformance, CallbackMayStartAnotherWriteAndSeesItsOwn) {
  std::vector<std::string> seen;
  ASSERT_TRUE(log()
                  .Append(RequestFor(kRain, {}, {EntryOf("a")}),
                          [&](absl::StatusOr<LogHead> head) {
                            seen.push_back(absl::StrCat("head ", log().HeadOf(kRain).next_sequence));
                            seen.push_back(absl::StrCat("entries ", Entries(kRain).size()));
                            EXPECT_TRUE(log()
                                            .Append(RequestFor(kRain, head->position, {EntryOf("b")}),
                                                    [&](auto next) { seen.push_back(next.ok() ? "b" : "failed"); })
                                            .ok());
                          })
                  .ok());
  harness_->Settle();
  EXPECT_THAT(seen, ElementsAre("head 2", "entries 1", "b"));
}

TEST_P(LogConformance, MalformedRequestsAreRefusedAtOnce) {
  const LogEntry huge = EntryOf(std::string((64 << 10) + 1, 'x'));
  std::vector<SideWrite> much;
  for (int i = 0; i < 20; ++i) much.push_back(SideWrite::Put(SideFamily::kState, "k", std::string(60'000, 'x')));
  const auto never = [](auto) { ADD_FAILURE() << "called"; };
  const auto refused = [](const absl::Status& status) { return absl::IsInvalidArgument(status); };
  EXPECT_TRUE(refused(log().Append(RequestFor(kRain, {}, {}), never)));
  EXPECT_TRUE(refused(log().Append(RequestFor(kRain, {}, {EntryOf("a", 0)}), never)));
  EXPECT_TRUE(refused(log().Append(RequestFor(kRain, {}, {huge}), never)));
  EXPECT_TRUE(refused(log().Append(RequestFor(kRain, {}, {EntryOf("a")}, much), never)));
  EXPECT_TRUE(refused(log().WriteSide({SideWrite::DeletePrefix(SideFamily::kState, "")}, never)));
  EXPECT_TRUE(refused(log().WriteSide(std::move(much), never)));
  EXPECT_TRUE(refused(log().Replace(kRain, 1, LogEntry(huge), {}, never)));
  harness_->Settle();
  EXPECT_THAT(log().Logs(), IsEmpty());
}

TEST_P(LogConformance, FullQueueTakesNothing) {
  ConformanceLimits limits;
  limits.queued_writes_max = 8;
  harness_->Open(limits);
  harness_->Hold();
  int reported = 0;
  LogPosition position;
  absl::Status status;
  AppendRequest request;
  int accepted = 0;
  for (; accepted < 100; ++accepted) {
    request = RequestFor(kRain, position, {EntryOf("a")}, {SideWrite::Put(SideFamily::kState, "k", "v")});
    const LogPosition next = log().After(position, request.entries);
    status = log().Append(std::move(request), [&](auto head) { reported += head.ok() ? 1 : 0; });
    if (!status.ok()) break;
    position = next;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GE(accepted, 8);
  EXPECT_LE(accepted, 9);  // one may be on its way to the disk
  EXPECT_THAT(request.entries, SizeIs(1));
  EXPECT_THAT(request.side_writes, SizeIs(1));
  harness_->Release();
  harness_->Settle();
  EXPECT_EQ(reported, accepted);
  EXPECT_TRUE(Append(std::move(request)).ok());  // there is room again
}

TEST_P(LogConformance, QueueIsBoundedInBytesToo) {
  harness_->Hold();
  int accepted = 0;
  absl::Status status;
  while (status.ok() && accepted < 1000) {
    status = log().WriteSide({SideWrite::Put(SideFamily::kState, "k", std::string(50'000, 'x'))}, [](auto) {});
    accepted += status.ok() ? 1 : 0;
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_GE(accepted, 20);
  EXPECT_LE(accepted, 21 + 1);
  harness_->Release();
  harness_->Settle();
}

TEST_P(LogConformance, NumberOfLogsIsBounded) {
  ConformanceLimits limits;
  limits.logs_max = 2;
  harness_->Open(limits);
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a")}).ok());
  ASSERT_TRUE(AppendTo(kSewers, {EntryOf("a")}).ok());
  EXPECT_EQ(AppendTo(LogId{9}, {EntryOf("a")}).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(AppendTo(kRain, {EntryOf("b")}).ok());
}

TEST_P(LogConformance, SideWritesApplyInOrderWithTheirAppend) {
  ASSERT_TRUE(
      AppendTo(kRain, {EntryOf("a")},
               {SideWrite::Put(SideFamily::kKeyIndex, "k1", "old"), SideWrite::Put(SideFamily::kState, "s", "1"),
                SideWrite::Put(SideFamily::kKeyIndex, "k1", "new"), SideWrite::Put(SideFamily::kKeyIndex, "k2", "x"),
                SideWrite::Delete(SideFamily::kKeyIndex, "k2"), SideWrite::Delete(SideFamily::kTimeIndex, "never")})
          .ok());
  const auto view = log().View();
  EXPECT_THAT(view->GetSide(SideFamily::kKeyIndex, "k1").value(), Optional(std::string("new")));
  EXPECT_EQ(view->GetSide(SideFamily::kKeyIndex, "k2").value(), std::nullopt);
  EXPECT_THAT(view->GetSide(SideFamily::kState, "s").value(), Optional(std::string("1")));
  EXPECT_EQ(view->GetSide(SideFamily::kTimeIndex, "s").value(), std::nullopt);
}

TEST_P(LogConformance, DeletedPrefixTakesItsKeysAndNoOthers) {
  std::vector<SideWrite> writes;
  for (const char* key : {"a", "ab", "ab\xff", "ab\xff\xff", "abc", "ac", "b"}) {
    writes.push_back(SideWrite::Put(SideFamily::kState, key, "1"));
  }
  ASSERT_TRUE(WriteSide(std::move(writes)).ok());
  ASSERT_TRUE(WriteSide({SideWrite::DeletePrefix(SideFamily::kState, "ab\xff"),
                         SideWrite::Put(SideFamily::kState, "ab\xff!", "after")})
                  .ok());
  EXPECT_THAT(Drain(*log().View()->ScanSide(SideFamily::kState, "", "")),
              ElementsAre("a=1", "ab=1", "abc=1", "ab\xff!=after", "ac=1", "b=1"));
}

TEST_P(LogConformance, AKeyIsDeletedOnlyIfItHasTheValueWhenItsTurnComes) {
  ASSERT_TRUE(
      WriteSide({SideWrite::Put(SideFamily::kKeyIndex, "a", "1"), SideWrite::Put(SideFamily::kKeyIndex, "b", "1"),
                 SideWrite::Put(SideFamily::kKeyIndex, "c", "2"), SideWrite::Put(SideFamily::kState, "a", "1")})
          .ok());
  harness_->Hold();
  ASSERT_TRUE(log().WriteSide({SideWrite::Put(SideFamily::kKeyIndex, "b", "3")}, [](const absl::Status&) {}).ok());
  std::vector<SideWrite> writes;
  for (const char* key : {"a", "b", "c", "never"}) {
    writes.push_back(SideWrite::DeleteIf(SideFamily::kKeyIndex, key, "1"));
  }
  writes.push_back(SideWrite::Put(SideFamily::kKeyIndex, "d", "4"));
  ASSERT_TRUE(log().WriteSide(std::move(writes), [](const absl::Status& status) { EXPECT_TRUE(status.ok()); }).ok());
  ASSERT_TRUE(log().WriteSide({SideWrite::Put(SideFamily::kKeyIndex, "e", "5")}, [](const absl::Status&) {}).ok());
  harness_->Release();
  harness_->Settle();
  EXPECT_THAT(Drain(*log().View()->ScanSide(SideFamily::kKeyIndex, "", "")), ElementsAre("b=3", "c=2", "d=4", "e=5"));
  EXPECT_THAT(log().View()->GetSide(SideFamily::kState, "a").value(), Optional(std::string("1")));
}

TEST_P(LogConformance, NoEntryIsWrittenWithADeleteThatLooks) {
  EXPECT_EQ(AppendTo(kRain, {EntryOf("a")}, {SideWrite::DeleteIf(SideFamily::kState, "k", "1")}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_P(LogConformance, EverythingIsThereAfterReopening) {
  const LogHead head =
      AppendTo(kRain, {EntryOf("a"), EntryOf("b", 3)}, {SideWrite::Put(SideFamily::kState, "k", "v")}).value();
  ASSERT_TRUE(AppendTo(kSewers, {EntryOf("c")}).ok());
  harness_->Open({});
  EXPECT_EQ(log().HeadOf(kRain), head);
  EXPECT_THAT(log().Logs(), ElementsAre(kRain, kSewers));
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:a", "2+3:b"));
  EXPECT_THAT(log().View()->GetSide(SideFamily::kState, "k").value(), Optional(std::string("v")));
  // Positions stay good.
  EXPECT_TRUE(Append(RequestFor(kRain, head.position, {EntryOf("d")})).ok());
  EXPECT_THAT(Drain(log().View()->ReadFrom(kRain, head.position, 100)), ElementsAre("5+1:d"));
}

}  // namespace
}  // namespace allmende::broker
