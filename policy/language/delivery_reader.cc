#include "policy/language/delivery_reader.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr absl::Duration kRoundMax = absl::Hours(24 * 366);
constexpr size_t kBucketsMax = 1'025;  // of 1,024 bounds

void AppendNames(const FieldBook& fields, std::vector<std::string>& names) {
  for (const auto& [field, unused] : fields) {
    names.push_back(field);
  }
}

class DeliveryReader {
 public:
  DeliveryReader(Reader& reader, const FieldBook* fields) : reader_(reader), fields_(fields) {}

  std::vector<Delivery> Read(const Node& node, std::string_view what) {
    for (const Node* item : ItemsOf(node, what)) {
      ReadEntry(*item, what);
    }
    return std::move(deliveries_);
  }

 private:
  // Here a list entry may be a mapping, and a mapping alone stands for a list of one.
  std::vector<const Node*> ItemsOf(const Node& node, std::string_view what) {
    if (node.IsMapping()) {
      return {&node};
    }
    return reader_.Items(node, what);
  }

  void ReadEntry(const Node& item, std::string_view what) {
    if (!item.IsMapping()) {
      if (const std::optional<std::string> name = reader_.Value(item, what)) {
        AddNamed(item, *name, Keep{});
      }
      return;
    }
    for (const auto& [key, value] : item.entries) {
      const std::optional<Treatment> treatment = ReadTreatment(value, key.scalar);
      if (!treatment) {
        continue;
      }
      for (const std::string_view name : Split(key.scalar, ',')) {
        AddNamed(key, std::string(Trim(name)), *treatment);
      }
    }
  }

  void AddNamed(const Node& node, const std::string& name, const Treatment& treatment) {
    Delivery delivery;
    delivery.treatment = treatment;
    delivery.position = node.position;
    if (fields_ != nullptr && fields_->contains(name)) {
      delivery.what = name;
    } else if (const std::optional<v1::FieldClass> field_class = ClassNamed(node, name)) {
      delivery.what = *field_class;
      if (std::holds_alternative<Buckets>(treatment)) {
        reader_.Add(DiagnosticCode::kTreatmentOnClass, node, {reader_.Spell(Word::kBuckets)});
        return;
      }
    } else {
      return;
    }
    const auto [earlier, inserted] = lines_.try_emplace(delivery.what, delivery.position.line);
    if (!inserted) {
      reader_.Add(DiagnosticCode::kDeliveredTwice, node, {name, Cat(earlier->second)});
      return;
    }
    if (const auto* const field_class = std::get_if<v1::FieldClass>(&delivery.what)) {
      WarnIfEmpty(node, name, *field_class);
    }
    deliveries_.push_back(std::move(delivery));
  }

  std::optional<v1::FieldClass> ClassNamed(const Node& node, const std::string& name) {
    const std::optional<FoundWord> found = FindWord(WordKind::kClass, name);
    if (found && reader_.IsWord(node, name, WordKind::kClass, found->word)) {
      return FieldClassOf(found->word);
    }
    const std::vector<Word> classes = WordsOf(WordKind::kClass);
    const auto candidates = [&] {
      std::vector<std::string> names = reader_.Spellings(classes);
      if (fields_ != nullptr) {
        AppendNames(*fields_, names);
      }
      return names;
    };
    reader_.Add(DiagnosticCode::kUnknownFieldOrClass, node,
                {name, reader_.Spell(Word::kFields), ListWords(classes, reader_.language())},
                reader_.Nearest(name, candidates));
    return std::nullopt;
  }

  void WarnIfEmpty(const Node& node, const std::string& name, v1::FieldClass field_class) {
    if (fields_ != nullptr && !reader_.full() && std::none_of(fields_->begin(), fields_->end(), [&](const auto& field) {
          return field.second.field_class == field_class;
        })) {
      reader_.Add(DiagnosticCode::kEmptyClass, node, {name});
    }
  }

  // `maske`, `pseudonym`, or one entry `abrunden: 15 min` and the like.
  std::optional<Treatment> ReadTreatment(const Node& node, const std::string& name) {
    if (node.IsScalar()) {
      const std::optional<Word> word = TreatmentNamed(node, node.scalar);
      if (word == Word::kMask) {
        return Mask{};
      }
      if (word == Word::kPseudonym) {
        return Pseudonym{};
      }
      if (word) {
        reader_.Add(DiagnosticCode::kNeedsMapping, node, {node.scalar});
      }
      return std::nullopt;
    }
    if (!node.IsMapping()) {
      reader_.Add(node.IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsMapping, node, {name});
      return std::nullopt;
    }
    if (node.entries.size() != 1) {
      reader_.Add(node.entries.empty() ? DiagnosticCode::kNoValue : DiagnosticCode::kSeveralTreatments, node, {name});
      return std::nullopt;
    }
    const auto& [key, value] = node.entries.front();
    const std::optional<Word> word = TreatmentNamed(key, key.scalar);
    return word ? ReadParameters(*word, key.scalar, value) : std::nullopt;
  }

  std::optional<Word> TreatmentNamed(const Node& node, const std::string& text) {
    const std::optional<FoundWord> found = FindWord(WordKind::kTreatment, text);
    if (found && reader_.IsWord(node, text, WordKind::kTreatment, found->word)) {
      return found->word;
    }
    if (FindWord(WordKind::kReservedKey, text)) {
      reader_.Add(DiagnosticCode::kNotSupported, node, {text});
      return std::nullopt;
    }
    const std::vector<Word> treatments = WordsOf(WordKind::kTreatment);
    reader_.Add(DiagnosticCode::kUnknownTreatment, node, {text, ListWords(treatments, reader_.language())},
                reader_.Nearest(text, [&] { return reader_.Spellings(treatments); }));
    return std::nullopt;
  }

  std::optional<Treatment> ReadParameters(Word word, const std::string& name, const Node& value) {
    switch (word) {
      case Word::kRound: {
        const std::optional<absl::Duration> step = reader_.Duration(value, name, kRoundMax);
        return step ? std::optional<Treatment>(RoundTime{*step}) : std::nullopt;
      }
      case Word::kGrid: {
        const std::optional<int64_t> metres = reader_.Metres(value, name);
        return metres ? std::optional<Treatment>(Grid{*metres}) : std::nullopt;
      }
      case Word::kBuckets: {
        const std::optional<Buckets> buckets = ReadBuckets(reader_, value, name);
        return buckets ? std::optional<Treatment>(*buckets) : std::nullopt;
      }
      case Word::kPseudonym:
        return ReadPseudonym(value, name);
      default:
        return ReadMask(value, name);
    }
  }

  std::optional<Treatment> ReadMask(const Node& value, const std::string& name) {
    const std::optional<bool> yes = reader_.YesNo(value, name);
    if (!yes) {
      return std::nullopt;
    }
    return *yes ? Treatment(Mask{}) : Treatment(Keep{});
  }

  // `{je: [empfänger, monat]}`. The recipient is always part of it.
  std::optional<Treatment> ReadPseudonym(const Node& value, const std::string& name) {
    if (value.IsScalar()) {
      const std::optional<bool> yes = reader_.YesNo(value, name);
      return yes ? std::optional<Treatment>(*yes ? Treatment(Pseudonym{}) : Treatment(Keep{})) : std::nullopt;
    }
    Section section(reader_, value, name, {Word::kPer});
    const Node* const per = section.Require(Word::kPer);
    if (per == nullptr) {
      return std::nullopt;
    }
    Pseudonym pseudonym;
    const std::vector<Word> periods = WordsOf(WordKind::kPeriod);
    for (const Node* item : reader_.Items(*per, section.KeyText(Word::kPer))) {
      const std::optional<Word> word = reader_.OneOf(*item, section.KeyText(Word::kPer), WordKind::kPeriod, periods);
      if (!word) {
        return std::nullopt;
      }
      const Pseudonym::Period period = *word == Word::kYear    ? Pseudonym::Period::kYear
                                       : *word == Word::kMonth ? Pseudonym::Period::kMonth
                                       : *word == Word::kDay   ? Pseudonym::Period::kDay
                                                               : Pseudonym::Period::kAgreement;
      pseudonym.period = std::max(pseudonym.period, period);
    }
    return pseudonym;
  }

  Reader& reader_;
  const FieldBook* const fields_;
  std::vector<Delivery> deliveries_;
  std::map<std::variant<std::string, v1::FieldClass>, int> lines_;  // where each was named first
};

bool IsFieldPart(std::string_view part) {
  return !part.empty() && !IsDigit(part.front()) &&
         std::all_of(part.begin(), part.end(), [](char c) { return IsAlphanumeric(c) || c == '_'; });
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words = Split(text, ' ');
  std::erase(words, std::string_view());
  return words;
}

// A bucket's lower and upper end; none where it is open.
struct Range {
  std::optional<double> low;
  std::optional<double> high;
};

std::optional<Range> ReadRange(Reader& reader, const Node& node, std::string_view text) {
  const std::vector<std::string_view> words = Words(text);
  const auto number = [&](size_t i) { return ParseNumber(words[i], reader.language()); };
  Range range;
  if (words.size() == 2 && reader.IsWord(node, words[0], WordKind::kPhrase, Word::kBelow)) {
    range.high = number(1);
  } else if (words.size() == 2 && reader.IsWord(node, words[0], WordKind::kPhrase, Word::kAbove)) {
    range.low = number(1);
  } else if (words.size() == 3 && reader.IsWord(node, words[1], WordKind::kPhrase, Word::kTo)) {
    range.low = number(0);
    range.high = number(2);
    if (!range.low || !range.high || *range.low >= *range.high) {
      return std::nullopt;
    }
  }
  return range.low || range.high ? std::optional(range) : std::nullopt;
}

void ReportBadBucket(Reader& reader, const Node& node, const std::string& text) {
  for (const std::string_view word : Words(text)) {
    if (reader.language() == Language::kGerman && HasThousandsPoints(word)) {
      ReportThousandsPoint(reader, node, word);
      return;
    }
  }
  reader.Add(DiagnosticCode::kBadBucket, node, {text});
}

// `[unter 0,1, 0,1 bis 1]` without quotes has four entries.
bool LooksSplit(const Node& before, const Node& item) {
  const auto ends_in_digit = [](std::string_view text) { return !text.empty() && IsDigit(text.back()); };
  return before.IsScalar() && item.IsScalar() && !before.quoted && !item.quoted && ends_in_digit(before.scalar) &&
         !item.scalar.empty() && IsDigit(item.scalar.front());
}

}  // namespace

bool IsFieldPath(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '.');
  return text.size() <= 256 && std::all_of(parts.begin(), parts.end(), IsFieldPart);
}

FieldBook ReadFields(Reader& reader, const Node& node) {
  FieldBook book;
  if (!node.IsMapping()) {
    reader.Add(node.IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsMapping, node,
               {reader.Spell(Word::kFields)});
    return book;
  }
  const std::vector<Word> classes = WordsOf(WordKind::kClass);
  for (const auto& [key, value] : node.entries) {
    const std::optional<Word> word = reader.OneOf(key, reader.Spell(Word::kFields), WordKind::kClass, classes);
    if (!word) {
      continue;
    }
    for (const Node* item : reader.Items(value, key.scalar)) {
      const std::optional<std::string> field = reader.Value(*item, key.scalar);
      if (!field) {
        continue;
      }
      if (!IsFieldPath(*field)) {
        reader.Add(DiagnosticCode::kBadFieldPath, *item, {*field});
        continue;
      }
      const auto [first, inserted] =
          book.try_emplace(*field, ClassifiedField{*field, FieldClassOf(*word), item->position});
      if (!inserted) {
        reader.Add(DiagnosticCode::kFieldInTwoClasses, *item,
                   {*field, reader.Spell(WordFor(first->second.field_class)), Cat(first->second.position.line)});
      }
    }
  }
  return book;
}

void ReportThousandsPoint(Reader& reader, const Node& node, std::string_view number) {
  reader.Add(DiagnosticCode::kThousandsPoint, node, {std::string(number), ReplaceAll(number, ".", "")});
}

void ReportUnknownField(Reader& reader, const Node& node, const FieldBook& fields) {
  const auto candidates = [&] {
    std::vector<std::string> names;
    AppendNames(fields, names);
    return names;
  };
  reader.Add(DiagnosticCode::kUnknownField, node, {node.scalar, reader.Spell(Word::kFields)},
             reader.Nearest(node.scalar, candidates));
}

std::vector<Delivery> ReadDeliveries(Reader& reader, const Node& node, std::string_view what, const FieldBook* fields) {
  return DeliveryReader(reader, fields).Read(node, what);
}

std::vector<ClassCeiling> ReadCeilings(Reader& reader, const Node& node, std::string_view what) {
  std::vector<ClassCeiling> ceilings;
  for (Delivery& delivery : ReadDeliveries(reader, node, what, nullptr)) {
    ceilings.push_back({std::get<v1::FieldClass>(delivery.what), std::move(delivery.treatment), delivery.position});
  }
  return ceilings;
}

std::optional<Buckets> ReadBuckets(Reader& reader, const Node& node, std::string_view what) {
  if (!node.IsSequence()) {
    reader.Add(node.IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsList, node, {std::string(what)});
    return std::nullopt;
  }
  if (!reader.CheckCount(node, what, kBucketsMax)) {
    return std::nullopt;
  }
  for (size_t i = 1; node.flow && i < node.items.size(); ++i) {
    if (LooksSplit(node.items[i - 1], node.items[i])) {
      reader.Add(DiagnosticCode::kCommaInList, node.items[i], {node.items[i - 1].scalar, node.items[i].scalar});
      return std::nullopt;
    }
  }
  Buckets buckets;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const Node& item = node.items[i];
    const std::optional<std::string> text = reader.Value(item, what);
    if (!text) {
      return std::nullopt;
    }
    const std::optional<Range> range = ReadRange(reader, item, *text);
    if (!range) {
      ReportBadBucket(reader, item, *text);
      return std::nullopt;
    }
    const bool first = i == 0;
    const bool last = i + 1 == node.items.size();
    const bool joins = first ? !range->low.has_value() : range->low.has_value() && *range->low == buckets.bounds.back();
    if (!joins || last != !range->high.has_value() || (first && last)) {
      reader.Add(DiagnosticCode::kBucketGap, item, {*text});
      return std::nullopt;
    }
    if (range->high) {
      buckets.bounds.push_back(*range->high);
    }
  }
  if (buckets.bounds.empty()) {
    reader.Add(DiagnosticCode::kEmptyList, node, {std::string(what)});
    return std::nullopt;
  }
  return buckets;
}

}  // namespace allmende::policy
