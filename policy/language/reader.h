// Reads nodes by the vocabulary and reports what does not fit. All readers of sections share one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "policy/language/report.h"
#include "policy/language/suggest.h"
#include "policy/language/vocabulary.h"
#include "policy/language/yaml_tree.h"

namespace allmende::policy {

// Whether policies can name a rule, participant, group, purpose or crisis so.
bool IsId(std::string_view text);

// Every function that reads a value reports the problem before it answers without one.
class Reader {
 public:
  // Borrows `report`.
  Reader(Report& report, Language language) : report_(report), language_(language) {}

  Language language() const { return language_; }
  std::string Spell(Word word) const { return std::string(Spelling(word, language_)); }
  // All spellings of these words in the file's language.
  std::vector<std::string> Spellings(std::span<const Word> words) const;

  void Add(DiagnosticCode code, const Node& node, std::vector<std::string> arguments = {}, std::string suggestion = "");

  // `what` names the value in messages: its key as written.

  // A single value that is not empty.
  std::optional<std::string> Value(const Node& node, std::string_view what);
  // The entries of a list; a single value is a list of one. Reports an absent value, not an empty list.
  std::vector<const Node*> Items(const Node& node, std::string_view what);
  // A free text of at most 1,000 characters.
  std::string Text(const Node& node, std::string_view what);
  // A name of a rule, participant, group, purpose or crisis.
  std::optional<std::string> Id(const Node& node, std::string_view what);
  // A list of them without repetition.
  std::vector<std::string> Ids(const Node& node, std::string_view what);
  // A word out of `allowed`.
  std::optional<Word> OneOf(const Node& node, std::string_view what, WordKind kind, std::span<const Word> allowed);
  std::optional<bool> YesNo(const Node& node, std::string_view what);

  // A day of the calendar.
  std::optional<absl::CivilDay> Date(const Node& node, std::string_view what);
  // `72 Stunden`; between one second and `max`.
  std::optional<absl::Duration> Duration(const Node& node, std::string_view what, absl::Duration max);
  // The same from a part of the node's text.
  std::optional<absl::Duration> Duration(const Node& node, std::string_view text, std::string_view what,
                                         absl::Duration max);
  // `500 m`; between 1 m and 1,000 km.
  std::optional<int64_t> Metres(const Node& node, std::string_view what);
  // `krise(starkregen)`, or a list of such.
  std::vector<CrisisKind> Crises(const Node& node, std::string_view what);

  // The candidate that a writer may have meant by `word`; `candidates` makes them, where the problem is shown at all.
  template <typename Candidates>
  std::string Nearest(std::string_view word, Candidates candidates) const {
    return report_.full() ? std::string() : Suggest(word, candidates());
  }
  // No more problems will be shown.
  bool full() const { return report_.full(); }

  // Reports more than `max` entries; true if there are no more.
  bool CheckCount(const Node& node, std::string_view what, size_t max);

  // True and the word if `text` is it, in the file's language; reports the other language's spelling.
  bool IsWord(const Node& node, std::string_view text, WordKind kind, Word word);

 private:
  struct Quantity {
    int64_t count;
    std::string unit;
  };
  static std::optional<Quantity> SplitQuantity(std::string_view text);
  std::optional<Word> Unit(const Node& node, std::string_view unit, WordKind kind);
  void OtherLanguage(const Node& node, std::string_view written, Word word);

  Report& report_;
  const Language language_;
};

// A finite number with a decimal point, or with a decimal comma in German files. There `1.000` is none, as it may be
// meant to be a thousand (HasThousandsPoints).
std::optional<double> ParseNumber(std::string_view text, Language language);

// The entries of one mapping, found by word. Reports unknown, unsupported, doubled and foreign keys when it is made.
class Section {
 public:
  // Borrows all. `what` names the mapping in messages. Where `node` is no mapping, the problem is reported and nothing
  // is found.
  Section(Reader& reader, const Node& node, std::string_view what, std::initializer_list<Word> allowed);

  bool valid() const { return node_.IsMapping(); }

  // The value, or null. An absent value (`zweck:`) is found too.
  const Node* Find(Word word) const;
  // As Find; reports a missing key.
  const Node* Require(Word word);
  // The key as it is written; its canonical spelling where it is absent.
  std::string KeyText(Word word) const;
  const Node* KeyNode(Word word) const;

 private:
  void TakeEntry(const Node& key, const Node& value, std::span<const Word> allowed);
  void ReportUnknown(const Node& key, const Node& value, std::span<const Word> allowed);

  struct Entry {
    const Node* key;
    const Node* value;
  };
  Reader& reader_;
  const Node& node_;
  std::map<Word, Entry> entries_;
};

}  // namespace allmende::policy
