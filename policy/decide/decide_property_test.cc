// What holds for all policies: layers narrow, nothing is given that no rule gives, and a way out is one.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/decide/delivered.h"
#include "policy/decide/testing/random_policy.h"
#include "policy/decide/testing/sewer.h"
#include "policy/testing/random.h"
#include "policy/testing/test_mac.h"
#include "policy/testing/wire_bytes.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

using testing::Random;
using testing::RandomBaseline;
using testing::RandomLimit;
using testing::RandomPolicy;
using testing::RandomRequest;
using testing::SewerSchema;

PolicySet Compiled(const Policy& policy, const Baseline* baseline) {
  auto compiled = Compile(policy, baseline, SewerSchema());
  EXPECT_TRUE(compiled.ok()) << compiled.status();
  PolicySet policies;
  policies.Put(*std::move(compiled));
  return policies;
}

// Records that the rows of random policies tell apart.
struct Sample {
  std::string gauge;
  double level = 0;
  int state = 0;

  std::string Payload() const {
    testing::Wire wire;
    wire.Text(1, gauge).Message(2, testing::Wire().Varint(1, 1'700'000'123)).Double(3, level).Double(4, 0.5);
    wire.Message(5, testing::Wire().Double(1, 52.5).Double(2, 13.4)).Varint(6, static_cast<uint64_t>(state));
    return wire.Text(7, "s").Text(8, "030").Message(9, testing::Wire().Text(1, "p")).Text(10, "n").bytes();
  }
};

std::vector<Sample> Samples() {
  std::vector<Sample> samples;
  for (const char* gauge : {"a", "b"}) {
    for (const double level : {-1.0, 2.0, 4.0, 9.0}) {
      for (const int state : {0, 1}) {
        samples.push_back({gauge, level, state});
      }
    }
  }
  return samples;
}

// Which samples a decision lets pass.
std::vector<bool> Passing(const Decision& decision) {
  std::vector<bool> passing;
  if (!decision.allowed()) {
    return std::vector<bool>(Samples().size(), false);
  }
  v1::ViewProgram program = decision.entitlement().view;
  program.set_dataset_id("0123456789abcdef");
  const auto view = CompiledView::Compile(program, SewerSchema(), std::make_shared<testing::TestMac>("key"));
  EXPECT_TRUE(view.ok()) << view.status() << "\n" << program.DebugString();
  ViewOutput output;
  for (const Sample& sample : Samples()) {
    const std::string payload = sample.Payload();
    const ViewResult result = view->Apply({RecordOperation::kUpsert, sample.gauge, 7, payload}, output);
    EXPECT_NE(result, ViewResult::kError);
    passing.push_back(result == ViewResult::kDeliver);
  }
  return passing;
}

std::map<std::string, Treatment> FieldsOf(const Decision& decision) {
  return decision.allowed() ? DeliveredFields(decision.entitlement().view, SewerSchema())
                            : std::map<std::string, Treatment>();
}

void ExpectNoWider(const Decision& narrow, const Decision& wide, absl::Time now) {
  if (!narrow.allowed()) {
    return;
  }
  ASSERT_TRUE(wide.allowed());
  const auto wide_fields = FieldsOf(wide);
  for (const auto& [path, treatment] : FieldsOf(narrow)) {
    const auto found = wide_fields.find(path);
    ASSERT_NE(found, wide_fields.end()) << path;
    EXPECT_TRUE(AtLeastAsGenerous(found->second, treatment)) << path;
  }
  if (narrow.entitlement().lease) {
    ASSERT_TRUE(wide.entitlement().lease);
    EXPECT_LE(narrow.entitlement().lease->ExpiryAfterContact(now), wide.entitlement().lease->ExpiryAfterContact(now));
  }
  EXPECT_LE(narrow.entitlement().max_staleness, wide.entitlement().max_staleness);
  const std::vector<bool> narrow_rows = Passing(narrow);
  const std::vector<bool> wide_rows = Passing(wide);
  for (size_t i = 0; i < narrow_rows.size(); ++i) {
    EXPECT_LE(narrow_rows[i], wide_rows[i]) << "sample " << i;
  }
}

std::string Trace(const Decision& before, const Decision& after) {
  return testing::Outcome(before) + "\n" + testing::Outcome(after);
}

class DecideProperty : public ::testing::TestWithParam<uint64_t> {};

TEST_P(DecideProperty, ABaselineNeverWidens) {
  Random random(GetParam());
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  const PolicySet bare = Compiled(policy, nullptr);
  const PolicySet bound = Compiled(policy, &baseline);
  for (int i = 0; i < 20; ++i) {
    const Request request = RandomRequest(random);
    const Decision before = Decide(bare, request);
    const Decision after = Decide(bound, request);
    SCOPED_TRACE(Trace(before, after));
    ExpectNoWider(after, before, request.now);
  }
}

TEST_P(DecideProperty, AnotherLimitOfTheCityNeverWidens) {
  Random random(GetParam() + 100'000);
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  Baseline more = baseline;
  const size_t place = random.Below(baseline.limits.size() + 1);
  more.limits.insert(more.limits.begin() + static_cast<ptrdiff_t>(place), RandomLimit(random));
  const PolicySet before = Compiled(policy, &baseline);
  const PolicySet after = Compiled(policy, &more);
  for (int i = 0; i < 20; ++i) {
    const Request request = RandomRequest(random);
    const Decision wide = Decide(before, request);
    const Decision narrow = Decide(after, request);
    SCOPED_TRACE(Trace(wide, narrow));
    ExpectNoWider(narrow, wide, request.now);
  }
}

TEST_P(DecideProperty, AContractNeverWidens) {
  Random random(GetParam() + 200'000);
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  const PolicySet policies = Compiled(policy, &baseline);
  std::vector<ContractLayer> contracts(1 + random.Below(2));
  for (ContractLayer& contract : contracts) {
    contract.limits = {RandomLimit(random)};
  }
  for (int i = 0; i < 20; ++i) {
    Request request = RandomRequest(random);
    const Decision without = Decide(policies, request);
    request.contracts = std::span(contracts.data(), 1);
    const Decision with_one = Decide(policies, request);
    request.contracts = contracts;
    const Decision with_all = Decide(policies, request);
    SCOPED_TRACE(Trace(without, with_all));
    ExpectNoWider(with_one, without, request.now);
    ExpectNoWider(with_all, with_one, request.now);
  }
}

// ---- The plain reference of one rule.

bool ForCaller(const Audience& audience, const Caller& caller) {
  const auto any = [](const auto& names, const auto& of) {
    return std::any_of(names.begin(), names.end(),
                       [&](const auto& name) { return std::find(of.begin(), of.end(), name) != of.end(); });
  };
  return audience.everyone || any(audience.participants, std::vector{caller.participant}) ||
         any(audience.groups, caller.groups) || any(audience.roles, caller.roles);
}

std::set<CrisisKind> InForce(const Request& request) {
  std::set<CrisisKind> kinds;
  for (const Crisis& crisis : request.regime.crises) {
    if (crisis.from <= request.now && request.now < crisis.until) {
      kinds.insert(crisis.kind);
    }
  }
  return kinds;
}

bool Holds(const Rule& rule, const Request& request) {
  const bool purpose = rule.purposes.any || std::find(rule.purposes.listed.begin(), rule.purposes.listed.end(),
                                                      request.purpose) != rule.purposes.listed.end();
  const bool action = std::find(rule.actions.begin(), rule.actions.end(), request.action) != rule.actions.end();
  const std::set<CrisisKind> crises = InForce(request);
  const bool regime = rule.during.empty() || std::any_of(rule.during.begin(), rule.during.end(),
                                                         [&](const CrisisKind& kind) { return crises.contains(kind); });
  return purpose && action && regime && ForCaller(rule.audience, request.caller) &&
         (!request.keep_copy || rule.replica.has_value());
}

bool LetsPass(const Rule& rule, const Sample& sample) {
  for (const RowCondition& condition : rule.rows) {
    if (condition.field == "level" && sample.level < std::stod(*condition.at_least)) {
      return false;
    }
    if (condition.field == "gauge" && sample.gauge != condition.one_of.front()) {
      return false;
    }
    if (condition.field == "state" && sample.state != 1) {
      return false;
    }
  }
  return true;
}

Treatment Given(const Rule& rule, const FieldInfo& field) {
  Treatment given = Drop{};
  for (const Delivery& delivery : rule.deliver) {
    if (delivery.what == decltype(delivery.what)(field.path)) {
      return delivery.treatment;
    }
    if (delivery.what == decltype(delivery.what)(field.field_class)) {
      given = delivery.treatment;
    }
  }
  return given;
}

Treatment LeftBy(const Limit& limit, v1::FieldClass field_class) {
  if (!limit.at_most) {
    const bool never = std::find(limit.never.begin(), limit.never.end(), field_class) != limit.never.end();
    return never ? Treatment(Drop{}) : Treatment(Keep{});
  }
  for (const ClassCeiling& ceiling : *limit.at_most) {
    if (ceiling.field_class == field_class) {
      return ceiling.treatment;
    }
  }
  return Drop{};
}

// ---- The plain reference of the layers: what each would leave of what a rule gives.

// Of the rule's crises those in force that the ceiling covers.
std::set<CrisisKind> Covered(const Rule& rule, const CrisisCeiling& ceiling, const Request& request) {
  std::set<CrisisKind> covered;
  for (const CrisisKind& kind : InForce(request)) {
    if (std::find(rule.during.begin(), rule.during.end(), kind) != rule.during.end() &&
        std::find(ceiling.during.begin(), ceiling.during.end(), kind) != ceiling.during.end()) {
      covered.insert(kind);
    }
  }
  return covered;
}

// When a copy under these terms ends that is in contact now; `crises` are those that its end may follow.
absl::Time EndOfCopy(const ReplicaTerms& terms, const std::set<CrisisKind>& crises, const Request& request) {
  absl::Time end = request.now + terms.without_contact.value_or(absl::InfiniteDuration());
  if (terms.after_crisis_end) {
    absl::Time crisis_end = absl::InfinitePast();
    for (const Crisis& crisis : request.regime.crises) {
      if (crises.contains(crisis.kind) && crisis.from <= request.now && request.now < crisis.until) {
        crisis_end = std::max(crisis_end, crisis.until);
      }
    }
    end = std::min(end, crisis_end + *terms.after_crisis_end);
  }
  return end;
}

// What a layer leaves of one field that one rule gives: whether as much as is shown, and until when a copy of it may
// serve.
struct Left {
  bool shown = false;
  absl::Time copy_until = absl::InfinitePast();  // infinite past: no copy

  void Add(const Left& other) {
    if (other.shown) {
      shown = true;
      copy_until = std::max(copy_until, other.copy_until);
    }
  }
};

Left GivenBy(const Rule& rule, const FieldInfo& field, const Treatment& shown, const Request& request) {
  Left left;
  left.shown = Holds(rule, request) && AtLeastAsGenerous(Given(rule, field), shown);
  if (rule.replica) {
    const std::set<CrisisKind> crises(rule.during.begin(), rule.during.end());
    left.copy_until = EndOfCopy(*rule.replica, crises, request);
  }
  return left;
}

Left LeftByCeilings(const Baseline& baseline, const Rule& rule, v1::FieldClass field_class, const Treatment& shown,
                    const Request& request) {
  Left left;
  for (const CrisisCeiling& ceiling : baseline.crisis_ceilings) {
    const std::set<CrisisKind> covered = Covered(rule, ceiling, request);
    if (covered.empty() || !ForCaller(ceiling.audience, request.caller)) {
      continue;
    }
    const bool permits = std::any_of(ceiling.at_most.begin(), ceiling.at_most.end(), [&](const ClassCeiling& most) {
      return most.field_class == field_class && AtLeastAsGenerous(most.treatment, shown);
    });
    left.Add({permits, ceiling.replica ? EndOfCopy(*ceiling.replica, covered, request) : absl::InfinitePast()});
  }
  return left;
}

Left LeftByLimit(const Limit& limit, v1::FieldClass field_class, const Treatment& shown, const Request& request) {
  Left left;
  left.shown = AtLeastAsGenerous(LeftBy(limit, field_class), shown);
  left.copy_until = !limit.replica             ? absl::InfiniteFuture()
                    : limit.replica->forbidden ? absl::InfinitePast()
                                               : EndOfCopy(limit.replica->terms, {}, request);
  return left;
}

// Every layer by itself must leave each field that comes, and a copy for as long as it may serve. `limit` is null for
// the layer of the ceilings.
Left LeftByLayer(const Policy& policy, const Baseline& baseline, const Limit* limit, const FieldInfo& field,
                 const Treatment& shown, const Request& request) {
  Left all;
  for (const Rule& rule : policy.rules) {
    Left left = GivenBy(rule, field, shown, request);
    Left bound{true, absl::InfiniteFuture()};
    if (!rule.during.empty()) {
      bound = LeftByCeilings(baseline, rule, field.field_class, shown, request);
    } else if (limit != nullptr) {
      bound = LeftByLimit(*limit, field.field_class, shown, request);
    }
    left.shown = left.shown && bound.shown;
    left.copy_until = std::min(left.copy_until, bound.copy_until);
    if (!request.keep_copy || left.copy_until > request.now) {
      all.Add(left);
    }
  }
  return all;
}

TEST_P(DecideProperty, EveryLayerLeavesWhatComesAndTheCopyThatMayBeKept) {
  Random random(GetParam() + 600'000);
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  const PolicySet policies = Compiled(policy, &baseline);
  for (int i = 0; i < 50; ++i) {
    const Request request = RandomRequest(random);
    const Decision decision = Decide(policies, request);
    SCOPED_TRACE(testing::Outcome(decision));
    std::vector<const Limit*> layers = {nullptr};
    for (const Limit& limit : baseline.limits) {
      if (ForCaller(limit.audience, request.caller)) {
        layers.push_back(&limit);
      }
    }
    for (const auto& [path, treatment] : FieldsOf(decision)) {
      const FieldInfo& field = *SewerSchema().FindField(path);
      for (const Limit* const limit : layers) {
        const Left left = LeftByLayer(policy, baseline, limit, field, treatment, request);
        const std::string layer = limit == nullptr ? "the ceilings" : limit->id.value();
        EXPECT_TRUE(left.shown) << path << " beyond " << layer;
        if (decision.entitlement().lease) {
          EXPECT_LE(decision.entitlement().lease->ExpiryAfterContact(request.now), left.copy_until)
              << path << " beyond " << layer;
        }
      }
    }
  }
}

TEST_P(DecideProperty, NoFieldOfARecordComesThatNoRuleGivesForThisRecord) {
  Random random(GetParam() + 300'000);
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  const PolicySet policies = Compiled(policy, &baseline);
  const std::vector<Sample> samples = Samples();
  for (int i = 0; i < 20; ++i) {
    const Request request = RandomRequest(random);
    const Decision decision = Decide(policies, request);
    SCOPED_TRACE(testing::Outcome(decision));
    const std::vector<bool> passing = Passing(decision);
    for (const auto& [path, treatment] : FieldsOf(decision)) {
      const FieldInfo& field = *SewerSchema().FindField(path);
      const Treatment& shown = treatment;
      for (size_t k = 0; k < samples.size(); ++k) {
        const bool given = !passing[k] || std::any_of(policy.rules.begin(), policy.rules.end(), [&](const Rule& rule) {
          return Holds(rule, request) && LetsPass(rule, samples[k]) && AtLeastAsGenerous(Given(rule, field), shown);
        });
        EXPECT_TRUE(given) << path << " of sample " << k;
      }
      EXPECT_FALSE(decision.entitlement().rules.empty());
    }
  }
}

TEST_P(DecideProperty, DecisionHoldsUntilItSays) {
  Random random(GetParam() + 400'000);
  const Policy policy = RandomPolicy(random);
  const Baseline baseline = RandomBaseline(random);
  const PolicySet policies = Compiled(policy, &baseline);
  for (int i = 0; i < 20; ++i) {
    Request request = RandomRequest(random);
    const Decision first = Decide(policies, request);
    const absl::Duration span =
        first.valid_until == absl::InfiniteFuture() ? absl::Hours(1'000) : first.valid_until - request.now;
    request.now += span * static_cast<double>(random.Below(1'000)) / 1'000.0;
    const Decision later = Decide(policies, request);
    ASSERT_EQ(later.allowed(), first.allowed());
    EXPECT_EQ(testing::Outcome(later), testing::Outcome(first));
    EXPECT_EQ(Passing(later), Passing(first));
    EXPECT_EQ(later.valid_until, first.valid_until);
  }
}

// What a refusal says is missing: with that, the request is allowed, unless the city's limits for who one then is
// forbid.
TEST_P(DecideProperty, WhatIsMissingIsAllThatIsMissing) {
  Random random(GetParam() + 500'000);
  const Policy policy = RandomPolicy(random);
  const PolicySet policies = Compiled(policy, nullptr);
  for (int i = 0; i < 20; ++i) {
    Request request = RandomRequest(random);
    const Decision decision = Decide(policies, request);
    if (decision.allowed()) {
      continue;
    }
    const Refusal& refusal = decision.refusal();
    ASSERT_EQ(refusal.code, RefusalCode::kNoRuleMatches);
    const auto rule = std::find_if(policy.rules.begin(), policy.rules.end(),
                                   [&](const Rule& candidate) { return candidate.id == refusal.rule; });
    ASSERT_NE(rule, policy.rules.end());
    EXPECT_EQ(refusal.position, rule->position);
    for (const Missing& missing : refusal.missing) {
      ASSERT_FALSE(missing.any_of.empty());
      const std::string& one = missing.any_of.front();
      switch (missing.kind) {
        case MissingKind::kPurpose:
          request.purpose = Purpose(one);
          break;
        case MissingKind::kParticipant:
          request.caller.participant = ParticipantId(one);
          break;
        case MissingKind::kGroup:
          request.caller.groups.emplace_back(one);
          break;
        case MissingKind::kRole:
          request.caller.roles.push_back(*RoleFromName(one));
          break;
        case MissingKind::kCrisis:
          request.regime.crises.push_back({CrisisKind(one), {}, request.now, request.now + absl::Hours(1)});
          break;
        case MissingKind::kCopy:
          request.keep_copy = false;
          break;
        case MissingKind::kAction:
          request.action = one == "read" ? Action::kRead : one == "lookup" ? Action::kLookup : Action::kSubscribe;
          break;
        default:
          FAIL();
      }
    }
    if (refusal.missing.empty()) {
      continue;  // the rule matches, and gives nothing of what the file lists
    }
    const Decision again = Decide(policies, request);
    // The rule that was named may give nothing that this file lists.
    EXPECT_TRUE(again.allowed() || again.refusal().missing.empty()) << testing::Outcome(again);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DecideProperty, ::testing::Range<uint64_t>(0, 300));

}  // namespace
}  // namespace allmende::policy
