// What keeps a policy from being compiled, and the constants of row conditions.
#include "policy/decide/compile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "policy/decide/fit.h"
#include "policy/decide/testing/sewer.h"
#include "policy/language/testing/fixtures.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

using testing::SewerSchema;

// A policy for `fields` with one rule.
std::string WhyNot(const std::string& fields, const std::string& rule, const SchemaTable& schema = SewerSchema()) {
  const Policy policy = MustParse(Cat(R"(language: en
dataset: wasser/pegel
publisher: bwb
legal_basis: {norm: "BWG", controller: bwb}
valid: {from: 2026-01-01}
fields: )",
                                      fields, R"(
rules:
  - rule: one
    for: everyone
    purpose: any
    )",
                                      rule, "\ntests:\n  - {who: nobody, expect: denied}\n"));
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
            "test.policy.yaml:11:15: `buckets` cannot be applied to `a`");
}

TEST(Constants, HaveTheTypeOfTheirField) {
  const SchemaTable schema = SchemaFromProto(
      R"(syntax = "proto3"; enum E { Z = 0; ONE = 1; } message Record { int32 i = 1; uint32 u = 2; int64 l = 3;
         uint64 m = 4; double d = 5; bool b = 6; string s = 7; E e = 8; bytes y = 9; sint32 z = 10; })",
      "Record");
  const auto constant = [&](const char* field, const char* value) {
    const auto made = ConstantFor(*schema.FindField(field), value);
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

}  // namespace
}  // namespace allmende::policy
