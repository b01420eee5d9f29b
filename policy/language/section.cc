#include <algorithm>

#include "policy/language/reader.h"
#include "policy/text/strings.h"

namespace allmende::policy {

Section::Section(Reader& reader, const Node& node, std::string_view what, std::initializer_list<Word> allowed)
    : reader_(reader), node_(node) {
  if (!node.IsMapping()) {
    reader_.Add(node.IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsMapping, node, {std::string(what)});
    return;
  }
  for (const auto& [key, value] : node.entries) {
    TakeEntry(key, value, std::span<const Word>(allowed.begin(), allowed.size()));
  }
}

void Section::TakeEntry(const Node& key, const Node& value, std::span<const Word> allowed) {
  const std::optional<FoundWord> found = FindWord(WordKind::kKey, key.scalar);
  if (!found || std::find(allowed.begin(), allowed.end(), found->word) == allowed.end()) {
    ReportUnknown(key, value, allowed);
    return;
  }
  reader_.IsWord(key, key.scalar, WordKind::kKey, found->word);
  const auto [first, inserted] = entries_.try_emplace(found->word, Entry{&key, &value});
  // The same spelling twice was reported with the tree.
  if (!inserted && first->second.key->scalar != key.scalar) {
    reader_.Add(DiagnosticCode::kSameMeaning, key,
                {key.scalar, first->second.key->scalar, Cat(first->second.key->position.line)});
  }
}

void Section::ReportUnknown(const Node& key, const Node& value, std::span<const Word> allowed) {
  if (FindWord(WordKind::kReservedKey, key.scalar)) {
    reader_.Add(DiagnosticCode::kNotSupported, key, {key.scalar});
    return;
  }
  if (node_.flow && value.IsNull() && ParseNumber(key.scalar, Language::kEnglish)) {
    reader_.Add(DiagnosticCode::kCommaSplitNumber, key, {key.scalar});
    return;
  }
  reader_.Add(DiagnosticCode::kUnknownKey, key, {key.scalar, ListWords(allowed, reader_.language())},
              reader_.Nearest(key.scalar, [&] { return reader_.Spellings(allowed); }));
}

const Node* Section::Find(Word word) const {
  const auto found = entries_.find(word);
  return found == entries_.end() ? nullptr : found->second.value;
}

const Node* Section::KeyNode(Word word) const {
  const auto found = entries_.find(word);
  return found == entries_.end() ? nullptr : found->second.key;
}

const Node* Section::Require(Word word) {
  const Node* const value = Find(word);
  if (value == nullptr && valid()) {
    reader_.Add(DiagnosticCode::kMissingKey, node_, {reader_.Spell(word)});
  }
  return value;
}

std::string Section::KeyText(Word word) const {
  const Node* const key = KeyNode(word);
  return key == nullptr ? reader_.Spell(word) : key->scalar;
}

}  // namespace allmende::policy
