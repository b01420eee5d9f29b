// How long a copy from a crisis rule may serve: as the ceilings that cover the crises in force say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/decide/decide.h"
#include "policy/decide/testing/sewer.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

using testing::Asking;
using testing::Policies;
using testing::SewerPolicy;

constexpr char kRules[] = R"(
  - rule: rescue
    during: [crisis(rain), crisis(heat)]
    for: [thw]
    purpose: rescue
    deliver: [critical]
    replica: {without_contact: until crisis end + 24 hours}
)";

std::string Baseline(const std::string& ceilings) {
  return Cat(R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01}
crisis_ceilings:
)",
             ceilings, "tests:\n  - {who: nobody, never: [personal]}\n");
}

std::string Ceiling(const std::string& name, const std::string& crisis, const std::string& lease) {
  return Cat("  - {ceiling: ", name, ", during: ", crisis, ", for: [thw], at_most: [critical], replica: {",
             "without_contact: ", lease, "}}\n");
}

// The lease of the rescue's copy. Rain ends after 6 hours, heat after 48.
Lease LeaseUnder(const std::string& ceilings) {
  Request request = Asking("thw", "rescue");
  request.regime.crises = {{CrisisKind("rain"), {}, request.now, request.now + absl::Hours(6)},
                           {CrisisKind("heat"), {}, request.now, request.now + absl::Hours(48)}};
  request.keep_copy = true;
  const Decision decision = Decide(Policies(SewerPolicy(kRules), Baseline(ceilings)), request);
  EXPECT_TRUE(decision.allowed()) << testing::Outcome(decision);
  return decision.allowed() && decision.entitlement().lease ? *decision.entitlement().lease : Lease{{}, request.now};
}

absl::Time After(int hours) {
  return Asking("").now + absl::Hours(hours);
}

TEST(CrisisCeiling, LeaseEndsWithTheCrisisThatItCoversNotWithAnotherOfTheRule) {
  EXPECT_EQ(LeaseUnder(Ceiling("rain", "crisis(rain)", "until crisis end + 2 hours")).not_after, After(6 + 2));
  EXPECT_EQ(LeaseUnder(Ceiling("heat", "crisis(heat)", "until crisis end + 2 hours")).not_after, After(48 + 2));
}

TEST(CrisisCeiling, OfSeveralThatCoverACrisisTheLongestLeaseHolds) {
  EXPECT_EQ(LeaseUnder(Ceiling("rain", "crisis(rain)", "until crisis end + 24 hours") +
                       Ceiling("heat", "crisis(heat)", "until crisis end"))
                .not_after,
            After(48));
  EXPECT_EQ(LeaseUnder(Ceiling("both", "[crisis(heat), crisis(rain)]", "until crisis end + 1 hour")).not_after,
            After(48 + 1));
}

TEST(CrisisCeiling, LeaseOfACeilingIsForWhatThatCeilingPermits) {
  const std::string other =
      "  - {ceiling: open, during: crisis(rain), for: [thw], at_most: [public], replica: {without_contact: 9 days}}\n";
  EXPECT_EQ(LeaseUnder(other + Ceiling("rain", "crisis(rain)", "until crisis end + 1 hour")).not_after, After(6 + 1));
  Request request = Asking("thw", "rescue");
  request.regime.crises = {{CrisisKind("rain"), {}, request.now, request.now + absl::Hours(6)}};
  const std::string no_copies = "  - {ceiling: rain, during: crisis(rain), for: [thw], at_most: [critical]}\n";
  const PolicySet policies = Policies(SewerPolicy(kRules), Baseline(other + no_copies));
  EXPECT_EQ(testing::Outcome(Decide(policies, request)), "shaft");
  EXPECT_FALSE(Decide(policies, request).entitlement().lease.has_value());
  request.keep_copy = true;
  EXPECT_THAT(testing::Outcome(Decide(policies, request)), ::testing::StartsWith("refused"));
}

TEST(CrisisCeiling, CrisisThatIsNotInForceLengthensNothing) {
  EXPECT_EQ(LeaseUnder(Ceiling("flood", "[crisis(flood), crisis(rain)]", "until crisis end + 1 hour")).not_after,
            After(6 + 1));
}

}  // namespace
}  // namespace allmende::policy
