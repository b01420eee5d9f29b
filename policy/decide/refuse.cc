#include "policy/decide/refuse.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace allmende::policy {
namespace {

Refusal Base(RefusalCode code, const Request& request) {
  Refusal refusal;
  refusal.code = code;
  refusal.arguments["dataset"] = request.dataset.value();
  refusal.arguments["action"] = std::string(ActionName(request.keep_copy ? Action::kKeepCopy : request.action));
  if (!request.caller.participant.empty()) {
    refusal.arguments["participant"] = request.caller.participant.value();
  }
  if (!request.purpose.empty()) {
    refusal.arguments["purpose"] = request.purpose.value();
  }
  return refusal;
}

std::string Utc(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

std::optional<Refusal> OutsideValidity(const Validity& validity, const std::string& file, FilePosition fallback,
                                       const Request& request) {
  const bool early = request.now < validity.from;
  if (!early && request.now < validity.until) {
    return std::nullopt;
  }
  Refusal refusal = Base(early ? RefusalCode::kPolicyNotYetValid : RefusalCode::kPolicyExpired, request);
  refusal.file = file;
  refusal.position = validity.position.line > 0 ? validity.position : fallback;
  refusal.arguments["time"] = Utc(early ? validity.from : validity.until);
  if (early) {
    refusal.missing.push_back({MissingKind::kTime, {Utc(validity.from)}});
  }
  return refusal;
}

template <typename Name>
std::vector<std::string> Values(const std::vector<Name>& names) {
  std::vector<std::string> values;
  values.reserve(names.size());
  for (const Name& name : names) {
    values.push_back(name.value());
  }
  return values;
}

// One way into the audience: a group or role is more easily joined than another participant is become.
Missing MissingFor(const Audience& audience) {
  if (!audience.groups.empty()) {
    return {MissingKind::kGroup, Values(audience.groups)};
  }
  if (!audience.roles.empty()) {
    Missing missing{MissingKind::kRole, {}};
    for (const Role role : audience.roles) {
      missing.any_of.emplace_back(RoleName(role));
    }
    return missing;
  }
  return {MissingKind::kParticipant, Values(audience.participants)};
}

std::vector<Missing> MissingFor(const Asked& asked, const CompiledRule& rule, const Rule& source) {
  std::vector<Missing> missing;
  if (!asked.PurposeMatches(rule)) {
    missing.push_back({MissingKind::kPurpose, Values(source.purposes.listed)});
  }
  if (!asked.Matches(rule.audience)) {
    missing.push_back(MissingFor(source.audience));
  }
  if (!rule.during.empty() && asked.InForce(rule.during).empty()) {
    missing.push_back({MissingKind::kCrisis, Values(source.during)});
  }
  const auto permits = [&rule](Action action) { return (rule.actions >> static_cast<unsigned>(action) & 1) != 0; };
  if (asked.request().keep_copy && !permits(Action::kKeepCopy)) {
    missing.push_back({MissingKind::kCopy, {"replica"}});
  }
  if (!permits(asked.request().action)) {
    Missing actions{MissingKind::kAction, {}};
    for (const Action action : source.actions) {
      actions.any_of.emplace_back(ActionName(action));
    }
    missing.push_back(std::move(actions));
  }
  return missing;
}

// Out of ways of one length, the one that is easiest to go: state another purpose or action, rather than be somebody
// else, rather than wait for a crisis.
int Effort(const std::vector<Missing>& missing) {
  int effort = 0;
  for (const Missing& item : missing) {
    switch (item.kind) {
      case MissingKind::kPurpose:
        effort += 1;
        break;
      case MissingKind::kAction:
        effort += 2;
        break;
      case MissingKind::kGroup:
      case MissingKind::kRole:
        effort += 4;
        break;
      case MissingKind::kParticipant:
        effort += 8;
        break;
      default:
        effort += 16;
    }
  }
  return effort;
}

// Whether the outer layers would leave anything of the rule for this caller, if it matched: in its crisis, and without
// a copy where it permits none.
bool WouldDeliver(const Asked& asked, const std::vector<Bound>& bounds, const CompiledRule& rule) {
  const Grant grant{&rule, rule.deliver, Lease(), absl::InfiniteDuration()};
  const std::vector<Atom> in_force = asked.InForce(rule.during);
  const std::vector<Grant> left = CutByAll(asked, bounds, in_force.empty() ? rule.during : in_force, grant);
  return std::any_of(left.begin(), left.end(), [](const Grant& part) { return !part.fields.empty(); });
}

}  // namespace

Refusal RefuseUnmatched(const Asked& asked) {
  const CompiledRules& rules = asked.rules();
  Refusal refusal = Base(RefusalCode::kNoRuleMatches, asked.request());
  refusal.file = rules.file;
  refusal.position = rules.position;
  const std::vector<Bound> bounds = OuterBounds(asked);
  std::tuple<bool, size_t, int> best;
  for (size_t i = 0; i < rules.rules.size(); ++i) {
    std::vector<Missing> missing = MissingFor(asked, rules.rules[i], rules.sources[i]);
    const std::tuple rank(!WouldDeliver(asked, bounds, rules.rules[i]), missing.size(), Effort(missing));
    if (i == 0 || rank < best) {
      best = rank;
      refusal.rule = rules.rules[i].id;
      refusal.position = rules.rules[i].position;
      refusal.missing = std::move(missing);
    }
  }
  return refusal;
}

Refusal RefuseByBound(const Asked& asked, const Bound& bound) {
  const bool contract = bound.layer == Bound::Layer::kContract;
  Refusal refusal = Base(contract ? RefusalCode::kContractForbids : RefusalCode::kBaselineForbids, asked.request());
  refusal.file = bound.file;
  refusal.rule = bound.rule;
  refusal.position = bound.position;
  if (bound.layer == Bound::Layer::kCrisisCeilings) {
    for (const CompiledCeiling& ceiling : asked.rules().baseline->ceilings) {
      if (asked.Matches(ceiling.audience) && !asked.InForce(ceiling.during).empty()) {
        refusal.rule = ceiling.id;
        refusal.position = ceiling.position;
        break;
      }
    }
  }
  return refusal;
}

Refusal RefuseUnreleased(const Request& request) {
  return Base(RefusalCode::kNotReleased, request);
}

Refusal RefuseUnusable(const Request& request, const PolicyProblem& problem) {
  Refusal refusal = Base(RefusalCode::kPolicyUnusable, request);
  refusal.arguments["problem"] = problem.reason;
  refusal.file = problem.file;
  refusal.position = problem.position;
  return refusal;
}

std::optional<Refusal> RefuseByTime(const CompiledRules& rules, const Request& request) {
  if (std::optional<Refusal> refusal = OutsideValidity(rules.validity, rules.file, rules.position, request)) {
    return refusal;
  }
  if (rules.baseline) {
    return OutsideValidity(rules.baseline->validity, rules.baseline->file, rules.baseline->position, request);
  }
  return std::nullopt;
}

}  // namespace allmende::policy
