// Every word of the policy language, in German and English, in one table. Readers ask for words by meaning, so neither
// language is the original. The first spelling of each language is the one that messages and tools write.
//
// Words are written as in the table, except that `ae oe ue ss` may stand for `ä ö ü ß`, and `ä` may be one character or
// `a` with a combining mark. Units also differ in upper and lower case.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/model/policy.h"

namespace allmende::policy {

// What a word is used as. Words of different kinds may be spelled alike.
enum class WordKind {
  kKey,
  kReservedKey,
  kClass,
  kRole,
  kAction,
  kTreatment,
  kPeriod,
  kValue,
  kPhrase,
  kTimeUnit,
  kLengthUnit
};

enum class Word {
  // keys
  kLanguage,
  kDataset,
  kPublisher,
  kLegalBasis,
  kValid,
  kFields,
  kRules,
  kTests,
  kBaseline,
  kPurposes,
  kCrises,
  kLimits,
  kCrisisCeilings,
  kFrom,
  kReviewBy,
  kEnds,
  kOpening,
  kNorm,
  kController,
  kImpactAssessment,
  kPersonalData,
  kRule,
  kFor,
  kPurpose,
  kDuring,
  kActions,
  kDeliver,
  kRows,
  kReplica,
  kLicence,
  kAttribution,
  kDuties,
  kParticipantKey,
  kGroupKey,
  kRoleKey,
  kWithoutContact,
  kMaxAge,
  kAtLeast,
  kAtMost,
  kLimit,
  kNever,
  kCeiling,
  kWho,
  kCrisis,
  kAt,
  kGets,
  kAlsoGets,
  kExpect,
  kPer,
  // keys of the full language, refused so that no rule applies without them
  kContract,
  kDelay,
  kMinimumGroup,
  kArea,
  kPrePositioned,
  kNotice,
  kSample,
  kApproval,
  kConflict,
  // classes of fields
  kPublic,
  kOperational,
  kLocation,
  kIdentifier,
  kPersonal,
  kCritical,
  // roles
  kAgency,
  kOperator,
  kOfficer,
  kCrisisAuthority,
  kAuditor,
  // actions
  kRead,
  kSubscribe,
  kLookup,
  // treatments
  kRound,
  kGrid,
  kBuckets,
  kMask,
  kPseudonym,
  // periods of pseudonyms
  kRecipient,
  kYear,
  kMonth,
  kDay,
  // values
  kEveryone,
  kAny,
  kYes,
  kNo,
  kNone,
  kAllowed,
  kDenied,
  // phrases inside values
  kUntilCrisisEnd,
  kBelow,
  kTo,
  kAbove,
  // units
  kSeconds,
  kMinutes,
  kHours,
  kDays,
  kWeeks,
  kMetres,
  kKilometres,
};

struct VocabularyEntry {
  Word word;
  WordKind kind;
  std::vector<std::string_view> german;
  std::vector<std::string_view> english;
};

// The whole table, in the order in which docs/policy.md shows it.
std::span<const VocabularyEntry> Vocabulary();

// A spelling that was found. In both languages when the spellings are the same.
struct FoundWord {
  Word word;
  bool german = false;
  bool english = false;

  bool In(Language language) const { return language == Language::kGerman ? german : english; }
};

std::optional<FoundWord> FindWord(WordKind kind, std::string_view text);

// The first spelling.
std::string_view Spelling(Word word, Language language);

// A spelling's comparable form: one way of writing umlauts, and one case for units.
std::string FoldSpelling(WordKind kind, std::string_view text);

// "`a`, `b`, `c`" in the given language.
std::string ListWords(std::span<const Word> words, Language language);

// The words of one kind.
std::vector<Word> WordsOf(WordKind kind);

// The words that stand for values of the model.
v1::FieldClass FieldClassOf(Word word);
Word WordFor(v1::FieldClass field_class);
Role RoleOf(Word word);
Action ActionOf(Word word);

}  // namespace allmende::policy
