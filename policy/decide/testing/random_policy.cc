#include "policy/decide/testing/random_policy.h"

#include <string>
#include <utility>
#include <vector>

#include "policy/decide/fit.h"
#include "policy/decide/testing/sewer.h"
#include "policy/text/strings.h"

namespace allmende::policy::testing {
namespace {

const std::vector<absl::Duration>& Durations() {
  static const auto& durations =
      *new std::vector<absl::Duration>{absl::Hours(1), absl::Hours(24), absl::Hours(72), absl::Hours(24 * 7)};
  return durations;
}

ParticipantId SomeParticipant(Random& random) {
  return ParticipantId(Cat("participant-", random.Below(3)));
}
GroupId SomeGroup(Random& random) {
  return GroupId(Cat("group-", random.Below(2)));
}
Role SomeRole(Random& random) {
  return random.OneIn(2) ? Role::kAgency : Role::kOperator;
}
Purpose SomePurpose(Random& random) {
  return Purpose(Cat("purpose-", random.Below(2)));
}
CrisisKind SomeCrisis(Random& random) {
  return CrisisKind(Cat("crisis-", random.Below(2)));
}

std::vector<CrisisKind> SomeCrises(Random& random) {
  std::vector<CrisisKind> crises = {SomeCrisis(random)};
  if (random.OneIn(3)) {
    crises.emplace_back(crises.front() == CrisisKind("crisis-0") ? "crisis-1" : "crisis-0");
  }
  return crises;
}

Audience SomeAudience(Random& random) {
  Audience audience;
  switch (random.Below(4)) {
    case 0:
      audience.participants = {SomeParticipant(random)};
      break;
    case 1:
      audience.groups = {SomeGroup(random)};
      break;
    case 2:
      audience.roles = {SomeRole(random)};
      break;
    default:
      audience.everyone = true;
  }
  return audience;
}

std::vector<Treatment> Treatments() {
  return {Keep{},
          RoundTime{absl::Minutes(15)},
          RoundTime{absl::Minutes(20)},
          RoundTime{absl::Minutes(30)},
          Grid{100},
          Grid{500},
          Buckets{{1}},
          Buckets{{1, 5}},
          Buckets{{2}},
          Pseudonym{Pseudonym::Period::kAgreement},
          Pseudonym{Pseudonym::Period::kDay},
          Mask{}};
}

Treatment SomeTreatment(Random& random, const FieldInfo& field) {
  std::vector<Treatment> fitting;
  for (const Treatment& treatment : Treatments()) {
    if (Applies(treatment, TraitsOf(field))) {
      fitting.push_back(treatment);
    }
  }
  return random.OneIn(2) ? Treatment(Keep{}) : random.Pick(fitting);
}

std::vector<const FieldInfo*> Fields() {
  std::vector<const FieldInfo*> fields;
  for (const FieldInfo* field : SewerSchema().all_fields()) {
    if (IsPolicyField(*field, SewerSchema())) {
      fields.push_back(field);
    }
  }
  return fields;
}

v1::FieldClass SomeClass(Random& random) {
  return static_cast<v1::FieldClass>(1 + random.Below(6));
}

ReplicaTerms SomeTerms(Random& random, bool crisis) {
  ReplicaTerms terms;
  if (crisis && random.OneIn(2)) {
    terms.after_crisis_end = random.Pick(Durations());
  } else {
    terms.without_contact = random.Pick(Durations());
  }
  if (random.OneIn(2)) {
    terms.max_age = random.Pick(Durations());
  }
  return terms;
}

std::vector<RowCondition> SomeRows(Random& random) {
  RowCondition condition;
  switch (random.Below(3)) {
    case 0:
      condition.field = "level";
      condition.at_least = Cat(random.Below(6));
      break;
    case 1:
      condition.field = "gauge";
      condition.one_of = {random.OneIn(2) ? "a" : "b"};
      break;
    default:
      condition.field = "state";
      condition.one_of = {"PUMPING"};
  }
  return {condition};
}

Rule SomeRule(Random& random, int number) {
  Rule rule;
  rule.id = RuleId(Cat("rule-", number));
  rule.position = {number + 1, 1};
  rule.audience = SomeAudience(random);
  rule.purposes.any = random.OneIn(2);
  if (!rule.purposes.any) {
    rule.purposes.listed = {SomePurpose(random)};
  }
  rule.actions = random.OneIn(3) ? std::vector<Action>{Action::kLookup}
                                 : std::vector<Action>{Action::kRead, Action::kSubscribe, Action::kLookup};
  if (random.OneIn(3)) {
    rule.during = SomeCrises(random);
  }
  std::vector<const FieldInfo*> fields = Fields();
  for (uint64_t i = 1 + random.Below(4); i > 0; --i) {
    if (random.OneIn(3)) {
      rule.deliver.push_back({SomeClass(random), Keep{}, {}});
    } else {
      const size_t at = random.Below(fields.size());
      rule.deliver.push_back({fields[at]->path, SomeTreatment(random, *fields[at]), {}});
      fields.erase(fields.begin() + static_cast<ptrdiff_t>(at));
    }
  }
  if (random.OneIn(3)) {
    rule.rows = SomeRows(random);
  }
  if (!random.OneIn(4)) {
    rule.replica = SomeTerms(random, !rule.during.empty());
  }
  return rule;
}

std::vector<ClassCeiling> SomeCeilings(Random& random) {
  const std::vector<Treatment> treatments = Treatments();
  std::vector<ClassCeiling> ceilings;
  for (int field_class = 1; field_class < v1::FieldClass_ARRAYSIZE; ++field_class) {
    if (!random.OneIn(4)) {
      ceilings.push_back({static_cast<v1::FieldClass>(field_class),
                          random.OneIn(2) ? Treatment(Keep{}) : random.Pick(treatments),
                          {}});
    }
  }
  return ceilings;
}

}  // namespace

Policy RandomPolicy(Random& random) {
  Policy policy;
  policy.file = "random.policy.yaml";
  policy.dataset = DatasetId("wasser/pegel");
  for (const FieldInfo* field : Fields()) {
    policy.fields.push_back({field->path, field->field_class, {}});
  }
  const int rules = static_cast<int>(1 + random.Below(6));
  for (int i = 0; i < rules; ++i) {
    policy.rules.push_back(SomeRule(random, i));
  }
  return policy;
}

Limit RandomLimit(Random& random) {
  Limit limit;
  limit.id = RuleId(Cat("limit-", random.Below(1'000)));
  limit.audience = SomeAudience(random);
  if (random.OneIn(2)) {
    limit.at_most = SomeCeilings(random);
  } else {
    limit.never = {SomeClass(random)};
  }
  if (random.OneIn(3)) {
    limit.replica.emplace();
    limit.replica->forbidden = random.OneIn(3);
    limit.replica->terms = SomeTerms(random, false);
  }
  return limit;
}

Baseline RandomBaseline(Random& random) {
  Baseline baseline;
  baseline.file = "random.baseline.yaml";
  for (uint64_t i = random.Below(3); i > 0; --i) {
    baseline.limits.push_back(RandomLimit(random));
  }
  for (uint64_t i = random.Below(3); i > 0; --i) {
    CrisisCeiling ceiling;
    ceiling.id = RuleId(Cat("ceiling-", i));
    ceiling.audience = SomeAudience(random);
    ceiling.during = SomeCrises(random);
    ceiling.at_most = SomeCeilings(random);
    if (!random.OneIn(3)) {
      ceiling.replica = SomeTerms(random, true);
    }
    baseline.crisis_ceilings.push_back(std::move(ceiling));
  }
  return baseline;
}

Request RandomRequest(Random& random) {
  Request request = Asking(SomeParticipant(random).value(), random.OneIn(4) ? "" : SomePurpose(random).value());
  if (random.OneIn(2)) {
    request.caller.groups = {SomeGroup(random)};
  }
  request.caller.roles = {SomeRole(random)};
  request.action = random.OneIn(2) ? Action::kLookup : Action::kSubscribe;
  request.keep_copy = random.OneIn(2);
  for (uint64_t i = random.Below(3); i > 0; --i) {
    const absl::Time from = request.now + absl::Hours(6) - absl::Hours(static_cast<int>(random.Below(12)));
    const absl::Duration lasts = random.OneIn(2) ? absl::Hours(8) : absl::Hours(100);
    request.regime.crises.push_back({SomeCrisis(random), {}, from, from + lasts});
  }
  return request;
}

}  // namespace allmende::policy::testing
