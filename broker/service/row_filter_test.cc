// Tables whose rows are filtered: who may see a record gets it, who may not does not even learn its key, and whoever
// followed the table holds exactly what a snapshot would give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/data/latest_keeper.h"
#include "broker/data/record_finder.h"
#include "broker/data/retention.h"
#include "broker/service/read.h"
#include "broker/service/subscribe_start.h"
#include "broker/session/subscribe_session.h"
#include "broker/testing/data_fixture.h"
#include "policy/testing/random.h"
#include "sdk/base/status.h"
#include "sdk/format/delivery.h"

namespace allmende::broker {
namespace {

using policy::testing::Random;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int kPasses = 50;  // the view shows records whose level is at least this

// Follows the table, and keeps what a reader would have kept.
class Follower {
 public:
  Follower(const Log& log, const DatasetState& dataset, std::shared_ptr<const Entitled> entitled, const Clock& clock)
      : log_(log), dataset_(dataset), entitled_(std::move(entitled)), clock_(clock) {}

  absl::Status Open(v1::SubscribeRequest request) {
    request.set_accept_withheld(true);
    const auto view = log_.View();
    const auto head = view->HeadOf(LogId{1});
    const auto start = FindStart(request, dataset_, *view, *head);
    if (!start.ok()) {
      return start.status();
    }
    if (request.start_case() != v1::SubscribeRequest::kResumeToken &&
        request.start_case() != v1::SubscribeRequest::kFromSequence) {
      table_.clear();
      token_.clear();
      applied_ = 0;
    }
    start_ = *start;
    session_.emplace(*start, v1::Opened(), entitled_, salts_);
    return absl::OkStatus();
  }

  absl::Status OpenSnapshot() {
    v1::SubscribeRequest request;
    request.set_snapshot(true);
    return Open(request);
  }

  // Where the last watermark was, although what came since is kept.
  absl::Status Resume() {
    if (token_.empty()) {
      return OpenSnapshot();
    }
    v1::SubscribeRequest request;
    request.set_resume_token(token_);
    return Open(request);
  }

  // Goes on until it waits, looking at no more than `entries_max` stored batches.
  absl::Status Follow(size_t entries_max = 1'000'000) {
    while (true) {
      SubscribeSession::Action action = session_->Next(log_.HeadOf(LogId{1}), clock_.Now());
      if (auto* say = std::get_if<SubscribeSession::Say>(&action)) {
        if (say->response.has_watermark()) {
          token_ = say->response.watermark().resume_token();
        }
      } else if (auto* deliver = std::get_if<SubscribeSession::Deliver>(&action)) {
        Keep(*deliver);
      } else if (auto* read = std::get_if<SubscribeSession::ReadFrom>(&action)) {
        if (entries_max == 0) {
          return absl::OkStatus();
        }
        ALLMENDE_RETURN_IF_ERROR(Serve(read->sequence, entries_max));
      } else {
        return absl::OkStatus();
      }
    }
  }

  const std::map<std::string, std::string>& table() const { return table_; }  // key -> payload
  const std::set<std::string>& keys() const { return keys_; }                 // all that ever came
  const std::set<Sequence>& deletes() const { return deletes_; }
  const std::vector<std::string>& came() const { return came_; }  // `3 +a` or `4 -a`

 private:
  absl::Status Serve(Sequence from, size_t& entries_max) {
    const auto view = log_.View();
    ALLMENDE_RETURN_IF_ERROR(CheckNothingMissed(start_, *view, LogId{1}, from));
    RecordFinder finder(view, LogId{1});
    SubscribeSession::Questions ask;
    ask.is_latest = [&](std::string_view key, Sequence sequence) -> absl::StatusOr<bool> {
      const auto latest = view->GetSide(SideFamily::kKeyIndex, KeyIndexKey(LogId{1}, key));
      return latest->has_value() && **latest == EncodeSequence(sequence);
    };
    ask.find = [&](Sequence sequence) { return finder.Find(sequence); };
    ask.erasures = [&] { return ErasureCount(*view, LogId{1}); };
    auto cursor = view->ReadFromSequence(LogId{1}, from, 1 << 30);
    if (!cursor.ok()) {
      return absl::FailedPreconditionError("trimmed");
    }
    while (entries_max > 0 && (*cursor)->Next()) {
      --entries_max;
      const StoredEntry& entry = (*cursor)->entry();
      do {
        ALLMENDE_ASSIGN_OR_RETURN(const bool enough,
                                  session_->Take(entry.first_sequence, entry.hash, entry.bytes, ask));
        if (enough) {
          return absl::OkStatus();
        }
      } while (session_->next_sequence() < entry.first_sequence + entry.count);
    }
    return session_->TakeNoMore();
  }

  void Keep(const SubscribeSession::Deliver& deliver) {
    ASSERT_FALSE(deliver.original) << "rows are filtered, so it cannot be the original";
    const auto delivery = format::DeliveryView::Parse(deliver.content);
    ASSERT_TRUE(delivery.ok()) << delivery.status();
    delivery->ForEach([this](const format::DeliveryEntry& entry) {
      if (!entry.is_record()) {
        return;
      }
      if (entry.first_sequence <= applied_) {
        return;
      }
      const std::string key(entry.key);
      const bool deleted = entry.kind == format::EntryKind::kDelete;
      keys_.insert(key);
      came_.push_back(absl::StrCat(entry.first_sequence, deleted ? " -" : " +", key.substr(0, 1)));
      if (deleted) {
        EXPECT_FALSE(entry.event_time_us.has_value());
        table_.erase(key);
        deletes_.insert(entry.first_sequence);
      } else {
        table_[key] = std::string(entry.payload);
      }
    });
    applied_ = std::max(applied_, deliver.last_sequence);
  }

  const Log& log_;
  const DatasetState& dataset_;
  const std::shared_ptr<const Entitled> entitled_;
  const Clock& clock_;
  crypto::SaltPool salts_;
  SubscribeStart start_;
  std::optional<SubscribeSession> session_;
  std::string token_;
  Sequence applied_ = 0;
  std::map<std::string, std::string> table_;
  std::set<std::string> keys_;
  std::set<Sequence> deletes_;
  std::vector<std::string> came_;
};

class RowFilterTest : public DataTest {
 protected:
  RowFilterTest() {
    v1::ViewProgram program;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
        absl::StrCat("fields { number: 1 keep {} } fields { number: 2 keep {} } rows { compare { field: 2 operator: "
                     "GREATER_OR_EQUAL value { integer: ",
                     kPasses, " } } }"),
        &program));
    auto view = policy::CompiledView::Compile(program, schema_.table(), nullptr);
    EXPECT_TRUE(view.ok()) << view.status();
    auto entitled = std::make_shared<Entitled>();
    entitled->view = std::make_shared<const policy::CompiledView>(*std::move(view));
    entitled->program = program;
    entitled->view_id[0] = 1;
    entitled->kind = v1::TABLE;
    entitled_ = std::move(entitled);
  }

  std::unique_ptr<Follower> NewFollower() const {
    return std::make_unique<Follower>(*log_, dataset_, entitled_, clock_);
  }
  static v1::SubscribeRequest FromOldest() { return {}; }
  static v1::SubscribeRequest OnlyNew() {
    v1::SubscribeRequest request;
    request.set_only_new(true);
    return request;
  }

  // Records of another key, so many that the next pass of the keeper is due; and the pass.
  void Compact() {
    for (int i = 0; i < 12; ++i) {
      std::vector<Line> lines(100, Line{"z", i});
      Store(lines);
    }
    LatestKeeper keeper(*log_);
    do {
      ASSERT_TRUE(keeper.Step(dataset_, clock_.Now(), absl::Hours(24), 1 << 30).ok());
      log_->Settle();
    } while (keeper.Busy(dataset_));
  }

  // All of the table by Read: `3 +a`, `4 -a`, `5 ?` for what is withheld, `6 !` for what was erased.
  std::vector<std::string> Read(uint32_t records_max = 0) const {
    std::vector<std::string> lines;
    v1::ReadRequest request;
    request.set_records_max(records_max);
    while (true) {
      v1::Records records;
      const absl::Status read = ReadRecords(*log_, dataset_, *entitled_, request, records);
      EXPECT_TRUE(read.ok()) << read;
      for (const v1::Record& record : records.records()) {
        const std::string key = record.key().substr(0, 1);
        EXPECT_EQ(key.empty(), record.operation() == v1::WITHHELD || record.operation() == v1::ERASED);
        lines.push_back(absl::StrCat(record.sequence(),
                                     record.operation() == v1::UPSERT     ? " +"
                                     : record.operation() == v1::DELETE   ? " -"
                                     : record.operation() == v1::WITHHELD ? " ?"
                                                                          : " !",
                                     key));
      }
      request.set_from_sequence(records.next_sequence());
      if (records.next_sequence() > records.head_sequence()) {
        return lines;
      }
    }
  }

  std::string PayloadOf(const Line& line) const {
    const auto message = schema_.NewRecord();
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(absl::StrCat("id: '", line.id, "' level: ", line.level),
                                                              message.get()));
    return message->SerializeAsString();
  }
  std::string KeyOf(const std::string& id) const {
    policy::RecordFacts facts;
    EXPECT_FALSE(policy::RecordValidator(schema_.table()).Validate(PayloadOf({id, 1}), facts).has_value());
    return std::string(facts.key.bytes());
  }

  std::shared_ptr<const Entitled> entitled_;
};

TEST_F(RowFilterTest, TheKeyOfARecordThatNeverPassedStaysHidden) {
  Store({{"secret", 9}, {"open", 70}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"secret", 10}});
  Store({{"secret", 0, true}});
  Store({{"secret", 11}, {"secret", 0, true}});
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), ElementsAre("2 +o"));
  EXPECT_THAT(Read(), ElementsAre("1 ?", "2 +o", "3 ?", "4 ?", "5 ?", "6 ?"));
}

TEST_F(RowFilterTest, WhoSawARecordIsToldOnceWhenItMayNotBeSeenAnyMore) {
  Store({{"a", 70}});
  Store({{"a", 9}});
  Store({{"a", 10}});
  Store({{"a", 0, true}});
  Store({{"a", 80}, {"a", 0, true}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), ElementsAre("1 +a", "2 -a", "5 +a", "6 -a"));
  EXPECT_THAT(Read(), ElementsAre("1 +a", "2 -a", "3 ?", "4 ?", "5 +a", "6 -a"));
  EXPECT_THAT(Read(1), ElementsAre("1 +a", "2 -a", "3 ?", "4 ?", "5 +a", "6 -a"));
}

TEST_F(RowFilterTest, ASnapshotFollowsTheSameRule) {
  Store({{"a", 70}, {"b", 9}, {"c", 71}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->OpenSnapshot().ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"a", 9}, {"b", 10}, {"c", 0, true}, {"b", 0, true}});
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), ElementsAre("1 +a", "3 +c", "4 -a", "6 -c"));
}

TEST_F(RowFilterTest, WhoBeginsNowIsNotToldOfWhatOthersHeld) {
  Store({{"a", 70}, {"b", 71}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(OnlyNew()).ok());
  Store({{"a", 9}, {"b", 0, true}});
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), IsEmpty());
}

TEST_F(RowFilterTest, WhoGoesOnIsToldOfWhatItMayHold) {
  Store({{"a", 70}, {"b", 71}, {"c", 9}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"a", 9}});
  ASSERT_TRUE(follower->Resume().ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"b", 0, true}, {"c", 0, true}});
  v1::SubscribeRequest request;
  request.set_from_sequence(5);
  ASSERT_TRUE(follower->Open(request).ok());
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), ElementsAre("1 +a", "2 +b", "4 -a", "5 -b"));
}

TEST_F(RowFilterTest, WhereTheVersionBeforeIsErasedWhoMayHoldItBeginsAnew) {
  Store({{"a", 70}, {"b", 9}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"a", 9}, {"b", 10}});
  Compact();
  ASSERT_TRUE(follower->Resume().ok());
  EXPECT_EQ(follower->Follow().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(follower->OpenSnapshot().ok());
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->table(), IsEmpty());
  Store({{"a", 10}, {"b", 11}});
  EXPECT_TRUE(follower->Follow().ok());
}

TEST_F(RowFilterTest, WhatWasErasedBeforeTheReaderBeganNobodyHolds) {
  Store({{"a", 70}, {"b", 71}});
  Store({{"a", 9}, {"b", 0, true}, {"c", 72}});
  Compact();
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  EXPECT_THAT(follower->came(), ElementsAre("5 +c"));
  std::vector<std::string> read = Read();
  read.resize(5);
  EXPECT_THAT(read, ElementsAre("1 !", "2 !", "3 ?", "4 ?", "5 +c"));
}

TEST_F(RowFilterTest, WhatIsErasedWhileTheReaderIsOnItsWayItMayHold) {
  Store({{"a", 70}});
  Store({{"a", 9}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow(1).ok());
  EXPECT_THAT(follower->came(), ElementsAre("1 +a"));
  Compact();
  EXPECT_EQ(follower->Follow().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RowFilterTest, WhereTheVersionBeforeWasTrimmedWhoMayHoldItBeginsAnew) {
  Store({{"a", 70}});
  Store({{"b", 71}});
  const auto early = NewFollower();
  ASSERT_TRUE(early->Open(FromOldest()).ok());
  ASSERT_TRUE(early->Follow().ok());
  ASSERT_TRUE(log_->TrimBefore(LogId{1}, 2, [](absl::Status) {}).ok());
  log_->Settle();
  const auto late = NewFollower();
  ASSERT_TRUE(late->OpenSnapshot().ok());
  ASSERT_TRUE(late->Follow().ok());
  Store({{"a", 9}, {"b", 9}});
  EXPECT_EQ(early->Follow().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(late->Follow().ok());
  EXPECT_THAT(late->came(), ElementsAre("2 +b", "4 -b"));
  EXPECT_THAT(Read(), ElementsAre("2 +b", "3 ?", "4 -b"));
}

TEST_F(RowFilterTest, WhereRetentionForgotTheKeyWhoMayHoldItBeginsAnewAndNobodyElseIsTold) {
  Store({{"a", 70}, {"b", 9}});
  clock_.Advance(absl::Hours(2));
  Store({{"z", 71}});
  const auto early = NewFollower();
  ASSERT_TRUE(early->Open(FromOldest()).ok());
  ASSERT_TRUE(early->Follow().ok());
  v1::Retention retention;
  retention.set_max_age_us(absl::ToInt64Microseconds(absl::Hours(1)));
  ASSERT_TRUE(ApplyRetention(*log_, LogId{1}, retention, clock_.Now()).ok());
  log_->Settle();
  const auto late = NewFollower();
  ASSERT_TRUE(late->OpenSnapshot().ok());
  ASSERT_TRUE(late->Follow().ok());
  Store({{"a", 0, true}});
  Store({{"b", 8}});
  EXPECT_EQ(early->Follow().code(), absl::StatusCode::kFailedPrecondition) << "it holds a";
  ASSERT_TRUE(late->Follow().ok());
  EXPECT_THAT(late->came(), ElementsAre("3 +z"));
  EXPECT_THAT(Read(), ElementsAre("3 +z", "4 ?", "5 ?"));
}

TEST_F(RowFilterTest, WhereAKeyIsForgottenBeforeItsRecordNobodyIsToldByAnotherKeysRecord) {
  Store({{"a", 70}});
  Store({{"b", 71}});
  // As after a crash between the two steps of retention.
  ASSERT_TRUE(log_->WriteSide({SideWrite::DeletePrefix(SideFamily::kKeyIndex, SideKeyPrefix(LogId{1})),
                               SideWrite::Put(SideFamily::kState, NewestExpiredKey(LogId{1}), EncodeSequence(2))},
                              [](const absl::Status&) {})
                  .ok());
  log_->Settle();
  Store({{"n", 9}});
  EXPECT_THAT(Read(), ElementsAre("1 +a", "2 +b", "3 ?"));
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  EXPECT_EQ(follower->Follow().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(follower->deletes(), IsEmpty());
}

TEST_F(RowFilterTest, ABatchOfAnotherDatasetIsNeitherReadNorFound) {
  Store({{"a", 70}});
  dataset_.id = std::string(16, 'o');
  v1::Records records;
  EXPECT_EQ(ReadRecords(*log_, dataset_, *entitled_, {}, records).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(records.records_size(), 0);
  v1::LookupRequest request;
  for (const auto cursor = log_->View()->ScanSide(SideFamily::kKeyIndex, SideKeyPrefix(LogId{1}), {});
       cursor->Next();) {
    request.set_key(std::string(cursor->key().substr(SideKeyPrefix(LogId{1}).size())));
  }
  v1::LookupResponse response;
  EXPECT_EQ(LookupRecord(*log_, dataset_, *entitled_, request, response).code(), absl::StatusCode::kDataLoss);
  EXPECT_FALSE(response.has_record());
}

TEST_F(RowFilterTest, ADeleteThatWasMissedIsNotForgottenWhenTheKeyComesBack) {
  Store({{"a", 70}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow().ok());
  Store({{"a", 0, true}});
  Store({{"a", 9}});
  Compact();
  ASSERT_TRUE(follower->Resume().ok());
  EXPECT_EQ(follower->Follow().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RowFilterTest, ADeleteThatIsErasedBeforeASlowReaderComesToItEndsTheSubscription) {
  Store({{"a", 70}});
  Store({{"b", 71}});
  const auto follower = NewFollower();
  ASSERT_TRUE(follower->Open(FromOldest()).ok());
  ASSERT_TRUE(follower->Follow(1).ok());
  Store({{"a", 0, true}});
  clock_.Advance(absl::Hours(25));
  Compact();
  EXPECT_EQ(follower->Follow().code(), absl::StatusCode::kFailedPrecondition);
  const auto later = NewFollower();
  ASSERT_TRUE(later->Open(FromOldest()).ok());
  EXPECT_TRUE(later->Follow().ok());
}

TEST_F(RowFilterTest, LookupShowsAFilteredRecordToNobody) {
  Store({{"a", 70}, {"b", 71}});
  Store({{"a", 9}});
  const auto lookup = [this](const std::string& id) {
    v1::LookupRequest request;
    request.set_key(KeyOf(id));
    v1::LookupResponse response;
    EXPECT_TRUE(LookupRecord(*log_, dataset_, *entitled_, request, response).ok());
    return response;
  };
  EXPECT_TRUE(lookup("a").absent());
  EXPECT_EQ(lookup("b").record().sequence(), 2);
  EXPECT_EQ(lookup("b").record().payload(), PayloadOf({"b", 71}));
}

// Random versions of a few keys, compaction and trimming at any time, and readers that come, go and lag: each ends up
// with what the filter leaves of the latest versions, and no key reaches anybody of which no version passed.
class RowFilterProperty : public RowFilterTest, public ::testing::WithParamInterface<uint64_t> {
 protected:
  void Grow(Random& random, size_t records) {
    std::vector<Line> lines;
    for (size_t i = 0; i < records; ++i) {
      Line line;
      const size_t key = random.Below(12);
      line.id = std::string(1, static_cast<char>('a' + key));
      line.deleted = random.Below(5) == 0;
      // Some keys pass always, some never, the others now and then.
      line.level = key < 3 ? 10 : key < 5 ? 90 : static_cast<int>(random.Below(100));
      lines.push_back(line);
      const std::string stored_key = KeyOf(line.id);
      ++last_sequence_;
      if (!line.deleted && line.level >= kPasses) {
        ever_passed_.insert(stored_key);
        expected_[stored_key] = PayloadOf(line);
      } else {
        if (expected_.erase(stored_key) == 1) {
          taken_away_.insert(last_sequence_);
        }
      }
    }
    Store(lines);
  }

  std::map<std::string, std::string> expected_;
  std::set<std::string> ever_passed_;
  Sequence last_sequence_ = 0;
  std::set<Sequence> taken_away_;  // sequences that take away what passed before
};

TEST_P(RowFilterProperty, ReadersHoldWhatPassesAndLearnOfNothingElse) {
  Random random(GetParam());
  LatestKeeper keeper(*log_);
  std::vector<std::unique_ptr<Follower>> followers;
  Grow(random, 5);
  for (int i = 0; i < 4; ++i) {
    followers.push_back(NewFollower());
    ASSERT_TRUE((i % 2 == 0 ? followers.back()->OpenSnapshot() : followers.back()->Open(FromOldest())).ok());
  }
  size_t begun_anew = 0;
  const auto follow = [&](Follower& follower, size_t entries_max) {
    absl::Status status = follower.Follow(entries_max);
    for (int i = 0; i < 2 && absl::IsFailedPrecondition(status); ++i) {
      ++begun_anew;
      ASSERT_TRUE(follower.OpenSnapshot().ok());
      status = follower.Follow();
    }
    ASSERT_TRUE(status.ok()) << status;
  };
  for (int step = 0; step < 120; ++step) {
    Follower& follower = *followers[random.Below(followers.size())];
    switch (random.Below(8)) {
      case 0:
      case 1:
        Grow(random, 1 + random.Below(100));
        break;
      case 2:
        Grow(random, 400 + random.Below(800));
        break;
      case 3:
        follow(follower, 1 + random.Below(3));
        break;
      case 4:  // the connection breaks
        follow(follower, random.Below(4));
        Grow(random, 1 + random.Below(20));
        if (const absl::Status resumed = follower.Resume(); !resumed.ok()) {
          ASSERT_TRUE(absl::IsFailedPrecondition(resumed)) << resumed;
          ASSERT_TRUE(follower.OpenSnapshot().ok());
        }
        break;
      case 5:
        clock_.Advance(absl::Hours(random.Below(10)));
        break;
      default:
        ASSERT_TRUE(keeper.Step(dataset_, clock_.Now(), absl::Hours(24), 1 + random.Below(1 << 16)).ok());
        log_->Settle();
    }
    if (HasFatalFailure()) {
      return;
    }
  }
  for (const auto& follower : followers) {
    follow(*follower, 1'000'000);
    EXPECT_EQ(follower->table(), expected_);
    for (const std::string& key : follower->keys()) {
      EXPECT_TRUE(ever_passed_.contains(key)) << "a key that nobody may see: " << key;
    }
    for (const Sequence sequence : follower->deletes()) {
      EXPECT_TRUE(taken_away_.contains(sequence)) << "a delete of what nobody could see, at " << sequence;
    }
  }
  RecordProperty("begun_anew", static_cast<int>(begun_anew));
}

INSTANTIATE_TEST_SUITE_P(Seeds, RowFilterProperty, ::testing::Range(uint64_t{1}, uint64_t{60}));

}  // namespace
}  // namespace allmende::broker
