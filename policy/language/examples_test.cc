// The example files are what a data officer copies from: they hold no problem, and their own tests pass.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/parse.h"
#include "policy/language/testing/fixtures.h"

namespace allmende::policy {
namespace {

std::string Rendered(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    text += RenderDiagnostic(diagnostic, Language::kEnglish) + "\n";
  }
  return text;
}

class ExamplesTest : public ::testing::TestWithParam<ExamplePolicy> {};

TEST_P(ExamplesTest, HasNoProblems) {
  const std::string text = GetParam().Text();
  const ParseResult result = ParsePolicy(text, GetParam().file);
  ASSERT_TRUE(result.policy) << Rendered(result.diagnostics);
  const SchemaTable schema = GetParam().Schema();
  const Baseline baseline = MustParseBaseline(ExampleBaselineText(), kExampleBaselineFile);
  CheckOptions options;
  options.baseline = &baseline;
  options.now = NewYear2027();
  options.text = text;
  EXPECT_EQ(Rendered(CheckPolicy(*result.policy, schema, options)), "");
}

TEST_P(ExamplesTest, PassesItsOwnTests) {
  const std::string text = GetParam().Text();
  const Policy policy = MustParse(text, GetParam().file);
  const Baseline baseline = MustParseBaseline(ExampleBaselineText(), kExampleBaselineFile);
  const TestReport report = RunInlineTests(policy, &baseline, GetParam().Schema(), text);
  EXPECT_EQ(Rendered(report.diagnostics), "");
  EXPECT_EQ(report.passed, static_cast<int>(policy.tests.size()));
  EXPECT_EQ(report.failed, 0);
}

INSTANTIATE_TEST_SUITE_P(All, ExamplesTest, ::testing::ValuesIn(ExamplePolicies()),
                         [](const auto& test) { return test.param.file.substr(0, test.param.file.find('.')); });

TEST(ExampleFiles, NoFileOfTheFolderIsLeftOut) {
  std::set<std::string> files = {kExampleBaselineFile};
  for (const ExamplePolicy& example : ExamplePolicies()) {
    files.insert(example.file);
  }
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(ALLMENDE_SOURCE_DIR "/examples/policies")) {
    if (entry.path().extension() == ".yaml") {
      found.insert(entry.path().filename());
    }
  }
  EXPECT_EQ(files, found);
}

TEST(ExampleBaselineTest, PassesItsOwnTests) {
  const std::string text = ExampleBaselineText();
  const BaselineParseResult result = ParseBaseline(text, kExampleBaselineFile);
  ASSERT_TRUE(result.baseline) << Rendered(result.diagnostics);
  EXPECT_EQ(Rendered(result.diagnostics), "");
  const TestReport report = RunInlineTests(*result.baseline, text);
  EXPECT_EQ(Rendered(report.diagnostics), "");
  EXPECT_EQ(report.passed, static_cast<int>(result.baseline->tests.size()));
}

}  // namespace
}  // namespace allmende::policy
