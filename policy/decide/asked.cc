#include "policy/decide/asked.h"

#include <algorithm>

namespace allmende::policy {
namespace {

bool Intersects(const std::vector<Atom>& a, const std::vector<Atom>& b) {
  return std::any_of(a.begin(), a.end(), [&](Atom atom) { return std::binary_search(b.begin(), b.end(), atom); });
}

void KeepEarliest(absl::Time candidate, absl::Time now, absl::Time& earliest) {
  if (candidate > now) {
    earliest = std::min(earliest, candidate);
  }
}

}  // namespace

Asked::Asked(const CompiledRules& rules, const Request& request) : rules_(rules), request_(request) {
  const Interner& names = rules.interner;
  if (const auto found = names.participants.find(request.caller.participant); found != names.participants.end()) {
    members_.push_back(found->second);
  }
  for (const GroupId& group : request.caller.groups) {
    if (const auto found = names.groups.find(group); found != names.groups.end()) {
      members_.push_back(found->second);
    }
  }
  for (const Role role : request.caller.roles) {
    members_.push_back(static_cast<Atom>(role));
  }
  std::sort(members_.begin(), members_.end());
  if (const auto found = names.purposes.find(request.purpose); found != names.purposes.end()) {
    purpose_ = found->second;
  }
  for (const Crisis& crisis : request.regime.crises) {
    const auto found = names.crises.find(crisis.kind);
    if (found != names.crises.end() && crisis.InForce(request.now)) {
      crises_.emplace_back(found->second, crisis.until);
    }
  }
  std::sort(crises_.begin(), crises_.end());
  actions_ = 1u << static_cast<unsigned>(request.action);
  if (request.keep_copy) {
    actions_ |= 1u << static_cast<unsigned>(Action::kKeepCopy);
  }
}

bool Asked::Matches(const CompiledAudience& audience) const {
  return audience.everyone || Intersects(members_, audience.members);
}

bool Asked::PurposeMatches(const CompiledRule& rule) const {
  return rule.any_purpose || (purpose_ && std::binary_search(rule.purposes.begin(), rule.purposes.end(), *purpose_));
}

bool Asked::Matches(const CompiledRule& rule) const {
  return ActionMatches(rule) && PurposeMatches(rule) && Matches(rule.audience) &&
         (rule.during.empty() || !InForce(rule.during).empty());
}

std::vector<Atom> Asked::InForce(const std::vector<Atom>& kinds) const {
  std::vector<Atom> in_force;
  for (const auto& [kind, until] : crises_) {
    if (std::binary_search(kinds.begin(), kinds.end(), kind) && (in_force.empty() || in_force.back() != kind)) {
      in_force.push_back(kind);
    }
  }
  return in_force;
}

absl::Time Asked::EndOf(const std::vector<Atom>& kinds) const {
  absl::Time end = absl::InfinitePast();
  for (const auto& [kind, until] : crises_) {
    if (std::binary_search(kinds.begin(), kinds.end(), kind)) {
      end = std::max(end, until);
    }
  }
  return end;
}

absl::Time NextChange(const CompiledRules& rules, const Request& request) {
  absl::Time earliest = absl::InfiniteFuture();
  KeepEarliest(rules.validity.from, request.now, earliest);
  KeepEarliest(rules.validity.until, request.now, earliest);
  if (rules.baseline) {
    KeepEarliest(rules.baseline->validity.from, request.now, earliest);
    KeepEarliest(rules.baseline->validity.until, request.now, earliest);
  }
  for (const Crisis& crisis : request.regime.crises) {
    if (rules.interner.crises.contains(crisis.kind)) {
      KeepEarliest(crisis.from, request.now, earliest);
      KeepEarliest(crisis.until, request.now, earliest);
    }
  }
  return earliest;
}

}  // namespace allmende::policy
