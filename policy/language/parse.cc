#include "policy/language/parse.h"

#include <map>
#include <set>
#include <utility>

#include "policy/language/header_reader.h"
#include "policy/language/rule_reader.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

constexpr size_t kDatasetBytesMax = 128;

// More than any office keeps in its head; checking a file compares rules with each other.
constexpr size_t kRulesMax = 10'000;
constexpr size_t kLimitsMax = 1'000;  // of a baseline; the same for crisis ceilings

bool IsDatasetName(std::string_view text) {
  if (text.empty() || text.size() > kDatasetBytesMax) {
    return false;
  }
  for (const std::string_view part : Split(text, '/')) {
    if (part.empty() || part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string_view::npos) {
      return false;
    }
  }
  return true;
}

DatasetId ReadDataset(Reader& reader, Section& top) {
  const Node* const node = top.Require(Word::kDataset);
  const std::optional<std::string> name = node ? reader.Value(*node, top.KeyText(Word::kDataset)) : std::nullopt;
  if (name && !IsDatasetName(*name)) {
    reader.Add(DiagnosticCode::kBadDataset, *node, {*name});
  }
  return DatasetId(name.value_or(""));
}

LegalBasis ReadLegalBasis(Reader& reader, const Node& node, std::string_view what) {
  LegalBasis basis;
  basis.position = node.position;
  Section section(reader, node, what,
                  {Word::kOpening, Word::kNorm, Word::kController, Word::kImpactAssessment, Word::kPersonalData});
  const auto text = [&](Word word) {
    const Node* const value = section.Find(word);
    return value ? reader.Text(*value, section.KeyText(word)) : std::string();
  };
  basis.opening = text(Word::kOpening);
  basis.norm = text(Word::kNorm);
  basis.controller = text(Word::kController);
  basis.impact_assessment = text(Word::kImpactAssessment);
  basis.personal_data = text(Word::kPersonalData);
  return basis;
}

void CheckLegalBasis(Reader& reader, const Policy& policy, const Node& place) {
  for (const ClassifiedField& field : policy.fields) {
    const bool covered =
        policy.legal_basis && !policy.legal_basis->norm.empty() && !policy.legal_basis->controller.empty();
    if (field.field_class == v1::PERSONAL && !covered) {
      reader.Add(DiagnosticCode::kNoLegalBasis, place,
                 {reader.Spell(Word::kNorm), reader.Spell(Word::kController), reader.Spell(Word::kLegalBasis)});
      return;
    }
  }
}

std::vector<Rule> ReadRules(Reader& reader, const Node& node, std::string_view what, const FieldBook& fields) {
  std::vector<Rule> rules;
  if (!node.IsSequence()) {
    reader.Add(node.IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsList, node, {std::string(what)});
    return rules;
  }
  reader.CheckCount(node, what, kRulesMax);
  std::map<std::string, int> lines;
  for (const Node& item : node.items) {
    rules.push_back(ReadRule(reader, item, fields, lines));
  }
  if (rules.empty()) {
    reader.Add(DiagnosticCode::kNoRules, node);
  }
  return rules;
}

Policy ReadPolicy(Reader& reader, const Node& root) {
  Policy policy;
  policy.language = reader.language();
  Section top(reader, root, "",
              {Word::kLanguage, Word::kDataset, Word::kPublisher, Word::kLegalBasis, Word::kValid, Word::kFields,
               Word::kRules, Word::kTests});
  policy.dataset = ReadDataset(reader, top);
  policy.publisher = ReadPublisher(reader, top);
  policy.validity = ReadValidity(reader, top);
  if (const Node* const value = top.Find(Word::kLegalBasis)) {
    policy.legal_basis = ReadLegalBasis(reader, *value, top.KeyText(Word::kLegalBasis));
  }
  FieldBook fields;
  if (const Node* const value = top.Require(Word::kFields)) {
    policy.fields_position = top.KeyNode(Word::kFields)->position;
    fields = ReadFields(reader, *value);
    for (const auto& [path, field] : fields) {
      policy.fields.push_back(field);
    }
    CheckLegalBasis(reader, policy, *top.KeyNode(Word::kFields));
  }
  if (const Node* const value = top.Require(Word::kRules)) {
    policy.rules_position = top.KeyNode(Word::kRules)->position;
    policy.rules = ReadRules(reader, *value, top.KeyText(Word::kRules), fields);
  }
  policy.tests = ReadTests(reader, root, top, &fields);
  return policy;
}

bool HasKey(const Node& root, Word word) {
  for (const auto& [key, value] : root.entries) {
    const std::optional<FoundWord> found = FindWord(WordKind::kKey, key.scalar);
    if (found && found->word == word) {
      return true;
    }
  }
  return false;
}

// What was declared twice or not at all matters to whoever looks words up.
template <typename Id>
std::vector<Id> ReadDeclared(Reader& reader, const Section& top, Word word) {
  std::vector<Id> ids;
  if (const Node* const value = top.Find(word)) {
    for (std::string& id : reader.Ids(*value, top.KeyText(word))) {
      ids.emplace_back(std::move(id));
    }
  }
  return ids;
}

void ReadLimitBounds(Reader& reader, const Section& section, Limit& limit) {
  const Node* const never = section.Find(Word::kNever);
  const Node* const at_most = section.Find(Word::kAtMost);
  const Node* const replica = section.Find(Word::kReplica);
  if (never != nullptr) {
    const std::vector<Word> classes = WordsOf(WordKind::kClass);
    const std::string what = section.KeyText(Word::kNever);
    if (never->IsSequence() && never->items.empty()) {
      reader.Add(DiagnosticCode::kEmptyList, *never, {what});
    }
    for (const Node* item : reader.Items(*never, what)) {
      if (const auto word = reader.OneOf(*item, what, WordKind::kClass, classes)) {
        limit.never.push_back(FieldClassOf(*word));
      }
    }
  }
  if (at_most != nullptr) {
    limit.at_most = ReadCeilings(reader, *at_most, section.KeyText(Word::kAtMost));
  }
  if (never != nullptr && at_most != nullptr) {
    reader.Add(DiagnosticCode::kNeverAndAtMost, *section.KeyNode(Word::kAtMost),
               {section.KeyText(Word::kNever), section.KeyText(Word::kAtMost)});
  }
  if (replica != nullptr) {
    limit.replica.emplace();
    limit.replica->forbidden = ForbidsCopies(reader, *replica);
    if (!limit.replica->forbidden) {
      limit.replica->terms =
          ReadReplicaTerms(reader, *replica, section.KeyText(Word::kReplica), false).value_or(ReplicaTerms());
    }
  }
  if (never == nullptr && at_most == nullptr && replica == nullptr && section.valid()) {
    reader.Add(DiagnosticCode::kLimitWithoutBound, *section.KeyNode(Word::kLimit),
               {reader.Spell(Word::kNever), reader.Spell(Word::kAtMost), reader.Spell(Word::kReplica)});
  }
}

Limit ReadLimit(Reader& reader, const Node& node, std::map<std::string, int>& lines) {
  Limit limit;
  limit.position = node.position;
  Section section(reader, node, reader.Spell(Word::kLimits),
                  {Word::kLimit, Word::kFor, Word::kNever, Word::kAtMost, Word::kReplica});
  const std::optional<RuleId> id = section.valid() ? ReadRuleId(reader, section, Word::kLimit, lines) : std::nullopt;
  if (!id) {
    return limit;
  }
  limit.id = *id;
  if (const Node* const value = section.Require(Word::kFor)) {
    limit.audience = ReadAudience(reader, *value, section.KeyText(Word::kFor));
  }
  ReadLimitBounds(reader, section, limit);
  return limit;
}

CrisisCeiling ReadCrisisCeiling(Reader& reader, const Node& node, std::map<std::string, int>& lines) {
  CrisisCeiling ceiling;
  ceiling.position = node.position;
  Section section(reader, node, reader.Spell(Word::kCrisisCeilings),
                  {Word::kCeiling, Word::kDuring, Word::kFor, Word::kAtMost, Word::kReplica});
  if (!section.valid()) {
    return ceiling;
  }
  ceiling.id = ReadRuleId(reader, section, Word::kCeiling, lines).value_or(RuleId());
  if (const Node* const value = section.Require(Word::kDuring)) {
    ceiling.during = reader.Crises(*value, section.KeyText(Word::kDuring));
  }
  if (const Node* const value = section.Require(Word::kFor)) {
    ceiling.audience = ReadAudience(reader, *value, section.KeyText(Word::kFor));
  }
  if (const Node* const value = section.Require(Word::kAtMost)) {
    ceiling.at_most = ReadCeilings(reader, *value, section.KeyText(Word::kAtMost));
  }
  if (const Node* const value = section.Find(Word::kReplica); value != nullptr && !ForbidsCopies(reader, *value)) {
    ceiling.replica = ReadReplicaTerms(reader, *value, section.KeyText(Word::kReplica), true);
  }
  return ceiling;
}

// Reads the entries of an optional section of the baseline.
template <typename Entry, typename Read>
std::vector<Entry> ReadEntries(Reader& reader, const Section& top, Word word, Read read) {
  std::vector<Entry> entries;
  const Node* const node = top.Find(word);
  if (node == nullptr) {
    return entries;
  }
  if (!node->IsSequence()) {
    reader.Add(node->IsNull() ? DiagnosticCode::kNoValue : DiagnosticCode::kNeedsList, *node, {top.KeyText(word)});
    return entries;
  }
  reader.CheckCount(*node, top.KeyText(word), kLimitsMax);
  std::map<std::string, int> lines;
  for (const Node& item : node->items) {
    entries.push_back(read(reader, item, lines));
  }
  return entries;
}

Baseline ReadBaseline(Reader& reader, const Node& root) {
  Baseline baseline;
  baseline.language = reader.language();
  Section top(reader, root, "",
              {Word::kLanguage, Word::kBaseline, Word::kPublisher, Word::kValid, Word::kPurposes, Word::kGroupKey,
               Word::kCrises, Word::kLimits, Word::kCrisisCeilings, Word::kTests});
  if (const Node* const value = top.Require(Word::kBaseline)) {
    baseline.city = reader.Id(*value, top.KeyText(Word::kBaseline)).value_or("");
    baseline.position = top.KeyNode(Word::kBaseline)->position;
  }
  baseline.publisher = ReadPublisher(reader, top);
  baseline.validity = ReadValidity(reader, top);
  baseline.purposes = ReadDeclared<Purpose>(reader, top, Word::kPurposes);
  baseline.groups = ReadDeclared<GroupId>(reader, top, Word::kGroupKey);
  baseline.crises = ReadDeclared<CrisisKind>(reader, top, Word::kCrises);
  baseline.limits = ReadEntries<Limit>(reader, top, Word::kLimits, ReadLimit);
  baseline.crisis_ceilings = ReadEntries<CrisisCeiling>(reader, top, Word::kCrisisCeilings, ReadCrisisCeiling);
  const Node* const ceilings = top.KeyNode(Word::kCrisisCeilings);
  baseline.crisis_ceilings_position = ceilings == nullptr ? baseline.position : ceilings->position;
  baseline.tests = ReadTests(reader, root, top, nullptr);
  return baseline;
}

}  // namespace

ParseResult ParsePolicy(std::string_view text, std::string file_name) {
  Report report(WithoutByteOrderMark(text), file_name);
  ParseResult result;
  if (const std::optional<Node> root = ReadYaml(report)) {
    if (!HasKey(*root, Word::kDataset) && HasKey(*root, Word::kBaseline)) {
      report.Add(DiagnosticCode::kIsBaseline, root->position, 1, {});
    } else {
      Reader reader(report, ReadLanguage(report, *root));
      result.policy = ReadPolicy(reader, *root);
      result.policy->file = std::move(file_name);
    }
  }
  if (report.has_errors()) {
    result.policy.reset();
  }
  result.diagnostics = report.Take();
  return result;
}

BaselineParseResult ParseBaseline(std::string_view text, std::string file_name) {
  Report report(WithoutByteOrderMark(text), file_name);
  BaselineParseResult result;
  if (const std::optional<Node> root = ReadYaml(report)) {
    if (!HasKey(*root, Word::kBaseline) && HasKey(*root, Word::kDataset)) {
      report.Add(DiagnosticCode::kIsPolicy, root->position, 1, {});
    } else {
      Reader reader(report, ReadLanguage(report, *root));
      result.baseline = ReadBaseline(reader, *root);
      result.baseline->file = std::move(file_name);
    }
  }
  if (report.has_errors()) {
    result.baseline.reset();
  }
  result.diagnostics = report.Take();
  return result;
}

}  // namespace allmende::policy
