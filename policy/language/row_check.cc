#include "policy/language/row_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "policy/decide/decide.h"
#include "policy/decide/fit.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

// Asking for one recipient looks at every rule, so rules times recipients are bounded.
constexpr size_t kAskedRulesMax = 100'000;

// Numbers for equal things.
template <typename Key>
class Numbers {
 public:
  int Of(const Key& key) { return numbers_.try_emplace(key, static_cast<int>(numbers_.size())).first->second; }

 private:
  absl::flat_hash_map<Key, int> numbers_;
};

void AppendSized(std::string& text, const std::string& piece) {
  Append(text, piece.size(), ":", piece);
}

// Equal texts mean equal conditions; empty where there are none.
std::string RowsText(const Rule& rule) {
  std::string text;
  for (const RowCondition& condition : rule.rows) {
    AppendSized(text, condition.field);
    for (const std::string& value : condition.one_of) {
      AppendSized(text, value);
    }
    for (const std::optional<std::string>& bound : {condition.at_least, condition.at_most}) {
      text += bound ? '+' : '-';
      AppendSized(text, bound.value_or(""));
    }
  }
  return text;
}

// Equal texts mean that equal fields are given with equal treatments. Those with parameters are told apart by the
// rule's place: most rules have none.
std::string FieldsText(const GivenFields& fields, size_t place) {
  std::string text;
  for (const auto& [field, treatment] : fields) {
    Append(text, field, ":", treatment->index(), " ");
    if (!std::holds_alternative<Keep>(*treatment) && !std::holds_alternative<Mask>(*treatment)) {
      Append(text, "of ", place, " ");
    }
  }
  return text;
}

// Whether `more` gives a field that `less` does not give, or not as well.
bool GivesMore(const GivenFields& more, const GivenFields& less) {
  auto at = less.begin();
  for (const auto& [field, treatment] : more) {
    while (at != less.end() && at->first < field) {
      ++at;
    }
    if (at == less.end() || at->first != field || !AtLeastAsGenerous(*at->second, *treatment)) {
      return true;
    }
  }
  return false;
}

bool Overlap(const std::vector<int>& a, const std::vector<int>& b) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (*left == *right) {
      return true;
    }
    *left < *right ? ++left : ++right;
  }
  return false;
}

// What decides whether two rules can hold together, in numbers.
struct Reach {
  int rows = 0;
  int fields = 0;
  bool filtered = false;
  bool open = false;  // for more than the participants that it names
  bool any_purpose = false;
  unsigned actions = 0;
  std::vector<int> participants;  // ascending
  std::vector<int> purposes;      // ascending
};

bool CanMeet(const Reach& a, const Reach& b) {
  return (a.actions & b.actions) != 0 && (a.any_purpose || b.any_purpose || Overlap(a.purposes, b.purposes)) &&
         (a.open || b.open || Overlap(a.participants, b.participants));
}

std::vector<Reach> ReachOfRules(const Policy& policy, const std::vector<GivenFields>& fields) {
  Numbers<std::string> rows;
  Numbers<std::string> given;
  Numbers<std::string> names;
  std::vector<Reach> all;
  for (const Rule& rule : policy.rules) {
    Reach& reach = all.emplace_back();
    reach.rows = rows.Of(RowsText(rule));
    reach.fields = given.Of(FieldsText(fields[all.size() - 1], all.size()));
    reach.filtered = !rule.rows.empty();
    reach.open = rule.audience.everyone || !rule.audience.groups.empty() || !rule.audience.roles.empty();
    reach.any_purpose = rule.purposes.any;
    for (const Action action : rule.actions) {
      reach.actions |= 1u << static_cast<unsigned>(action);
    }
    for (const ParticipantId& participant : rule.audience.participants) {
      reach.participants.push_back(names.Of(participant.value()));
    }
    for (const Purpose& purpose : rule.purposes.listed) {
      reach.purposes.push_back(names.Of(purpose.value()));
    }
    std::sort(reach.participants.begin(), reach.participants.end());
    std::sort(reach.purposes.begin(), reach.purposes.end());
  }
  return all;
}

struct Comparisons {
  size_t count = 0;
  std::set<std::vector<uint32_t>> fields;
};

void CountComparisons(const v1::RowFilter& filter, Comparisons& comparisons) {
  ++comparisons.count;
  const auto add = [&](const auto& path) { comparisons.fields.emplace(path.begin(), path.end()); };
  switch (filter.condition_case()) {
    case v1::RowFilter::kAll:
      for (const v1::RowFilter& part : filter.all().of()) {
        CountComparisons(part, comparisons);
      }
      break;
    case v1::RowFilter::kAny:
      for (const v1::RowFilter& part : filter.any().of()) {
        CountComparisons(part, comparisons);
      }
      break;
    case v1::RowFilter::kNegated:
      CountComparisons(filter.negated(), comparisons);
      break;
    case v1::RowFilter::kCompare:
      add(filter.compare().field());
      break;
    case v1::RowFilter::kMember:
      add(filter.member().field());
      break;
    case v1::RowFilter::CONDITION_NOT_SET:
      break;
  }
}

// Whether even all filters of the file at once would be few enough, once for each field and layer.
bool SurelyFew(const Policy& policy, const Baseline* baseline) {
  std::set<std::string> fields;
  size_t conditions = 1;
  for (const Rule& rule : policy.rules) {
    for (const RowCondition& condition : rule.rows) {
      fields.insert(condition.field);
      conditions += 4;  // a list of bounds, two bounds, and the list that the condition is in
    }
  }
  const size_t layers = 2 + (baseline == nullptr ? 0 : baseline->limits.size());
  return fields.size() <= kComparedFieldsMax && conditions * policy.fields.size() * layers < kComparisonsMax;
}

Request OfOneRecipient(const Policy& policy, const Rule& rule, const Baseline* baseline) {
  Request request;
  request.dataset = policy.dataset;
  request.action = rule.actions.empty() ? Action::kSubscribe : rule.actions.front();
  request.now = baseline == nullptr ? policy.validity.from : std::max(policy.validity.from, baseline->validity.from);
  if (!rule.purposes.listed.empty()) {
    request.purpose = rule.purposes.listed.front();
  }
  if (!rule.audience.participants.empty()) {
    request.caller.participant = rule.audience.participants.front();
  } else if (!rule.audience.groups.empty()) {
    request.caller.groups = {rule.audience.groups.front()};
  } else if (!rule.audience.roles.empty()) {
    request.caller.roles = {rule.audience.roles.front()};
  }
  for (const CrisisKind& kind : rule.during) {
    request.regime.crises.push_back({kind, {}, request.now, request.now + absl::Hours(24)});
  }
  return request;
}

// Equal for requests that get the same.
std::string TextOf(const Request& request) {
  std::string text = Cat(static_cast<int>(request.action), " ");
  AppendSized(text, request.purpose.value());
  AppendSized(text, request.caller.participant.value());
  for (const GroupId& group : request.caller.groups) {
    AppendSized(text, group.value());
  }
  for (const Role role : request.caller.roles) {
    Append(text, "role ", static_cast<int>(role));
  }
  for (const Crisis& crisis : request.regime.crises) {
    Append(text, "crisis ", crisis.kind.value());
  }
  return text;
}

}  // namespace

std::vector<GivenFields> FieldsOfRules(const Policy& policy) {
  std::map<std::string, size_t> places;
  std::array<std::vector<size_t>, v1::FieldClass_ARRAYSIZE> by_class;
  for (size_t place = 0; place < policy.fields.size(); ++place) {
    places.emplace(policy.fields[place].field, place);
    by_class[policy.fields[place].field_class].push_back(place);
  }
  std::vector<GivenFields> all;
  for (const Rule& rule : policy.rules) {
    std::map<size_t, const Treatment*> given;
    for (const Delivery& delivery : rule.deliver) {
      if (const auto* const path = std::get_if<std::string>(&delivery.what)) {
        if (const auto place = places.find(*path); place != places.end()) {
          given[place->second] = &delivery.treatment;
        }
      } else {
        for (const size_t place : by_class[std::get<v1::FieldClass>(delivery.what)]) {
          given.try_emplace(place, &delivery.treatment);
        }
      }
    }
    all.emplace_back(given.begin(), given.end());
  }
  return all;
}

std::vector<std::pair<size_t, size_t>> FindDifferentRows(const Policy& policy, const std::vector<GivenFields>& fields,
                                                         size_t max) {
  const std::vector<Reach> reach = ReachOfRules(policy, fields);
  std::vector<std::pair<size_t, size_t>> found;
  for (size_t later = 1; later < reach.size() && found.size() < max; ++later) {
    for (size_t earlier = 0; earlier < later; ++earlier) {
      const Reach& a = reach[earlier];
      const Reach& b = reach[later];
      if (a.rows != b.rows && a.fields != b.fields && CanMeet(a, b) &&
          ((a.filtered && GivesMore(fields[earlier], fields[later])) ||
           (b.filtered && GivesMore(fields[later], fields[earlier])))) {
        found.emplace_back(earlier, later);
        break;
      }
    }
  }
  return found;
}

std::optional<CrowdedView> FindCrowdedView(const Policy& policy, const Baseline* baseline, const SchemaTable& schema) {
  if (SurelyFew(policy, baseline)) {
    return std::nullopt;
  }
  absl::StatusOr<CompiledPolicy> compiled = Compile(policy, baseline, schema);
  if (!compiled.ok()) {
    return std::nullopt;
  }
  PolicySet policies;
  policies.Put(*std::move(compiled));
  std::set<std::string> asked;
  for (const Rule& rule : policy.rules) {
    if (asked.size() * policy.rules.size() > kAskedRulesMax) {
      break;
    }
    const Request request = OfOneRecipient(policy, rule, baseline);
    if (rule.rows.empty() || !asked.insert(TextOf(request)).second) {
      continue;
    }
    const Decision decision = Decide(policies, request);
    if (!decision.allowed() || !decision.entitlement().view.has_rows()) {
      continue;
    }
    Comparisons comparisons;
    CountComparisons(decision.entitlement().view.rows(), comparisons);
    if (comparisons.count > kComparisonsMax || comparisons.fields.size() > kComparedFieldsMax) {
      return CrowdedView{&rule, comparisons.count, comparisons.fields.size()};
    }
  }
  return std::nullopt;
}

}  // namespace allmende::policy
