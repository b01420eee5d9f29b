// How a file's own tests are run and counted. (Their messages: testdata/diagnostics.txt.)
#include "policy/language/inline_tests.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/language/testing/fixtures.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr char kPolicy[] = R"(language: en
dataset: a
publisher: b
valid: {from: 2026-01-01, ends: 2028-12-31}
fields: {public: [name, level], location: [place]}
rules:
  - rule: open
    for: everyone
    purpose: any
    actions: [subscribe]
    deliver: [public]
  - rule: rescue
    during: crisis(rain)
    for: [thw]
    purpose: rescue
    deliver: [name, place: {grid: 500 m}]
    replica: {without_contact: 1 day}
tests:
)";

constexpr char kFields[] = R"(
  string name = 1 [(allmende.v1.class) = PUBLIC];
  double level = 2 [(allmende.v1.class) = PUBLIC];
  allmende.v1.Position place = 3 [(allmende.v1.class) = LOCATION];
)";

TestReport RunTests(const std::string& tests, const Baseline* baseline = nullptr, const std::string& fields = kFields) {
  const std::string text = Cat(kPolicy, tests);
  return RunInlineTests(MustParse(text), baseline, SchemaFromFields(fields), text);
}

// `passes`, or the code of the first message.
std::string Verdict(const std::string& test) {
  const TestReport report = RunTests(Cat("  - ", test, "\n"));
  EXPECT_EQ(report.passed + report.failed, 1);
  EXPECT_EQ(report.failed == 0, report.diagnostics.empty());
  return report.diagnostics.empty() ? "passes" : CodeName(report.diagnostics.front().code);
}

TEST(InlineTests, Verdicts) {
  struct Row {
    const char *test, *verdict;
  };
  const Row rows[] = {
      {"{who: x, expect: allowed}", "passes"},
      {"{expect: allowed}", "passes"},  // nobody in particular
      {"{who: x, expect: denied}", "AP0702"},
      {"{who: x, action: lookup, expect: denied}", "passes"},
      {"{who: x, action: lookup, expect: allowed}", "AP0701"},
      {"{who: x, replica: yes, expect: denied}", "passes"},
      {"{who: x, on: 2029-01-01, expect: denied}", "passes"},
      {"{who: x, on: 2028-12-31, expect: allowed}", "passes"},
      {"{who: x, on: 2025-12-31, expect: denied}", "passes"},
      {"{who: x, gets: [public]}", "passes"},
      {"{who: x, gets: [level, name]}", "passes"},
      {"{who: x, gets: [level]}", "AP0704"},
      {"{who: x, gets: [public, place]}", "AP0703"},
      {"{who: x, gets: []}", "AP0704"},
      {"{who: x, action: lookup, gets: []}", "passes"},
      {"{who: x, also_gets: [level]}", "passes"},
      {"{who: x, also_gets: [place]}", "AP0703"},
      {"{who: x, action: lookup, also_gets: [level]}", "AP0701"},
      {"{who: x, never: [place, location]}", "passes"},
      {"{who: x, never: [level]}", "AP0705"},
      {"{who: x, action: lookup, never: [level]}", "passes"},
      {"{who: thw, purpose: rescue, crisis: rain, also_gets: [place]}", "passes"},
      {"{who: thw, purpose: rescue, crisis: [heat, rain], also_gets: [place: {grid: 500 m}]}", "passes"},
      {"{who: thw, purpose: rescue, crisis: rain, also_gets: [place: {grid: 100 m}]}", "AP0706"},
      {"{who: thw, purpose: rescue, crisis: heat, never: [place]}", "passes"},
      {"{who: thw, purpose: rescue, crisis: rain, replica: yes, gets: [name, place]}", "passes"},
      {"{who: x, purpose: rescue, crisis: rain, also_gets: [place]}", "AP0703"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Verdict(row.test), row.verdict) << row.test;
  }
}

TEST(InlineTests, AreCountedAndShownAtTheirPlace) {
  const TestReport report =
      RunTests("  - {who: x, gets: [public]}\n  - {who: x, never: [level]}\n  - {who: x, gets: [name]}\n");
  EXPECT_EQ(report.passed, 1);
  EXPECT_EQ(report.failed, 2);
  ASSERT_EQ(report.diagnostics.size(), 2u);
  EXPECT_EQ(report.diagnostics[0].line, 20);
  EXPECT_EQ(report.diagnostics[0].source_line, "  - {who: x, never: [level]}");
  EXPECT_EQ(report.diagnostics[1].line, 21);
}

TEST(InlineTests, OfAPolicyThatDoesNotFitItsSchemaAllFail) {
  const TestReport report = RunTests("  - {who: x, action: lookup, expect: denied}\n  - {who: x, gets: [public]}\n",
                                     nullptr, "string name = 1 [(allmende.v1.class) = PUBLIC];");
  EXPECT_EQ(report.passed, 0);
  EXPECT_EQ(report.failed, 2);
}

TEST(InlineTests, SeeTheCitysLimits) {
  const Baseline baseline = MustParseBaseline(R"(language: en
baseline: berlin
publisher: senate
valid: {from: 2027-06-01}
limits:
  - limit: nothing
    for: {role: operator}
    at_most: []
tests:
  - {who: x, role: operator, expect: denied}
  - {who: x, role: agency, gets: [public, operational, location, identifier, personal, critical]}
)");
  EXPECT_EQ(RunInlineTests(baseline).failed, 0);
  EXPECT_EQ(RunInlineTests(baseline).passed, 2);
  EXPECT_EQ(RunTests("  - {who: x, role: operator, expect: denied}\n", &baseline).failed, 0);
  EXPECT_EQ(RunTests("  - {who: x, role: agency, gets: [public]}\n", &baseline).failed, 0)
      << "without a day, a test is at the first instant at which policy and baseline hold";
}

}  // namespace
}  // namespace allmende::policy
