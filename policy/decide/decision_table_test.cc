#include "policy/decide/decision_table.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/decide/testing/random_policy.h"
#include "policy/decide/testing/sewer.h"
#include "policy/testing/random.h"

namespace allmende::policy {
namespace {

using testing::Random;

CompiledPolicy Compiled(const Policy& policy, const Baseline* baseline) {
  auto compiled = Compile(policy, baseline, testing::SewerSchema());
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  return *std::move(compiled);
}

void ExpectSame(const Entitlement* found, const Decision& decision) {
  ASSERT_EQ(found != nullptr, decision.allowed()) << testing::Outcome(decision);
  if (found == nullptr) {
    return;
  }
  const Entitlement& expected = decision.entitlement();
  EXPECT_EQ(found->view.SerializeAsString(), expected.view.SerializeAsString());
  ASSERT_EQ(found->lease.has_value(), expected.lease.has_value());
  if (found->lease) {
    EXPECT_EQ(found->lease->without_contact, expected.lease->without_contact);
    EXPECT_EQ(found->lease->not_after, expected.lease->not_after);
  }
  EXPECT_EQ(found->max_staleness, expected.max_staleness);
  ASSERT_EQ(found->rules.size(), expected.rules.size());
  for (size_t i = 0; i < found->rules.size(); ++i) {
    EXPECT_EQ(found->rules[i].id, expected.rules[i].id);
  }
}

class DecisionTableProperty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(DecisionTableProperty, GivesWhatDecideGives) {
  Random random(GetParam());
  const Baseline baseline = testing::RandomBaseline(random);
  const CompiledPolicy policy = Compiled(testing::RandomPolicy(random), random.OneIn(4) ? nullptr : &baseline);
  PolicySet policies;
  policies.Put(policy);
  const Regime regime = testing::RandomRequest(random).regime;
  DecisionTable table(policy, regime, 1 + random.Below(8));
  for (int i = 0; i < 60; ++i) {
    Request request = testing::RandomRequest(random);
    request.regime = regime;
    if (random.OneIn(5)) {
      request.caller.participant = ParticipantId("unheard-of");
      request.caller.groups.emplace_back("unheard-of");
    }
    // Mostly at one time, so that something is remembered; sometimes at another, also earlier.
    if (random.OneIn(6)) {
      request.now += absl::Hours(20) - absl::Hours(static_cast<int>(random.Below(40)));
    }
    const InternedRequest interned = table.Intern(request.caller, request.purpose, request.action, request.keep_copy);
    ExpectSame(table.Find(interned, request.now), Decide(policies, request));
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DecisionTableProperty, ::testing::Range<uint64_t>(0, 300));

// More rules than one word of bits holds.
TEST(DecisionTable, HoldsForHundredsOfRules) {
  Policy policy;
  policy.file = "many.policy.yaml";
  policy.dataset = DatasetId("wasser/pegel");
  policy.fields = {{"gauge", v1::PUBLIC, {}}, {"level", v1::PUBLIC, {}}};
  for (int i = 0; i < 300; ++i) {
    Rule rule;
    rule.id = RuleId("rule-" + std::to_string(i));
    rule.audience.participants = {ParticipantId("participant-" + std::to_string(i))};
    rule.purposes.any = true;
    rule.actions = {Action::kSubscribe};
    rule.deliver = {{i % 2 == 0 ? "gauge" : "level", Keep{}, {}}};
    policy.rules.push_back(rule);
  }
  const CompiledPolicy compiled = Compiled(policy, nullptr);
  DecisionTable table(compiled, {});
  for (const int i : {0, 63, 64, 127, 255, 299}) {
    Caller caller;
    caller.participant = ParticipantId("participant-" + std::to_string(i));
    const InternedRequest request = table.Intern(caller, Purpose(), Action::kSubscribe, false);
    const Entitlement* found = table.Find(request, testing::Asking("").now);
    ASSERT_NE(found, nullptr) << i;
    EXPECT_EQ(found->view.fields(0).number(), i % 2 == 0 ? 1u : 3u);
    EXPECT_EQ(table.Find(table.Intern(caller, Purpose(), Action::kLookup, false), testing::Asking("").now), nullptr);
  }
}

TEST(DecisionTable, DeniesOutsideTheTimeOfThePolicy) {
  const PolicySet policies = testing::Policies(testing::SewerPolicy(R"(
  - rule: open
    for: everyone
    purpose: any
    deliver: [public]
)"));
  DecisionTable table(*policies.Find(DatasetId("wasser/pegel")), {});
  const InternedRequest request = table.Intern({}, Purpose(), Action::kRead, false);
  const absl::Time now = testing::Asking("").now;
  EXPECT_NE(table.Find(request, now), nullptr);
  EXPECT_EQ(table.Find(request, now + absl::Hours(24 * 3'650)), nullptr);
  EXPECT_NE(table.Find(request, now), nullptr) << "also back in time";
  EXPECT_EQ(table.Find(request, now - absl::Hours(24 * 3'650)), nullptr);
}

}  // namespace
}  // namespace allmende::policy
