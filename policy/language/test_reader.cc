#include <utility>

#include "policy/language/rule_reader.h"
#include "policy/model/berlin_time.h"

namespace allmende::policy {
namespace {

// A kind, or a list of kinds: tests name crises without `krise(…)`.
std::vector<CrisisKind> ReadKinds(Reader& reader, const Node& node, std::string_view what) {
  std::vector<CrisisKind> kinds;
  for (std::string& kind : reader.Ids(node, what)) {
    kinds.emplace_back(std::move(kind));
  }
  return kinds;
}

void ReadCaller(Reader& reader, const Section& section, Caller& caller) {
  if (const Node* const value = section.Find(Word::kWho)) {
    caller.participant = ParticipantId(reader.Id(*value, section.KeyText(Word::kWho)).value_or(""));
  }
  if (const Node* const value = section.Find(Word::kGroupKey)) {
    for (std::string& group : reader.Ids(*value, section.KeyText(Word::kGroupKey))) {
      caller.groups.emplace_back(std::move(group));
    }
  }
  if (const Node* const value = section.Find(Word::kRoleKey)) {
    caller.roles = ReadRoles(reader, *value, section.KeyText(Word::kRoleKey));
  }
}

void ReadRequest(Reader& reader, const Section& section, InlineTest& test) {
  if (const Node* const value = section.Find(Word::kPurpose)) {
    if (std::optional<std::string> purpose = reader.Id(*value, section.KeyText(Word::kPurpose))) {
      test.purpose = Purpose(*std::move(purpose));
    }
  }
  if (const Node* const value = section.Find(Word::kActions)) {
    const std::vector<Word> allowed = WordsOf(WordKind::kAction);
    if (const auto word = reader.OneOf(*value, section.KeyText(Word::kActions), WordKind::kAction, allowed)) {
      test.action = ActionOf(*word);
    }
  }
  if (const Node* const value = section.Find(Word::kReplica)) {
    test.keep_copy = reader.YesNo(*value, section.KeyText(Word::kReplica)).value_or(false);
  }
  if (const Node* const value = section.Find(Word::kCrisis)) {
    test.during = ReadKinds(reader, *value, section.KeyText(Word::kCrisis));
  }
  if (const Node* const value = section.Find(Word::kAt)) {
    if (const std::optional<absl::CivilDay> day = reader.Date(*value, section.KeyText(Word::kAt))) {
      test.at = BerlinMidnight(*day);
    }
  }
}

void ReadExpectations(Reader& reader, const Section& section, const FieldBook* fields, InlineTest& test) {
  const auto deliveries = [&](Word word) {
    const Node* const value = section.Find(word);
    return value ? ReadDeliveries(reader, *value, section.KeyText(word), fields) : std::vector<Delivery>();
  };
  if (section.Find(Word::kGets) != nullptr) {
    test.gets = deliveries(Word::kGets);
  }
  test.also_gets = deliveries(Word::kAlsoGets);
  test.never = deliveries(Word::kNever);
  if (const Node* const value = section.Find(Word::kExpect)) {
    constexpr Word kOutcomes[] = {Word::kAllowed, Word::kDenied};
    if (const auto word = reader.OneOf(*value, section.KeyText(Word::kExpect), WordKind::kValue, kOutcomes)) {
      test.allowed = *word == Word::kAllowed;
    }
  }
}

}  // namespace

InlineTest ReadTest(Reader& reader, const Node& node, const FieldBook* fields) {
  InlineTest test;
  test.position = node.position;
  Section section(reader, node, reader.Spell(Word::kTests),
                  {Word::kWho, Word::kGroupKey, Word::kRoleKey, Word::kPurpose, Word::kActions, Word::kReplica,
                   Word::kCrisis, Word::kAt, Word::kGets, Word::kAlsoGets, Word::kNever, Word::kExpect});
  if (!section.valid()) {
    return test;
  }
  ReadCaller(reader, section, test.caller);
  ReadRequest(reader, section, test);
  ReadExpectations(reader, section, fields, test);
  const bool expects = section.Find(Word::kGets) != nullptr || section.Find(Word::kAlsoGets) != nullptr ||
                       section.Find(Word::kNever) != nullptr || section.Find(Word::kExpect) != nullptr;
  if (!expects) {
    reader.Add(DiagnosticCode::kTestExpectsNothing, node,
               {reader.Spell(Word::kGets), reader.Spell(Word::kAlsoGets), reader.Spell(Word::kNever),
                reader.Spell(Word::kExpect)});
  }
  return test;
}

std::vector<InlineTest> ReadTests(Reader& reader, const Node& root, Section& top, const FieldBook* fields) {
  std::vector<InlineTest> tests;
  const Node* const node = top.Find(Word::kTests);
  if (node == nullptr || node->IsNull() || (node->IsSequence() && node->items.empty())) {
    reader.Add(DiagnosticCode::kNoTests, node == nullptr ? root.entries.back().first : *top.KeyNode(Word::kTests));
    return tests;
  }
  if (top.KeyNode(Word::kTests) != &root.entries.back().first) {
    reader.Add(DiagnosticCode::kTestsNotLast, *top.KeyNode(Word::kTests), {top.KeyText(Word::kTests)});
  }
  if (!node->IsSequence()) {
    reader.Add(DiagnosticCode::kNeedsList, *node, {top.KeyText(Word::kTests)});
    return tests;
  }
  for (const Node& item : node->items) {
    tests.push_back(ReadTest(reader, item, fields));
  }
  return tests;
}

}  // namespace allmende::policy
