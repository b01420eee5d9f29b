// The proof holds where everything arrived as it must, and fails for each way in which it did not.
#include "examples/heavy_rain/proof/proof.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "absl/strings/str_cat.h"
#include "examples/schemas/sewer_levels.pb.h"

namespace heavy_rain {
namespace {

using ::testing::HasSubstr;

constexpr char kDataset[] = "wasser/pegel";
constexpr char kReader[] = "navi-ag";
constexpr char kAgency[] = "wasserbetriebe";
constexpr int kGauges = 3;
constexpr int kRecords = 12;
constexpr int kBeforeCrisis = 6;

berlin::SewerLevel Published(int number) {  // from 1
  berlin::SewerLevel level;
  level.set_messstelle(absl::StrCat("gauge-", number % kGauges));
  level.mutable_zeit()->set_seconds(1000 + number / kGauges);
  level.set_pegel_cm(100 + number);
  level.set_ueberlauf_m3s(0.5 + 0.001 * number);
  level.set_schacht_id(absl::StrCat("SCHACHT-", number));
  return level;
}

std::string Seen(int number, bool crisis) {
  berlin::SewerLevel level = Published(number);
  level.clear_schacht_id();
  if (!crisis) level.clear_ueberlauf_m3s();
  return level.SerializeAsString();
}

class ProofTest : public ::testing::Test {
 protected:
  ProofTest() {
    DatasetPlan plan;
    plan.name = kDataset;
    plan.table = true;
    plan.provider = kAgency;
    plan.prototype = std::make_shared<berlin::SewerLevel>();
    plan.identity = {"messstelle", "zeit"};
    plan.key = "messstelle";
    const View open = Exactly({"zeit", "messstelle", "pegel_cm"});
    plan.readers[kReader] = {open, Exactly({"zeit", "messstelle", "pegel_cm", "ueberlauf_m3s"})};
    plan.readers[kAgency] = {open, open};
    plans_.push_back(plan);

    DatasetEvidence& evidence = evidence_[kDataset];
    evidence.before_crisis = kBeforeCrisis;
    evidence.broker_head = kRecords;
    ReaderEvidence& reader = evidence.readers[kReader];
    for (int number = 1; number <= kRecords; ++number) {
      const uint64_t sequence = static_cast<uint64_t>(number);
      evidence.published.push_back(Published(number).SerializeAsString());
      evidence.stored.push_back({sequence, Seen(number, false)});
      reader.feed.push_back({sequence, Seen(number, number > kBeforeCrisis)});
      reader.deliveries.push_back("head" + reader.feed.back().payload);
      if (number > kRecords - kGauges) reader.copy.push_back({sequence, Seen(number, true)});
    }
  }

  Proof Run() const { return Prove(plans_, evidence_); }
  DatasetEvidence& dataset() { return evidence_[kDataset]; }
  ReaderEvidence& reader() { return dataset().readers[kReader]; }

  std::vector<DatasetPlan> plans_;
  std::map<std::string, DatasetEvidence> evidence_;
};

TEST_F(ProofTest, HoldsWhereEverythingArrived) {
  const Proof proof = Run();
  EXPECT_TRUE(proof.clean()) << ::testing::PrintToString(proof.problems);
  ASSERT_EQ(proof.rows.size(), 2u);
  EXPECT_EQ(proof.rows[0].reader, "");
  EXPECT_EQ(proof.rows[0].stored, 12u);
  EXPECT_EQ(proof.rows[1].tally.arrived, 12u);
  EXPECT_EQ(proof.rows[1].copy.arrived, 3u);
  EXPECT_EQ(proof.rows[1].copy_expected, 3u);
  EXPECT_EQ(proof.records_compared, 12u + 12u + 3u);
  EXPECT_GT(proof.bytes_searched, 100u);
}

TEST_F(ProofTest, TheSearchKnowsWhatItLooksFor) {
  const Proof proof = Run();
  EXPECT_EQ(proof.secrets, 12u + 6u);  // every shaft, and the overflows from before the crisis
  EXPECT_EQ(proof.secrets_known, proof.secrets);
}

TEST_F(ProofTest, ACopyMadeAnewInTheCrisisMayShowOldRecordsAsTheCrisisPermits) {
  plans_[0].table = false;
  reader().copy.clear();
  for (int number = 1; number <= kRecords; ++number) {
    reader().copy.push_back({static_cast<uint64_t>(number), Seen(number, true)});
  }
  EXPECT_TRUE(Run().clean()) << ::testing::PrintToString(Run().problems);
}

struct Fault {
  const char* name;
  std::function<void(DatasetEvidence&, ReaderEvidence&)> make;
  uint64_t Tally::*counted;  // nullptr: a problem, but none of a single record
  const char* said;
};

void PrintTo(const Fault& fault, std::ostream* out) {
  *out << fault.name;
}

class FaultTest : public ProofTest, public ::testing::WithParamInterface<Fault> {};

TEST_P(FaultTest, IsFound) {
  GetParam().make(dataset(), reader());
  const Proof proof = Run();
  EXPECT_FALSE(proof.clean());
  if (GetParam().counted != nullptr) {
    EXPECT_GT(proof.Sum(GetParam().counted), 0u);
  }
  EXPECT_THAT(proof.problems, ::testing::Contains(HasSubstr(GetParam().said)));
}

std::string WithShaft(int number) {
  berlin::SewerLevel level = Published(number);
  level.clear_ueberlauf_m3s();
  return level.SerializeAsString();
}

INSTANTIATE_TEST_SUITE_P(
    All, FaultTest,
    ::testing::Values(
        Fault{"NothingPublished", [](DatasetEvidence& d, ReaderEvidence&) { d.published.clear(); }, nullptr,
              "nothing was published"},
        Fault{"NothingHeardOfAReader", [](DatasetEvidence& d, ReaderEvidence&) { d.readers.clear(); }, &Tally::lost,
              "delivered to navi-ag: sequence 1 is missing"},
        Fault{"TheBrokerHasFewer", [](DatasetEvidence& d, ReaderEvidence&) { d.broker_head = 11; }, nullptr,
              "12 records were published, the broker has 11"},
        Fault{"TheBrokerHasMore", [](DatasetEvidence& d, ReaderEvidence&) { d.broker_head = 13; }, nullptr,
              "the broker has 13"},
        Fault{"NotStored", [](DatasetEvidence& d, ReaderEvidence&) { d.stored.erase(d.stored.begin() + 4); },
              &Tally::lost, "read back from the broker: sequence 5 is missing"},
        Fault{"StoredTwice",
              [](DatasetEvidence& d, ReaderEvidence&) {
                d.stored.push_back({13, d.stored[4].payload});
              },
              &Tally::twice, "sequence 13 came before"},
        Fault{"StoredOtherwise",
              [](DatasetEvidence& d, ReaderEvidence&) {
                berlin::SewerLevel level;
                level.ParseFromString(d.stored[4].payload);
                level.set_pegel_cm(0.25);
                d.stored[4].payload = level.SerializeAsString();
              },
              &Tally::wrong, "does not have the right pegel_cm"},
        Fault{"NotDelivered", [](DatasetEvidence&, ReaderEvidence& r) { r.feed.erase(r.feed.begin() + 7); },
              &Tally::lost, "delivered to navi-ag: sequence 8 is missing"},
        Fault{"DeliveredTwice", [](DatasetEvidence&, ReaderEvidence& r) { r.feed.push_back(r.feed[7]); }, &Tally::twice,
              "sequence 8 came before"},
        Fault{"DeliveredAtAnotherSequence",
              [](DatasetEvidence&, ReaderEvidence& r) { std::swap(r.feed[7].sequence, r.feed[8].sequence); },
              &Tally::misplaced, "is the record that was published as number"},
        Fault{"InventedRecord",
              [](DatasetEvidence&, ReaderEvidence& r) {
                berlin::SewerLevel level;
                level.set_messstelle("nowhere");
                r.feed.push_back({13, level.SerializeAsString()});
              },
              &Tally::wrong, "nobody published"},
        Fault{"UnreadableRecord", [](DatasetEvidence&, ReaderEvidence& r) { r.feed[3].payload = "\xff\xff\xff"; },
              &Tally::wrong, "nobody published"},
        Fault{"CrisisViewBeforeTheCrisis",
              [](DatasetEvidence&, ReaderEvidence& r) { r.feed[0].payload = Seen(1, true); }, &Tally::forbidden,
              "shows ueberlauf_m3s"},
        Fault{"NormalViewInTheCrisis", [](DatasetEvidence&, ReaderEvidence& r) { r.feed[9].payload = Seen(10, false); },
              &Tally::wrong, "does not have the right ueberlauf_m3s"},
        Fault{"ForbiddenFieldDelivered", [](DatasetEvidence&, ReaderEvidence& r) { r.feed[0].payload = WithShaft(1); },
              &Tally::forbidden, "shows schacht_id, which is forbidden"},
        Fault{"SecretBetweenTheRecords",
              [](DatasetEvidence&, ReaderEvidence& r) { r.deliveries[2] += "xxSCHACHT-3yy"; }, &Tally::forbidden,
              "a value of `schacht_id`"},
        Fault{"SecretOfBeforeTheCrisis",
              [](DatasetEvidence&, ReaderEvidence& r) {
                berlin::SewerLevel level = Published(3);
                level.clear_schacht_id();
                r.deliveries[2] += level.SerializeAsString();
              },
              &Tally::forbidden, "a value of `ueberlauf_m3s`"},
        Fault{"SecretInAKeyOfTheReplica",
              [](DatasetEvidence&, ReaderEvidence& r) { r.copied_keys.push_back("key SCHACHT-3"); }, &Tally::forbidden,
              "replica of navi-ag: the bytes contain"},
        Fault{"SecretOnTheDisk",
              [](DatasetEvidence&, ReaderEvidence& r) {
                r.files = {"", "...SCHACHT-3..."};
              },
              &Tally::forbidden, "replica of navi-ag: the bytes contain"},
        Fault{"MissingInTheReplica", [](DatasetEvidence&, ReaderEvidence& r) { r.copy.pop_back(); }, &Tally::lost,
              "replica of navi-ag: sequence 12 is missing"},
        Fault{"OldRecordInTheReplica", [](DatasetEvidence&, ReaderEvidence& r) { r.copy.back() = {9, Seen(9, true)}; },
              &Tally::lost, "sequence 12 is missing"},
        Fault{"ForbiddenFieldInTheReplica",
              [](DatasetEvidence&, ReaderEvidence& r) { r.copy[0].payload = Published(10).SerializeAsString(); },
              &Tally::forbidden, "replica of navi-ag: sequence 10 shows schacht_id, which is forbidden"},
        Fault{"RecordsThatCannotBeToldApart",
              [](DatasetEvidence& d, ReaderEvidence&) { d.published[3] = d.published[4]; }, nullptr,
              "cannot be told apart"}),
    [](const auto& test) { return test.param.name; });

TEST_F(ProofTest, ADatasetThatNobodyMayReadIsSearchedForEverywhere) {
  DatasetPlan wells = plans_[0];
  wells.name = "wasser/brunnen";
  wells.readers.clear();
  plans_.push_back(wells);
  berlin::SewerLevel well;
  well.set_messstelle("BRUNNEN-77");
  evidence_["wasser/brunnen"].published = {well.SerializeAsString()};
  evidence_["wasser/brunnen"].broker_head = 1;
  EXPECT_TRUE(Run().clean()) << ::testing::PrintToString(Run().problems);
  reader().deliveries[0] += "BRUNNEN-77";
  EXPECT_THAT(Run().problems, ::testing::ElementsAre(HasSubstr("a value of `messstelle`")));
}

TEST_F(ProofTest, WithoutDatasetsNothingIsProven) {
  EXPECT_FALSE(Prove({}, {}).clean());
}

}  // namespace
}  // namespace heavy_rain
