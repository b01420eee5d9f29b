#include "policy/language/rule_reader.h"

#include <utility>

#include "absl/strings/str_format.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr absl::Duration kLeaseMax = absl::Hours(24 * 366);
constexpr size_t kRowValuesMax = 65'536;

// Reports `alle` or `beliebig` where it would be taken for a name; `key` is the one that it may stand behind alone.
void CheckAlone(Reader& reader, const Node& node, Word word, std::string_view key) {
  const std::optional<FoundWord> found =
      node.IsScalar() ? FindWord(WordKind::kValue, node.scalar) : std::optional<FoundWord>();
  if (found && found->word == word) {
    reader.Add(DiagnosticCode::kEveryoneAmongOthers, node, {node.scalar, std::string(key)});
  }
  for (const Node& item : node.items) {
    CheckAlone(reader, item, word, key);
  }
}

template <typename Id>
std::vector<Id> ToIds(std::vector<std::string> texts) {
  std::vector<Id> ids;
  for (std::string& text : texts) {
    ids.emplace_back(std::move(text));
  }
  return ids;
}

// Names of participants or groups under `what`, which may itself stand under `audience`.
template <typename Id>
std::vector<Id> ReadMembers(Reader& reader, const Node& node, std::string_view what, std::string_view audience) {
  CheckAlone(reader, node, Word::kEveryone, audience);
  return ToIds<Id>(reader.Ids(node, what));
}

PurposeSet ReadPurposes(Reader& reader, const Node& node, std::string_view what) {
  PurposeSet purposes;
  purposes.position = node.position;
  if (node.IsScalar() && reader.IsWord(node, node.scalar, WordKind::kValue, Word::kAny)) {
    purposes.any = true;
  } else {
    CheckAlone(reader, node, Word::kAny, what);
    purposes.listed = ToIds<Purpose>(reader.Ids(node, what));
  }
  return purposes;
}

std::vector<Action> ReadActions(Reader& reader, const Section& section) {
  const Node* const node = section.Find(Word::kActions);
  if (node == nullptr) {
    return {Action::kRead, Action::kSubscribe, Action::kLookup};
  }
  const std::string what = section.KeyText(Word::kActions);
  const std::vector<Word> allowed = WordsOf(WordKind::kAction);
  std::vector<Action> actions;
  for (const Node* item : reader.Items(*node, what)) {
    if (const std::optional<Word> word = reader.OneOf(*item, what, WordKind::kAction, allowed)) {
      actions.push_back(ActionOf(*word));
    }
  }
  if (node->IsSequence() && node->items.empty()) {
    reader.Add(DiagnosticCode::kEmptyList, *node, {what});
  }
  return actions;
}

// `{mindestens: 0.1, höchstens: 5}`
void ReadBounds(Reader& reader, const Node& node, RowCondition& condition) {
  Section section(reader, node, condition.field, {Word::kAtLeast, Word::kAtMost});
  const auto bound = [&](Word word) -> std::optional<std::string> {
    const Node* const value = section.Find(word);
    const std::optional<std::string> text = value ? reader.Value(*value, section.KeyText(word)) : std::nullopt;
    if (!text) {
      return std::nullopt;
    }
    if (ParseInteger<int64_t>(*text) || ParseInteger<uint64_t>(*text)) {
      return text;  // a double would not hold every one of them
    }
    const std::optional<double> number = ParseNumber(*text, reader.language());
    if (!number && reader.language() == Language::kGerman && HasThousandsPoints(*text)) {
      ReportThousandsPoint(reader, *value, *text);
      return std::nullopt;
    }
    if (!number) {
      reader.Add(DiagnosticCode::kBadNumber, *value, {*text});
      return std::nullopt;
    }
    return absl::StrFormat("%.17g", *number);
  };
  condition.at_least = bound(Word::kAtLeast);
  condition.at_most = bound(Word::kAtMost);
}

// Whether nothing but a comma stands between two values without quotes.
bool Touch(const Node& before, const Node& item) {
  return before.IsScalar() && item.IsScalar() && !before.quoted && !item.quoted &&
         item.position == FilePosition{before.position.line, before.position.column + before.length + 1};
}

void ReadValues(Reader& reader, const Node& node, RowCondition& condition) {
  reader.CheckCount(node, condition.field, kRowValuesMax);
  const Node* before = nullptr;
  for (const Node* item : reader.Items(node, condition.field)) {
    std::optional<std::string> text = reader.Value(*item, condition.field);
    if (!text) {
      before = nullptr;
      continue;
    }
    if (before != nullptr && node.flow && !condition.touching && Touch(*before, *item)) {
      condition.touching = condition.one_of.size() - 1;
    }
    condition.one_of.push_back(*std::move(text));
    before = item;
  }
}

std::vector<RowCondition> ReadRows(Reader& reader, const Node& node, std::string_view what, const FieldBook& fields) {
  std::vector<RowCondition> rows;
  if (!node.IsMapping() || node.entries.empty()) {
    reader.Add(node.IsNull() || node.IsMapping() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsMapping, node,
               {std::string(what)});
    return rows;
  }
  for (const auto& [key, value] : node.entries) {
    RowCondition condition;
    condition.field = key.scalar;
    condition.position = key.position;
    if (!fields.contains(key.scalar)) {
      ReportUnknownField(reader, key, fields);
      continue;
    }
    if (value.IsMapping()) {
      ReadBounds(reader, value, condition);
    } else {
      ReadValues(reader, value, condition);
    }
    if (value.IsMapping() ? value.entries.empty() : value.IsSequence() && value.items.empty()) {
      reader.Add(DiagnosticCode::kEmptyCondition, key,
                 {key.scalar, reader.Spell(Word::kAtLeast), reader.Spell(Word::kAtMost)});
    }
    rows.push_back(std::move(condition));
  }
  return rows;
}

void ReadLease(Reader& reader, const Node& node, std::string_view what, bool has_crisis, ReplicaTerms& terms) {
  const std::optional<std::string> value = reader.Value(node, what);
  if (!value) {
    return;
  }
  const size_t plus = value->find('+');
  const std::string_view phrase = Trim(std::string_view(*value).substr(0, plus));
  if (!reader.IsWord(node, phrase, WordKind::kPhrase, Word::kUntilCrisisEnd)) {
    terms.without_contact = reader.Duration(node, what, kLeaseMax);
    return;
  }
  if (!has_crisis) {
    reader.Add(DiagnosticCode::kLeaseNeedsCrisis, node, {reader.Spell(Word::kDuring)});
    return;
  }
  terms.after_crisis_end = plus == std::string::npos
                               ? std::optional(absl::ZeroDuration())
                               : reader.Duration(node, std::string_view(*value).substr(plus + 1), what, kLeaseMax);
}

}  // namespace

Audience ReadAudience(Reader& reader, const Node& node, std::string_view what) {
  Audience audience;
  audience.position = node.position;
  if (node.IsScalar() && reader.IsWord(node, node.scalar, WordKind::kValue, Word::kEveryone)) {
    audience.everyone = true;
    return audience;
  }
  if (!node.IsMapping()) {
    audience.participants = ReadMembers<ParticipantId>(reader, node, what, what);
    return audience;
  }
  Section section(reader, node, what, {Word::kParticipantKey, Word::kGroupKey, Word::kRoleKey});
  if (const Node* const value = section.Find(Word::kParticipantKey)) {
    audience.participants = ReadMembers<ParticipantId>(reader, *value, section.KeyText(Word::kParticipantKey), what);
  }
  if (const Node* const value = section.Find(Word::kGroupKey)) {
    audience.groups = ReadMembers<GroupId>(reader, *value, section.KeyText(Word::kGroupKey), what);
  }
  if (const Node* const value = section.Find(Word::kRoleKey)) {
    audience.roles = ReadRoles(reader, *value, section.KeyText(Word::kRoleKey));
  }
  if (node.entries.empty()) {
    reader.Add(DiagnosticCode::kNoValue, node, {std::string(what)});
  }
  return audience;
}

std::vector<Role> ReadRoles(Reader& reader, const Node& node, std::string_view what) {
  const std::vector<Word> allowed = WordsOf(WordKind::kRole);
  std::vector<Role> roles;
  for (const Node* item : reader.Items(node, what)) {
    if (const std::optional<Word> word = reader.OneOf(*item, what, WordKind::kRole, allowed)) {
      roles.push_back(RoleOf(*word));
    }
  }
  if (node.IsSequence() && node.items.empty()) {
    reader.Add(DiagnosticCode::kEmptyList, node, {std::string(what)});
  }
  return roles;
}

bool ForbidsCopies(Reader& reader, const Node& node) {
  return node.IsScalar() && (reader.IsWord(node, node.scalar, WordKind::kValue, Word::kNo) ||
                             reader.IsWord(node, node.scalar, WordKind::kValue, Word::kNone));
}

std::optional<ReplicaTerms> ReadReplicaTerms(Reader& reader, const Node& node, std::string_view what, bool has_crisis) {
  Section section(reader, node, what, {Word::kWithoutContact, Word::kMaxAge});
  if (!section.valid()) {
    return std::nullopt;
  }
  ReplicaTerms terms;
  terms.position = node.position;
  if (const Node* const lease = section.Require(Word::kWithoutContact)) {
    ReadLease(reader, *lease, section.KeyText(Word::kWithoutContact), has_crisis, terms);
  }
  if (const Node* const age = section.Find(Word::kMaxAge)) {
    terms.max_age = reader.Duration(*age, section.KeyText(Word::kMaxAge), kLeaseMax);
  }
  return terms;
}

std::optional<RuleId> ReadRuleId(Reader& reader, Section& section, Word key, std::map<std::string, int>& lines) {
  const Node* const node = section.Require(key);
  const std::optional<std::string> id = node ? reader.Id(*node, section.KeyText(key)) : std::nullopt;
  if (!id) {
    return std::nullopt;
  }
  const auto [first, inserted] = lines.try_emplace(*id, node->position.line);
  if (!inserted) {
    reader.Add(DiagnosticCode::kDuplicateRule, *node, {*id, Cat(first->second)});
  }
  return RuleId(*id);
}

Rule ReadRule(Reader& reader, const Node& node, const FieldBook& fields, std::map<std::string, int>& lines) {
  Rule rule;
  rule.position = node.position;
  Section section(reader, node, reader.Spell(Word::kRules),
                  {Word::kRule, Word::kFor, Word::kPurpose, Word::kDuring, Word::kActions, Word::kDeliver, Word::kRows,
                   Word::kReplica, Word::kLicence, Word::kAttribution, Word::kDuties});
  if (!section.valid()) {
    return rule;
  }
  rule.id = ReadRuleId(reader, section, Word::kRule, lines).value_or(RuleId());
  if (const Node* const value = section.Require(Word::kFor)) {
    rule.audience = ReadAudience(reader, *value, section.KeyText(Word::kFor));
  }
  if (const Node* const value = section.Require(Word::kPurpose)) {
    rule.purposes = ReadPurposes(reader, *value, section.KeyText(Word::kPurpose));
  }
  if (const Node* const value = section.Find(Word::kDuring)) {
    rule.during = reader.Crises(*value, section.KeyText(Word::kDuring));
  }
  rule.actions = ReadActions(reader, section);
  if (const Node* const value = section.Require(Word::kDeliver)) {
    rule.deliver = ReadDeliveries(reader, *value, section.KeyText(Word::kDeliver), &fields);
    if (value->IsSequence() && value->items.empty()) {
      reader.Add(DiagnosticCode::kEmptyList, *value, {section.KeyText(Word::kDeliver)});
    }
  }
  if (const Node* const value = section.Find(Word::kRows)) {
    rule.rows = ReadRows(reader, *value, section.KeyText(Word::kRows), fields);
  }
  if (const Node* const value = section.Find(Word::kReplica); value != nullptr && !ForbidsCopies(reader, *value)) {
    const bool has_crisis = section.Find(Word::kDuring) != nullptr;
    rule.replica = ReadReplicaTerms(reader, *value, section.KeyText(Word::kReplica), has_crisis);
  }
  if (const Node* const value = section.Find(Word::kLicence)) {
    rule.licence = reader.Text(*value, section.KeyText(Word::kLicence));
  }
  if (const Node* const value = section.Find(Word::kAttribution)) {
    rule.attribution = reader.Text(*value, section.KeyText(Word::kAttribution));
  }
  if (const Node* const value = section.Find(Word::kDuties)) {
    for (const Node* item : reader.Items(*value, section.KeyText(Word::kDuties))) {
      rule.duties.push_back(reader.Text(*item, section.KeyText(Word::kDuties)));
    }
  }
  return rule;
}

}  // namespace allmende::policy
