// What a data officer reads when a file is wrong: every message there is, shown as a compiler would, in
// testdata/diagnostics.txt. To see what changed, run with ALLMENDE_UPDATE_GOLDEN=1 and look at the difference.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "policy/language/check.h"
#include "policy/language/inline_tests.h"
#include "policy/language/parse.h"
#include "policy/language/testing/fixtures.h"
#include "policy/model/berlin_time.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr char kGolden[] = "policy/language/testdata/diagnostics.txt";

constexpr char kBase[] = R"(sprache: de
datensatz: wasser/pegel
herausgeber: bwb
rechtsgrundlage: {norm: "BWG § 37", verantwortlich: bwb}
gültig: {ab: 2026-01-01, prüfen_bis: 2027-06-30, endet: 2028-12-31}
felder:
  öffentlich: [gauge, time, level]
  betrieblich: [overflow, inner.pump]
  ort: [position]
  kennung: [state]
  kritisch: [shaft]
  personenbezogen: [phone]
regeln:
  - regel: offen
    für: alle
    zweck: beliebig
    liefern: [öffentlich]
    kopie: {ohne_kontakt: 7 Tage}
  - regel: verkehr
    für: {gruppe: navigation}
    zweck: verkehrslenkung
    liefern:
      - öffentlich
      - overflow: {stufen: ["unter 0,1", "0,1 bis 1", "über 1"]}
      - position: {raster: 500 m}
    kopie: {ohne_kontakt: 72 Stunden, höchstens_alt: 15 Minuten}
  - regel: einsatz
    während: krise(starkregen)
    für: [thw]
    zweck: gefahrenabwehr
    liefern: [öffentlich, kritisch]
    kopie: {ohne_kontakt: bis Krisenende + 24 Stunden}
tests:
  - {wer: irgendwer, bekommt: [öffentlich]}
  - {wer: thw, zweck: gefahrenabwehr, krise: starkregen, bekommt_auch: [shaft]}
)";

constexpr char kBaseline[] = R"(sprache: de
grundlage: berlin
herausgeber: senat
gültig: {ab: 2026-01-01}
zwecke: [verkehrslenkung, gefahrenabwehr]
gruppen: [navigation]
krisen: [starkregen, hitze]
grenzen:
  - grenze: nie
    für: alle
    nie: [personenbezogen, kritisch]
krisenrahmen:
  - rahmen: einsatzkraefte
    während: krise(starkregen)
    für: [thw]
    höchstens: [öffentlich, kritisch]
    kopie: {ohne_kontakt: bis Krisenende + 24 Stunden}
tests:
  - {wer: thw, krise: starkregen, bekommt_auch: [kritisch]}
)";

constexpr char kFields[] = R"(
  string gauge = 1 [(allmende.v1.key) = true, (allmende.v1.class) = PUBLIC];
  google.protobuf.Timestamp time = 2 [(allmende.v1.event_time) = true, (allmende.v1.class) = PUBLIC];
  double level = 3 [(allmende.v1.class) = PUBLIC];
  optional double overflow = 4 [(allmende.v1.class) = OPERATIONAL];
  allmende.v1.Position position = 5 [(allmende.v1.class) = LOCATION];
  string state = 6 [(allmende.v1.class) = IDENTIFIER];
  string shaft = 7 [(allmende.v1.class) = CRITICAL];
  string phone = 8 [(allmende.v1.class) = PERSONAL];
  message Inner { string pump = 1 [(allmende.v1.class) = OPERATIONAL]; }
  Inner inner = 9 [(allmende.v1.class) = OPERATIONAL];
)";

struct Case {
  std::string name;
  std::set<int> codes;
  std::string text;
  bool baseline = false;
  std::string more_fields = "";  // of the schema
  absl::CivilDay day = absl::CivilDay(2027, 1, 1);
};

// `text` with the first `from` replaced, which must be there.
std::string With(std::string text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << "no `" << from << "` in the text";
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Case Edit(std::string name, std::set<int> codes, std::string_view from, std::string_view to) {
  return {std::move(name), std::move(codes), With(kBase, from, to)};
}
Case EditBaseline(std::string name, std::set<int> codes, std::string_view from, std::string_view to) {
  return {std::move(name), std::move(codes), With(kBaseline, from, to), true};
}

std::string Lines(const std::string& pattern, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    text += ReplaceAll(pattern, "#", Cat(i));
  }
  return text;
}

std::vector<Case> TextCases() {
  return {
      {"FileTooLarge", {101}, std::string(1'048'577, '#')},
      {"InvalidUtf8",
       {102},
       With(kBase, "alle",
            "\xfc"
            "ber alle")},
      {"HiddenCharacter", {103}, With(kBase, "alle", "\u202ealle")},
      {"ControlCharacter", {103}, With(kBase, "alle", "al\x07le")},
      {"NotYaml", {104}, With(kBase, "[gauge, time, level]", "[gauge, time, level")},
      {"TabAsIndentation", {104}, With(kBase, "  öffentlich: [", "\töffentlich: [")},
      {"QuoteNotClosed", {104}, With(kBase, "\"BWG § 37\"", "\"BWG § 37")},
      {"ColonForgotten", {104}, With(kBase, "zweck: beliebig", "zweck beliebig")},
      {"Empty", {105}, ""},
      {"OnlyComments", {105}, "# nichts\n\n"},
      {"JustAList", {106}, "- a\n- b\n"},
      {"JustAWord", {106}, "hallo\n"},
      {"SecondDocument", {107}, std::string(kBase) + "---\nsprache: de\n"},
      {"Anchor", {108}, With(kBase, "[thw]", "&wer [thw]")},
      {"Alias", {108}, With(kBase, "liefern: [öffentlich]", "liefern: *alles")},
      {"AliasBomb", {108}, "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b,*b,*b]\n"},
      {"Tag", {109}, With(kBase, "zweck: beliebig", "zweck: !!str beliebig")},
      {"TooDeep", {110}, With(kBase, "zweck: beliebig", "zweck: " + std::string(40, '[') + std::string(40, ']'))},
      {"ComplexKey", {111}, With(kBase, "zweck: beliebig", "[zweck, ziel]: beliebig")},
      Edit("DuplicateKey", {112}, "    zweck: beliebig\n", "    zweck: beliebig\n    zweck: verkehrslenkung\n"),
      Edit("DuplicateSection", {112}, "tests:\n", "herausgeber: wer-anders\ntests:\n"),
      {"TooManyProblems", {113, 201}, With(kBase, "regeln:\n", Lines("unsinn_#: 1\n", 120) + "regeln:\n")},
  };
}

std::vector<Case> KeyCases() {
  return {
      Edit("UnknownKeySuggests", {201, 204}, "zweck: beliebig", "zwek: beliebig"),
      Edit("UnknownKeyWithoutSuggestion", {201}, "herausgeber: bwb\n", "herausgeber: bwb\nwetter: heiter\n"),
      Edit("KeyOfAnotherSection", {201}, "herausgeber: bwb\n", "herausgeber: bwb\nliefern: [öffentlich]\n"),
      Edit("KeyInTheOtherLanguage", {202}, "zweck: beliebig", "purpose: beliebig"),
      Edit("ValueInTheOtherLanguage", {202}, "für: alle", "für: everyone"),
      Edit("UnitInTheOtherLanguage", {202}, "7 Tage", "7 days"),
      Edit("ClassInTheOtherLanguage", {202}, "liefern: [öffentlich]", "liefern: [public]"),
      Edit("BucketInTheOtherLanguage", {202}, "unter 0,1", "below 0,1"),
      Edit("SameMeaningTwice", {203}, "{gruppe: navigation}", "{gruppe: navigation, gruppen: [navigation]}"),
      Edit("MissingKey", {204}, "herausgeber: bwb\n", ""),
      Edit("MissingAudience", {204}, "    für: alle\n", ""),
      Edit("MissingLease", {204}, "{ohne_kontakt: 7 Tage}", "{höchstens_alt: 7 Tage}"),
      Edit("KeyOfALaterVersion", {205}, "    zweck: beliebig\n", "    zweck: beliebig\n    verzögern: 5 Minuten\n"),
      Edit("TreatmentOfALaterVersion", {205}, "{raster: 500 m}", "{gebiet: lor-planungsraum}"),
      Edit("LanguageMissing", {206}, "sprache: de\n", ""),
      Edit("LanguageUnknown", {207}, "sprache: de", "sprache: fr"),
      Edit("NeedsMapping", {208}, "{ab: 2026-01-01, prüfen_bis: 2027-06-30, endet: 2028-12-31}", "2026-01-01"),
      Edit("RuleIsNoMapping", {208},
           "  - regel: offen\n    für: alle\n    zweck: beliebig\n    liefern: [öffentlich]\n    "
           "kopie: {ohne_kontakt: 7 Tage}\n",
           "  - offen\n"),
      {"NeedsList",
       {209},
       With(kBase,
            "  - {wer: irgendwer, bekommt: [öffentlich]}\n  - {wer: thw, zweck: "
            "gefahrenabwehr, krise: starkregen, bekommt_auch: [shaft]}\n",
            "  wer: irgendwer\n")},
      Edit("NeedsValue", {210}, "herausgeber: bwb", "herausgeber: [bwb, senat]"),
      Edit("NoValue", {211}, "zweck: beliebig", "zweck:"),
      Edit("EmptyText", {211}, "zweck: beliebig", "zweck: \"\""),
      Edit("HalfWrittenRule", {211, 204, 214},
           std::string_view(kBase).substr(std::string_view(kBase).find("  - regel: einsatz")),
           "  - regel: einsatz\n    für:"),
      Edit("CommaSplitsANumber", {212}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: {mindestens: 0,5}}\n"),
      Edit("TestsNotLast", {112, 213}, "felder:\n", "tests:\n  - {wer: a, erwartet: verweigert}\nfelder:\n"),
      {"NoTests", {214}, std::string(kBase).substr(0, std::string(kBase).find("tests:"))},
      {"EmptyTests", {214}, std::string(kBase).substr(0, std::string(kBase).find("tests:")) + "tests: []\n"},
      {"IsBaseline", {215}, kBaseline},
      {"IsPolicy", {216}, kBase, true},
  };
}

std::vector<Case> ValueCases() {
  return {
      Edit("BadRuleName", {301}, "regel: offen", "regel: Offene Pegel"),
      Edit("BadDataset", {302}, "wasser/pegel", "Wasser/Pegel"),
      Edit("BadDate", {303}, "2028-12-31", "2028-02-30"),
      Edit("GermanDate", {303}, "2028-12-31", "31.12.2028"),
      Edit("EndsBeforeItBegins", {304}, "endet: 2028-12-31", "endet: 2025-12-31"),
      Edit("DurationWithoutUnit", {305}, "7 Tage", "7"),
      Edit("DurationWithFraction", {305}, "7 Tage", "\"1,5 Tage\""),
      Edit("LengthWithoutUnit", {306}, "500 m", "500"),
      Edit("UnknownUnitSuggests", {307}, "15 Minuten", "15 Minutne"),
      Edit("UnknownLengthUnit", {307}, "500 m", "500 Fuß"),
      Edit("LeaseTooLong", {308}, "7 Tage", "7000 Tage"),
      Edit("GridOfNothing", {308}, "500 m", "0 m"),
      Edit("BadNumber", {309}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: {mindestens: viel}}\n"),
      Edit("UnknownRoleSuggests", {310}, "{gruppe: navigation}", "{rolle: betreiberin}"),
      Edit("UnknownAction", {310}, "    zweck: beliebig\n", "    zweck: beliebig\n    handlungen: [schreiben]\n"),
      Edit("UnknownClassOfFields", {310, 403}, "  ort: [position]", "  orte: [position]"),
      Edit("NotYesNo", {311}, "{wer: irgendwer, ", "{wer: irgendwer, kopie: vielleicht, "),
      Edit("TextTooLong", {312, 411}, "\"BWG § 37\"", "\"" + std::string(1'001, 'x') + "\""),
      Edit("BadCrisis", {313}, "krise(starkregen)", "starkregen"),
      Edit("ListedTwice", {314}, "[thw]", "[thw, thw]"),
      Edit("EmptyList", {315}, "für: [thw]", "für: []"),
      Edit("EmptyDelivery", {315}, "liefern: [öffentlich]", "liefern: []"),
      EditBaseline("EmptyNever", {315}, "nie: [personenbezogen, kritisch]", "nie: []"),
      Edit("TooManyBuckets", {316}, "\"0,1 bis 1\", ", Lines("\"0,1 bis 1\", ", 1'024)),
      Edit("ThousandsPointInBuckets", {317}, "\"0,1 bis 1\", \"über 1\"", "\"0,1 bis 1.000\", \"über 1.000\""),
      Edit("ThousandsPointInABound", {317}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: {mindestens: -12.500.000}}\n"),
  };
}

std::vector<Case> FieldCases() {
  return {
      Edit("FieldInTwoClasses", {401}, "[overflow, inner.pump]", "[overflow, inner.pump, level]"),
      Edit("BadFieldName", {402}, "[gauge, time, level]", "[gauge, time, level, pegel-cm]"),
      Edit("UnknownFieldSuggests", {403}, "- overflow: {", "- overflwo: {"),
      Edit("UnknownClassSuggests", {403}, "liefern: [öffentlich]", "liefern: [öffentlcih]"),
      Edit("UnknownTreatmentSuggests", {404}, "{raster: 500 m}", "{rasta: 500 m}"),
      Edit("SeveralTreatments", {405}, "{raster: 500 m}", "{raster: 500 m, maske: ja}"),
      Edit("DeliveredTwice", {406}, "liefern: [öffentlich]", "liefern: [öffentlich, level, level]"),
      Edit("BadBucket", {407}, "unter 0,1", "bis 0,1"),
      Edit("BucketThatFalls", {407}, "0,1 bis 1", "1 bis 0,1"),
      Edit("BucketGap", {408}, "0,1 bis 1", "0,2 bis 1"),
      Edit("BucketsWithoutEnd", {408}, ", \"über 1\"", ""),
      Edit("CommaInBuckets", {409}, "[\"unter 0,1\", \"0,1 bis 1\", \"über 1\"]", "[unter 0,1, 0,1 bis 1, über 1]"),
      {"EmptyClass",
       {410, 603},
       With(With(kBase, "  kennung: [state]\n", ""), "[öffentlich]", "[öffentlich, kennung]")},
      Edit("NoLegalBasis", {411}, "rechtsgrundlage: {norm: \"BWG § 37\", verantwortlich: bwb}\n", ""),
      Edit("BucketsOnAClass", {412}, "- öffentlich\n", "- öffentlich: {stufen: [unter 1, über 1]}\n"),
      Edit("FilterOnUnknownField", {413}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {levle: [1]}\n"),
  };
}

std::vector<Case> RuleCases() {
  const std::string rules = std::string(kBase).substr(std::string(kBase).find("regeln:"));
  return {
      Edit("DuplicateRule", {501}, "regel: verkehr", "regel: offen"),
      {"NoRules",
       {502, 701},
       With(kBase, rules,
            "regeln: []\ntests:\n  - {wer: a, erwartet: verweigert}\n  - {wer: a, bekommt: "
            "[level]}\n")},
      Edit("UndeclaredPurposeSuggests", {503}, "zweck: verkehrslenkung", "zweck: verkehrslenkug"),
      Edit("UndeclaredGroup", {503}, "{gruppe: navigation}", "{gruppe: presse}"),
      Edit("UndeclaredCrisis", {503, 510}, "krise(starkregen)", "krise(hochwasser)"),
      EditBaseline("LimitWithoutBound", {504}, "    nie: [personenbezogen, kritisch]\n", ""),
      EditBaseline("NeverAndAtMost", {505}, "    nie: [personenbezogen, kritisch]\n",
                   "    nie: [personenbezogen, kritisch]\n    höchstens: [öffentlich]\n"),
      Edit("LeaseNeedsACrisis", {506}, "7 Tage", "bis Krisenende + 2 Tage"),
      Edit("EmptyCondition", {507}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: {}}\n"),
      Edit("EveryoneAmongOthers", {508}, "[thw]", "[thw, alle]"),
      Edit("EveryoneAsAParticipant", {508}, "für: [thw]", "für: {teilnehmer: alle}"),
      Edit("EveryoneAmongParticipants", {508}, "für: [thw]", "für: {teilnehmer: [alle]}"),
      Edit("EveryoneAsAGroup", {508}, "{gruppe: navigation}", "{gruppe: everyone}"),
      Edit("AnyAmongOthers", {508}, "zweck: verkehrslenkung", "zweck: [verkehrslenkung, beliebig]"),
      Edit("DifferentRows", {509}, "    liefern:\n      - öffentlich\n",
           "    zeilen: {level: {mindestens: 5}}\n    liefern:\n      - öffentlich\n"),
      Edit("NoCeiling", {510, 703}, "krise(starkregen)", "krise(hitze)"),
      Edit("TestExpectsNothing", {511}, "{wer: irgendwer, bekommt: [öffentlich]}", "{wer: irgendwer}"),
      Edit("NothingLeft", {512}, "liefern: [öffentlich]\n    kopie: {ohne_kontakt: 7 Tage}\n",
           "liefern: [öffentlich]\n    kopie: {ohne_kontakt: 7 Tage}\n  - regel: leer\n    für: alle\n    zweck: "
           "beliebig\n    "
           "liefern: [kritisch]\n"),
      EditBaseline("BucketsInALimit", {412}, "höchstens: [öffentlich, kritisch]",
                   "höchstens: [öffentlich: {stufen: [unter 1, über 1]}]"),
      EditBaseline("FieldInALimit", {403}, "nie: [personenbezogen, kritisch]", "höchstens: [gauge]"),
      EditBaseline("UnknownClassInALimit", {310}, "nie: [personenbezogen, kritisch]", "nie: [geheim]"),
  };
}

std::vector<Case> SchemaCases() {
  std::vector<Case> cases = {
      Edit("FieldNotInSchemaSuggests", {601}, "[gauge, time, level]", "[gauge, time, level, guage]"),
      Edit("ClassMismatch", {602}, "[gauge, time, level]\n  betrieblich: [overflow, inner.pump]",
           "[gauge, time, level, overflow]\n  betrieblich: [inner.pump]"),
      Edit("KeyChanged", {605}, "- öffentlich\n", "- öffentlich\n      - gauge: maske\n"),
      Edit("TreatmentDoesNotFit", {606}, "{raster: 500 m}", "{abrunden: 15 min}"),
      Edit("NumbersCannotBeMasked", {606}, "overflow: {stufen: [\"unter 0,1\", \"0,1 bis 1\", \"über 1\"]}",
           "overflow: maske"),
      Edit("ConditionDoesNotFit", {609}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: [hoch]}\n"),
      Edit("ThousandsPointInAValue", {317}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: [1.000, 2]}\n"),
      Edit("CommaInRows", {409}, "    liefern: [öffentlich]\n",
           "    liefern: [öffentlich]\n    zeilen: {level: [7, 0,5]}\n"),
      Edit("PartOfField", {610}, "ort: [position]", "ort: [position, position.latitude]"),
      Edit("HoldsFields", {603, 611}, "[overflow, inner.pump]", "[overflow, inner]"),
      Edit("TestRefused", {701}, "{wer: irgendwer, bekommt: [öffentlich]}",
           "{wer: irgendwer, am: 2029-06-01, bekommt: [öffentlich]}"),
      Edit("TestAllowed", {702}, "{wer: irgendwer, bekommt: [öffentlich]}", "{wer: irgendwer, erwartet: verweigert}"),
      Edit("TestFieldMissing", {703}, "{wer: irgendwer, bekommt: [öffentlich]}",
           "{wer: irgendwer, bekommt: [öffentlich, position]}"),
      Edit("TestFieldExtra", {704}, "{wer: irgendwer, bekommt: [öffentlich]}",
           "{wer: irgendwer, bekommt: [gauge, time]}"),
      Edit("TestFieldForbidden", {705}, "{wer: irgendwer, bekommt: [öffentlich]}", "{wer: irgendwer, nie: [level]}"),
      Edit("TestTreatmentDiffers", {706}, "{wer: irgendwer, bekommt: [öffentlich]}",
           "{wer: n, gruppe: navigation, zweck: verkehrslenkung, bekommt_auch: [position: {raster: 100 m}]}"),
      EditBaseline("BaselineTestFails", {703}, "bekommt_auch: [kritisch]", "bekommt_auch: [personenbezogen]"),
  };
  cases.push_back({"BoundDoesNotFit",
                   {612},
                   With(With(kBase, "[overflow, inner.pump]", "[overflow, inner.pump, count]"), "- öffentlich\n",
                        "- öffentlich\n      - count: {stufen: [\"unter -0,5\", \"über -0,5\"]}\n"),
                   false,
                   "uint32 count = 20 [(allmende.v1.class) = OPERATIONAL];"});
  const std::string many = Lines(", f#", 33);
  cases.push_back({"TooManyFieldsCompared",
                   {613},
                   With(With(kBase, "level]", Cat("level", many, "]")), "    liefern: [öffentlich]\n",
                        Cat("    liefern: [öffentlich]\n    zeilen:\n", Lines("      f#: [1]\n", 33))),
                   false,
                   Lines("int32 f# = 1# [(allmende.v1.class) = PUBLIC];", 33)});
  const size_t rules = std::string(kBase).find("  - regel: offen");
  cases.push_back(
      {"TooManyComparisons",
       {614},
       Cat(std::string(kBase).substr(0, rules),
           Lines("  - {regel: r#, für: alle, zweck: beliebig, liefern: [level], zeilen: {state: [\"#\"]}}\n", 1'030),
           "tests:\n  - {wer: a, bekommt_auch: [level]}\n")});
  cases.push_back({"NotListed", {603}, kBase, false, "string note = 20 [(allmende.v1.class) = PUBLIC];"});
  cases.push_back({"UnclassifiedInSchema", {604}, With(kBase, "level]", "level, note]"), false, "string note = 20;"});
  cases.push_back({"Expired", {607}, kBase, false, "", absl::CivilDay(2029, 1, 1)});
  cases.push_back({"ReviewOverdue", {608}, kBase, false, "", absl::CivilDay(2027, 7, 1)});
  return cases;
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& cases : {TextCases(), KeyCases(), ValueCases(), FieldCases(), RuleCases(), SchemaCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

std::vector<Diagnostic> Diagnose(const Case& test) {
  if (test.baseline) {
    BaselineParseResult result = ParseBaseline(test.text, "stadt.baseline.yaml");
    if (result.baseline) {
      const TestReport report = RunInlineTests(*result.baseline, test.text);
      result.diagnostics.insert(result.diagnostics.end(), report.diagnostics.begin(), report.diagnostics.end());
    }
    return result.diagnostics;
  }
  ParseResult result = ParsePolicy(test.text, "pegel.policy.yaml");
  EXPECT_EQ(result.policy.has_value(), !HasErrors(result.diagnostics));
  if (!result.policy) {
    return result.diagnostics;
  }
  const SchemaTable schema = SchemaFromFields(Cat(kFields, test.more_fields));
  const Baseline baseline = MustParseBaseline(kBaseline);
  CheckOptions options;
  options.baseline = &baseline;
  options.now = BerlinMidnight(test.day);
  options.text = test.text;
  const std::vector<Diagnostic> checked = CheckPolicy(*result.policy, schema, options);
  result.diagnostics.insert(result.diagnostics.end(), checked.begin(), checked.end());
  if (!HasErrors(checked)) {
    const TestReport report = RunInlineTests(*result.policy, &baseline, schema, test.text);
    result.diagnostics.insert(result.diagnostics.end(), report.diagnostics.begin(), report.diagnostics.end());
  }
  return result.diagnostics;
}

std::set<int> CodesOf(const std::vector<Diagnostic>& diagnostics) {
  std::set<int> codes;
  for (const Diagnostic& diagnostic : diagnostics) {
    codes.insert(static_cast<int>(diagnostic.code));
  }
  return codes;
}

// English, and the German line below; of many only the first and the last.
std::string Shown(const Case& test, const std::vector<Diagnostic>& diagnostics) {
  std::string text = Cat("== ", test.name, "\n");
  for (size_t i = 0; i < diagnostics.size(); ++i) {
    if (diagnostics.size() > 10 && i > 0 && i + 1 < diagnostics.size()) {
      continue;
    }
    const std::string german = RenderDiagnostic(diagnostics[i], Language::kGerman);
    Append(text, RenderDiagnostic(diagnostics[i], Language::kEnglish),
           "\n  de: ", Message(diagnostics[i], Language::kGerman), "\n");
    if (const std::string hint = Hint(diagnostics[i], Language::kGerman); !hint.empty()) {
      Append(text, "      ", hint, "\n");
    }
    EXPECT_NE(german.find(Message(diagnostics[i], Language::kGerman)), std::string::npos);
  }
  return text + "\n";
}

TEST(Diagnostics, TheFilesThatAreEditedAreRightThemselves) {
  EXPECT_EQ(Shown({}, Diagnose({"", {}, kBase})), "== \n\n");
  EXPECT_EQ(Shown({}, Diagnose({"", {}, kBaseline, true})), "== \n\n");
}

TEST(Diagnostics, BrokenFilesGetTheirCodes) {
  for (const Case& test : AllCases()) {
    const std::vector<Diagnostic> diagnostics = Diagnose(test);
    EXPECT_EQ(CodesOf(diagnostics), test.codes) << Shown(test, diagnostics);
  }
}

TEST(Diagnostics, EveryMessageIsShownByAtLeastOneFile) {
  std::set<int> shown;
  for (const Case& test : AllCases()) {
    shown.insert(test.codes.begin(), test.codes.end());
  }
  for (const MessageText& message : AllMessages()) {
    EXPECT_TRUE(shown.contains(static_cast<int>(message.code))) << CodeName(message.code);
  }
  EXPECT_GE(AllMessages().size(), 80u);
}

TEST(Diagnostics, PlacesLieInTheFile) {
  for (const Case& test : AllCases()) {
    const auto lines = static_cast<int>(Split(test.text, '\n').size());
    for (const Diagnostic& diagnostic : Diagnose(test)) {
      EXPECT_LE(diagnostic.line, lines) << test.name;
      EXPECT_EQ(diagnostic.line == 0, diagnostic.column == 0) << test.name;
      EXPECT_GE(diagnostic.length, 1) << test.name;
    }
  }
}

TEST(Diagnostics, LookAsTheGoldenFileShows) {
  std::string shown;
  for (const Case& test : AllCases()) {
    shown += Shown(test, Diagnose(test));
  }
  if (std::getenv("ALLMENDE_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(Cat(ALLMENDE_SOURCE_DIR, "/", kGolden)) << shown;
  }
  EXPECT_EQ(shown, ReadSourceFile(kGolden));
}

TEST(Messages, HaveBothLanguagesAndAscendingCodes) {
  int last = 0;
  for (const MessageText& message : AllMessages()) {
    SCOPED_TRACE(CodeName(message.code));
    EXPECT_GT(static_cast<int>(message.code), last);
    last = static_cast<int>(message.code);
    EXPECT_FALSE(message.english.empty());
    EXPECT_FALSE(message.german.empty());
    EXPECT_EQ(message.english_hint.empty(), message.german_hint.empty());
    EXPECT_NE(message.english.back(), '.');
    EXPECT_EQ(&TextOf(message.code), &message);
    for (const char digit : std::string("0123")) {
      const std::string argument = {'$', digit};
      const std::string english = Cat(message.english, message.english_hint);
      const std::string german = Cat(message.german, message.german_hint);
      EXPECT_EQ(english.find(argument) == std::string::npos, german.find(argument) == std::string::npos) << argument;
    }
  }
}

}  // namespace
}  // namespace allmende::policy
