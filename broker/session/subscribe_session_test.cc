#include "broker/session/subscribe_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "google/protobuf/text_format.h"
#include "policy/testing/random.h"
#include "policy/testing/test_schema.h"
#include "policy/wire/validator.h"
#include "sdk/format/batch_builder.h"
#include "sdk/format/delivery.h"

namespace allmende::broker {
namespace {

using policy::testing::Random;
using ::testing::ElementsAre;

struct StoredRecord {
  std::string key;
  std::string payload;
  int level = 0;
  bool deleted = false;
};

// A log of batches, and the views of it that tests switch between: `open` shows everything, `masked` hides `level`,
// `high` shows records from level 50 on.
class World {
 public:
  World() : schema_(policy::testing::ProtoText("message Record { string id = 1 [$k, $p]; int32 level = 2 [$p]; }")) {
    open_ = View("fields { number: 1 keep {} } fields { number: 2 keep {} }", 1, {"id", "level"});
    masked_ = View("fields { number: 1 keep {} }", 2, {"id"});
    high_ = View(
        "fields { number: 1 keep {} } fields { number: 2 keep {} } rows { compare { field: 2 operator: "
        "GREATER_OR_EQUAL value { integer: 50 } } }",
        3, {"id", "level"});
  }

  std::shared_ptr<const Entitled> open() const { return open_; }
  std::shared_ptr<const Entitled> masked() const { return masked_; }
  std::shared_ptr<const Entitled> high() const { return high_; }

  // level < 0: delete. `schema`: 0 is the one that the views were compiled for, others are earlier ones. `broken`: the
  // payloads are of no schema.
  void Append(const std::vector<std::pair<std::string, int>>& records, uint8_t schema = 0, bool broken = false) {
    format::BatchBuilder builder(salts_);
    for (const auto& [id, level] : records) {
      const auto message = schema_.NewRecord();
      EXPECT_TRUE(
          google::protobuf::TextFormat::ParseFromString(absl::StrCat("id: '", id, "' level: ", level), message.get()));
      StoredRecord record;
      record.payload = message->SerializeAsString();
      policy::RecordFacts facts;
      EXPECT_FALSE(policy::RecordValidator(schema_.table()).Validate(record.payload, facts).has_value());
      record.key = std::string(facts.key.bytes());
      record.level = level;
      record.deleted = level < 0;
      format::RecordContent content;
      content.operation = record.deleted ? format::Operation::kDelete : format::Operation::kUpsert;
      content.key = record.key;
      if (record.deleted) {
        record.payload.clear();
      }
      content.payload = broken ? std::string_view("\xff") : record.payload;
      EXPECT_TRUE(builder.Add(content).ok());
      records_.push_back(record);
      if (record.deleted) {
        latest_.erase(record.key);
      } else {
        latest_[record.key] = records_.size();
      }
    }
    format::BatchPlace place;
    place.dataset = dataset_;
    place.epoch = 1;
    place.first_sequence = head_.next_sequence;
    place.previous_hash = head_.hash;
    place.schema_hash[0] = schema;
    const auto body = builder.Finish();
    const auto batch = format::Seal(*body, place);
    EXPECT_TRUE(batch.ok()) << batch.status();
    Entry entry{head_.next_sequence, records.size(), {}, EncodeEnvelope({absl::FromUnixSeconds(1)}) + *batch};
    entry.hash = format::HashStatement(std::string_view(*batch).substr(0, format::kStatementBytes));
    head_.next_sequence += records.size();
    head_.hash = entry.hash;
    entries_.push_back(std::move(entry));
  }

  const LogHead& head() const { return head_; }
  const std::string& stored_bytes(size_t entry) const { return entries_[entry].bytes; }
  const std::vector<StoredRecord>& records() const { return records_; }
  const format::DatasetId& dataset() const { return dataset_; }

  SubscribeStart From(Sequence first) const {
    SubscribeStart start;
    start.dataset = dataset_;
    start.first_sequence = first;
    start.head_sequence = head_.next_sequence - 1;
    for (const Entry& entry : entries_) {
      if (entry.first < first) {
        start.previous_hash = entry.hash;
      }
    }
    return start;
  }

  // Gives the session what it asks for, at most `entries_max` of it.
  void Serve(SubscribeSession& session, Sequence from, size_t entries_max) const {
    SubscribeSession::Questions ask;
    ask.is_latest = [this](std::string_view key, Sequence sequence) -> absl::StatusOr<bool> {
      const auto found = latest_.find(std::string(key));
      return found != latest_.end() && found->second == sequence;
    };
    for (const Entry& entry : entries_) {
      if (entry.first + entry.count <= from) {
        continue;
      }
      if (entries_max-- == 0) {
        break;
      }
      const auto enough = session.Take(entry.first, entry.hash, entry.bytes, ask);
      ASSERT_TRUE(enough.ok()) << enough.status();
      if (*enough) {
        return;
      }
    }
    const absl::Status rest = session.TakeNoMore();
    ASSERT_TRUE(rest.ok()) << rest;
  }

  crypto::SaltPool& salts() { return salts_; }

 private:
  struct Entry {
    Sequence first = 0;
    uint64_t count = 0;
    LogHash hash{};
    std::string bytes;
  };

  std::shared_ptr<const Entitled> View(const std::string& program_text, uint8_t id,
                                       const std::vector<std::string>& fields) {
    v1::ViewProgram program;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(program_text, &program));
    program.set_dataset_id(std::string(dataset_.bytes()));
    auto view = policy::CompiledView::Compile(program, schema_.table(), nullptr);
    EXPECT_TRUE(view.ok()) << view.status();
    auto entitled = std::make_shared<Entitled>();
    entitled->view = std::make_shared<const policy::CompiledView>(*std::move(view));
    entitled->program = program;
    entitled->view_id[0] = id;
    entitled->release = id;
    entitled->kind = v1::STREAM;
    entitled->terms.set_release(id);
    entitled->terms.set_may_keep_copy(true);
    *entitled->terms.mutable_fields() = {fields.begin(), fields.end()};
    entitled->lease.emplace();
    return entitled;
  }

  const policy::testing::TestSchema schema_;
  const format::DatasetId dataset_ = *format::DatasetId::FromBytes(std::string(16, 'd'));
  crypto::SaltPool salts_;
  LogHead head_;
  std::vector<Entry> entries_;
  std::vector<StoredRecord> records_;
  std::map<std::string, Sequence> latest_;
  std::shared_ptr<const Entitled> open_;
  std::shared_ptr<const Entitled> masked_;
  std::shared_ptr<const Entitled> high_;
};

// What a subscriber has seen: every sequence once, in order, under the view that was announced before it.
class Seen {
 public:
  explicit Seen(const World& world, Sequence first) : world_(world), next_(first) {}

  void On(const SubscribeSession::Say& say) {
    const v1::SubscribeResponse& response = say.response;
    if (response.has_opened()) {
      release_ = response.opened().terms().release();
    } else if (response.has_entitlement_changed()) {
      release_ = response.entitlement_changed().terms().release();
    } else if (response.has_watermark()) {
      EXPECT_GE(response.watermark().sequence() + 1, next_);
      next_ = response.watermark().sequence() + 1;
      token_ = response.watermark().resume_token();
    } else if (response.has_withheld()) {
      Range(response.withheld().first_sequence(), response.withheld().last_sequence());
    }
  }

  void On(const SubscribeSession::Deliver& deliver) {
    EXPECT_EQ(deliver.release, release_) << "a delivery under terms that nobody was told";
    if (deliver.original) {
      const auto batch = format::BatchView::Parse(deliver.content);
      ASSERT_TRUE(batch.ok()) << batch.status();
      Sequence sequence = batch->statement().first_sequence;
      for (const format::RecordView& record : batch->records()) {
        Record(sequence++, record.operation == format::Operation::kDelete, record.key, record.payload);
      }
      next_ = std::max(next_, sequence);
      return;
    }
    const auto delivery = format::DeliveryView::Parse(deliver.content);
    ASSERT_TRUE(delivery.ok()) << delivery.status();
    EXPECT_GE(deliver.first_sequence, next_);
    delivery->ForEach([this](const format::DeliveryEntry& entry) {
      if (entry.is_record()) {
        Record(entry.first_sequence, entry.kind == format::EntryKind::kDelete, entry.key, entry.payload);
      }
    });
    Range(deliver.first_sequence, deliver.last_sequence);
  }

  Sequence next() const { return next_; }
  const std::vector<Sequence>& sequences() const { return sequences_; }
  const std::string& token() const { return token_; }

 private:
  void Range(Sequence first, Sequence last) {
    EXPECT_GE(first, next_);
    EXPECT_LE(first, last);
    next_ = last + 1;
  }

  void Record(Sequence sequence, bool deleted, std::string_view key, std::string_view payload) {
    if (sequence < next_) {
      return;  // an original batch comes whole
    }
    ASSERT_LE(sequence, world_.records().size());
    const StoredRecord& stored = world_.records()[sequence - 1];
    EXPECT_EQ(deleted, stored.deleted) << sequence;
    EXPECT_EQ(std::string(key), stored.key) << sequence;
    switch (release_) {
      case 1:
        EXPECT_EQ(payload, stored.payload) << sequence;
        break;
      case 2:
        EXPECT_TRUE(stored.deleted || stored.level == 0 || payload.size() < stored.payload.size()) << sequence;
        break;
      case 3:
        EXPECT_TRUE(stored.deleted || stored.level >= 50) << sequence;
        break;
      default:
        ADD_FAILURE() << "release " << release_;
    }
    EXPECT_TRUE(sequences_.empty() || sequences_.back() < sequence) << sequence << " came twice or late";
    sequences_.push_back(sequence);
  }

  const World& world_;
  Sequence next_;
  uint64_t release_ = 0;
  std::string token_;
  std::vector<Sequence> sequences_;
};

// Lets the session go on until it waits or is over; `entries_max` bounds each reading. Returns the last action.
SubscribeSession::Action Drain(const World& world, SubscribeSession& session, Seen& seen, absl::Time now,
                               size_t entries_max = 1000) {
  for (int i = 0; i < 100'000; ++i) {
    SubscribeSession::Action action = session.Next(world.head(), now);
    if (auto* say = std::get_if<SubscribeSession::Say>(&action)) {
      seen.On(*say);
    } else if (auto* deliver = std::get_if<SubscribeSession::Deliver>(&action)) {
      seen.On(*deliver);
    } else if (auto* read = std::get_if<SubscribeSession::ReadFrom>(&action)) {
      world.Serve(session, read->sequence, entries_max);
    } else {
      return action;
    }
  }
  ADD_FAILURE() << "the session never waits";
  return SubscribeSession::Over{};
}

const absl::Time kNow = absl::FromUnixSeconds(1'760'000'000);

TEST(SubscribeSession, DeliversEveryRecordOnceThenWaits) {
  World world;
  world.Append({{"a", 1}, {"b", 2}});
  world.Append({{"c", 3}});
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  Seen seen(world, 1);
  EXPECT_TRUE(std::holds_alternative<SubscribeSession::Wait>(Drain(world, session, seen, kNow)));
  EXPECT_THAT(seen.sequences(), ElementsAre(1, 2, 3));
  world.Append({{"a", 4}});
  Drain(world, session, seen, kNow);
  EXPECT_THAT(seen.sequences(), ElementsAre(1, 2, 3, 4));
}

TEST(SubscribeSession, WithheldRecordsMoveTheWatermark) {
  World world;
  world.Append({{"a", 1}, {"b", 70}, {"c", 2}});
  world.Append({{"d", 3}});
  SubscribeSession session(world.From(1), {}, world.high(), world.salts());
  Seen seen(world, 1);
  Drain(world, session, seen, kNow);
  EXPECT_THAT(seen.sequences(), ElementsAre(2));
  EXPECT_EQ(seen.next(), 5);
}

TEST(SubscribeSession, NoDeliveryOfTheOldViewComesAfterTheNewOneIsAnnounced) {
  World world;
  world.Append({{"a", 1}, {"b", 2}});
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  ASSERT_TRUE(std::holds_alternative<SubscribeSession::Say>(session.Next(world.head(), kNow)));  // opened
  world.Serve(session, 1, 10);                                                                   // a delivery is ready
  session.OnEntitlement(world.masked(), "release");
  Seen seen(world, 1);
  Drain(world, session, seen, kNow);
  EXPECT_THAT(seen.sequences(), ElementsAre(1, 2));
}

TEST(SubscribeSession, TwoChangesThatNobodyHasHeardOfAreBothTold) {
  World world;
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  session.Next(world.head(), kNow);
  session.OnEntitlement(world.masked(), "release");
  session.OnEntitlement(world.open(), "release");
  const auto first = std::get<SubscribeSession::Say>(session.Next(world.head(), kNow)).response;
  const auto second = std::get<SubscribeSession::Say>(session.Next(world.head(), kNow)).response;
  EXPECT_TRUE(first.entitlement_changed().narrowed()) << "a replica must be made anew";
  EXPECT_FALSE(second.entitlement_changed().narrowed());
  EXPECT_FALSE(first.entitlement_changed().not_narrower());
  EXPECT_TRUE(second.entitlement_changed().not_narrower());
}

TEST(SubscribeSession, ARowFilterThatComesNarrowsThoughEveryFieldStays) {
  World world;
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  session.Next(world.head(), kNow);
  session.OnEntitlement(world.high(), "release");
  const auto told = std::get<SubscribeSession::Say>(session.Next(world.head(), kNow)).response;
  EXPECT_TRUE(told.entitlement_changed().narrowed()) << "a replica holds rows that the filter keeps back now";
}

TEST(SubscribeSession, ARefusalEndsItAtOnceAndOnlyOnce) {
  World world;
  world.Append({{"a", 1}});
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  session.Next(world.head(), kNow);
  world.Serve(session, 1, 10);
  session.OnRefused({});
  session.OnStopping("stops");
  EXPECT_TRUE(std::get<SubscribeSession::Say>(session.Next(world.head(), kNow)).response.ended().has_refused());
  EXPECT_TRUE(std::holds_alternative<SubscribeSession::Over>(session.Next(world.head(), kNow)));
}

TEST(SubscribeSession, StopsAtTheHeadOfTheCall) {
  World world;
  world.Append({{"a", 1}});
  SubscribeStart start = world.From(1);
  start.stop_at_head = true;
  world.Append({{"b", 2}});
  SubscribeSession session(start, {}, world.masked(), world.salts());
  Seen seen(world, 1);
  EXPECT_TRUE(std::holds_alternative<SubscribeSession::Over>(Drain(world, session, seen, kNow, 1)));
  EXPECT_FALSE(seen.sequences().empty());
}

TEST(SubscribeSession, AWatermarkIsDueEveryFiveSeconds) {
  World world;
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  Seen seen(world, 1);
  Drain(world, session, seen, kNow);
  EXPECT_TRUE(std::holds_alternative<SubscribeSession::Wait>(session.Next(world.head(), kNow + absl::Seconds(4))));
  EXPECT_TRUE(std::holds_alternative<SubscribeSession::Say>(session.Next(world.head(), kNow + absl::Seconds(5))));
}

TEST(SubscribeSession, RecordsOfAnEarlierSchemaComeBeforeThoseOfThePresentOne) {
  for (const bool stop : {false, true}) {
    World world;
    world.Append({{"a", 1}, {"b", 2}}, /*schema=*/1);
    world.Append({{"c", 3}});
    SubscribeStart start = world.From(1);
    start.stop_at_head = stop;
    SubscribeSession session(start, {}, world.open(), world.salts());
    Seen seen(world, 1);
    Drain(world, session, seen, kNow);
    EXPECT_THAT(seen.sequences(), ElementsAre(1, 2, 3));
    EXPECT_EQ(DecodeResumeToken(seen.token())->hash, world.head().hash);
  }
}

TEST(SubscribeSession, AWithheldRangeThatWasNotToldIsMadeAgainWithWhatCameBeforeIt) {
  World world;
  world.Append({{"a", 70}});
  world.Append({{"b", 1}});
  SubscribeStart start = world.From(1);
  start.accept_withheld = true;
  SubscribeSession session(start, {}, world.high(), world.salts());
  Seen seen(world, 1);
  seen.On(std::get<SubscribeSession::Say>(session.Next(world.head(), kNow)));  // opened
  world.Serve(session, 1, 1);
  ASSERT_TRUE(std::holds_alternative<SubscribeSession::Deliver>(session.Next(world.head(), kNow)));
  world.Serve(session, 2, 1);  // now the range waits to be told
  session.Unsend(1);
  Drain(world, session, seen, kNow);
  EXPECT_THAT(seen.sequences(), ElementsAre(1));
  EXPECT_EQ(seen.next(), 3);
}

TEST(SubscribeSession, ARecordThatTheViewCannotBeAppliedToIsCounted) {
  World world;
  world.Append({{"a", 70}});
  world.Append({{"b", 60}, {"c", 60}}, 0, /*broken=*/true);
  world.Append({{"d", 80}});
  SubscribeSession session(world.From(1), {}, world.high(), world.salts());
  Seen seen(world, 1);
  Drain(world, session, seen, kNow);
  EXPECT_THAT(seen.sequences(), ElementsAre(1, 4)) << "what a view cannot be applied to is kept back";
  EXPECT_EQ(session.view_errors(), 2);
  EXPECT_EQ(session.last_view_error(), 3);
}

TEST(SubscribeSession, AnEntryThatIsNotTheNextOneIsDamage) {
  World world;
  world.Append({{"a", 1}});
  world.Append({{"b", 2}});
  SubscribeSession session(world.From(1), {}, world.open(), world.salts());
  EXPECT_EQ(session.Take(1, {}, "garbage", {}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(session.Take(1, {}, std::string(100, '\x02'), {}).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SubscribeSession, ABatchOfAnotherDatasetIsNotDelivered) {
  World world;
  world.Append({{"a", 1}});
  SubscribeStart start = world.From(1);
  start.dataset = *format::DatasetId::FromBytes(std::string(16, 'o'));
  for (const auto& view : {world.open(), world.masked()}) {
    SubscribeSession session(start, {}, view, world.salts());
    const auto taken = session.Take(1, {}, world.stored_bytes(0), {});
    EXPECT_EQ(taken.status().code(), absl::StatusCode::kDataLoss) << taken.status();
    EXPECT_THAT(std::string(taken.status().message()), ::testing::HasSubstr("of another dataset"));
  }
}

TEST(SubscribeSession, AStoredBatchThatIsDamagedIsDamageAndNotTheSubscribersMistake) {
  World world;
  world.Append({{"a", 1}, {"b", 2}});
  const std::string whole = world.stored_bytes(0);
  const auto latest = [](std::string_view, Sequence) -> absl::StatusOr<bool> { return true; };
  for (const size_t cut : {size_t{1}, size_t{40}}) {
    SubscribeSession session(world.From(1), {}, world.masked(), world.salts());
    const auto taken =
        session.Take(1, {}, std::string_view(whole).substr(0, whole.size() - cut), {.is_latest = latest});
    EXPECT_EQ(taken.status().code(), absl::StatusCode::kDataLoss) << taken.status();
    EXPECT_THAT(std::string(taken.status().message()), ::testing::HasSubstr("restore the broker's directory"));
  }
}

// Random logs, views, readings and reconnects: whatever happens, every sequence is accounted for once and in order, and
// what comes is what the announced view shows.
class SubscribeSessionProperty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(SubscribeSessionProperty, EverySequenceOnceUnderTheAnnouncedView) {
  Random random(GetParam());
  World world;
  const auto grow = [&] {
    std::vector<std::pair<std::string, int>> records;
    const size_t count = 1 + random.Below(30);
    for (size_t i = 0; i < count; ++i) {
      records.emplace_back(absl::StrCat("k", random.Below(10)), static_cast<int>(random.Below(110)) - 10);
    }
    world.Append(records, static_cast<uint8_t>(random.Below(2)));
  };
  const bool accept_withheld = random.Below(2) == 1;
  const auto from = [&](Sequence first) {
    SubscribeStart start = world.From(first);
    start.accept_withheld = accept_withheld;
    return start;
  };
  for (size_t i = random.Below(6); i > 0; --i) {
    grow();
  }
  const std::vector<std::shared_ptr<const Entitled>> views = {world.open(), world.masked(), world.high()};
  const Sequence first = 1 + random.Below(world.head().next_sequence);
  Seen seen(world, first);
  auto session = std::make_unique<SubscribeSession>(from(first), v1::Opened(), views[random.Below(3)], world.salts());
  absl::Time now = kNow;
  for (int step = 0; step < 60; ++step) {
    switch (random.Below(6)) {
      case 0:
        grow();
        break;
      case 1:
        session->OnEntitlement(views[random.Below(3)], "release");
        break;
      case 2: {  // the connection breaks: what counts is the last watermark's token, or what was handed out
        Drain(world, *session, seen, now, 1 + random.Below(3));
        const auto point = DecodeResumeToken(seen.token());
        ASSERT_TRUE(point.ok()) << point.status();
        EXPECT_EQ(point->next_sequence, seen.next());
        const SubscribeStart start = from(point->next_sequence);
        EXPECT_EQ(point->hash, start.previous_hash);
        session = std::make_unique<SubscribeSession>(start, v1::Opened(), views[random.Below(3)], world.salts());
        break;
      }
      case 3: {  // deliveries are made ready and then taken back
        std::optional<Sequence> unsent;
        for (size_t i = random.Below(6); i > 0 && session->HasMore(world.head()); --i) {
          SubscribeSession::Action action = session->Next(world.head(), now);
          if (const auto* read = std::get_if<SubscribeSession::ReadFrom>(&action)) {
            world.Serve(*session, read->sequence, 1 + random.Below(3));
          } else {
            ASSERT_TRUE(std::holds_alternative<SubscribeSession::Deliver>(action));
            unsent = unsent.value_or(std::get<SubscribeSession::Deliver>(action).first_sequence);
          }
        }
        if (unsent.has_value()) {
          session->Unsend(*unsent);
        }
        break;
      }
      default:
        now += absl::Seconds(random.Below(7));
        Drain(world, *session, seen, now, 1 + random.Below(3));
    }
    if (HasFailure()) {
      return;
    }
  }
  Drain(world, *session, seen, now);
  EXPECT_EQ(seen.next(), world.head().next_sequence);
}

INSTANTIATE_TEST_SUITE_P(Seeds, SubscribeSessionProperty, ::testing::Range(uint64_t{1}, uint64_t{200}));

}  // namespace
}  // namespace allmende::broker
