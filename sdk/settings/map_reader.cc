#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/language/suggest.h"
#include "sdk/settings/settings.h"

namespace allmende::settings {
namespace {

using policy::Node;

struct Unit {
  const char* name;
  int64_t size;
};

constexpr Unit kDurationUnits[] = {{"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kByteUnits[] = {{"B", 1},
                               {"KiB", int64_t{1} << 10},
                               {"MiB", int64_t{1} << 20},
                               {"GiB", int64_t{1} << 30},
                               {"TiB", int64_t{1} << 40}};

// `30 s` in the smallest of `units`. Nothing if it is not written so or does not fit.
template <size_t kCount>
std::optional<int64_t> ReadQuantity(const std::string& text, const Unit (&units)[kCount]) {
  if (text == "0") return 0;
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  int64_t number = 0;
  if (!absl::SimpleAtoi(text.substr(0, digits), &number)) return std::nullopt;
  const std::string name(absl::StripAsciiWhitespace(text.substr(digits)));
  for (const Unit& unit : units) {
    int64_t product = 0;
    if (name == unit.name && !__builtin_mul_overflow(number, unit.size, &product)) return product;
  }
  return std::nullopt;
}

// `amount` in the largest unit that leaves no rest.
template <size_t kCount>
std::string WriteQuantity(int64_t amount, const Unit (&units)[kCount]) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (amount != 0 && amount % unit.size == 0) best = &unit;
  }
  return absl::StrCat(amount / best->size, " ", best->name);
}

}  // namespace

MapReader::MapReader(const Node& node, Problems& problems) : node_(&node), problems_(&problems) {
  if (!node.IsMapping() && !node.IsNull()) problems.Add(node.position, "here belongs a map of `key: value` lines");
}

bool MapReader::Has(const std::string& key) const {
  return std::any_of(node_->entries.begin(), node_->entries.end(),
                     [&](const auto& entry) { return entry.first.scalar == key; });
}

const Node* MapReader::Find(const std::string& key) {
  asked_.push_back(key);
  for (const auto& [name, value] : node_->entries) {
    if (name.scalar == key) return &value;
  }
  return nullptr;
}

const Node* MapReader::FindValue(const std::string& key) {
  const Node* value = Find(key);
  if (value == nullptr) return nullptr;
  if (value->IsScalar()) return value;
  problems_->Add(value->position, value->IsNull()
                                      ? absl::StrCat("`", key, "` has no value; write one or take the line out")
                                      : absl::StrCat("`", key, "` takes a single value"));
  return nullptr;
}

policy::FilePosition MapReader::PositionOf(const std::string& key) const {
  for (const auto& [name, value] : node_->entries) {
    if (name.scalar == key) return value.position;
  }
  return node_->position;
}

bool MapReader::Text(const std::string& key, std::string& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  out = value->scalar;
  return true;
}

std::string MapReader::RequireText(const std::string& key) {
  std::string text;
  if (!Has(key)) {
    asked_.push_back(key);
    problems_->Add(node_->position, absl::StrCat("`", key, "` is missing here"));
  } else if (Text(key, text) && text.empty()) {
    Report(key, absl::StrCat("`", key, "` must not be empty"));
  }
  return text;
}

bool MapReader::Bool(const std::string& key, bool& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  if (value->scalar != "true" && value->scalar != "false") {
    problems_->Add(value->position, absl::StrCat("`", key, "` is `true` or `false`, not `", value->scalar, "`"));
    return false;
  }
  out = value->scalar == "true";
  return true;
}

bool MapReader::Integer(const std::string& key, int64_t min, int64_t max, int64_t& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  int64_t number = 0;
  if (!absl::SimpleAtoi(value->scalar, &number) || number < min || number > max) {
    problems_->Add(value->position, absl::StrCat("`", key, "` is a whole number from ", min, " to ", max, ", not `",
                                                 value->scalar, "`"));
    return false;
  }
  out = number;
  return true;
}

bool MapReader::Duration(const std::string& key, absl::Duration min, absl::Duration max, absl::Duration& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  const std::optional<int64_t> milliseconds = ReadQuantity(value->scalar, kDurationUnits);
  if (!milliseconds.has_value()) {
    problems_->Add(value->position, absl::StrCat("`", key, "` is a duration such as `30 s`, with ms, s, min, h or d; `",
                                                 value->scalar, "` is none"));
    return false;
  }
  if (absl::Milliseconds(*milliseconds) < min || absl::Milliseconds(*milliseconds) > max) {
    problems_->Add(
        value->position,
        absl::StrCat("`", key, "` must be from ", WriteQuantity(absl::ToInt64Milliseconds(min), kDurationUnits), " to ",
                     WriteQuantity(absl::ToInt64Milliseconds(max), kDurationUnits), ", not `", value->scalar, "`"));
    return false;
  }
  out = absl::Milliseconds(*milliseconds);
  return true;
}

bool MapReader::Bytes(const std::string& key, int64_t min, int64_t max, int64_t& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  const std::optional<int64_t> bytes = ReadQuantity(value->scalar, kByteUnits);
  if (!bytes.has_value()) {
    problems_->Add(value->position,
                   absl::StrCat("`", key, "` is a size such as `4 MiB`, with B, KiB, MiB, GiB or TiB; `", value->scalar,
                                "` is none"));
    return false;
  }
  if (*bytes < min || *bytes > max) {
    problems_->Add(value->position, absl::StrCat("`", key, "` must be from ", WriteQuantity(min, kByteUnits), " to ",
                                                 WriteQuantity(max, kByteUnits), ", not `", value->scalar, "`"));
    return false;
  }
  out = *bytes;
  return true;
}

bool MapReader::Texts(const std::string& key, std::vector<std::string>& out) {
  const Node* value = Find(key);
  if (value == nullptr) return false;
  std::vector<std::string> texts;
  const Node* const one = value->IsScalar() ? value : nullptr;
  for (size_t i = 0; i < (one != nullptr ? 1 : value->items.size()); ++i) {
    const Node& item = one != nullptr ? *one : value->items[i];
    const bool repeated = std::find(texts.begin(), texts.end(), item.scalar) != texts.end();
    if (!item.IsScalar() || item.scalar.empty()) {
      problems_->Add(item.position, absl::StrCat("`", key, "` is a list of single values, none of them empty"));
    } else if (repeated) {
      problems_->Add(item.position, absl::StrCat("`", item.scalar, "` stands in `", key, "` twice"));
    } else {
      texts.push_back(item.scalar);
    }
  }
  if (one == nullptr && !value->IsSequence()) {
    problems_->Add(value->position, absl::StrCat("`", key, "` takes a list, such as `[a, b]`"));
    return false;
  }
  out = std::move(texts);
  return true;
}

bool MapReader::Choice(const std::string& key, const std::vector<std::string>& words, size_t& out) {
  const Node* value = FindValue(key);
  if (value == nullptr) return false;
  const auto found = std::find(words.begin(), words.end(), value->scalar);
  if (found == words.end()) {
    problems_->Add(value->position,
                   absl::StrCat("`", key, "` is one of ", absl::StrJoin(words, ", "), ", not `", value->scalar, "`"));
    return false;
  }
  out = static_cast<size_t>(found - words.begin());
  return true;
}

MapReader MapReader::Map(const std::string& key) {
  static const Node kNothing;
  const Node* value = Find(key);
  return MapReader(value == nullptr ? kNothing : *value, *problems_);
}

std::vector<MapReader> MapReader::Maps(const std::string& key) {
  std::vector<MapReader> readers;
  const Node* value = Find(key);
  if (value == nullptr) return readers;
  if (!value->IsSequence()) {
    problems_->Add(value->position, absl::StrCat("`", key, "` takes a list; begin each entry with `- `"));
    return readers;
  }
  for (const Node& item : value->items) readers.emplace_back(item, *problems_);
  return readers;
}

std::vector<std::pair<std::string, MapReader>> MapReader::NamedMaps(const std::string& key) {
  std::vector<std::pair<std::string, MapReader>> readers;
  const Node* value = Find(key);
  if (value == nullptr) return readers;
  if (!value->IsMapping()) {
    problems_->Add(value->position, absl::StrCat("`", key, "` takes a map of names"));
    return readers;
  }
  for (const auto& [name, entry] : value->entries) readers.emplace_back(name.scalar, MapReader(entry, *problems_));
  return readers;
}

void MapReader::Report(const std::string& key, std::string message) {
  problems_->Add(PositionOf(key), std::move(message));
}

void MapReader::Check(const std::string& key, const absl::Status& status) {
  if (!status.ok()) Report(key, std::string(status.message()));
}

void MapReader::Finish() {
  for (const auto& [name, value] : node_->entries) {
    if (std::find(asked_.begin(), asked_.end(), name.scalar) != asked_.end()) continue;
    const std::string meant = policy::Suggest(name.scalar, asked_);
    problems_->Add(name.position, absl::StrCat("unknown key `", name.scalar, "`; ",
                                               meant.empty() ? absl::StrCat("known here: ", absl::StrJoin(asked_, ", "))
                                                             : absl::StrCat("did you mean `", meant, "`?")));
  }
}

}  // namespace allmende::settings
