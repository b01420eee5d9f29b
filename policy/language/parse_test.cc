// What a file means, and how reading behaves at its edges.
#include "policy/language/parse.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "policy/language/reader.h"
#include "policy/language/source_text.h"
#include "policy/language/suggest.h"
#include "policy/language/testing/fixtures.h"
#include "policy/language/treatment_text.h"
#include "policy/language/vocabulary.h"
#include "policy/model/berlin_time.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

using ::testing::ElementsAre;

constexpr char kHead[] = R"(language: en
dataset: wasser/pegel
publisher: bwb
valid: {from: 2026-01-01, review_by: 2027-06-30, ends: 2028-12-31}
fields: {public: [a, b, c.d], location: [e]}
rules:
)";
constexpr char kTail[] = "tests:\n  - {who: x, expect: denied}\n";

Policy WithRule(const std::string& rule) {
  return MustParse(Cat(kHead, "  - rule: one\n    for: everyone\n    purpose: any\n", rule, kTail));
}

std::vector<std::string> Codes(const std::string& text) {
  std::vector<std::string> codes;
  for (const Diagnostic& diagnostic : ParsePolicy(text, "x").diagnostics) {
    codes.push_back(CodeName(diagnostic.code));
  }
  return codes;
}

TEST(Parse, ReadsWhoWhatAndWhen) {
  const Policy policy = MustParse(Cat(kHead, R"(  - rule: one
    for: {participants: [a, b], group: g, roles: [agency, crisis-authority]}
    purpose: [p, q]
    during: [crisis(rain), crisis(flood)]
    actions: [read, lookup]
    deliver: [public]
    licence: cc-by/4.0
    source: BWB
    duties: [delete after 90 days, say thanks]
    replica: {without_contact: until crisis end + 24 hours, max_age: 15 min}
)",
                                      kTail));
  EXPECT_EQ(policy.dataset, DatasetId("wasser/pegel"));
  EXPECT_EQ(policy.publisher, ParticipantId("bwb"));
  EXPECT_EQ(policy.validity.from, BerlinMidnight(absl::CivilDay(2026, 1, 1)));
  EXPECT_EQ(policy.validity.until, BerlinMidnight(absl::CivilDay(2029, 1, 1))) << "the last day counts";
  const Rule& rule = policy.rules[0];
  EXPECT_EQ(rule.position, (FilePosition{7, 5}));
  EXPECT_THAT(rule.audience.participants, ElementsAre(ParticipantId("a"), ParticipantId("b")));
  EXPECT_THAT(rule.audience.groups, ElementsAre(GroupId("g")));
  EXPECT_THAT(rule.audience.roles, ElementsAre(Role::kAgency, Role::kCrisisAuthority));
  EXPECT_THAT(rule.purposes.listed, ElementsAre(Purpose("p"), Purpose("q")));
  EXPECT_THAT(rule.during, ElementsAre(CrisisKind("rain"), CrisisKind("flood")));
  EXPECT_THAT(rule.actions, ElementsAre(Action::kRead, Action::kLookup));
  EXPECT_THAT(rule.duties, ElementsAre("delete after 90 days", "say thanks"));
  EXPECT_EQ(rule.replica->after_crisis_end, absl::Hours(24));
  EXPECT_EQ(rule.replica->max_age, absl::Minutes(15));
}

TEST(Parse, RuleWithoutActionsIsForAllOfThemAndWithoutReplicaForNoCopy) {
  const Policy policy = WithRule("    deliver: [public]\n");
  EXPECT_EQ(policy.rules[0].actions.size(), 3u);
  EXPECT_FALSE(policy.rules[0].replica.has_value());
  EXPECT_FALSE(WithRule("    deliver: [public]\n    replica: none\n").rules[0].replica.has_value());
  EXPECT_FALSE(WithRule("    deliver: [public]\n    replica: no\n").rules[0].replica.has_value());
}

TEST(Parse, ReadsAllTreatments) {
  const Policy policy = WithRule(R"(    deliver:
      - a: {round: 15 min}
      - b: {buckets: ["below -1.5", "-1.5 to 2", "above 2"]}
      - c.d: {pseudonym: {per: [recipient, month]}}
      - location: {grid: 2 km}
      - public: mask
)");
  std::vector<std::string> texts;
  for (const Delivery& delivery : policy.rules[0].deliver) {
    texts.push_back(TreatmentText(delivery.treatment, Language::kEnglish));
  }
  EXPECT_THAT(texts, ElementsAre("round 15 minutes", "buckets -1.5 2", "pseudonym per month", "grid 2000 m", "mask"));
}

TEST(Parse, SeveralFieldsMayShareATreatment) {
  const Policy policy = WithRule("    deliver:\n      - a, b: {round: 1 day}\n");
  ASSERT_EQ(policy.rules[0].deliver.size(), 2u);
  EXPECT_EQ(policy.rules[0].deliver[1].treatment, Treatment(RoundTime{absl::Hours(24)}));
}

TEST(Parse, FieldBeatsAClassOfTheSameName) {
  const Policy policy = MustParse(R"(language: en
dataset: a
publisher: b
valid: {from: 2026-01-01}
fields: {public: [location], location: [where]}
rules:
  - rule: one
    for: everyone
    purpose: any
    deliver: [location]
tests:
  - {who: x, expect: denied}
)");
  EXPECT_EQ(policy.rules[0].deliver[0].what, (std::variant<std::string, v1::FieldClass>("location")));
}

TEST(Parse, BoundsOfRowsKeepEveryDigit) {
  const Policy policy = WithRule(
      "    deliver: [public]\n    rows: {a: {at_least: 9007199254740993, at_most: 18446744073709551615}, b: {at_least: "
      "-0.1}}\n");
  EXPECT_EQ(policy.rules[0].rows[0].at_least, "9007199254740993");
  EXPECT_EQ(policy.rules[0].rows[0].at_most, "18446744073709551615");
  EXPECT_EQ(std::stod(*policy.rules[0].rows[1].at_least), -0.1);
}

TEST(Parse, GermanAndEnglishFilesMeanTheSame) {
  const Policy english = WithRule(
      "    deliver: [public, e: {grid: 500 m}]\n    rows: {a: {at_least: 0.5}}\n    replica: "
      "{without_contact: 72 hours}\n");
  const Policy german = MustParse(R"(sprache: de
datensatz: wasser/pegel
herausgeber: bwb
gültig: {ab: 2026-01-01, prüfen_bis: 2027-06-30, endet: 2028-12-31}
felder: {öffentlich: [a, b, c.d], ort: [e]}
regeln:
  - regel: one
    für: alle
    zweck: beliebig
    liefern: [öffentlich, e: {raster: 500 m}]
    zeilen: {a: {mindestens: "0,5"}}
    kopie: {ohne_kontakt: 72 Stunden}
tests:
  - {wer: x, erwartet: verweigert}
)");
  EXPECT_EQ(english.dataset, german.dataset);
  EXPECT_EQ(english.validity.until, german.validity.until);
  const Rule& a = english.rules[0];
  const Rule& b = german.rules[0];
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.audience.everyone, b.audience.everyone);
  ASSERT_EQ(a.deliver.size(), b.deliver.size());
  for (size_t i = 0; i < a.deliver.size(); ++i) {
    EXPECT_EQ(a.deliver[i].what, b.deliver[i].what);
    EXPECT_EQ(a.deliver[i].treatment, b.deliver[i].treatment);
  }
  EXPECT_EQ(a.rows[0].at_least, b.rows[0].at_least);
  EXPECT_EQ(a.replica->without_contact, b.replica->without_contact);
}

TEST(Parse, UmlautsMayBeWrittenInAnyWay) {
  for (const char* key : {"für", "fuer", "fu\u0308r"}) {
    const std::string text =
        Cat("sprache: de\ndatensatz: a\nherausgeber: b\ngueltig: {ab: 2026-01-01}\nfelder: {oeffentlich: "
            "[a]}\nregeln:\n  - regel: eins\n    ",
            key,
            ": alle\n    zweck: beliebig\n    liefern: [öffentlich]\ntests:\n  - {wer: x, erwartet: "
            "verweigert}\n");
    EXPECT_TRUE(ParsePolicy(text, "x").policy.has_value()) << key;
  }
}

TEST(Parse, ByteOrderMarkAndWindowsLineEndsAreFine) {
  const std::string text =
      Cat(kHead, "  - rule: one\n    for: everyone\n    purpose: any\n    deliver: [public]\n", kTail);
  EXPECT_TRUE(ParsePolicy("\xEF\xBB\xBF" + text, "x").policy.has_value());
  EXPECT_TRUE(ParsePolicy(ReplaceAll(text, "\n", "\r\n"), "x").policy.has_value());
}

// Whatever is cut off at the end of a file, it does not pass as a whole one.
TEST(Parse, EveryTruncationOfAFileIsNoticedUnlessOnlyTestsAreMissing) {
  const std::string text =
      Cat(kHead, "  - rule: one\n    for: everyone\n    purpose: any\n    deliver: [public]\n", kTail);
  const size_t tests_begin = text.find("  - {who");
  for (size_t size = 0; size < text.size(); ++size) {
    if (ParsePolicy(text.substr(0, size), "x").policy) {
      EXPECT_GT(size, tests_begin) << text.substr(0, size);
    }
  }
}

TEST(Parse, NothingComesOutOfAFileWithErrors) {
  const ParseResult result =
      ParsePolicy(Cat(kHead, "  - rule: one\n    for: everyone\n    purpose: any\n    deliver: [nix]\n", kTail), "x");
  EXPECT_FALSE(result.policy.has_value());
  EXPECT_EQ(result.diagnostics.size(), 1u);
}

TEST(Parse, AllProblemsAreFoundInOneRunInTheOrderOfTheFile) {
  EXPECT_THAT(Codes(R"(language: en
dataset: Wasser
publisher: bwb
valid: {from: 2026-13-01}
fields: {public: [a]}
rules:
  - rule: one
    for: everyone
    purpos: any
    deliver: [b]
tests:
  - {who: x}
)"),
              ElementsAre("AP0302", "AP0303", "AP0204", "AP0201", "AP0403", "AP0511"));
}

TEST(Parse, LongLinesAreCutAroundTheirProblem) {
  const std::string text = Cat(kHead, "  - {rule: one, ", std::string(3'000, ' '),
                               "fro: everyone, purpose: any, deliver: [public]}\n", kTail);
  const ParseResult result = ParsePolicy(text, "x");
  ASSERT_FALSE(result.diagnostics.empty());
  for (const Diagnostic& diagnostic : result.diagnostics) {
    EXPECT_LT(diagnostic.source_line.size(), 200u);
    EXPECT_LT(RenderDiagnostic(diagnostic, Language::kEnglish).size(), 1'000u);
  }
}

TEST(Parse, MessagesDoNotRepeatMegabytes) {
  const std::string text = Cat("language: en\n", std::string(100'000, 'k'), ": 1\n");
  for (const Diagnostic& diagnostic : ParsePolicy(text, "x").diagnostics) {
    EXPECT_LT(RenderDiagnostic(diagnostic, Language::kEnglish).size(), 2'000u);
  }
}

// As large as a file may be, and as awkward: reading stays bounded.
TEST(Parse, LargestFilesAreReadAndTheirProblemsCut) {
  constexpr size_t kMax = size_t{1} << 20;
  const std::string head = "language: en\ndataset: a\npublisher: b\nvalid: {from: 2026-01-01}\n";
  const auto filled = [&](const std::string& begin, const std::string& piece) {
    std::string text = head + begin;
    while (text.size() + piece.size() <= kMax) {
      text += piece;
    }
    return text;
  };
  for (const std::string& text :
       {filled("rules:\n", "  - {rule: one, for: everyone}\n"), filled("fields: {public: [", "a, "),
        filled("fields: {public: [\"", "x"), filled("", "# comment\n"), filled("tests:\n", "  - a\n"),
        filled("rules: ", "["), filled("rules: ", "ü")}) {
    const ParseResult result = ParsePolicy(text, "x");
    EXPECT_FALSE(result.policy.has_value());
    EXPECT_FALSE(result.diagnostics.empty());
    EXPECT_LE(result.diagnostics.size(), 101u);
  }
  EXPECT_EQ(Codes(head + std::string(kMax - head.size() + 1, '#')), std::vector<std::string>{"AP0101"});
}

// Nobody may keep a broker busy with a file: what one costs does not grow with the square of its size. Each of these
// took minutes where every wrong name was compared with every field.
TEST(Parse, ManyWrongNamesAmongManyFieldsAreReadAsFastAsFew) {
  const auto list = [](const std::string& name, int count, const std::string& separator) {
    std::string text;
    for (int i = 0; i < count; ++i) {
      Append(text, i == 0 ? "" : separator, name, i);
    }
    return text;
  };
  const std::string head = "language: en\ndataset: a\npublisher: b\nvalid: {from: 2026-01-01}\n";
  const std::string fields = Cat(head, "fields:\n  public: [", list("a_field_", 20'000, ", "), "]\n");
  const std::string rule = "rules:\n  - rule: one\n    for: everyone\n    purpose: any\n";
  for (const std::string& text :
       {Cat(fields, rule, "    deliver: [", list("a_filed_", 20'000, ", "), "]\n", kTail),
        Cat(fields, rule, "    deliver:\n      - ", list("a_filed_", 20'000, "\n      - "), "\n", kTail),
        Cat(fields, rule, "    deliver: [public]\n    rows: {", list("a_filed_", 20'000, ": 1, "), ": 1}\n", kTail),
        Cat(fields, rule, "    deliver: [", list("a_field_", 20'000, ", "), ", critical, personal, nobody]\n",
            kTail)}) {
    const ParseResult result = ParsePolicy(text, "x");
    EXPECT_FALSE(result.policy.has_value());
    EXPECT_LE(result.diagnostics.size(), 101u);
  }
}

TEST(Parse, RulesOfAFileAreBounded) {
  const auto file = [](int rules) {
    std::string text = kHead;
    for (int i = 0; i < rules; ++i) {
      Append(text, "  - {rule: r", i, ", for: everyone, purpose: any, deliver: [a]}\n");
    }
    return Cat(text, kTail);
  };
  EXPECT_THAT(Codes(file(10'000)), ElementsAre());
  EXPECT_THAT(Codes(file(10'001)), ElementsAre("AP0316"));
}

// Warnings do not keep a file from being used, however many there are.
TEST(Parse, ManyWarningsAreNoError) {
  std::string text = kHead;
  for (int i = 0; i < 150; ++i) {
    Append(text, "  - {rule: r", i, ", for: everyone, purpose: any, deliver: [a, critical]}\n");
  }
  const ParseResult result = ParsePolicy(Cat(text, kTail), "x");
  EXPECT_TRUE(result.policy.has_value());
  EXPECT_FALSE(HasErrors(result.diagnostics));
  EXPECT_EQ(result.diagnostics.size(), 101u);
  const ParseResult wrong = ParsePolicy(Cat(text, "  - {rule: r, for: everyone, deliver: [a]}\n", kTail), "x");
  EXPECT_FALSE(wrong.policy.has_value());
  EXPECT_TRUE(HasErrors(wrong.diagnostics));
}

TEST(Numbers, GermanThousandsAreToldFromDecimals) {
  for (const char* text : {"1.000", "-1.000", "+12.500", "999.999.999", "1.234"}) {
    EXPECT_TRUE(HasThousandsPoints(text)) << text;
    EXPECT_FALSE(ParseNumber(text, Language::kGerman).has_value()) << text;
  }
  for (const char* text : {"", "-", ".", "1", "1000", "0.125", "0.000", "1.5", "1.0000", "1234.567", "1.00.000",
                           "1,000", ".000", "1.000,5", "a.000"}) {
    EXPECT_FALSE(HasThousandsPoints(text)) << text;
  }
  EXPECT_EQ(ParseNumber("0.125", Language::kGerman), 0.125);
  EXPECT_EQ(ParseNumber("1,000", Language::kGerman), 1.0);
  EXPECT_EQ(ParseNumber("1.000", Language::kEnglish), 1.0);
}

TEST(SourceText, ColumnsCountCharacters) {
  const SourceText source("größe: 1\r\nübel\n");
  EXPECT_EQ(source.PositionAt(std::string("größe").size()), (FilePosition{1, 6}));
  EXPECT_EQ(source.Line(1), "größe: 1");
  EXPECT_EQ(source.Line(2), "übel");
  EXPECT_EQ(source.Line(0), "");
  EXPECT_EQ(source.Line(99), "");
  EXPECT_EQ(source.PositionAt(10'000).line, 3);
}

TEST(Suggest, FindsSlipsOfTheKeyboardAndNothingFarther) {
  const std::vector<std::string> words = {"zweck", "liefern", "höchstens", "für", "ab"};
  EXPECT_EQ(Suggest("zwek", words), "zweck");
  EXPECT_EQ(Suggest("zewck", words), "zweck");
  EXPECT_EQ(Suggest("LIEFERN", words), "liefern");
  EXPECT_EQ(Suggest("hochstens", words), "höchstens");
  EXPECT_EQ(Suggest("fur", words), "für");
  EXPECT_EQ(Suggest("wetter", words), "");
  EXPECT_EQ(Suggest("xy", words), "");
  EXPECT_EQ(Suggest(std::string(1'000, 'z'), words), "");
  EXPECT_EQ(EditDistance("abc", "acb", 3), 1) << "swapped neighbours are one slip";
  EXPECT_EQ(EditDistance("abc", "xyz", 2), 3) << "beyond the limit";
  EXPECT_EQ(EditDistance("", "abc", 3), 3);
  EXPECT_EQ(EditDistance("übermorgen", "uebermorgen", 3), 2);
  EXPECT_EQ(EditDistance("kitten", "sitting", 3), 3);
  EXPECT_EQ(EditDistance("kitten", "sitting", 2), 3) << "beyond the limit";
  EXPECT_EQ(EditDistance("abcdef", "defabc", 3), 4) << "beyond the limit";
  EXPECT_EQ(EditDistance("ab", "ba", 0), 1);
}

TEST(Vocabulary, EverySpellingStandsForOneWord) {
  std::set<std::pair<WordKind, std::string>> german;
  std::set<std::pair<WordKind, std::string>> english;
  for (const VocabularyEntry& entry : Vocabulary()) {
    ASSERT_FALSE(entry.german.empty());
    ASSERT_FALSE(entry.english.empty());
    for (const std::string_view spelling : entry.german) {
      EXPECT_TRUE(german.emplace(entry.kind, FoldSpelling(entry.kind, spelling)).second) << spelling;
      EXPECT_EQ(FindWord(entry.kind, spelling)->word, entry.word) << spelling;
    }
    for (const std::string_view spelling : entry.english) {
      EXPECT_TRUE(english.emplace(entry.kind, FoldSpelling(entry.kind, spelling)).second) << spelling;
      EXPECT_EQ(FindWord(entry.kind, spelling)->word, entry.word) << spelling;
    }
  }
}

TEST(DurationText, IsTheLargestUnitThatFits) {
  EXPECT_EQ(DurationText(absl::Hours(48), Language::kEnglish), "2 days");
  EXPECT_EQ(DurationText(absl::Hours(25), Language::kGerman), "25 Stunden");
  EXPECT_EQ(DurationText(absl::Minutes(90), Language::kEnglish), "90 minutes");
  EXPECT_EQ(DurationText(absl::Seconds(90), Language::kGerman), "90 Sekunden");
  EXPECT_EQ(DurationText(absl::ZeroDuration(), Language::kEnglish), "0 seconds");
}

}  // namespace
}  // namespace allmende::policy
