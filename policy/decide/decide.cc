#include "policy/decide/decide.h"

#include <algorithm>
#include <utility>

#include "policy/decide/asked.h"
#include "policy/decide/compiled_rules.h"
#include "policy/decide/grants.h"
#include "policy/decide/refuse.h"
#include "policy/decide/view_writer.h"

namespace allmende::policy {
namespace {

void AddOnce(const std::string& line, std::vector<std::string>& lines) {
  if (!line.empty() && std::find(lines.begin(), lines.end(), line) == lines.end()) {
    lines.push_back(line);
  }
}

Entitlement MakeEntitlement(const CompiledRules& rules, const Combination& combination,
                            const std::vector<const CompiledRule*>& behind) {
  Entitlement entitlement;
  entitlement.view = WriteView(rules, combination);
  entitlement.lease = combination.lease;
  entitlement.max_staleness = combination.max_staleness;
  for (const CompiledRule* rule : behind) {
    entitlement.rules.push_back({rule->id, rules.file, rule->position});
    AddOnce(rule->licence, entitlement.licences);
    AddOnce(rule->attribution, entitlement.attributions);
    for (const std::string& duty : rule->duties) {
      AddOnce(duty, entitlement.duties);
    }
  }
  return entitlement;
}

std::variant<Entitlement, Refusal> DecideInForce(const CompiledRules& rules, const Request& request) {
  if (std::optional<Refusal> refusal = RefuseByTime(rules, request)) {
    return *std::move(refusal);
  }
  const Asked asked(rules, request);
  const std::vector<Grant> grants = DatasetGrants(asked);
  const std::vector<Bound> bounds = OuterBounds(asked);
  const Bound* emptied_by = nullptr;
  const Combination combination = Bounded(asked, grants, bounds, &emptied_by);
  if (!combination.delivers()) {
    return emptied_by == nullptr ? RefuseUnmatched(asked) : RefuseByBound(asked, *emptied_by);
  }
  return MakeEntitlement(rules, combination, RulesBehind(asked, grants, bounds, combination));
}

}  // namespace

absl::Time Lease::ExpiryAfterContact(absl::Time contact) const {
  return std::min(contact + without_contact, not_after);
}

Decision Decide(const PolicySet& policies, const Request& request) {
  const CompiledPolicy* const policy = policies.Find(request.dataset);
  if (policy == nullptr) {
    const PolicyProblem* const problem = policies.FindProblem(request.dataset);
    return {problem == nullptr ? RefuseUnreleased(request) : RefuseUnusable(request, *problem), absl::InfiniteFuture()};
  }
  const CompiledRules& rules = policy->rules();
  return {DecideInForce(rules, request), NextChange(rules, request)};
}

}  // namespace allmende::policy
