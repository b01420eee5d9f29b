// Rules with row filters that meet: against a plain reference, and at the bounds of what a view can compare.
#include "policy/language/row_check.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/decide/testing/random_policy.h"
#include "policy/language/check.h"
#include "policy/language/parse.h"
#include "policy/language/testing/fixtures.h"
#include "policy/testing/random.h"
#include "policy/text/strings.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

// ---- The plain reference: every rule with every other one, by name.

template <typename Name>
bool Overlap(const std::vector<Name>& a, const std::vector<Name>& b) {
  return std::any_of(a.begin(), a.end(),
                     [&](const Name& name) { return std::find(b.begin(), b.end(), name) != b.end(); });
}

bool CanMeet(const Rule& a, const Rule& b) {
  const auto open = [](const Audience& audience) {
    return audience.everyone || !audience.groups.empty() || !audience.roles.empty();
  };
  return (open(a.audience) || open(b.audience) || Overlap(a.audience.participants, b.audience.participants)) &&
         (a.purposes.any || b.purposes.any || Overlap(a.purposes.listed, b.purposes.listed)) &&
         Overlap(a.actions, b.actions);
}

bool SameRows(const Rule& a, const Rule& b) {
  return std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), [](const auto& x, const auto& y) {
    return std::tie(x.field, x.one_of, x.at_least, x.at_most) == std::tie(y.field, y.one_of, y.at_least, y.at_most);
  });
}

std::map<std::string, Treatment> FieldsOf(const Policy& policy, const Rule& rule) {
  std::map<std::string, Treatment> fields;
  for (const ClassifiedField& field : policy.fields) {
    for (const Delivery& delivery : rule.deliver) {
      if (delivery.what == decltype(delivery.what)(field.field)) {
        fields.insert_or_assign(field.field, delivery.treatment);
        break;
      }
      if (delivery.what == decltype(delivery.what)(field.field_class)) {
        fields.try_emplace(field.field, delivery.treatment);
      }
    }
  }
  return fields;
}

bool GivesMore(const std::map<std::string, Treatment>& more, const std::map<std::string, Treatment>& less) {
  return std::any_of(more.begin(), more.end(), [&](const auto& field) {
    const auto found = less.find(field.first);
    return found == less.end() || !AtLeastAsGenerous(found->second, field.second);
  });
}

std::vector<std::pair<size_t, size_t>> PlainDifferentRows(const Policy& policy) {
  std::vector<std::pair<size_t, size_t>> found;
  for (size_t later = 0; later < policy.rules.size(); ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const Rule& a = policy.rules[earlier];
      const Rule& b = policy.rules[later];
      const auto fields_a = FieldsOf(policy, a);
      const auto fields_b = FieldsOf(policy, b);
      if (!SameRows(a, b) && CanMeet(a, b) &&
          ((!a.rows.empty() && GivesMore(fields_a, fields_b)) || (!b.rows.empty() && GivesMore(fields_b, fields_a)))) {
        found.emplace_back(earlier, later);
        break;
      }
    }
  }
  return found;
}

TEST(DifferentRows, AreThoseOfThePlainReference) {
  size_t found = 0;
  for (uint64_t seed = 0; seed < 2'000; ++seed) {
    testing::Random random(seed);
    const Policy policy = testing::RandomPolicy(random);
    const auto different = FindDifferentRows(policy, FieldsOfRules(policy), 1'000);
    ASSERT_EQ(different, PlainDifferentRows(policy)) << "seed " << seed;
    found += different.size();
  }
  EXPECT_GT(found, 100u);
}

TEST(DifferentRows, AreAtMostAsManyAsAskedFor) {
  testing::Random random(1);
  Policy policy = testing::RandomPolicy(random);
  Rule rule = policy.rules.front();
  rule.audience.everyone = true;
  rule.purposes.any = true;
  rule.actions = {Action::kRead};
  policy.rules.clear();
  for (int i = 0; i < 50; ++i) {
    rule.deliver = {{policy.fields[static_cast<size_t>(i) % policy.fields.size()].field, Keep{}, {}}};
    rule.rows = {{"gauge", {Cat(i)}, {}, {}, {}}};
    policy.rules.push_back(rule);
  }
  EXPECT_EQ(FindDifferentRows(policy, FieldsOfRules(policy), 1'000).size(), 49u);
  EXPECT_EQ(FindDifferentRows(policy, FieldsOfRules(policy), 7).size(), 7u);
}

// ---- What all rules of one recipient compare

constexpr char kHead[] = R"(language: en
dataset: wasser/pegel
publisher: bwb
valid: {from: 2026-01-01}
fields: {public: [)";
constexpr char kTail[] = "tests:\n  - {who: nobody, expect: denied}\n";

std::string FieldList(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    Append(text, i == 0 ? "" : ", ", "f", i);
  }
  return text;
}

SchemaTable SchemaOf(int fields) {
  std::string text;
  for (int i = 0; i < fields; ++i) {
    Append(text, "string f", i, " = ", i + 1, " [(allmende.v1.class) = PUBLIC];\n");
  }
  return SchemaFromFields(text);
}

// `rules` rules; `#` is the rule's number, `@` the number of a field that it compares.
std::string PolicyText(int fields, int rules, const std::string& rule) {
  std::string text = Cat(kHead, FieldList(fields), "]}\nrules:\n");
  for (int i = 0; i < rules; ++i) {
    Append(text, ReplaceAll(ReplaceAll(rule, "#", Cat(i)), "@", Cat(i % fields)), "\n");
  }
  return Cat(text, kTail);
}

bool ViewCompiles(const Policy& policy, const SchemaTable& schema, const char* who) {
  PolicySet policies;
  policies.Put(*Compile(policy, nullptr, schema));
  Request request;
  request.caller.participant = ParticipantId(who);
  request.dataset = policy.dataset;
  request.now = policy.validity.from;
  v1::ViewProgram program = Decide(policies, request).entitlement().view;
  program.set_dataset_id("0123456789abcdef");
  return CompiledView::Compile(program, schema, nullptr).ok();
}

TEST(CrowdedView, IsOneThatTheViewDoesNotTake) {
  const SchemaTable schema = SchemaOf(2);
  const std::string rule = "  - {rule: r#, for: everyone, purpose: any, deliver: [f0], rows: {f1: [\"#\"]}}";
  const Policy most = MustParse(PolicyText(2, 1'023, rule));
  EXPECT_FALSE(FindCrowdedView(most, nullptr, schema).has_value());
  EXPECT_TRUE(ViewCompiles(most, schema, "x"));
  const Policy over = MustParse(PolicyText(2, 1'024, rule));
  const auto crowded = FindCrowdedView(over, nullptr, schema);
  ASSERT_TRUE(crowded.has_value());
  EXPECT_EQ(crowded->comparisons, 1'025u);
  EXPECT_EQ(crowded->fields, 1u);
  EXPECT_FALSE(ViewCompiles(over, schema, "x"));
}

TEST(CrowdedView, MayCompareTooManyFields) {
  const SchemaTable schema = SchemaOf(40);
  const std::string rule = "  - {rule: r#, for: [a], purpose: any, deliver: [f0], rows: {f@: [x]}}";
  EXPECT_FALSE(FindCrowdedView(MustParse(PolicyText(40, 32, rule)), nullptr, schema).has_value());
  const Policy over = MustParse(PolicyText(40, 33, rule));
  const auto crowded = FindCrowdedView(over, nullptr, schema);
  ASSERT_TRUE(crowded.has_value());
  EXPECT_EQ(crowded->fields, 33u);
  EXPECT_FALSE(ViewCompiles(over, schema, "a"));
}

TEST(CrowdedView, RulesOfDifferentRecipientsDoNotAddUp) {
  const SchemaTable schema = SchemaOf(40);
  for (const char* audience : {"[p#]", "{group: g#}"}) {
    const std::string rule = Cat("  - {rule: r#, for: ", audience, ", purpose: any, deliver: [f0], rows: {f@: [x]}}");
    EXPECT_FALSE(FindCrowdedView(MustParse(PolicyText(40, 200, rule)), nullptr, schema).has_value()) << audience;
  }
}

// As large as offices write them: what they cost shows in the time of the test.
TEST(Check, AThousandRulesWithRowsOfTheirOwnOverManyFields) {
  const SchemaTable schema = SchemaOf(200);
  for (const char* rule : {"  - {rule: r#, for: [p#], purpose: any, deliver: [public], rows: {f@: [\"#\"]}}",
                           "  - {rule: r#, for: [p#], purpose: any, deliver: [f@], rows: {f@: [\"#\"]}}",
                           "  - {rule: r#, for: everyone, purpose: p#, deliver: [public], rows: {f@: [\"#\"]}}"}) {
    const std::string text = PolicyText(200, 1'000, rule);
    const ParseResult parsed = ParsePolicy(text, "x");
    ASSERT_TRUE(parsed.policy.has_value());
    EXPECT_TRUE(CheckPolicy(*parsed.policy, schema).empty()) << rule;
  }
}

TEST(Check, AThousandRulesThatAllMeetAreOneTooManyForAView) {
  const SchemaTable schema = SchemaOf(200);
  const std::string text =
      PolicyText(200, 1'000, "  - {rule: r#, for: everyone, purpose: any, deliver: [public], rows: {f@: [\"#\"]}}");
  const ParseResult parsed = ParsePolicy(text, "x");
  ASSERT_TRUE(parsed.policy.has_value());
  const std::vector<Diagnostic> diagnostics = CheckPolicy(*parsed.policy, schema);
  ASSERT_EQ(diagnostics.size(), 1u);
  EXPECT_EQ(diagnostics[0].code, DiagnosticCode::kTooManyComparisons);
}

// Half of them filter nothing, so that each pair of rules is looked into.
TEST(Check, AThousandRulesWithAndWithoutRows) {
  const SchemaTable schema = SchemaOf(200);
  std::string rules;
  for (int i = 0; i < 500; ++i) {
    Append(rules, "  - {rule: all", i, ", for: everyone, purpose: any, deliver: [public]}\n");
    Append(rules, "  - {rule: some", i, ", for: [p", i, "], purpose: any, deliver: [f", i % 200, "], rows: {f", i % 200,
           ": [a]}}\n");
  }
  const ParseResult parsed = ParsePolicy(Cat(kHead, FieldList(200), "]}\nrules:\n", rules, kTail), "x");
  ASSERT_TRUE(parsed.policy.has_value());
  EXPECT_TRUE(CheckPolicy(*parsed.policy, schema).empty());
}

TEST(Check, TenThousandRulesAreFinished) {
  const SchemaTable schema = SchemaOf(200);
  const std::string text =
      PolicyText(200, 10'000, "  - {rule: r#, for: [p#], purpose: any, deliver: [f@], rows: {f@: [\"#\"]}}");
  const ParseResult parsed = ParsePolicy(text, "x");
  ASSERT_TRUE(parsed.policy.has_value());
  EXPECT_TRUE(CheckPolicy(*parsed.policy, schema).empty());
}

}  // namespace
}  // namespace allmende::policy
