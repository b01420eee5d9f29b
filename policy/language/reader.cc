#include "policy/language/reader.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "absl/strings/str_format.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr int kTextCharactersMax = 1000;
constexpr int64_t kMetresMax = 1'000'000;

std::string LanguageLine(Language language) {
  return language == Language::kGerman ? "sprache: de" : "language: en";
}

}  // namespace

bool IsId(std::string_view text) {
  constexpr size_t kCharactersMax = 64;
  return !text.empty() && text.size() <= kCharactersMax && IsAlphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return IsLower(c) || IsDigit(c) || c == '-' || c == '_' || c == '.'; });
}

std::optional<double> ParseNumber(std::string_view text, Language language) {
  const bool comma = language == Language::kGerman && text.find(',') != std::string_view::npos;
  if (comma && text.find('.') != std::string_view::npos) {
    return std::nullopt;
  }
  if (language == Language::kGerman && HasThousandsPoints(text)) {
    return std::nullopt;
  }
  if (text.empty() || text.find_first_not_of("0123456789.,+-") != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string with_point = comma ? ReplaceAll(text, ",", ".") : std::string(text);
  return ParseReal(with_point);
}

std::vector<std::string> Reader::Spellings(std::span<const Word> words) const {
  std::vector<std::string> spellings;
  for (const VocabularyEntry& entry : Vocabulary()) {
    if (std::find(words.begin(), words.end(), entry.word) != words.end()) {
      const auto& in_language = language_ == Language::kGerman ? entry.german : entry.english;
      spellings.insert(spellings.end(), in_language.begin(), in_language.end());
    }
  }
  return spellings;
}

void Reader::Add(DiagnosticCode code, const Node& node, std::vector<std::string> arguments, std::string suggestion) {
  report_.Add(code, node.position, node.length, std::move(arguments), std::move(suggestion));
}

bool Reader::CheckCount(const Node& node, std::string_view what, size_t max) {
  if (node.items.size() <= max) {
    return true;
  }
  Add(DiagnosticCode::kTooMany, node, {std::string(what), Cat(node.items.size()), Cat(max)});
  return false;
}

void Reader::OtherLanguage(const Node& node, std::string_view written, Word word) {
  Add(DiagnosticCode::kOtherLanguage, node, {std::string(written), Spell(word), LanguageLine(language_)});
}

bool Reader::IsWord(const Node& node, std::string_view text, WordKind kind, Word word) {
  const std::optional<FoundWord> found = FindWord(kind, text);
  if (!found || found->word != word) {
    return false;
  }
  if (!found->In(language_)) {
    OtherLanguage(node, text, word);
  }
  return true;
}

std::optional<std::string> Reader::Value(const Node& node, std::string_view what) {
  if (node.IsNull() || (node.IsScalar() && Trim(node.scalar).empty())) {
    Add(DiagnosticCode::kNoValue, node, {std::string(what)});
    return std::nullopt;
  }
  if (!node.IsScalar()) {
    Add(DiagnosticCode::kNeedsValue, node, {std::string(what)});
    return std::nullopt;
  }
  return node.scalar;
}

std::vector<const Node*> Reader::Items(const Node& node, std::string_view what) {
  std::vector<const Node*> items;
  if (node.IsSequence()) {
    for (const Node& item : node.items) {
      items.push_back(&item);
    }
  } else if (node.IsMapping()) {
    Add(DiagnosticCode::kNeedsList, node, {std::string(what)});
  } else if (Value(node, what)) {
    items.push_back(&node);
  }
  return items;
}

std::string Reader::Text(const Node& node, std::string_view what) {
  const std::optional<std::string> value = Value(node, what);
  if (!value) {
    return "";
  }
  const int characters = CountCharacters(*value);
  if (characters > kTextCharactersMax) {
    Add(DiagnosticCode::kTextTooLong, node, {Cat(characters), Cat(kTextCharactersMax)});
    return "";
  }
  return *value;
}

std::optional<std::string> Reader::Id(const Node& node, std::string_view what) {
  std::optional<std::string> value = Value(node, what);
  if (value && !IsId(*value)) {
    Add(DiagnosticCode::kBadId, node, {*value});
    return std::nullopt;
  }
  return value;
}

std::vector<std::string> Reader::Ids(const Node& node, std::string_view what) {
  std::vector<std::string> ids;
  if (node.IsSequence() && node.items.empty()) {
    Add(DiagnosticCode::kEmptyList, node, {std::string(what)});
  }
  std::set<std::string> seen;
  for (const Node* item : Items(node, what)) {
    const std::optional<std::string> id = Id(*item, what);
    if (!id) {
      continue;
    }
    if (!seen.insert(*id).second) {
      Add(DiagnosticCode::kListedTwice, *item, {*id});
      continue;
    }
    ids.push_back(*id);
  }
  return ids;
}

std::optional<Word> Reader::OneOf(const Node& node, std::string_view what, WordKind kind,
                                  std::span<const Word> allowed) {
  const std::optional<std::string> value = Value(node, what);
  if (!value) {
    return std::nullopt;
  }
  const std::optional<FoundWord> found = FindWord(kind, *value);
  if (!found || std::find(allowed.begin(), allowed.end(), found->word) == allowed.end()) {
    Add(DiagnosticCode::kUnknownValue, node, {*value, std::string(what), ListWords(allowed, language_)},
        Nearest(*value, [&] { return Spellings(allowed); }));
    return std::nullopt;
  }
  if (!found->In(language_)) {
    OtherLanguage(node, *value, found->word);
    return std::nullopt;
  }
  return found->word;
}

std::optional<bool> Reader::YesNo(const Node& node, std::string_view what) {
  const std::optional<std::string> value = Value(node, what);
  if (!value) {
    return std::nullopt;
  }
  if (IsWord(node, *value, WordKind::kValue, Word::kYes)) {
    return true;
  }
  if (IsWord(node, *value, WordKind::kValue, Word::kNo)) {
    return false;
  }
  Add(DiagnosticCode::kNotYesNo, node, {*value, Spell(Word::kYes), Spell(Word::kNo)});
  return std::nullopt;
}

std::optional<absl::CivilDay> Reader::Date(const Node& node, std::string_view what) {
  const std::optional<std::string> value = Value(node, what);
  if (!value) {
    return std::nullopt;
  }
  const std::string_view text = *value;
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const std::optional<int> year = ParseInteger<int>(text.substr(0, 4));
    const std::optional<int> month = ParseInteger<int>(text.substr(5, 2));
    const std::optional<int> day = ParseInteger<int>(text.substr(8, 2));
    if (year && month && day && *year >= 1970) {
      const absl::CivilDay date(*year, *month, *day);
      // A civil day makes March 2 of 2027-02-30: what changes does not exist.
      if (date.year() == *year && date.month() == *month && date.day() == *day) {
        return date;
      }
    }
  }
  Add(DiagnosticCode::kBadDate, node, {*value});
  return std::nullopt;
}

std::optional<Reader::Quantity> Reader::SplitQuantity(std::string_view text) {
  text = Trim(text);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> count = ParseInteger<int64_t>(text.substr(0, digits));
  Quantity quantity;
  quantity.unit = std::string(Trim(text.substr(digits)));
  const bool fraction = !quantity.unit.empty() && (quantity.unit.front() == ',' || quantity.unit.front() == '.');
  if (digits == 0 || quantity.unit.empty() || fraction || !count) {
    return std::nullopt;
  }
  quantity.count = *count;
  return quantity;
}

std::optional<Word> Reader::Unit(const Node& node, std::string_view unit, WordKind kind) {
  const std::optional<FoundWord> found = FindWord(kind, unit);
  if (!found) {
    const std::vector<Word> units = WordsOf(kind);
    Add(DiagnosticCode::kUnknownUnit, node, {std::string(unit), ListWords(units, language_)},
        Nearest(unit, [&] { return Spellings(units); }));
    return std::nullopt;
  }
  if (!found->In(language_)) {
    OtherLanguage(node, unit, found->word);
    return std::nullopt;
  }
  return found->word;
}

std::optional<absl::Duration> Reader::Duration(const Node& node, std::string_view what, absl::Duration max) {
  const std::optional<std::string> value = Value(node, what);
  return value ? Duration(node, *value, what, max) : std::nullopt;
}

std::optional<absl::Duration> Reader::Duration(const Node& node, std::string_view text, std::string_view,
                                               absl::Duration max) {
  const std::optional<Quantity> quantity = SplitQuantity(text);
  if (!quantity) {
    Add(DiagnosticCode::kBadDuration, node, {std::string(text)});
    return std::nullopt;
  }
  const std::optional<Word> unit = Unit(node, quantity->unit, WordKind::kTimeUnit);
  if (!unit) {
    return std::nullopt;
  }
  const absl::Duration one = *unit == Word::kSeconds   ? absl::Seconds(1)
                             : *unit == Word::kMinutes ? absl::Minutes(1)
                             : *unit == Word::kHours   ? absl::Hours(1)
                             : *unit == Word::kDays    ? absl::Hours(24)
                                                       : absl::Hours(7 * 24);
  const absl::Duration duration = one * quantity->count;
  if (duration < absl::Seconds(1) || duration > max) {
    Add(DiagnosticCode::kOutOfRange, node,
        {std::string(text), "1 s", Cat(absl::ToInt64Hours(max) / 24, " ", Spell(Word::kDays))});
    return std::nullopt;
  }
  return duration;
}

std::optional<int64_t> Reader::Metres(const Node& node, std::string_view what) {
  const std::optional<std::string> value = Value(node, what);
  if (!value) {
    return std::nullopt;
  }
  const std::optional<Quantity> quantity = SplitQuantity(*value);
  if (!quantity) {
    Add(DiagnosticCode::kBadLength, node, {*value});
    return std::nullopt;
  }
  const std::optional<Word> unit = Unit(node, quantity->unit, WordKind::kLengthUnit);
  if (!unit) {
    return std::nullopt;
  }
  const int64_t factor = *unit == Word::kKilometres ? 1000 : 1;
  if (quantity->count < 1 || quantity->count > kMetresMax / factor) {
    Add(DiagnosticCode::kOutOfRange, node, {*value, "1 m", "1000 km"});
    return std::nullopt;
  }
  return quantity->count * factor;
}

std::vector<CrisisKind> Reader::Crises(const Node& node, std::string_view what) {
  std::vector<CrisisKind> crises;
  if (node.IsSequence() && node.items.empty()) {
    Add(DiagnosticCode::kEmptyList, node, {std::string(what)});
  }
  for (const Node* item : Items(node, what)) {
    const std::optional<std::string> value = Value(*item, what);
    if (!value) {
      continue;
    }
    const std::string_view text = *value;
    const size_t open = text.find('(');
    const bool call = open != std::string_view::npos && text.back() == ')';
    const std::string_view kind = call ? text.substr(open + 1, text.size() - open - 2) : "";
    if (!call || !IsId(kind) || !IsWord(*item, text.substr(0, open), WordKind::kKey, Word::kCrisis)) {
      Add(DiagnosticCode::kBadCrisis, *item, {*value, Cat(Spell(Word::kCrisis), "(starkregen)")});
      continue;
    }
    crises.emplace_back(kind);
  }
  return crises;
}

}  // namespace allmende::policy
