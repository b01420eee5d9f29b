// A refusal names the rule that came closest, its file and line, and the shortest way to be allowed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/decide/decide.h"
#include "policy/decide/testing/sewer.h"

namespace allmende::policy {
namespace {

using testing::Asking;
using ::testing::ElementsAre;
using testing::Outcome;
using testing::Policies;
using testing::SewerPolicy;

constexpr char kRules[] = R"(
  - rule: traffic
    for: {group: navigation}
    purpose: [traffic, planning]
    deliver: [public]
  - rule: agencies
    for: {role: agency}
    purpose: planning
    actions: lookup
    deliver: [operational]
  - rule: rescue
    during: crisis(rain)
    for: [thw, fire-brigade]
    purpose: rescue
    deliver: [critical]
    replica: {without_contact: until crisis end}
)";

Refusal Refused(const PolicySet& policies, const Request& request) {
  const Decision decision = Decide(policies, request);
  EXPECT_FALSE(decision.allowed()) << Outcome(decision);
  return decision.allowed() ? Refusal() : decision.refusal();
}

class RefuseTest : public ::testing::Test {
 protected:
  const PolicySet policies_ = Policies(SewerPolicy(kRules));
};

TEST_F(RefuseTest, NamesThePurposeThatWouldDo) {
  Request request = Asking("navi", "advertising");
  request.caller.groups = {GroupId("navigation")};
  const Refusal refusal = Refused(policies_, request);
  EXPECT_EQ(refusal.code, RefusalCode::kNoRuleMatches);
  EXPECT_EQ(refusal.rule, RuleId("traffic"));
  EXPECT_EQ(refusal.file, "pegel.policy.yaml");
  EXPECT_EQ(refusal.position.line, 15);
  EXPECT_EQ(refusal.missing, (std::vector<Missing>{{MissingKind::kPurpose, {"traffic", "planning"}}}));
}

TEST_F(RefuseTest, NamesTheGroup) {
  EXPECT_EQ(Outcome(Decide(policies_, Asking("navi", "traffic"))),
            "refused: no rule lets `navi` subscribe to `wasser/pegel` for purpose `traffic`; rule `traffic` "
            "(pegel.policy.yaml:15) would allow it in group `navigation`");
}

TEST_F(RefuseTest, NamesTheActionAndPrefersItToBeingSomebodyElse) {
  Request request = Asking("x", "planning");
  request.caller.roles = {Role::kAgency};
  const Refusal refusal = Refused(policies_, request);
  EXPECT_EQ(refusal.rule, RuleId("agencies"));
  EXPECT_EQ(refusal.missing, (std::vector<Missing>{{MissingKind::kAction, {"lookup"}}}));
}

TEST_F(RefuseTest, ARuleThatOnlyPermitsNoCopySaysSo) {
  Request request = Asking("navi", "traffic");
  request.caller.groups = {GroupId("navigation")};
  request.keep_copy = true;
  EXPECT_EQ(Refused(policies_, request).missing, (std::vector<Missing>{{MissingKind::kCopy, {"replica"}}}));
  EXPECT_EQ(Outcome(Decide(policies_, request)),
            "refused: no rule lets `navi` keep a copy of `wasser/pegel` for purpose `traffic`; rule `traffic` "
            "(pegel.policy.yaml:15) would allow it with the line `replica`");
}

TEST_F(RefuseTest, NamesTheCrisis) {
  const Refusal refusal = Refused(policies_, Asking("thw", "rescue"));
  EXPECT_EQ(refusal.rule, RuleId("rescue"));
  EXPECT_EQ(refusal.missing, (std::vector<Missing>{{MissingKind::kCrisis, {"rain"}}}));
}

TEST_F(RefuseTest, NamesEverythingThatIsMissingWhereOneThingIsNotEnough) {
  const Refusal refusal = Refused(policies_, Asking("somebody", "rescue"));
  EXPECT_EQ(refusal.missing.size(), 2u);
}

TEST_F(RefuseTest, ShortestWayWins) {
  // `traffic` lacks a purpose, `rescue` a crisis and a purpose.
  Request request = Asking("thw");
  request.caller.groups = {GroupId("navigation")};
  const Refusal refusal = Refused(policies_, request);
  EXPECT_EQ(refusal.rule, RuleId("traffic"));
  EXPECT_EQ(refusal.missing.size(), 1u);
}

TEST_F(RefuseTest, PolicyWithoutRulesNamesTheSection) {
  const Refusal refusal = Refused(Policies(SewerPolicy("  []")), Asking("x"));
  EXPECT_EQ(refusal.file, "pegel.policy.yaml");
  EXPECT_EQ(refusal.position.line, 13);
  EXPECT_TRUE(refusal.rule.empty());
  EXPECT_TRUE(refusal.missing.empty());
}

constexpr char kBaseline[] = R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01}
limits:
  - limit: harmless
    for: {role: auditor}
    never: [public]
  - limit: never
    for: everyone
    never: [critical, personal, operational]
crisis_ceilings:
  - ceiling: nothing-critical
    during: crisis(rain)
    for: everyone
    at_most: [public]
tests:
  - {who: nobody, never: [personal]}
)";

TEST_F(RefuseTest, NamesTheLimitOfTheCity) {
  Request request = Asking("x", "planning");
  request.caller.roles = {Role::kAgency};
  request.action = Action::kLookup;
  const Refusal refusal = Refused(Policies(SewerPolicy(kRules), kBaseline), request);
  EXPECT_EQ(refusal.code, RefusalCode::kBaselineForbids);
  EXPECT_EQ(refusal.rule, RuleId("never"));
  EXPECT_EQ(refusal.file, "stadt.baseline.yaml");
  EXPECT_EQ(refusal.position.line, 9);
}

TEST_F(RefuseTest, NamesTheCeilingOfTheCrisis) {
  Request request = Asking("thw", "rescue");
  request.regime.crises = {{CrisisKind("rain"), {}, request.now, request.now + absl::Hours(1)}};
  const Refusal refusal = Refused(Policies(SewerPolicy(kRules), kBaseline), request);
  EXPECT_EQ(refusal.code, RefusalCode::kBaselineForbids);
  EXPECT_EQ(refusal.rule, RuleId("nothing-critical"));
  EXPECT_EQ(refusal.position.line, 13);
}

TEST_F(RefuseTest, DoesNotSendToARuleThatTheCityForbidsAnyway) {
  // Being an agency would not help: the baseline forbids operational fields.
  const Refusal refusal = Refused(Policies(SewerPolicy(kRules), kBaseline), Asking("x", "planning"));
  EXPECT_EQ(refusal.rule, RuleId("traffic"));
}

TEST_F(RefuseTest, NamesTheContract) {
  ContractLayer contract;
  contract.file = "agreement-7";
  Limit limit;
  limit.id = RuleId("nothing");
  limit.at_most = std::vector<ClassCeiling>{};
  limit.position = {3, 1};
  contract.limits = {limit};
  Request request = Asking("navi", "traffic");
  request.caller.groups = {GroupId("navigation")};
  request.contracts = std::span(&contract, 1);
  const Refusal refusal = Refused(policies_, request);
  EXPECT_EQ(refusal.code, RefusalCode::kContractForbids);
  EXPECT_EQ(refusal.file, "agreement-7");
  EXPECT_EQ(refusal.rule, RuleId("nothing"));
  EXPECT_EQ(refusal.position.line, 3);
}

TEST_F(RefuseTest, CarriesWhatWasAsked) {
  Request request = Asking("navi", "advertising");
  request.action = Action::kLookup;
  const Refusal refusal = Refused(policies_, request);
  EXPECT_THAT(refusal.arguments, ElementsAre(std::pair("action", "lookup"), std::pair("dataset", "wasser/pegel"),
                                             std::pair("participant", "navi"), std::pair("purpose", "advertising")));
}

}  // namespace
}  // namespace allmende::policy
