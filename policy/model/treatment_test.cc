#include "policy/model/treatment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace allmende::policy {
namespace {

using Period = Pseudonym::Period;

// Some of every kind, related and unrelated.
std::vector<Treatment> All() {
  return {Keep{},
          RoundTime{absl::Minutes(1)},
          RoundTime{absl::Minutes(15)},
          RoundTime{absl::Minutes(20)},
          RoundTime{absl::Hours(1)},
          RoundTime{absl::Hours(24 * 366)},
          RoundTime{absl::Hours(24 * 366) - absl::Microseconds(1)},
          Grid{1},
          Grid{100},
          Grid{150},
          Grid{1'000'000},
          Buckets{{0.1}},
          Buckets{{1}},
          Buckets{{0.1, 1}},
          Buckets{{0.1, 1, 10}},
          Pseudonym{Period::kAgreement},
          Pseudonym{Period::kYear},
          Pseudonym{Period::kDay},
          Mask{},
          Drop{}};
}

TEST(Treatments, KeepingShowsAtLeastAsMuchAsAnythingAndDroppingNothing) {
  for (const Treatment& treatment : All()) {
    EXPECT_TRUE(AtLeastAsGenerous(Keep{}, treatment));
    EXPECT_TRUE(AtLeastAsGenerous(treatment, Drop{}));
    EXPECT_TRUE(AtLeastAsGenerous(treatment, treatment));
    EXPECT_EQ(AtLeastAsGenerous(treatment, Keep{}), std::holds_alternative<Keep>(treatment));
    EXPECT_EQ(AtLeastAsGenerous(Drop{}, treatment), std::holds_alternative<Drop>(treatment));
  }
}

TEST(Treatments, FinerStepsShowWhatTheirMultiplesShow) {
  EXPECT_TRUE(AtLeastAsGenerous(RoundTime{absl::Minutes(15)}, RoundTime{absl::Hours(1)}));
  EXPECT_FALSE(AtLeastAsGenerous(RoundTime{absl::Hours(1)}, RoundTime{absl::Minutes(15)}));
  EXPECT_FALSE(AtLeastAsGenerous(RoundTime{absl::Minutes(15)}, RoundTime{absl::Minutes(20)})) << "no multiple";
  EXPECT_TRUE(AtLeastAsGenerous(Grid{100}, Grid{150}));
  EXPECT_TRUE(AtLeastAsGenerous(Buckets{{0.1, 1}}, Buckets{{1}}));
  EXPECT_FALSE(AtLeastAsGenerous(Buckets{{1}}, Buckets{{0.1}}));
  EXPECT_TRUE(AtLeastAsGenerous(Pseudonym{Period::kYear}, Pseudonym{Period::kDay}));
}

TEST(Treatments, KindsAreNotComparedWithEachOther) {
  EXPECT_FALSE(AtLeastAsGenerous(RoundTime{absl::Seconds(1)}, Grid{1}));
  EXPECT_FALSE(AtLeastAsGenerous(Grid{1}, Buckets{{1}}));
  EXPECT_FALSE(AtLeastAsGenerous(Pseudonym{}, Grid{1'000}));
  EXPECT_TRUE(AtLeastAsGenerous(Pseudonym{}, Mask{}));
}

TEST(Treatments, GenerosityIsAnOrder) {
  const std::vector<Treatment> all = All();
  for (const Treatment& a : all) {
    for (const Treatment& b : all) {
      if (AtLeastAsGenerous(a, b) && AtLeastAsGenerous(b, a)) {
        EXPECT_EQ(a, b) << "antisymmetric";
      }
      for (const Treatment& c : all) {
        if (AtLeastAsGenerous(a, b) && AtLeastAsGenerous(b, c)) {
          EXPECT_TRUE(AtLeastAsGenerous(a, c)) << a.index() << " " << b.index() << " " << c.index();
        }
      }
    }
  }
}

TEST(Treatments, TwoLayersShowNoMoreThanEither) {
  for (const Treatment& a : All()) {
    for (const Treatment& b : All()) {
      const Treatment meet = Meet(a, b);
      EXPECT_TRUE(AtLeastAsGenerous(a, meet)) << a.index() << " " << b.index();
      EXPECT_TRUE(AtLeastAsGenerous(b, meet)) << a.index() << " " << b.index();
      EXPECT_EQ(meet, Meet(b, a));
      if (AtLeastAsGenerous(a, b)) {
        EXPECT_EQ(meet, b);
      }
    }
  }
}

TEST(Treatments, MeetOfTwoStepsIsTheirCommonMultiple) {
  EXPECT_EQ(Meet(RoundTime{absl::Minutes(15)}, RoundTime{absl::Minutes(20)}), Treatment(RoundTime{absl::Hours(1)}));
  EXPECT_EQ(Meet(RoundTime{absl::Hours(24 * 366)}, RoundTime{absl::Hours(24 * 366) - absl::Microseconds(1)}),
            Treatment(Mask{}))
      << "a step of ages shows nothing";
  EXPECT_EQ(Meet(Grid{100}, Grid{150}), Treatment(Grid{150}));
  EXPECT_EQ(Meet(Buckets{{0.1, 1}}, Buckets{{1, 10}}), Treatment(Buckets{{1}}));
  EXPECT_EQ(Meet(Buckets{{0.1}}, Buckets{{1}}), Treatment(Mask{}));
  EXPECT_EQ(Meet(RoundTime{absl::Hours(1)}, Grid{5}), Treatment(Mask{}));
  EXPECT_EQ(Meet(Pseudonym{Period::kYear}, Pseudonym{Period::kDay}), Treatment(Pseudonym{Period::kDay}));
}

TEST(Treatments, RulesOfOneLayerGiveTheMostGenerousOfTheirTreatments) {
  const std::vector<Treatment> none;
  EXPECT_EQ(Union(none), Treatment(Drop{}));
  const std::vector<Treatment> times = {RoundTime{absl::Hours(1)}, RoundTime{absl::Minutes(15)}, Mask{}};
  EXPECT_EQ(Union(times), Treatment(RoundTime{absl::Minutes(15)}));
  const std::vector<Treatment> kept = {Mask{}, Keep{}, Drop{}};
  EXPECT_EQ(Union(kept), Treatment(Keep{}));
}

TEST(Treatments, UnionOfWhatCannotBeComparedShowsNoMoreThanOneOfThem) {
  const std::vector<Treatment> steps = {RoundTime{absl::Minutes(15)}, RoundTime{absl::Minutes(20)}};
  EXPECT_EQ(Union(steps), Treatment(RoundTime{absl::Minutes(20)}));
  const std::vector<Treatment> kinds = {RoundTime{absl::Minutes(15)}, Grid{100}, Pseudonym{}};
  EXPECT_EQ(Union(kinds), Treatment(Pseudonym{}));
}

TEST(Treatments, UnionIsOneOfItsMembersWhateverTheirOrderAndNoneShowsMore) {
  const std::vector<Treatment> all = All();
  for (size_t i = 0; i < all.size(); ++i) {
    for (size_t j = 0; j < all.size(); ++j) {
      for (size_t k = 0; k < all.size(); ++k) {
        const std::vector<Treatment> forward = {all[i], all[j], all[k]};
        const std::vector<Treatment> backward = {all[k], all[j], all[i]};
        const Treatment united = Union(forward);
        ASSERT_EQ(united, Union(backward));
        ASSERT_NE(std::find(forward.begin(), forward.end(), united), forward.end());
        for (const Treatment& member : forward) {
          ASSERT_FALSE(AtLeastAsGenerous(member, united) && member != united);
        }
      }
    }
  }
}

}  // namespace
}  // namespace allmende::policy
