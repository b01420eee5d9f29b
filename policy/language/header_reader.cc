#include "policy/language/header_reader.h"

#include "policy/model/berlin_time.h"

namespace allmende::policy {
namespace {

Language LanguageOfMostKeys(const Node& root) {
  int german = 0;
  int english = 0;
  for (const auto& [key, value] : root.entries) {
    if (const std::optional<FoundWord> found = FindWord(WordKind::kKey, key.scalar)) {
      german += found->german ? 1 : 0;
      english += found->english ? 1 : 0;
    }
  }
  return english > german ? Language::kEnglish : Language::kGerman;
}

}  // namespace

Language ReadLanguage(Report& report, const Node& root) {
  for (const auto& [key, value] : root.entries) {
    const std::optional<FoundWord> found = FindWord(WordKind::kKey, key.scalar);
    if (!found || found->word != Word::kLanguage) {
      continue;
    }
    if (value.IsScalar() && value.scalar == "de") {
      return Language::kGerman;
    }
    if (value.IsScalar() && value.scalar == "en") {
      return Language::kEnglish;
    }
    report.Add(DiagnosticCode::kLanguageUnknown, value.position, value.length, {value.scalar});
    return LanguageOfMostKeys(root);
  }
  report.Add(DiagnosticCode::kLanguageMissing, root.position, 1, {});
  return LanguageOfMostKeys(root);
}

Validity ReadValidity(Reader& reader, Section& top) {
  Validity validity;
  const Node* const node = top.Require(Word::kValid);
  if (node == nullptr) {
    return validity;
  }
  validity.position = node->position;
  Section section(reader, *node, top.KeyText(Word::kValid), {Word::kFrom, Word::kReviewBy, Word::kEnds});
  std::optional<absl::CivilDay> from;
  std::optional<absl::CivilDay> ends;
  if (const Node* const value = section.Require(Word::kFrom)) {
    if ((from = reader.Date(*value, section.KeyText(Word::kFrom)))) {
      validity.from = BerlinMidnight(*from);
    }
  }
  if (const Node* const value = section.Find(Word::kReviewBy)) {
    if (const auto day = reader.Date(*value, section.KeyText(Word::kReviewBy))) {
      validity.review_by = BerlinMidnight(*day + 1);
    }
  }
  if (const Node* const value = section.Find(Word::kEnds)) {
    if ((ends = reader.Date(*value, section.KeyText(Word::kEnds)))) {
      validity.until = BerlinMidnight(*ends + 1);  // the last day counts
    }
    if (from && ends && *ends < *from) {
      reader.Add(DiagnosticCode::kEndsBeforeStart, *value,
                 {absl::FormatCivilTime(*ends), absl::FormatCivilTime(*from)});
    }
  }
  return validity;
}

ParticipantId ReadPublisher(Reader& reader, Section& top) {
  const Node* const node = top.Require(Word::kPublisher);
  return ParticipantId(node ? reader.Id(*node, top.KeyText(Word::kPublisher)).value_or("") : "");
}

std::string_view WithoutByteOrderMark(std::string_view text) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  return text.substr(0, kMark.size()) == kMark ? text.substr(kMark.size()) : text;
}

}  // namespace allmende::policy
