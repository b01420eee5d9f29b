// docs/policy.md is true: its files hold no problem and pass their tests, what it quotes stands in them, and its tables
// are those of the code. Run with ALLMENDE_UPDATE_GOLDEN=1 to write the tables.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/messages.h"
#include "policy/language/parse.h"
#include "policy/language/testing/fixtures.h"
#include "policy/language/vocabulary.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr char kGuide[] = "docs/policy.md";

std::string Rendered(const std::vector<Diagnostic>& diagnostics) {
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics) {
    text += RenderDiagnostic(diagnostic, Language::kEnglish) + "\n";
  }
  return text;
}

const std::vector<std::string>& Steps() {
  static const auto& steps =
      *new std::vector<std::string>{"01-one-rule",   "02-a-licence", "03-fields", "04-who",    "05-purpose",
                                    "06-treatments", "07-rows",      "08-copies", "09-crisis", "10-whole"};
  return steps;
}

Baseline City() {
  return MustParseBaseline(ReadSourceFile("docs/policy/city.baseline.yaml"), "city.baseline.yaml");
}

TEST(Guide, FilesOfAllStepsAreRightAndPassTheirTests) {
  const SchemaTable schema =
      SchemaFromProto(ReadSourceFile("examples/schemas/sewer_levels.proto"), "berlin.SewerLevel");
  const Baseline baseline = City();
  for (const std::string& step : Steps()) {
    const std::string file = Cat(step, ".policy.yaml");
    const std::string text = ReadSourceFile(Cat("docs/policy/", file));
    const ParseResult result = ParsePolicy(text, file);
    EXPECT_EQ(Rendered(result.diagnostics), "");
    ASSERT_TRUE(result.policy.has_value());
    CheckOptions options;
    options.baseline = &baseline;
    options.now = NewYear2027();
    options.text = text;
    EXPECT_EQ(Rendered(CheckPolicy(*result.policy, schema, options)), "");
    const TestReport report = RunInlineTests(*result.policy, &baseline, schema, text);
    EXPECT_EQ(Rendered(report.diagnostics), "");
    EXPECT_EQ(report.passed, static_cast<int>(result.policy->tests.size()));
  }
}

TEST(Guide, BaselinePassesItsTests) {
  const std::string text = ReadSourceFile("docs/policy/city.baseline.yaml");
  const BaselineParseResult result = ParseBaseline(text, "city.baseline.yaml");
  ASSERT_TRUE(result.baseline.has_value());
  EXPECT_EQ(Rendered(result.diagnostics), "");
  EXPECT_EQ(Rendered(RunInlineTests(*result.baseline, text).diagnostics), "");
}

// A block of YAML stands behind a comment with the file that it is from.
TEST(Guide, QuotesWhatStandsInItsFiles) {
  const std::string guide = ReadSourceFile(kGuide);
  constexpr std::string_view kFence = "```yaml\n";
  int quotes = 0;
  for (size_t at = guide.find(kFence); at != std::string::npos; at = guide.find(kFence, at + 1)) {
    const size_t begin = at + kFence.size();
    const std::string quote = guide.substr(begin, guide.find("```", begin) - begin);
    const size_t comment = guide.rfind("<!-- ", at);
    const size_t name = comment + 5;
    const std::string file = guide.substr(name, guide.find(" -->", name) - name);
    ASSERT_EQ(guide.find(" -->\n", name) + 5, at) << "no file is named right before:\n" << quote;
    EXPECT_NE(ReadSourceFile(file).find(quote), std::string::npos) << file << " does not hold\n" << quote;
    ++quotes;
  }
  EXPECT_GE(quotes, 10);
}

TEST(Guide, ShowsTheMessageThatTheMistakeGets) {
  const std::string name = "docs/policy/01-one-rule.policy.yaml";
  const std::string text = ReplaceAll(ReadSourceFile(name), "purpose: any", "purpos: any");
  const std::vector<Diagnostic> diagnostics = ParsePolicy(text, name).diagnostics;
  const std::string guide = ReadSourceFile(kGuide);
  ASSERT_EQ(diagnostics.size(), 2u);
  const std::string first = RenderDiagnostic(diagnostics[0], Language::kEnglish);
  EXPECT_NE(guide.find(first.substr(0, first.find('\n'))), std::string::npos) << first;
  EXPECT_NE(guide.find(RenderDiagnostic(diagnostics[1], Language::kEnglish)), std::string::npos)
      << RenderDiagnostic(diagnostics[1], Language::kEnglish);
}

std::string Spellings(const std::vector<std::string_view>& words) {
  std::string text;
  for (const std::string_view word : words) {
    Append(text, text.empty() ? "`" : ", `", word, "`");
  }
  return text;
}

std::string WordTables() {
  struct Table {
    WordKind kind;
    const char* title;
  };
  static constexpr Table kTables[] = {
      {WordKind::kKey, "Keys"},
      {WordKind::kReservedKey, "Keys that are known and refused"},
      {WordKind::kClass, "Classes of fields"},
      {WordKind::kRole, "Roles"},
      {WordKind::kAction, "Actions"},
      {WordKind::kTreatment, "Treatments"},
      {WordKind::kPeriod, "Periods of pseudonyms"},
      {WordKind::kValue, "Values"},
      {WordKind::kPhrase, "Inside values"},
      {WordKind::kTimeUnit, "Units of time"},
      {WordKind::kLengthUnit, "Units of length"},
  };
  std::string text;
  for (const Table& table : kTables) {
    Append(text, "\n**", table.title, "**\n\n| English | German |\n| --- | --- |\n");
    for (const VocabularyEntry& entry : Vocabulary()) {
      if (entry.kind == table.kind) {
        Append(text, "| ", Spellings(entry.english), " | ", Spellings(entry.german), " |\n");
      }
    }
  }
  return text + "\n";
}

std::string MessageTable() {
  std::string text = "\n| code | | message | what to do |\n| --- | --- | --- | --- |\n";
  for (const MessageText& message : AllMessages()) {
    Append(text, "| ", CodeName(message.code), " | ", message.severity == Severity::kError ? "error" : "warning", " | ",
           ReplaceAll(message.english, "|", "\\|"), " | ", ReplaceAll(message.english_hint, "|", "\\|"), " |\n");
  }
  return text + "\n";
}

std::string Between(const std::string& text, const std::string& begin, const std::string& end) {
  const size_t from = text.find(begin) + begin.size();
  return text.substr(from, text.find(end) - from);
}

TEST(Guide, TablesAreThoseOfTheCode) {
  std::string guide = ReadSourceFile(kGuide);
  struct Part {
    std::string begin, end, text;
  };
  for (const Part& part : {Part{"<!-- words -->\n", "<!-- end of words -->", WordTables()},
                           Part{"<!-- messages -->\n", "<!-- end of messages -->", MessageTable()}}) {
    if (std::getenv("ALLMENDE_UPDATE_GOLDEN") != nullptr) {
      const size_t from = guide.find(part.begin) + part.begin.size();
      guide.replace(from, guide.find(part.end) - from, part.text);
      std::ofstream(Cat(ALLMENDE_SOURCE_DIR, "/", kGuide)) << guide;
    }
    EXPECT_EQ(Between(guide, part.begin, part.end), part.text);
  }
}

}  // namespace
}  // namespace allmende::policy
