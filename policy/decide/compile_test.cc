// What keeps a policy from being compiled, and the constants of row conditions.
#include "policy/decide/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/decide/row_constant.h"
#include "policy/decide/testing/sewer.h"
#include "policy/language/testing/fixtures.h"
#include "policy/testing/wire_bytes.h"
#include "policy/text/strings.h"
#include "policy/view/view.h"

namespace allmende::policy {
namespace {

using testing::SewerSchema;

constexpr char kHead[] = R"(language: en
dataset: wasser/pegel
publisher: bwb
legal_basis: {norm: "BWG", controller: bwb}
valid: {from: 2026-01-01}
fields: )";
constexpr char kTail[] = "\ntests:\n  - {who: nobody, expect: denied}\n";

// A policy for `fields` with one rule.
std::string WhyNot(const std::string& fields, const std::string& rule, const SchemaTable& schema = SewerSchema()) {
  const Policy policy = MustParse(Cat(kHead, fields, R"(
rules:
  - rule: one
    for: everyone
    purpose: any
    )",
                                      rule, kTail));
  const auto compiled = Compile(policy, nullptr, schema);
  return compiled.ok() ? "compiles" : std::string(compiled.status().message());
}

TEST(Compile, PolicyMustFitItsSchema) {
  struct Row {
    const char *fields, *rule, *why;
  };
  const Row rows[] = {
      {"{public: [gauge]}", "deliver: [public]", "compiles"},
      {"{public: [guage]}", "deliver: [public]", "test.policy.yaml:6:19: the schema has no field `guage`"},
      {"{public: [overflow]}", "deliver: [public]",
       "test.policy.yaml:6:19: the schema says `overflow` is `operational`, not `public`"},
      {"{operational: [inner]}", "deliver: [operational]",
       "test.policy.yaml:6:24: `inner` holds several fields: inner.pump"},
      {"{location: [position.latitude]}", "deliver: [location]",
       "test.policy.yaml:6:21: `position.latitude` is part of `position`, which is treated as one value"},
      {"{public: [gauge]}", "deliver: [gauge: mask]",
       "test.policy.yaml:11:15: `gauge` is part of the key and cannot be changed with `mask`"},
      {"{public: [gauge]}", "deliver: [gauge: pseudonym]", "compiles"},
      {"{public: [level]}", "deliver: [level: {grid: 5 m}]",
       "test.policy.yaml:11:15: `grid` cannot be applied to `level`"},
      {"{public: [level]}", "deliver: [level: mask]", "test.policy.yaml:11:15: `mask` cannot be applied to `level`"},
      {"{public: [level]}", "deliver: [level: {round: 5 min}]",
       "test.policy.yaml:11:15: `round` cannot be applied to `level`"},
      {"{public: [time]}", "deliver: [time: {buckets: [\"below 1\", \"above 1\"]}]",
       "test.policy.yaml:11:15: `buckets` cannot be applied to `time`"},
      {"{identifier: [state]}", "deliver: [state: pseudonym]",
       "test.policy.yaml:11:15: `pseudonym` cannot be applied to `state`"},
      {"{public: [gauge, level]}", "deliver: [public: pseudonym]",
       "test.policy.yaml:11:15: `pseudonym` cannot be applied to `level`"},
      {"{public: [gauge, level]}", "deliver: [public: pseudonym, level]", "compiles"},
      {"{public: [level]}", "deliver: [level]\n    rows: {level: [high]}",
       "test.policy.yaml:12:12: `level` cannot be compared with `high`"},
      {"{public: [gauge]}", "deliver: [gauge]\n    rows: {gauge: {at_least: 5}}",
       "test.policy.yaml:12:12: `gauge` cannot be compared with `5`"},
      {"{identifier: [state]}", "deliver: [state]\n    rows: {state: [SLEEPING]}",
       "test.policy.yaml:12:12: `state` cannot be compared with `SLEEPING`"},
      {"{identifier: [state]}", "deliver: [state]\n    rows: {state: [PUMPING, IDLE]}", "compiles"},
      {"{public: [time]}", "deliver: [time]\n    rows: {time: [2027]}",
       "test.policy.yaml:12:12: `time` cannot be compared with `2027`"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(WhyNot(row.fields, row.rule), row.why) << row.fields << " " << row.rule;
  }
}

TEST(Compile, FieldWithoutClassInTheSchemaIsRefused) {
  EXPECT_EQ(WhyNot("{public: [a]}", "deliver: [public]", SchemaFromFields("string a = 1;")),
            "test.policy.yaml:6:19: the schema gives `a` no class");
}

TEST(Compile, RepeatedAndPackedFieldsAreKeptOrLeftOut) {
  const SchemaTable schema = SchemaFromFields(
      "repeated int32 a = 1 [(allmende.v1.class) = PUBLIC]; repeated string b = 2 [(allmende.v1.class) = PUBLIC];");
  EXPECT_EQ(WhyNot("{public: [a, b]}", "deliver: [public]", schema), "compiles");
  EXPECT_EQ(WhyNot("{public: [a, b]}", "deliver: [b: mask]", schema), "compiles");
  EXPECT_EQ(WhyNot("{public: [a, b]}", "deliver: [a: {buckets: [\"below 1\", \"above 1\"]}]", schema),
            "test.policy.yaml:11:15: `buckets` cannot be applied to `a`");
  EXPECT_EQ(WhyNot("{public: [a, b]}", "deliver: [a]\n    rows: {b: [x]}", schema),
            "test.policy.yaml:12:12: `b` cannot be compared with `x`")
      << "which of its values would count?";
}

TEST(Compile, BucketsOfIntegersNeedWholeBounds) {
  const SchemaTable schema = SchemaFromFields("int32 a = 1 [(allmende.v1.class) = PUBLIC];");
  EXPECT_EQ(WhyNot("{public: [a]}", "deliver: [a: {buckets: [\"below 2\", \"above 2\"]}]", schema), "compiles");
  EXPECT_EQ(WhyNot("{public: [a]}", "deliver: [a: {buckets: [\"below 0.5\", \"above 0.5\"]}]", schema),
            "test.policy.yaml:11:15: the bound `0.5` does not fit `a`");
}

std::string BucketsOf(const std::vector<std::string>& bounds) {
  std::string text = Cat("\"below ", bounds.front(), "\"");
  for (size_t i = 1; i < bounds.size(); ++i) {
    Append(text, ", \"", bounds[i - 1], " to ", bounds[i], "\"");
  }
  return Cat("deliver: [a: {buckets: [", text, ", \"above ", bounds.back(), "\"]}]");
}

// Why the view of the one rule that gives `a` is refused.
std::string ViewProblem(const std::string& rule, const SchemaTable& schema) {
  const Policy policy = MustParse(
      Cat(kHead, "{public: [a]}\nrules:\n  - rule: one\n    for: everyone\n    ", "purpose: any\n    ", rule, kTail));
  auto compiled = Compile(policy, nullptr, schema);
  if (!compiled.ok()) {
    return std::string(compiled.status().message());
  }
  PolicySet policies;
  policies.Put(*std::move(compiled));
  const Decision decision = Decide(policies, testing::Asking("x"));
  v1::ViewProgram program = decision.entitlement().view;
  program.set_dataset_id("0123456789abcdef");
  const auto view = CompiledView::Compile(program, schema, nullptr);
  return view.ok() ? "compiles" : Cat("view: ", std::string(view.status().message()));
}

// What the check lets through, the view takes: nothing is found out only when somebody subscribes.
TEST(Compile, BoundsMustBeValuesOfTheFieldAndDifferInIt) {
  struct Row {
    const char* type;
    std::vector<std::string> bounds;
    const char* bad;  // empty: all fit
  };
  const Row rows[] = {
      {"uint32", {"-5"}, "-5"},
      {"uint32", {"0", "4294967295"}, ""},
      {"uint32", {"1", "4294967296"}, "4294967296"},
      {"fixed32", {"-1"}, "-1"},
      {"uint64", {"-1", "5"}, "-1"},
      {"uint64", {"0", "9007199254740991"}, ""},
      {"uint64", {"9007199254740992"}, "9007199254740992"},
      {"int32", {"-2147483648", "2147483647"}, ""},
      {"int32", {"-2147483649"}, "-2147483649"},
      {"sint32", {"2147483648"}, "2147483648"},
      {"sfixed32", {"1.5"}, "1.5"},
      {"int64", {"-9007199254740991", "0"}, ""},
      {"int64", {"1", "9223372036854775807"}, "9223372036854775807"},
      {"float", {"0.1", "0.2"}, ""},
      {"float", {"16777216", "16777217"}, "16777217"},
      {"float", {"0.1", "0.1000000001"}, "0.1000000001"},
      {"float", {"1", "340282346638528859811704183484516925440"}, ""},
      {"float", {"1", "350000000000000000000000000000000000000"}, "3.5e+38"},
      {"double", {"0.1", "0.1000000001"}, ""},
      {"double", {"-1", "350000000000000000000000000000000000000"}, ""},
  };
  for (const Row& row : rows) {
    const SchemaTable schema = SchemaFromFields(Cat(row.type, " a = 1 [(allmende.v1.class) = PUBLIC];"));
    const std::string problem = ViewProblem(BucketsOf(row.bounds), schema);
    SCOPED_TRACE(Cat(row.type, " ", Join(row.bounds, " ")));
    if (*row.bad == '\0') {
      EXPECT_EQ(problem, "compiles");
    } else {
      EXPECT_THAT(problem,
                  ::testing::AllOf(::testing::HasSubstr("the bound `"), ::testing::HasSubstr("does not fit `a`")));
      EXPECT_THAT(problem, ::testing::Not(::testing::StartsWith("view: ")));
    }
  }
}

TEST(Compile, RowsCompareAsManyFieldsAsAViewCan) {
  std::string fields = "int32 a = 1 [(allmende.v1.class) = PUBLIC];";
  std::string rows;
  std::string names;
  for (int i = 2; i <= 34; ++i) {
    Append(fields, "int32 f", i, " = ", i, " [(allmende.v1.class) = PUBLIC];");
    Append(names, ", f", i);
  }
  const SchemaTable schema = SchemaFromFields(fields);
  for (int i = 2; i <= 34; ++i) {
    Append(rows, i == 2 ? "" : ", ", "f", i, ": {at_least: 1, at_most: 5}");
    const Policy policy = MustParse(Cat(kHead, "{public: [a", names,
                                        "]}\nrules:\n  - rule: one\n    for: everyone\n    purpose: any\n    ",
                                        "deliver: [a]\n    rows: {", rows, "}", kTail));
    auto compiled = Compile(policy, nullptr, schema);
    ASSERT_EQ(compiled.ok(), i - 1 <= 32) << compiled.status();
    if (!compiled.ok()) {
      EXPECT_THAT(std::string(compiled.status().message()), ::testing::HasSubstr("the rows compare 33 fields"));
      continue;
    }
    PolicySet policies;
    policies.Put(*std::move(compiled));
    v1::ViewProgram program = Decide(policies, testing::Asking("x")).entitlement().view;
    program.set_dataset_id("0123456789abcdef");
    EXPECT_TRUE(CompiledView::Compile(program, schema, nullptr).ok()) << i - 1 << " fields";
  }
}

TEST(Constants, HaveTheTypeOfTheirField) {
  const SchemaTable schema = SchemaFromProto(
      R"(syntax = "proto3"; enum E { Z = 0; ONE = 1; } message Record { int32 i = 1; uint32 u = 2; int64 l = 3;
         uint64 m = 4; double d = 5; bool b = 6; string s = 7; E e = 8; bytes y = 9; sint32 z = 10; float f = 11; })",
      "Record");
  const auto constant = [&](const char* field, const char* value) {
    const auto made = ConstantFor(*schema.FindField(field), value, Language::kEnglish);
    return made.ok() ? made->ShortDebugString() : "none";
  };
  struct Row {
    const char *field, *value, *constant;
  };
  const Row rows[] = {
      {"i", "-5", "integer: -5"},
      {"i", "2147483647", "integer: 2147483647"},
      {"i", "2147483648", "none"},
      {"i", "5.5", "none"},
      {"i", "5 ", "none"},
      {"i", "", "none"},
      {"i", "0x10", "none"},
      {"z", "-2147483648", "integer: -2147483648"},
      {"u", "4294967295", "natural: 4294967295"},
      {"u", "4294967296", "none"},
      {"u", "-1", "none"},
      {"l", "-9223372036854775808", "integer: -9223372036854775808"},
      {"l", "9223372036854775808", "none"},
      {"m", "18446744073709551615", "natural: 18446744073709551615"},
      {"d", "0.5", "number: 0.5"},
      {"d", "1e3", "number: 1000"},
      {"d", "0,5", "none"},
      {"d", "nan", "none"},
      {"d", "inf", "none"},
      {"d", "1e999", "none"},
      {"f", "0.5", "number: 0.5"},
      {"f", "0.1", "number: 0.10000000149011612"},
      {"f", "-16777217", "number: -16777216"},
      {"f", "1e39", "none"},
      {"b", "true", "truth: true"},
      {"b", "ja", "truth: true"},
      {"b", "no", "truth: false"},
      {"b", "1", "none"},
      {"s", "", "text: \"\""},
      {"s", "5", "text: \"5\""},
      {"e", "ONE", "integer: 1"},
      {"e", "one", "none"},
      {"e", "1", "none"},
      {"y", "a", "none"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(constant(row.field, row.value), row.constant) << row.field << " " << row.value;
  }
}

TEST(Constants, GermanFilesMayHaveDecimalCommas) {
  const SchemaTable schema = SchemaFromFields("double d = 1; string s = 2; int32 i = 3;");
  EXPECT_EQ(ConstantFor(*schema.FindField("d"), "-0,5", Language::kGerman)->number(), -0.5);
  EXPECT_EQ(ConstantFor(*schema.FindField("d"), "0.5", Language::kGerman)->number(), 0.5);
  EXPECT_EQ(ConstantFor(*schema.FindField("s"), "0,5", Language::kGerman)->text(), "0,5");
  EXPECT_FALSE(ConstantFor(*schema.FindField("d"), "1,000,5", Language::kGerman).ok());
  EXPECT_FALSE(ConstantFor(*schema.FindField("i"), "5,0", Language::kGerman).ok());
}

// A stored 0.1f is not the double 0.1.
TEST(Rows, FloatFieldsAreComparedAsTheyAreStored) {
  const SchemaTable schema = SchemaFromFields("float a = 1 [(allmende.v1.class) = PUBLIC];");
  const auto passes = [&](const std::string& rows, float stored) {
    const Policy policy = MustParse(Cat(kHead, "{public: [a]}\nrules:\n  - {rule: one, for: everyone, purpose: any, ",
                                        "deliver: [a], rows: {a: ", rows, "}}", kTail));
    PolicySet policies;
    policies.Put(*Compile(policy, nullptr, schema));
    v1::ViewProgram program = Decide(policies, testing::Asking("x")).entitlement().view;
    program.set_dataset_id("0123456789abcdef");
    const auto view = CompiledView::Compile(program, schema, nullptr);
    EXPECT_TRUE(view.ok()) << view.status();
    const std::string payload = testing::Wire().Fixed32(1, std::bit_cast<uint32_t>(stored)).bytes();
    ViewOutput output;
    return view->Apply({RecordOperation::kUpsert, "", 7, payload}, output) == ViewResult::kDeliver;
  };
  EXPECT_TRUE(passes("[0.1]", 0.1f));
  EXPECT_TRUE(passes("{at_most: 0.1}", 0.1f));
  EXPECT_TRUE(passes("{at_least: 0.7}", 0.7f));
  EXPECT_FALSE(passes("{at_most: 0.1}", 0.10000001f));
  EXPECT_FALSE(passes("{at_least: 0.7}", 0.69999999f - 1e-7f));
  EXPECT_FALSE(passes("[0.1]", 0.2f));
}

}  // namespace
}  // namespace allmende::policy
