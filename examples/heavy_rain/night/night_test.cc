// Both nights are such that the demo can prove what it claims.
#include "examples/heavy_rain/night/night.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include <unistd.h>

#include "examples/schemas/sewer_levels.pb.h"

namespace heavy_rain {
namespace {

using ::testing::HasSubstr;

void CheckNight(const Night& night) {
  ASSERT_GT(night.steps.size(), 60u);
  EXPECT_LT(0u, night.crisis_at);
  EXPECT_LT(night.crisis_at, night.refusal_at);
  EXPECT_LT(night.refusal_at, night.broker_dies_at);
  EXPECT_LT(night.broker_dies_at, night.broker_returns_at);
  EXPECT_LT(night.broker_returns_at + 5, night.steps.size());
  EXPECT_TRUE(night.Plan(night.shown_dataset).table);
  EXPECT_FALSE(night.Plan(night.locked_dataset).name.empty());

  std::map<std::string, std::set<std::string>> identities;
  std::map<std::string, size_t> during_outage;
  for (size_t i = 0; i < night.steps.size(); ++i) {
    for (const Item& item : night.steps[i].items) {
      const DatasetPlan& plan = night.Plan(item.dataset);
      ASSERT_FALSE(plan.name.empty()) << item.dataset;
      const std::unique_ptr<google::protobuf::Message> record(plan.prototype->New());
      ASSERT_TRUE(record->ParseFromString(item.payload));
      EXPECT_TRUE(identities[plan.name].insert(IdentityOf(*record, plan.identity)).second)
          << record->ShortDebugString();
      for (const auto& [reader, views] : plan.readers) {
        EXPECT_TRUE(SecretsOf(*record, views.normal).size() >= SecretsOf(*record, views.crisis).size()) << reader;
      }
      if (i > night.broker_dies_at && i < night.broker_returns_at) ++during_outage[plan.name];
    }
  }
  EXPECT_EQ(identities.size(), night.datasets.size());
  for (const DatasetPlan& plan : night.datasets) {
    if (!plan.readers.empty()) {
      EXPECT_GT(during_outage[plan.name], 20u) << plan.name;
    }
  }
}

// In the crisis the logistics operator learns something that it did not know before.
size_t LearntInTheCrisis(const Night& night) {
  size_t learnt = 0;
  for (size_t i = night.crisis_at; i < night.steps.size(); ++i) {
    for (const Item& item : night.steps[i].items) {
      const DatasetPlan& plan = night.Plan(item.dataset);
      const auto views = plan.readers.find(kLogistics);
      if (views == plan.readers.end()) continue;
      const std::unique_ptr<google::protobuf::Message> record(plan.prototype->New());
      record->ParseFromString(item.payload);
      learnt += SecretsOf(*record, views->second.normal).size() - SecretsOf(*record, views->second.crisis).size();
    }
  }
  return learnt;
}

TEST(SimulatedNightTest, CanProveWhatTheDemoClaims) {
  CheckNight(SimulatedNight());
  EXPECT_GT(LearntInTheCrisis(SimulatedNight()), 50u);
}

TEST(SimulatedNightTest, SaysThatItIsInvented) {
  EXPECT_THAT(SimulatedNight().about.at(0), HasSubstr("INVENTED"));
}

TEST(SimulatedNightTest, IsTheSameEveryTime) {
  const Night a = SimulatedNight();
  const Night b = SimulatedNight();
  ASSERT_EQ(a.steps.size(), b.steps.size());
  for (size_t i = 0; i < a.steps.size(); ++i) {
    ASSERT_EQ(a.steps[i].items.size(), b.steps[i].items.size());
    for (size_t k = 0; k < a.steps[i].items.size(); ++k) {
      EXPECT_EQ(a.steps[i].items[k].payload, b.steps[i].items[k].payload);
    }
  }
}

TEST(SimulatedNightTest, TheOutageLiesInTheWorstOfIt) {
  const Night night = SimulatedNight();
  double highest = 0;
  size_t highest_at = 0;
  for (size_t i = 0; i < night.steps.size(); ++i) {
    double overflow = 0;
    for (const Item& item : night.steps[i].items) {
      if (item.dataset != night.shown_dataset) continue;
      berlin::SewerLevel level;
      ASSERT_TRUE(level.ParseFromString(item.payload));
      overflow += level.ueberlauf_m3s();
    }
    if (i < 12) {
      EXPECT_EQ(overflow, 0) << i;
    }
    if (overflow > highest) {
      highest = overflow;
      highest_at = i;
    }
  }
  EXPECT_GT(highest, 10);
  EXPECT_GE(highest_at, night.broker_dies_at);
  EXPECT_LE(highest_at, night.broker_returns_at);
}

class RecordedNightTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(::testing::TempDir()) / ("night-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  std::filesystem::path folder_;
};

TEST_F(RecordedNightTest, RealDataCanProveWhatTheDemoClaims) {
  const char* const data = std::getenv("ALLMENDE_REAL_DATA");
  const std::string folder =
      (data != nullptr ? std::string(data) : ALLMENDE_SOURCE_DIR "/../shared/data") + "/berlin-water-model";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << folder << " is not there; set ALLMENDE_REAL_DATA to the folder that has `berlin-water-model`";
  }
  const absl::StatusOr<Night> night = RecordedNight(folder);
  ASSERT_TRUE(night.ok()) << night.status();
  CheckNight(*night);
  EXPECT_GT(LearntInTheCrisis(*night), 50u);
  EXPECT_THAT(night->about.at(0), HasSubstr("SIMULATED"));
  EXPECT_THAT(night->about.at(0), HasSubstr("DWD"));
}

TEST_F(RecordedNightTest, AFolderWithoutTheFilesIsRefused) {
  const absl::Status status = RecordedNight(folder_.string()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("rain.csv"));
}

TEST_F(RecordedNightTest, WhatIsWrongInAFileIsNamedWithItsLine) {
  const std::string rain = "datetime,DWD_0433\n";
  const std::string overflow = "datetime,seconds,CSO_id,cbm_per_second\n";
  const struct {
    std::string rain, overflow, said;
  } cases[] = {
      {"date;rain\n", overflow, "rain.csv:1: the columns should be"},
      {rain + "2019-05-20T16:00:00Z,0\nyesterday,0\n", overflow, "rain.csv:3: `yesterday` is no time"},
      {rain + "2019-05-20T16:00:00Z,much\n", overflow, "rain.csv:2: `much` is no number"},
      {rain + "2019-05-20T16:00:00Z,\n", overflow, "rain.csv:2: `` is no number"},
      {rain, overflow + "2019-05-20T16:00:00Z,0,CSO_1\n", "cso.csv:2: 4 columns expected, found 3"},
      {rain, overflow, "cso.csv has no value for 2019-05-20T16:00:00"},
  };
  for (const auto& spoiled : cases) {
    Write("rain.csv", spoiled.rain);
    Write("cso.csv", spoiled.overflow);
    const absl::Status status = RecordedNight(folder_.string()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), HasSubstr(spoiled.said));
  }
}

}  // namespace
}  // namespace heavy_rain
