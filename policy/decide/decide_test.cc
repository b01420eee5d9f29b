#include "policy/decide/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/decide/testing/sewer.h"
#include "policy/language/testing/fixtures.h"
#include "policy/model/berlin_time.h"

namespace allmende::policy {
namespace {

using testing::Asking;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Outcome;
using testing::Policies;
using testing::SewerPolicy;
using ::testing::StartsWith;

constexpr char kRules[] = R"(
  - rule: open
    for: everyone
    purpose: any
    licence: dl-by-de/2.0
    source: BWB
    deliver: [public]
    replica: {without_contact: 7 days}
  - rule: traffic
    for: {group: navigation}
    purpose: [traffic, planning]
    licence: other-closed
    source: BWB
    deliver:
      - public
      - overflow: {buckets: ["below 0.1", "0.1 to 1", "above 1"]}
      - position: {grid: 500 m}
    replica: {without_contact: 72 hours, max_age: 15 minutes}
    duties: [delete after 90 days]
  - rule: agencies
    for: {role: agency, participant: fire-brigade}
    purpose: planning
    actions: lookup
    deliver: [operational, state]
  - rule: rescue
    during: [crisis(rain), crisis(flood)]
    for: [thw, fire-brigade]
    purpose: rescue
    deliver: [public, operational, location, critical]
    replica: {without_contact: until crisis end + 24 hours}
)";

constexpr char kBaseline[] = R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01, ends: 2029-12-31}
limits:
  - limit: never
    for: everyone
    never: [personal, critical]
  - limit: operators
    for: {role: operator}
    at_most:
      - public
      - operational
      - location: {grid: 1 km}
  - limit: copies
    for: everyone
    replica: {without_contact: 3 days, max_age: 1 hour}
crisis_ceilings:
  - ceiling: rescue
    during: [crisis(rain)]
    for: [thw]
    at_most: [public, operational, location, critical]
    replica: {without_contact: until crisis end + 12 hours}
tests:
  - {who: nobody, never: [personal]}
)";

Crisis Declared(const char* kind, absl::Time from, absl::Time until) {
  return {CrisisKind(kind), {}, from, until};
}

Request InCrisis(Request request, const char* kind) {
  request.regime.crises.push_back(Declared(kind, request.now - absl::Hours(1), request.now + absl::Hours(10)));
  return request;
}

class DecideTest : public ::testing::Test {
 protected:
  static std::string Ask(const Request& request) { return Outcome(Decide(Bare(), request)); }
  static std::string AskCity(const Request& request) { return Outcome(Decide(City(), request)); }

  // Without a baseline, and with one.
  static const PolicySet& Bare() {
    static const auto& policies = *new PolicySet(Policies(SewerPolicy(kRules)));
    return policies;
  }
  static const PolicySet& City() {
    static const auto& policies = *new PolicySet(Policies(SewerPolicy(kRules), kBaseline));
    return policies;
  }
};

TEST_F(DecideTest, WhatNothingPermitsIsDenied) {
  const PolicySet policies = Policies(SewerPolicy(R"(
  - rule: one
    for: [thw]
    purpose: rescue
    deliver: [public]
)"));
  EXPECT_EQ(Outcome(Decide(policies, Asking("thw", "rescue"))), "gauge, time, level");
  EXPECT_THAT(Outcome(Decide(policies, Asking("thw"))), StartsWith("refused: no rule lets `thw`"));
  EXPECT_THAT(Outcome(Decide(policies, Asking("", "rescue"))), StartsWith("refused: no rule lets an unnamed caller"));
  EXPECT_THAT(Outcome(Decide(policies, Asking("THW", "rescue"))), StartsWith("refused"));
  EXPECT_THAT(Outcome(Decide(policies, Asking("thw", "rescue2"))), StartsWith("refused"));
}

TEST_F(DecideTest, PolicyWithoutRulesGivesNobodyAnything) {
  const PolicySet policies = Policies(SewerPolicy("  []"));
  for (const char* who : {"thw", "", "senate"}) {
    EXPECT_THAT(Outcome(Decide(policies, InCrisis(Asking(who, "rescue"), "rain"))), StartsWith("refused"));
  }
}

TEST_F(DecideTest, DatasetWithoutAPolicyIsDenied) {
  Request request = Asking("thw", "rescue");
  request.dataset = DatasetId("wasser/anderes");
  EXPECT_EQ(Ask(request), "refused: no policy is in force for `wasser/anderes`");
  PolicySet policies = Bare();
  policies.Remove(DatasetId("wasser/pegel"));
  EXPECT_EQ(Outcome(Decide(policies, Asking("thw"))), "refused: no policy is in force for `wasser/pegel`");
}

TEST_F(DecideTest, APolicyThatCannotBeAppliedIsDeniedWithItsProblem) {
  PolicySet policies = Bare();
  policies.PutProblem(DatasetId("wasser/pegel"), {"p.yaml:6:19: the schema has no field `level`", "p.yaml", {6, 19}});
  const Decision decision = Decide(policies, Asking("thw"));
  ASSERT_FALSE(decision.allowed());
  const v1::Refusal refusal = ToProto(decision.refusal());
  EXPECT_EQ(refusal.code(), "policy-unusable");
  EXPECT_EQ(refusal.arguments().at("problem"), "p.yaml:6:19: the schema has no field `level`");
  EXPECT_EQ(refusal.rule_file(), "p.yaml");
  EXPECT_EQ(refusal.rule_line(), 6);
  policies.Put(*Bare().Find(DatasetId("wasser/pegel")));
  EXPECT_TRUE(Decide(policies, Asking("thw")).allowed()) << "the problem is over";
}

TEST_F(DecideTest, FieldsComeByClassAndByName) {
  EXPECT_EQ(Ask(Asking("anybody")), "gauge, time, level");
  Request navigation = Asking("navi", "traffic");
  navigation.caller.groups = {GroupId("navigation")};
  EXPECT_EQ(Ask(navigation), "gauge, time, level, overflow buckets 0.1 1, position grid 500 m");
}

TEST_F(DecideTest, FieldThatTheFileDoesNotListIsNeverDelivered) {
  const PolicySet policies = Policies(SewerPolicy(R"(
  - rule: everything
    for: everyone
    purpose: any
    deliver: [public, operational, location, identifier, critical, personal]
)"));
  EXPECT_EQ(Outcome(Decide(policies, Asking("x"))),
            "gauge, time, level, overflow, position, state, shaft, phone, inner.pump");
}

TEST_F(DecideTest, NamedFieldBeatsItsClassAlsoWhereThatIsStricter) {
  const PolicySet policies = Policies(SewerPolicy(R"(
  - rule: one
    for: everyone
    purpose: any
    deliver: [operational, overflow: {buckets: ["below 1", "above 1"]}]
)"));
  EXPECT_EQ(Outcome(Decide(policies, Asking("x"))), "overflow buckets 1, inner.pump");
}

TEST_F(DecideTest, GroupsRolesAndParticipantsAreAlternatives) {
  Request request = Asking("somebody", "planning");
  request.action = Action::kLookup;
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.caller.roles = {Role::kAgency};
  EXPECT_EQ(Ask(request), "gauge, time, level, overflow, state, inner.pump");
  request.caller.roles = {Role::kOperator};
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.caller.participant = ParticipantId("fire-brigade");
  EXPECT_EQ(Ask(request), "gauge, time, level, overflow, state, inner.pump");
}

TEST_F(DecideTest, PurposeCountsExactly) {
  Request request = Asking("navi", "planning");
  request.caller.groups = {GroupId("navigation"), GroupId("other")};
  EXPECT_THAT(Ask(request), HasSubstr("position grid 500 m"));
  for (const char* purpose : {"", "advertising", "Traffic", "traffic ", "any"}) {
    request.purpose = Purpose(purpose);
    EXPECT_EQ(Ask(request), "gauge, time, level") << purpose;
  }
}

TEST_F(DecideTest, ActionsThatARuleDoesNotNameAreNotPermitted) {
  Request request = Asking("fire-brigade", "planning");
  for (const Action action : {Action::kRead, Action::kSubscribe}) {
    request.action = action;
    EXPECT_EQ(Ask(request), "gauge, time, level");
  }
  request.action = Action::kLookup;
  EXPECT_THAT(Ask(request), HasSubstr("state"));
}

TEST_F(DecideTest, CopiesNeedARuleThatPermitsThem) {
  Request request = Asking("fire-brigade", "planning");
  request.action = Action::kLookup;
  EXPECT_THAT(Ask(request), HasSubstr("state"));
  request.keep_copy = true;
  EXPECT_EQ(Ask(request), "gauge, time, level") << "only the open rule permits a copy";
}

TEST_F(DecideTest, CrisisRulesHoldWhileTheCrisisIsInForceAndNotAMomentLonger) {
  Request request = Asking("thw", "rescue");
  EXPECT_EQ(Ask(request), "gauge, time, level");
  const absl::Time now = request.now;
  request.regime.crises = {Declared("rain", now, now + absl::Hours(1))};
  EXPECT_EQ(Ask(request), "gauge, time, level, overflow, position, shaft, inner.pump");
  request.now = now + absl::Hours(1) - absl::Nanoseconds(1);
  EXPECT_THAT(Ask(request), HasSubstr("shaft"));
  request.now = now + absl::Hours(1);
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.now = now - absl::Nanoseconds(1);
  EXPECT_EQ(Ask(request), "gauge, time, level") << "declared for later";
}

TEST_F(DecideTest, ACrisisOfSomeAreasOpensNoRuleForTheWholeCity) {
  Request request = Asking("thw", "rescue");
  request.regime.crises = {Declared("rain", request.now, request.now + absl::Hours(1))};
  request.regime.crises[0].area = {"mitte"};
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.regime.crises[0].area.clear();
  EXPECT_THAT(Ask(request), HasSubstr("shaft"));
}

TEST_F(DecideTest, OtherCrisesAndOtherCallersChangeNothing) {
  EXPECT_EQ(Ask(InCrisis(Asking("thw", "rescue"), "heat")), "gauge, time, level");
  EXPECT_EQ(Ask(InCrisis(Asking("navi", "rescue"), "rain")), "gauge, time, level");
  EXPECT_EQ(Ask(InCrisis(Asking("thw", "advertising"), "rain")), "gauge, time, level");
  EXPECT_THAT(Ask(InCrisis(Asking("fire-brigade", "rescue"), "flood")), HasSubstr("shaft"));
}

TEST_F(DecideTest, EntitlementSaysWhichRulesAndTermsStandBehindIt) {
  Request request = Asking("navi", "traffic");
  request.caller.groups = {GroupId("navigation")};
  const Decision decision = Decide(Bare(), request);
  ASSERT_TRUE(decision.allowed());
  const Entitlement& entitlement = decision.entitlement();
  ASSERT_EQ(entitlement.rules.size(), 2u);
  EXPECT_EQ(entitlement.rules[0].id, RuleId("open"));
  EXPECT_EQ(entitlement.rules[1].id, RuleId("traffic"));
  EXPECT_EQ(entitlement.rules[1].file, "pegel.policy.yaml");
  EXPECT_GT(entitlement.rules[1].position.line, entitlement.rules[0].position.line);
  EXPECT_THAT(entitlement.licences, ElementsAre("dl-by-de/2.0", "other-closed"));
  EXPECT_THAT(entitlement.attributions, ElementsAre("BWB"));
  EXPECT_THAT(entitlement.duties, ElementsAre("delete after 90 days"));
}

TEST_F(DecideTest, RulesThatGiveNothingAreNotBehindIt) {
  const Decision decision = Decide(Bare(), Asking("anybody"));
  ASSERT_EQ(decision.entitlement().rules.size(), 1u);
  EXPECT_TRUE(decision.entitlement().duties.empty());
}

TEST_F(DecideTest, LeaseIsTheShortestOfWhatIsDeliveredAndTheLongestForEachField) {
  Request request = Asking("navi", "traffic");
  const Decision open = Decide(Bare(), request);
  ASSERT_TRUE(open.entitlement().lease);
  EXPECT_EQ(open.entitlement().lease->without_contact, absl::Hours(7 * 24));
  EXPECT_EQ(open.entitlement().max_staleness, absl::InfiniteDuration());
  request.caller.groups = {GroupId("navigation")};
  const Decision both = Decide(Bare(), request);
  ASSERT_TRUE(both.entitlement().lease);
  EXPECT_EQ(both.entitlement().lease->without_contact, absl::Hours(72)) << "the position may not be kept longer";
  EXPECT_EQ(both.entitlement().max_staleness, absl::Minutes(15));
}

TEST_F(DecideTest, OneFieldWithoutLeaseMeansNoCopyOfTheWhole) {
  Request request = Asking("fire-brigade", "planning");
  request.action = Action::kLookup;
  const Decision decision = Decide(Bare(), request);
  ASSERT_TRUE(decision.allowed());
  EXPECT_FALSE(decision.entitlement().lease.has_value());
}

TEST_F(DecideTest, LeaseOfACrisisRuleEndsWithTheCrisis) {
  Request request = Asking("thw", "rescue");
  const absl::Time ends = request.now + absl::Hours(10);
  request.regime.crises = {Declared("rain", request.now, ends), Declared("flood", request.now, ends - absl::Hours(5))};
  const Decision decision = Decide(Bare(), request);
  ASSERT_TRUE(decision.allowed() && decision.entitlement().lease);
  EXPECT_EQ(decision.entitlement().lease->not_after, ends + absl::Hours(24)) << "the crisis that lasts longest counts";
}

TEST_F(DecideTest, LeaseExpiresAtTheEarlierOfItsTwoEnds) {
  const absl::Time contact = Asking("").now;
  Lease lease;
  EXPECT_EQ(lease.ExpiryAfterContact(contact), absl::InfiniteFuture());
  lease.without_contact = absl::Hours(72);
  EXPECT_EQ(lease.ExpiryAfterContact(contact), contact + absl::Hours(72));
  lease.not_after = contact + absl::Hours(5);
  EXPECT_EQ(lease.ExpiryAfterContact(contact), contact + absl::Hours(5));
  EXPECT_EQ(lease.ExpiryAfterContact(contact - absl::Hours(70)), contact + absl::Hours(2));
}

// ---- City baseline

TEST_F(DecideTest, BaselineTakesAwayWhatItForbidsInTheNormalRegime) {
  const std::string rules = R"(
  - rule: everything
    for: everyone
    purpose: any
    deliver: [public, operational, location, identifier, critical, personal]
)";
  EXPECT_EQ(Outcome(Decide(Policies(SewerPolicy(rules), kBaseline), Asking("x"))),
            "gauge, time, level, overflow, position, state, inner.pump");
}

TEST_F(DecideTest, EveryLimitThatMatchesCounts) {
  Request request = Asking("navi", "traffic");
  request.caller.groups = {GroupId("navigation")};
  request.caller.roles = {Role::kOperator};
  EXPECT_EQ(AskCity(request), "gauge, time, level, overflow buckets 0.1 1, position grid 1000 m");
  request.caller.roles = {Role::kAgency};
  EXPECT_EQ(AskCity(request), "gauge, time, level, overflow buckets 0.1 1, position grid 500 m");
}

TEST_F(DecideTest, BaselineShortensLeases) {
  const Decision decision = Decide(City(), Asking("anybody"));
  ASSERT_TRUE(decision.entitlement().lease);
  EXPECT_EQ(decision.entitlement().lease->without_contact, absl::Hours(72)) << "the rule says 7 days, the city 3";
  EXPECT_EQ(decision.entitlement().max_staleness, absl::Hours(1));
}

TEST_F(DecideTest, CrisisRulesAreBoundByTheCeilingAlone) {
  const Decision decision = Decide(City(), InCrisis(Asking("thw", "rescue"), "rain"));
  EXPECT_EQ(Outcome(decision), "gauge, time, level, overflow, position, shaft, inner.pump")
      << "the limit that forbids critical fields is for the normal regime";
  EXPECT_EQ(Outcome(Decide(City(), InCrisis(Asking("fire-brigade", "rescue"), "rain"))), "gauge, time, level")
      << "no ceiling for this caller";
  EXPECT_EQ(Outcome(Decide(City(), InCrisis(Asking("thw", "rescue"), "flood"))), "gauge, time, level")
      << "no ceiling for this crisis";
}

TEST_F(DecideTest, CeilingShortensTheLeaseOfCrisisRules) {
  Request request = InCrisis(Asking("thw", "rescue"), "rain");
  request.keep_copy = true;
  const Decision decision = Decide(City(), request);
  ASSERT_TRUE(decision.allowed() && decision.entitlement().lease);
  EXPECT_EQ(decision.entitlement().lease->not_after, request.now + absl::Hours(10 + 12));
}

TEST_F(DecideTest, BaselineThatForbidsCopiesLeavesTheRest) {
  const std::string baseline = R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01}
limits:
  - limit: no-copies
    for: everyone
    replica: none
tests:
  - {who: nobody, never: [personal]}
)";
  const PolicySet policies = Policies(SewerPolicy(kRules), baseline);
  const Decision decision = Decide(policies, Asking("x"));
  ASSERT_TRUE(decision.allowed());
  EXPECT_FALSE(decision.entitlement().lease.has_value());
  Request copy = Asking("x");
  copy.keep_copy = true;
  EXPECT_EQ(Outcome(Decide(policies, copy)),
            "refused: the city baseline leaves nothing of `wasser/pegel` for `x`: limit `no-copies` "
            "(stadt.baseline.yaml:6)");
}

// ---- Contracts

TEST_F(DecideTest, ContractTakesAwayFromOrdinaryRulesAndNotFromCrisisRules) {
  ContractLayer contract;
  contract.file = "agreement-7";
  Limit limit;
  limit.id = RuleId("public-only");
  limit.at_most = std::vector<ClassCeiling>{{v1::PUBLIC, Keep{}, {}}};
  contract.limits = {limit};
  Request request = Asking("navi", "traffic");
  request.caller.groups = {GroupId("navigation")};
  request.contracts = std::span(&contract, 1);
  EXPECT_EQ(Ask(request), "gauge, time, level");
  Request crisis = InCrisis(Asking("thw", "rescue"), "rain");
  crisis.contracts = std::span(&contract, 1);
  EXPECT_THAT(Ask(crisis), HasSubstr("shaft"));
}

// ---- Time

TEST_F(DecideTest, FileHoldsFromItsFirstDayToTheEndOfItsLastInBerlin) {
  Request request = Asking("x");
  const absl::Time begins = BerlinMidnight(absl::CivilDay(2026, 1, 1));
  const absl::Time ends = BerlinMidnight(absl::CivilDay(2029, 1, 1));
  request.now = begins;
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.now = begins - absl::Nanoseconds(1);
  EXPECT_EQ(Ask(request), "refused: pegel.policy.yaml:5 is not valid before 2025-12-31T23:00:00Z");
  request.now = ends - absl::Nanoseconds(1);
  EXPECT_EQ(Ask(request), "gauge, time, level");
  request.now = ends;
  EXPECT_EQ(Ask(request), "refused: pegel.policy.yaml:5 has been invalid since 2028-12-31T23:00:00Z");
}

TEST_F(DecideTest, BaselineThatHasEndedDeniesEverything) {
  const std::string baseline = R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2026-01-01, ends: 2026-12-31}
tests:
  - {who: nobody, never: [personal]}
)";
  EXPECT_EQ(Outcome(Decide(Policies(SewerPolicy(kRules), baseline), Asking("x"))),
            "refused: stadt.baseline.yaml:4 has been invalid since 2026-12-31T23:00:00Z");
}

TEST_F(DecideTest, DecisionSaysUntilWhenItHolds) {
  Request request = Asking("thw", "rescue");
  EXPECT_EQ(Decide(City(), request).valid_until, BerlinMidnight(absl::CivilDay(2029, 1, 1)));
  const absl::Time now = request.now;
  request.regime.crises = {Declared("rain", now + absl::Hours(1), now + absl::Hours(2)),
                           Declared("unheard-of", now + absl::Minutes(1), now + absl::Minutes(2))};
  EXPECT_EQ(Decide(City(), request).valid_until, now + absl::Hours(1)) << "a crisis that no rule knows changes nothing";
  request.now = now + absl::Hours(1);
  EXPECT_EQ(Decide(City(), request).valid_until, now + absl::Hours(2));
  request.now = now + absl::Hours(2);
  EXPECT_EQ(Decide(City(), request).valid_until, BerlinMidnight(absl::CivilDay(2029, 1, 1)));
  request.now = BerlinMidnight(absl::CivilDay(2035, 1, 1));
  EXPECT_EQ(Decide(City(), request).valid_until, absl::InfiniteFuture());
}

// ---- Rows

constexpr char kRows[] = R"(
  - rule: high
    for: everyone
    purpose: any
    deliver: [gauge, level]
    rows: {level: {at_least: 5}}
  - rule: pumping
    for: {group: pumps}
    purpose: any
    deliver: [gauge, state]
    rows: {state: [PUMPING]}
)";

TEST_F(DecideTest, RowFilterTravelsWithTheView) {
  const Decision decision = Decide(Policies(SewerPolicy(kRows)), Asking("x"));
  ASSERT_TRUE(decision.allowed());
  EXPECT_EQ(decision.entitlement().view.rows().ShortDebugString(),
            "all { of { compare { field: 3 operator: GREATER_OR_EQUAL value { number: 5 } } } }");
}

TEST_F(DecideTest, FieldsOfTwoRulesComeForRecordsThatBothLetPass) {
  Request request = Asking("x");
  request.caller.groups = {GroupId("pumps")};
  const Decision decision = Decide(Policies(SewerPolicy(kRows)), request);
  ASSERT_TRUE(decision.allowed());
  EXPECT_EQ(Outcome(decision), "gauge, level, state");
  EXPECT_EQ(decision.entitlement().view.rows().all().of_size(), 3)
      << "the gauge needs one of both, the level the first, the state the second: "
      << decision.entitlement().view.rows().ShortDebugString();
}

TEST_F(DecideTest, RuleWithoutFilterLetsEveryRecordPassForItsFields) {
  const std::string rules = std::string(kRows) + R"(
  - rule: all-of-it
    for: [thw]
    purpose: any
    deliver: [public, state]
)";
  Request request = Asking("thw");
  request.caller.groups = {GroupId("pumps")};
  const Decision decision = Decide(Policies(SewerPolicy(rules)), request);
  ASSERT_TRUE(decision.allowed());
  EXPECT_FALSE(decision.entitlement().view.has_rows());
}

}  // namespace
}  // namespace allmende::policy
