#include "policy/language/vocabulary.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

using enum Word;
using Kind = WordKind;

std::vector<VocabularyEntry> MakeVocabulary() {
  return {
      {kLanguage, Kind::kKey, {"sprache"}, {"language"}},
      {kDataset, Kind::kKey, {"datensatz"}, {"dataset"}},
      {kPublisher, Kind::kKey, {"herausgeber"}, {"publisher"}},
      {kLegalBasis, Kind::kKey, {"rechtsgrundlage"}, {"legal_basis"}},
      {kOpening, Kind::kKey, {"öffnung"}, {"opening"}},
      {kNorm, Kind::kKey, {"norm"}, {"norm"}},
      {kController, Kind::kKey, {"verantwortlich"}, {"controller"}},
      {kImpactAssessment, Kind::kKey, {"folgenabschätzung", "dsfa"}, {"impact_assessment", "dpia"}},
      {kPersonalData, Kind::kKey, {"personenbezug"}, {"personal_data"}},
      {kValid, Kind::kKey, {"gültig"}, {"valid"}},
      {kFrom, Kind::kKey, {"ab"}, {"from"}},
      {kReviewBy, Kind::kKey, {"prüfen_bis"}, {"review_by"}},
      {kEnds, Kind::kKey, {"endet"}, {"ends"}},
      {kFields, Kind::kKey, {"felder"}, {"fields"}},
      {kRules, Kind::kKey, {"regeln"}, {"rules"}},
      {kTests, Kind::kKey, {"tests"}, {"tests"}},

      {kRule, Kind::kKey, {"regel"}, {"rule"}},
      {kFor, Kind::kKey, {"für"}, {"for"}},
      {kParticipantKey, Kind::kKey, {"teilnehmer"}, {"participant", "participants"}},
      {kGroupKey, Kind::kKey, {"gruppe", "gruppen"}, {"group", "groups"}},
      {kRoleKey, Kind::kKey, {"rolle", "rollen"}, {"role", "roles"}},
      {kPurpose, Kind::kKey, {"zweck"}, {"purpose"}},
      {kDuring, Kind::kKey, {"während"}, {"during"}},
      {kActions, Kind::kKey, {"handlungen", "handlung"}, {"actions", "action"}},
      {kDeliver, Kind::kKey, {"liefern"}, {"deliver"}},
      {kRows, Kind::kKey, {"zeilen"}, {"rows"}},
      {kAtLeast, Kind::kKey, {"mindestens"}, {"at_least"}},
      {kAtMost, Kind::kKey, {"höchstens"}, {"at_most"}},
      {kReplica, Kind::kKey, {"kopie"}, {"replica"}},
      {kWithoutContact, Kind::kKey, {"ohne_kontakt"}, {"without_contact"}},
      {kMaxAge, Kind::kKey, {"höchstens_alt"}, {"max_age"}},
      {kLicence, Kind::kKey, {"lizenz"}, {"licence", "license"}},
      {kAttribution, Kind::kKey, {"quelle"}, {"source"}},
      {kDuties, Kind::kKey, {"pflichten"}, {"duties"}},
      {kPer, Kind::kKey, {"je"}, {"per"}},

      {kBaseline, Kind::kKey, {"grundlage"}, {"baseline"}},
      {kPurposes, Kind::kKey, {"zwecke"}, {"purposes"}},
      {kCrises, Kind::kKey, {"krisen"}, {"crises"}},
      {kLimits, Kind::kKey, {"grenzen"}, {"limits"}},
      {kLimit, Kind::kKey, {"grenze"}, {"limit"}},
      {kNever, Kind::kKey, {"nie"}, {"never"}},
      {kCrisisCeilings, Kind::kKey, {"krisenrahmen"}, {"crisis_ceilings"}},
      {kCeiling, Kind::kKey, {"rahmen"}, {"ceiling"}},

      {kWho, Kind::kKey, {"wer"}, {"who"}},
      {kCrisis, Kind::kKey, {"krise"}, {"crisis"}},
      {kAt, Kind::kKey, {"am"}, {"on"}},
      {kGets, Kind::kKey, {"bekommt"}, {"gets"}},
      {kAlsoGets, Kind::kKey, {"bekommt_auch"}, {"also_gets"}},
      {kExpect, Kind::kKey, {"erwartet"}, {"expect"}},

      {kContract, Kind::kReservedKey, {"vertrag"}, {"contract"}},
      {kDelay, Kind::kReservedKey, {"verzögern"}, {"delay"}},
      {kMinimumGroup, Kind::kReservedKey, {"mindestgruppe"}, {"minimum_group"}},
      {kArea, Kind::kReservedKey, {"gebiet"}, {"area"}},
      {kPrePositioned, Kind::kReservedKey, {"vorab_verschlüsselt"}, {"pre_positioned"}},
      {kNotice, Kind::kReservedKey, {"ankündigung"}, {"notice"}},
      {kSample, Kind::kReservedKey, {"stichprobe"}, {"sample"}},
      {kApproval, Kind::kReservedKey, {"zusage"}, {"approval"}},
      {kConflict, Kind::kReservedKey, {"konflikt"}, {"conflict"}},

      {kPublic, Kind::kClass, {"öffentlich"}, {"public"}},
      {kOperational, Kind::kClass, {"betrieblich"}, {"operational"}},
      {kLocation, Kind::kClass, {"ort"}, {"location"}},
      {kIdentifier, Kind::kClass, {"kennung"}, {"identifier"}},
      {kPersonal, Kind::kClass, {"personenbezogen"}, {"personal"}},
      {kCritical, Kind::kClass, {"kritisch"}, {"critical"}},

      {kAgency, Kind::kRole, {"behörde"}, {"agency"}},
      {kOperator, Kind::kRole, {"betreiber"}, {"operator"}},
      {kOfficer, Kind::kRole, {"datenbeauftragte"}, {"officer"}},
      {kCrisisAuthority, Kind::kRole, {"krisenleitung"}, {"crisis-authority"}},
      {kAuditor, Kind::kRole, {"prüfung"}, {"auditor"}},

      {kRead, Kind::kAction, {"lesen"}, {"read"}},
      {kSubscribe, Kind::kAction, {"abonnieren"}, {"subscribe"}},
      {kLookup, Kind::kAction, {"nachschlagen"}, {"lookup"}},

      {kRound, Kind::kTreatment, {"abrunden"}, {"round"}},
      {kGrid, Kind::kTreatment, {"raster"}, {"grid"}},
      {kBuckets, Kind::kTreatment, {"stufen"}, {"buckets"}},
      {kPseudonym, Kind::kTreatment, {"pseudonym"}, {"pseudonym"}},
      {kMask, Kind::kTreatment, {"maske"}, {"mask"}},

      {kRecipient, Kind::kPeriod, {"empfänger"}, {"recipient"}},
      {kYear, Kind::kPeriod, {"jahr"}, {"year"}},
      {kMonth, Kind::kPeriod, {"monat"}, {"month"}},
      {kDay, Kind::kPeriod, {"tag"}, {"day"}},

      {kEveryone, Kind::kValue, {"alle"}, {"everyone"}},
      {kAny, Kind::kValue, {"beliebig"}, {"any"}},
      {kYes, Kind::kValue, {"ja"}, {"yes"}},
      {kNo, Kind::kValue, {"nein"}, {"no"}},
      {kNone, Kind::kValue, {"keine"}, {"none"}},
      {kAllowed, Kind::kValue, {"erlaubt"}, {"allowed"}},
      {kDenied, Kind::kValue, {"verweigert"}, {"denied"}},

      {kUntilCrisisEnd, Kind::kPhrase, {"bis Krisenende"}, {"until crisis end"}},
      {kBelow, Kind::kPhrase, {"unter"}, {"below"}},
      {kTo, Kind::kPhrase, {"bis"}, {"to"}},
      {kAbove, Kind::kPhrase, {"über"}, {"above"}},

      {kSeconds, Kind::kTimeUnit, {"Sekunden", "Sekunde", "s"}, {"seconds", "second", "s"}},
      {kMinutes, Kind::kTimeUnit, {"Minuten", "Minute", "min"}, {"minutes", "minute", "min"}},
      {kHours, Kind::kTimeUnit, {"Stunden", "Stunde", "h"}, {"hours", "hour", "h"}},
      {kDays, Kind::kTimeUnit, {"Tage", "Tag", "Tagen"}, {"days", "day"}},
      {kWeeks, Kind::kTimeUnit, {"Wochen", "Woche"}, {"weeks", "week"}},
      {kMetres, Kind::kLengthUnit, {"m", "Meter"}, {"m", "metres", "metre", "meters", "meter"}},
      {kKilometres,
       Kind::kLengthUnit,
       {"km", "Kilometer"},
       {"km", "kilometres", "kilometre", "kilometers", "kilometer"}},
  };
}

using Index = absl::flat_hash_map<std::pair<WordKind, std::string>, FoundWord>;

Index MakeIndex() {
  Index index;
  for (const VocabularyEntry& entry : Vocabulary()) {
    for (const std::string_view spelling : entry.german) {
      FoundWord& found = index[{entry.kind, FoldSpelling(entry.kind, spelling)}];
      found.word = entry.word;
      found.german = true;
    }
    for (const std::string_view spelling : entry.english) {
      FoundWord& found = index[{entry.kind, FoldSpelling(entry.kind, spelling)}];
      found.word = entry.word;
      found.english = true;
    }
  }
  return index;
}

const VocabularyEntry& EntryOf(Word word) {
  static const auto* const by_word = [] {
    auto* const map = new absl::flat_hash_map<Word, const VocabularyEntry*>;
    for (const VocabularyEntry& entry : Vocabulary()) {
      (*map)[entry.word] = &entry;
    }
    return map;
  }();
  return *by_word->at(word);
}

}  // namespace

std::span<const VocabularyEntry> Vocabulary() {
  static const auto* const vocabulary = new std::vector<VocabularyEntry>(MakeVocabulary());
  return *vocabulary;
}

std::string FoldSpelling(WordKind kind, std::string_view text) {
  static constexpr std::pair<std::string_view, std::string_view> kSameLetters[] = {
      {"a\u0308", "ae"}, {"o\u0308", "oe"}, {"u\u0308", "ue"}, {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}};
  std::string folded(text);
  for (const auto& [letter, plain] : kSameLetters) {
    folded = ReplaceAll(folded, letter, plain);
  }
  if (kind == WordKind::kTimeUnit || kind == WordKind::kLengthUnit || kind == WordKind::kPhrase) {
    folded = ToLower(folded);
  }
  return folded;
}

std::optional<FoundWord> FindWord(WordKind kind, std::string_view text) {
  static const auto* const index = new Index(MakeIndex());
  const auto found = index->find({kind, FoldSpelling(kind, text)});
  return found == index->end() ? std::nullopt : std::optional(found->second);
}

std::string_view Spelling(Word word, Language language) {
  const VocabularyEntry& entry = EntryOf(word);
  return language == Language::kGerman ? entry.german.front() : entry.english.front();
}

std::string ListWords(std::span<const Word> words, Language language) {
  std::string text;
  for (const Word word : words) {
    Append(text, text.empty() ? "`" : ", `", Spelling(word, language), "`");
  }
  return text;
}

std::vector<Word> WordsOf(WordKind kind) {
  std::vector<Word> words;
  for (const VocabularyEntry& entry : Vocabulary()) {
    if (entry.kind == kind) {
      words.push_back(entry.word);
    }
  }
  return words;
}

v1::FieldClass FieldClassOf(Word word) {
  switch (word) {
    case kPublic:
      return v1::PUBLIC;
    case kOperational:
      return v1::OPERATIONAL;
    case kLocation:
      return v1::LOCATION;
    case kIdentifier:
      return v1::IDENTIFIER;
    case kPersonal:
      return v1::PERSONAL;
    case kCritical:
      return v1::CRITICAL;
    default:
      return v1::FIELD_CLASS_UNSPECIFIED;
  }
}

Word WordFor(v1::FieldClass field_class) {
  switch (field_class) {
    case v1::OPERATIONAL:
      return kOperational;
    case v1::LOCATION:
      return kLocation;
    case v1::IDENTIFIER:
      return kIdentifier;
    case v1::PERSONAL:
      return kPersonal;
    case v1::CRITICAL:
      return kCritical;
    default:
      return kPublic;
  }
}

Role RoleOf(Word word) {
  switch (word) {
    case Word::kAgency:
      return Role::kAgency;
    case Word::kOperator:
      return Role::kOperator;
    case Word::kOfficer:
      return Role::kOfficer;
    case Word::kCrisisAuthority:
      return Role::kCrisisAuthority;
    default:
      return Role::kAuditor;
  }
}

Action ActionOf(Word word) {
  switch (word) {
    case Word::kRead:
      return Action::kRead;
    case Word::kLookup:
      return Action::kLookup;
    default:
      return Action::kSubscribe;
  }
}

}  // namespace allmende::policy
