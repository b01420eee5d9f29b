// Reading, trimming, replacing, watching: see log_conformance.h.
#include <limits>
#include <memory>
#include <optional>
#include <random>
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
using ::testing::SizeIs;

constexpr LogId kRain{7};
constexpr LogId kSewers{8};
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

TEST_P(LogConformance, ReadsFromTheEntryThatHoldsASequence) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a", 3), EntryOf("b", 2), EntryOf("c")}).ok());
  const auto view = log().View();
  const std::vector<std::pair<Sequence, std::vector<std::string>>> cases = {
      {1, {"1+3:a", "4+2:b", "6+1:c"}},
      {3, {"1+3:a", "4+2:b", "6+1:c"}},
      {4, {"4+2:b", "6+1:c"}},
      {5, {"4+2:b", "6+1:c"}},
      {6, {"6+1:c"}},
      {7, {}},
      {8, {"!OUT_OF_RANGE"}},
      {0, {"!OUT_OF_RANGE"}},
  };
  for (const auto& [sequence, expected] : cases) {
    EXPECT_EQ(Drain(view->ReadFromSequence(kRain, sequence, kAll)), expected) << sequence;
  }
}

TEST_P(LogConformance, ReadsOnFromWhereACursorStopped) {
  std::vector<LogEntry> entries;
  for (int i = 0; i < 10; ++i) entries.push_back(EntryOf(absl::StrCat("entry", i), 1 + static_cast<unsigned>(i) % 3));
  ASSERT_TRUE(AppendTo(kRain, std::move(entries)).ok());
  const auto view = log().View();
  LogPosition position;
  std::string all;
  int cursors = 0;
  while (position != view->HeadOf(kRain)->position) {
    auto cursor = view->ReadFrom(kRain, position, 13).value();  // after three entries of six bytes
    std::size_t moved = 0;
    for (; cursor->Next(); ++moved) {
      EXPECT_LT(position, cursor->entry().after);
      position = cursor->entry().after;
      all.append(cursor->entry().bytes);
    }
    EXPECT_TRUE(cursor->status().ok());
    EXPECT_FALSE(cursor->Next());  // stays at its end
    EXPECT_LE(moved, 3u);
    ++cursors;
  }
  EXPECT_EQ(cursors, 4);
  EXPECT_EQ(all, "entry0entry1entry2entry3entry4entry5entry6entry7entry8entry9");
}

TEST_P(LogConformance, CursorMovesAtLeastOnce) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a"), EntryOf("b")}).ok());
  EXPECT_THAT(Drain(log().View()->ReadFrom(kRain, {}, 0)), ElementsAre("1+1:a"));
}

TEST_P(LogConformance, EntriesMayBeEmpty) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf(""), EntryOf("", 4)}).ok());
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:", "2+4:"));
}

TEST_P(LogConformance, EntryKnowsItsHashAndWhatFollows) {
  const LogEntry entry = EntryOf("a", 2);
  const LogHead head = AppendTo(kRain, {entry}).value();
  auto cursor = log().View()->ReadFrom(kRain, {}, kAll).value();
  ASSERT_TRUE(cursor->Next());
  EXPECT_EQ(cursor->entry().hash, entry.hash);
  EXPECT_EQ(cursor->entry().after, head.position);
}

TEST_P(LogConformance, PositionsOutsideTheLogAreRefused) {
  const LogHead head = AppendTo(kRain, {EntryOf("a", 3)}).value();
  const std::vector<LogEntry> more = {EntryOf("b")};
  const auto view = log().View();
  EXPECT_THAT(Drain(view->ReadFrom(kRain, head.position, kAll)), IsEmpty());
  EXPECT_THAT(Drain(view->ReadFrom(kRain, log().After(head.position, more), kAll)), ElementsAre("!OUT_OF_RANGE"));
  EXPECT_THAT(Drain(view->ReadFrom(kSewers, head.position, kAll)), ElementsAre("!OUT_OF_RANGE"));
}

TEST_P(LogConformance, ViewIsOneMoment) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a"), EntryOf("b")}, {SideWrite::Put(SideFamily::kState, "k", "1")}).ok());
  auto view = log().View();
  auto cursor = view->ReadFrom(kRain, {}, kAll).value();
  auto side = view->ScanSide(SideFamily::kState, "", "");
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("c")}, {SideWrite::Put(SideFamily::kState, "k", "2")}).ok());
  ASSERT_TRUE(Replace(kRain, 1, {"x", 1, EntryOf("a").hash}).ok());
  ASSERT_TRUE(Trim(kRain, 3).ok());
  EXPECT_EQ(view->HeadOf(kRain)->next_sequence, 3u);
  EXPECT_EQ(view->HeadOf(kRain)->first_sequence, 1u);
  EXPECT_EQ(view->GetSide(SideFamily::kState, "k").value(), "1");
  EXPECT_THAT(Drain(view->ReadFromSequence(kRain, 1, kAll)), ElementsAre("1+1:a", "2+1:b"));
  view.reset();  // cursors may outlive it
  EXPECT_THAT(Drain(*cursor), ElementsAre("1+1:a", "2+1:b"));
  EXPECT_THAT(Drain(*side), ElementsAre("k=1"));
  EXPECT_THAT(Entries(kRain), ElementsAre("3+1:c"));
}

TEST_P(LogConformance, ScansSideKeysOfAPrefixFromAKeyOn) {
  std::vector<SideWrite> writes;
  for (const char* key : {"a", "b", "b1", "b2", "b3", "c"})
    writes.push_back(SideWrite::Put(SideFamily::kKeyIndex, key, key));
  ASSERT_TRUE(WriteSide(std::move(writes)).ok());
  const auto view = log().View();
  const auto scan = [&](const char* prefix, const char* start) {
    return Drain(*view->ScanSide(SideFamily::kKeyIndex, prefix, start));
  };
  EXPECT_THAT(scan("b", ""), ElementsAre("b=b", "b1=b1", "b2=b2", "b3=b3"));
  EXPECT_THAT(scan("b", "b2"), ElementsAre("b2=b2", "b3=b3"));
  EXPECT_THAT(scan("b", "a"), SizeIs(4));
  EXPECT_THAT(scan("b", "c"), IsEmpty());
  EXPECT_THAT(scan("", ""), SizeIs(6));
  EXPECT_THAT(scan("x", ""), IsEmpty());
  EXPECT_THAT(Drain(*view->ScanSide(SideFamily::kState, "", "")), IsEmpty());
}

TEST_P(LogConformance, TrimGivesUpWholeEntries) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("aa", 3), EntryOf("bbb", 2), EntryOf("c")}).ok());
  ASSERT_TRUE(Trim(kRain, 5).ok());  // inside the second entry
  LogHead head = log().HeadOf(kRain);
  EXPECT_EQ(head.first_sequence, 4u);
  EXPECT_EQ(head.next_sequence, 7u);
  EXPECT_EQ(head.entries, 2u);
  EXPECT_EQ(head.bytes, 4u);
  EXPECT_THAT(Entries(kRain), ElementsAre("4+2:bbb", "6+1:c"));
  const auto old = log().View()->ReadFromSequence(kRain, 3, kAll);
  EXPECT_EQ(old.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(old.status().message()), HasSubstr("the oldest one is record 4"));
  EXPECT_THAT(Drain(log().View()->ReadFrom(kRain, {}, kAll)), ElementsAre("!OUT_OF_RANGE"));

  ASSERT_TRUE(Trim(kRain, 2).ok());  // before the oldest: nothing
  EXPECT_EQ(log().HeadOf(kRain), head);
  EXPECT_EQ(Trim(kRain, 8).code(), absl::StatusCode::kOutOfRange);
  harness_->Open({});
  EXPECT_EQ(log().HeadOf(kRain), head);
  EXPECT_THAT(Entries(kRain), ElementsAre("4+2:bbb", "6+1:c"));
}

TEST_P(LogConformance, EverythingMayBeTrimmedAndTheLogGoesOn) {
  const LogHead before = AppendTo(kRain, {EntryOf("a", 3)}).value();
  ASSERT_TRUE(Trim(kRain, 4).ok());
  const LogHead empty = log().HeadOf(kRain);
  EXPECT_EQ(empty.first_sequence, 4u);
  EXPECT_EQ(empty.next_sequence, 4u);
  EXPECT_EQ(empty.entries, 0u);
  EXPECT_EQ(empty.bytes, 0u);
  EXPECT_EQ(empty.hash, before.hash);
  harness_->Open({});
  EXPECT_EQ(log().HeadOf(kRain), empty);
  EXPECT_THAT(log().Logs(), ElementsAre(kRain));
  EXPECT_THAT(Entries(kRain), IsEmpty());
  ASSERT_TRUE(Append(RequestFor(kRain, before.position, {EntryOf("b")})).ok());
  EXPECT_THAT(Entries(kRain), ElementsAre("4+1:b"));
}

TEST_P(LogConformance, TrimSeesAppendsAcceptedBeforeIt) {
  harness_->Hold();
  ASSERT_TRUE(log().Append(RequestFor(kRain, {}, {EntryOf("a", 2), EntryOf("b")}), [](auto) {}).ok());
  absl::Status trimmed = absl::UnknownError("not reported");
  ASSERT_TRUE(log().TrimBefore(kRain, 3, [&](absl::Status status) { trimmed = std::move(status); }).ok());
  harness_->Release();
  harness_->Settle();
  EXPECT_TRUE(trimmed.ok()) << trimmed;
  EXPECT_THAT(Entries(kRain), ElementsAre("3+1:b"));
}

TEST_P(LogConformance, ReplacedEntryKeepsItsPlaceCountAndHash) {
  const LogEntry original = EntryOf("secret", 2);
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a"), original, EntryOf("c")}).ok());
  const LogHead head = log().HeadOf(kRain);
  ASSERT_TRUE(Replace(kRain, 2, {"erased now", 2, original.hash}, {SideWrite::Put(SideFamily::kState, "k", "v")}).ok());
  EXPECT_EQ(log().HeadOf(kRain), head);
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:a", "2+2:erased now", "4+1:c"));
  EXPECT_EQ(log().View()->GetSide(SideFamily::kState, "k").value(), "v");
  harness_->Open({});
  EXPECT_THAT(Entries(kRain), ElementsAre("1+1:a", "2+2:erased now", "4+1:c"));
  ASSERT_TRUE(Trim(kRain, 4).ok());  // what was counted for it is given up, not what it is now
  EXPECT_EQ(log().HeadOf(kRain).bytes, 1u);
}

TEST_P(LogConformance, ReplacementsThatDoNotFitAreRefused) {
  const LogEntry original = EntryOf("b", 2);
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a"), original}).ok());
  const std::vector<SideWrite> side = {SideWrite::Put(SideFamily::kState, "k", "v")};
  EXPECT_EQ(Replace(kRain, 2, {"x", 3, original.hash}, side).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Replace(kRain, 2, EntryOf("x", 2), side).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Replace(kRain, 3, original, side).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Replace(kRain, 4, original, side).code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Replace(kSewers, 1, original, side).code(), absl::StatusCode::kNotFound);
  ASSERT_TRUE(Trim(kRain, 2).ok());
  EXPECT_EQ(Replace(kRain, 1, EntryOf("a"), side).code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(Entries(kRain), ElementsAre("2+2:b"));
  EXPECT_EQ(log().View()->GetSide(SideFamily::kState, "k").value(), std::nullopt);
}

TEST_P(LogConformance, FindsHowFarBackAByteBudgetReaches) {
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("aaaa", 3), EntryOf("bb", 5), EntryOf(""), EntryOf("ccc", 2)}).ok());
  const auto view = log().View();
  const std::vector<std::pair<std::uint64_t, Sequence>> cases = {{0, 12}, {2, 12}, {3, 9}, {4, 9},
                                                                 {5, 4},  {8, 4},  {9, 1}, {100, 1}};
  for (const auto& [bytes, expected] : cases) {
    const auto found = view->FirstSequenceWithin(kRain, bytes);
    EXPECT_EQ(found.value(), bytes < 3 ? 10u + 2u : expected) << bytes;
  }
  ASSERT_TRUE(Trim(kRain, 4).ok());
  EXPECT_EQ(log().View()->FirstSequenceWithin(kRain, 100).value(), 4u);
  EXPECT_EQ(log().View()->FirstSequenceWithin(kSewers, 100).value(), 1u);
}

TEST_P(LogConformance, ByteBudgetAgreesWithCountingFromTheEnd) {
  constexpr unsigned kSeed = 11;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  std::vector<LogEntry> entries;
  for (int i = 0; i < 200; ++i) entries.push_back(EntryOf(std::string(random() % 50, 'x'), 1 + random() % 7));
  const std::vector<LogEntry> reference = entries;
  ASSERT_TRUE(AppendTo(kRain, std::move(entries)).ok());
  const auto view = log().View();
  for (std::uint64_t bytes = 0; bytes < 5'500; bytes += 37) {
    Sequence expected = view->HeadOf(kRain)->next_sequence;
    std::uint64_t left = bytes;
    for (auto entry = reference.rbegin(); entry != reference.rend() && entry->bytes.size() <= left; ++entry) {
      left -= entry->bytes.size();
      expected -= entry->count;
    }
    EXPECT_EQ(view->FirstSequenceWithin(kRain, bytes).value(), expected) << bytes;
  }
}

TEST_P(LogConformance, WatchHearsOfItsLogBeforeTheWriter) {
  std::vector<std::string> heard;
  absl::StatusOr<Watch> watch = log().WatchHead(kRain, [&](const LogHead& head) {
    EXPECT_EQ(log().HeadOf(kRain), head);
    heard.push_back(absl::StrCat("watch ", head.next_sequence));
  });
  ASSERT_TRUE(watch.ok());
  ASSERT_TRUE(log().Append(RequestFor(kRain, {}, {EntryOf("a", 2)}), [&](auto) { heard.push_back("writer"); }).ok());
  harness_->Settle();
  ASSERT_TRUE(AppendTo(kSewers, {EntryOf("b")}).ok());
  ASSERT_FALSE(Append(RequestFor(kRain, {}, {EntryOf("loses")})).ok());
  EXPECT_THAT(heard, ElementsAre("watch 3", "writer"));
  watch->Stop();
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("c")}).ok());
  EXPECT_THAT(heard, SizeIs(2));
}

TEST_P(LogConformance, WatchMayEndItselfAndAnotherInItsCallback) {
  int calls = 0;
  std::optional<Watch> self;
  std::optional<Watch> other;
  const auto end_both = [&](const LogHead&) {
    ++calls;
    self.reset();
    other.reset();
  };
  self = log().WatchHead(kRain, end_both).value();
  other = log().WatchHead(kRain, end_both).value();
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("a")}).ok());
  ASSERT_TRUE(AppendTo(kRain, {EntryOf("b")}).ok());
  EXPECT_EQ(calls, 1);
}

TEST_P(LogConformance, WatchesAreBoundedAndMayOutliveTheLog) {
  ConformanceLimits limits;
  limits.watches_max = 2;
  harness_->Open(limits);
  std::optional<Watch> first = log().WatchHead(kRain, [](const LogHead&) {}).value();
  const Watch second = log().WatchHead(kRain, [](const LogHead&) {}).value();
  EXPECT_EQ(log().WatchHead(kRain, [](const LogHead&) {}).status().code(), absl::StatusCode::kResourceExhausted);
  first.reset();
  first = log().WatchHead(kSewers, [](const LogHead&) {}).value();
  harness_->Close();
}

// A list of entries a log is the reference for random writes, with reopening in between.
TEST_P(LogConformance, BehavesLikeLists) {
  constexpr unsigned kSeed = 20'260'110;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  struct Reference {
    std::vector<std::pair<Sequence, LogEntry>> entries;
    Sequence next = 1;
  };
  std::vector<Reference> reference(3);
  for (int round = 0; round < 400; ++round) {
    const unsigned number = random() % 3;
    const LogId id{number};
    Reference& expected = reference[number];
    const unsigned what = random() % 10;
    if (what == 0 && !expected.entries.empty()) {
      const Sequence sequence =
          expected.entries.front().first + random() % (expected.next - expected.entries.front().first + 1);
      ASSERT_TRUE(Trim(id, sequence).ok());
      while (!expected.entries.empty() &&
             expected.entries.front().first + expected.entries.front().second.count <= sequence) {
        expected.entries.erase(expected.entries.begin());
      }
    } else if (what == 1 && !expected.entries.empty()) {
      auto& [first, entry] = expected.entries[random() % expected.entries.size()];
      entry.bytes = absl::StrCat("replaced in round ", round);
      ASSERT_TRUE(Replace(id, first, entry).ok());
    } else {
      std::vector<LogEntry> entries;
      for (unsigned i = 0; i <= random() % 4; ++i) {
        entries.push_back(EntryOf(absl::StrCat("entry ", round, "/", i), 1 + random() % 5));
        expected.entries.emplace_back(expected.next, entries.back());
        expected.next += entries.back().count;
      }
      ASSERT_TRUE(AppendTo(id, std::move(entries)).ok());
    }
    if (random() % 50 == 0) {
      harness_->Open({});
    }
  }
  for (unsigned number = 0; number < 3; ++number) {
    std::vector<std::string> expected;
    for (const auto& [first, entry] : reference[number].entries) {
      expected.push_back(absl::StrCat(first, "+", entry.count, ":", entry.bytes));
    }
    EXPECT_EQ(Entries(LogId{number}), expected);
    EXPECT_EQ(log().HeadOf(LogId{number}).entries, expected.size());
    EXPECT_EQ(log().HeadOf(LogId{number}).next_sequence, reference[number].next);
  }
}

}  // namespace
}  // namespace allmende::broker
