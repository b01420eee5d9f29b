// The catalogue of messages: a stable code each, its text in English and German, and what to do about it. A code's
// number never changes its meaning; docs/policy.md lists them.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace allmende::policy {

enum class Severity { kWarning, kError };

enum class DiagnosticCode {
  // The text as such
  kFileTooLarge = 101,
  kInvalidUtf8 = 102,
  kHiddenCharacter = 103,
  kNotYaml = 104,
  kEmptyFile = 105,
  kNotAMapping = 106,
  kSecondDocument = 107,
  kAnchor = 108,
  kTag = 109,
  kTooDeep = 110,
  kComplexKey = 111,
  kDuplicateKey = 112,
  kTooManyProblems = 113,

  // Keys
  kUnknownKey = 201,
  kOtherLanguage = 202,
  kSameMeaning = 203,
  kMissingKey = 204,
  kNotSupported = 205,
  kLanguageMissing = 206,
  kLanguageUnknown = 207,
  kNeedsMapping = 208,
  kNeedsList = 209,
  kNeedsValue = 210,
  kNoValue = 211,
  kCommaSplitNumber = 212,
  kTestsNotLast = 213,
  kNoTests = 214,
  kIsBaseline = 215,
  kIsPolicy = 216,

  // Values
  kBadId = 301,
  kBadDataset = 302,
  kBadDate = 303,
  kEndsBeforeStart = 304,
  kBadDuration = 305,
  kBadLength = 306,
  kUnknownUnit = 307,
  kOutOfRange = 308,
  kBadNumber = 309,
  kUnknownValue = 310,
  kNotYesNo = 311,
  kTextTooLong = 312,
  kBadCrisis = 313,
  kListedTwice = 314,
  kEmptyList = 315,
  kTooMany = 316,
  kThousandsPoint = 317,

  // Fields and treatments
  kFieldInTwoClasses = 401,
  kBadFieldPath = 402,
  kUnknownFieldOrClass = 403,
  kUnknownTreatment = 404,
  kSeveralTreatments = 405,
  kDeliveredTwice = 406,
  kBadBucket = 407,
  kBucketGap = 408,
  kCommaInList = 409,
  kEmptyClass = 410,
  kNoLegalBasis = 411,
  kTreatmentOnClass = 412,
  kUnknownField = 413,

  // Rules, limits, tests
  kDuplicateRule = 501,
  kNoRules = 502,
  kUndeclared = 503,
  kLimitWithoutBound = 504,
  kNeverAndAtMost = 505,
  kLeaseNeedsCrisis = 506,
  kEmptyCondition = 507,
  kEveryoneAmongOthers = 508,
  kDifferentRows = 509,
  kNoCeiling = 510,
  kTestExpectsNothing = 511,
  kNothingLeft = 512,

  // The file against the schema and the calendar
  kFieldNotInSchema = 601,
  kClassMismatch = 602,
  kNotListed = 603,
  kUnclassifiedInSchema = 604,
  kKeyChanged = 605,
  kTreatmentDoesNotFit = 606,
  kExpired = 607,
  kReviewOverdue = 608,
  kConditionDoesNotFit = 609,
  kPartOfField = 610,
  kHoldsFields = 611,
  kBoundDoesNotFit = 612,
  kTooManyFieldsCompared = 613,
  kTooManyComparisons = 614,

  // Inline tests
  kTestRefused = 701,
  kTestAllowed = 702,
  kTestFieldMissing = 703,
  kTestFieldExtra = 704,
  kTestFieldForbidden = 705,
  kTestTreatmentDiffers = 706,
};

// `$0` to `$9` stand for the arguments of a diagnostic.
struct MessageText {
  DiagnosticCode code;
  Severity severity;
  std::string_view english;
  std::string_view german;
  std::string_view english_hint;  // may be empty
  std::string_view german_hint;
};

const MessageText& TextOf(DiagnosticCode code);

// All of them, by number.
std::span<const MessageText> AllMessages();

// `AP0201`.
std::string CodeName(DiagnosticCode code);

}  // namespace allmende::policy
