#include "policy/decide/decision_table.h"

#include <algorithm>
#include <utility>

#include "policy/decide/asked.h"

namespace allmende::policy {
namespace {

constexpr size_t kActions = 3;  // read, subscribe, lookup

void Set(std::vector<uint64_t>& bits, size_t bit) {
  bits[bit / 64] |= uint64_t{1} << (bit % 64);
}

// Names by their number.
template <typename Name>
std::vector<const Name*> ByAtom(const absl::flat_hash_map<Name, Atom>& atoms, size_t count) {
  std::vector<const Name*> names(count, nullptr);
  for (const auto& [name, atom] : atoms) {
    names[atom] = &name;
  }
  return names;
}

}  // namespace

size_t DecisionTable::BitsHash::operator()(const Bits& bits) const {
  uint64_t hash = 0x9e3779b97f4a7c15;
  for (const uint64_t word : bits) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

DecisionTable::DecisionTable(CompiledPolicy policy, Regime regime, size_t entries_max)
    : policy_(std::move(policy)), regime_(std::move(regime)), entries_max_(std::max<size_t>(entries_max, 1)) {
  policies_.Put(policy_);
  const Interner& names = policy_.rules().interner;
  participants_ = ByAtom(names.participants, names.next_member);
  groups_ = ByAtom(names.groups, names.next_member);
  purposes_ = ByAtom(names.purposes, names.purposes.size());
  FillMasks();
}

void DecisionTable::MarkAudience(const CompiledAudience& audience, size_t bit) {
  if (audience.everyone) {
    Set(everyone_, bit);
  }
  for (const Atom member : audience.members) {
    Set(by_member_[member], bit);
  }
}

void DecisionTable::FillMasks() {
  const CompiledRules& rules = policy_.rules();
  const size_t limits = rules.baseline ? rules.baseline->limits.size() : 0;
  const size_t ceilings = rules.baseline ? rules.baseline->ceilings.size() : 0;
  bits_ = rules.rules.size() + limits + ceilings;
  const Bits none(bits_ / 64 + 1, 0);
  everyone_ = any_purpose_ = in_force_ = matching_ = none;
  by_member_.assign(rules.interner.next_member, none);
  by_purpose_.assign(rules.interner.purposes.size(), none);
  by_action_.assign(2 * kActions, none);
  for (size_t bit = 0; bit < rules.rules.size(); ++bit) {
    const CompiledRule& rule = rules.rules[bit];
    MarkAudience(rule.audience, bit);
    if (rule.any_purpose) {
      Set(any_purpose_, bit);
    }
    for (const Atom purpose : rule.purposes) {
      Set(by_purpose_[purpose], bit);
    }
    for (size_t action = 0; action < kActions; ++action) {
      if ((rule.actions >> action & 1) != 0) {
        Set(by_action_[action], bit);
        if ((rule.actions >> static_cast<unsigned>(Action::kKeepCopy) & 1) != 0) {
          Set(by_action_[kActions + action], bit);
        }
      }
    }
  }
  for (size_t bit = rules.rules.size(); bit < bits_; ++bit) {
    const size_t i = bit - rules.rules.size();
    MarkAudience(i < limits ? rules.baseline->limits[i].audience : rules.baseline->ceilings[i - limits].audience, bit);
    Set(any_purpose_, bit);
    for (Bits& bits : by_action_) {
      Set(bits, bit);
    }
  }
  for (Bits& bits : by_purpose_) {
    for (size_t word = 0; word < bits.size(); ++word) {
      bits[word] |= any_purpose_[word];
    }
  }
}

InternedRequest DecisionTable::Intern(const Caller& caller, const Purpose& purpose, Action action,
                                      bool keep_copy) const {
  const Interner& names = policy_.rules().interner;
  InternedRequest interned;
  interned.action = action;
  interned.keep_copy = keep_copy;
  for (const Role role : caller.roles) {
    interned.members.push_back(static_cast<Atom>(role));
  }
  if (const auto found = names.participants.find(caller.participant); found != names.participants.end()) {
    interned.members.push_back(found->second);
  }
  for (const GroupId& group : caller.groups) {
    if (const auto found = names.groups.find(group); found != names.groups.end()) {
      interned.members.push_back(found->second);
    }
  }
  std::sort(interned.members.begin(), interned.members.end());
  if (const auto found = names.purposes.find(purpose); found != names.purposes.end()) {
    interned.has_purpose = true;
    interned.purpose = found->second;
  }
  return interned;
}

void DecisionTable::Refresh(absl::Time now) {
  const CompiledRules& rules = policy_.rules();
  known_.clear();
  Request request;
  request.regime = regime_;
  request.now = now;
  computed_at_ = now;
  holds_until_ = NextChange(rules, request);
  std::fill(in_force_.begin(), in_force_.end(), 0);
  const Asked asked(rules, request);
  for (size_t bit = 0; bit < bits_; ++bit) {
    const size_t rule_count = rules.rules.size();
    const size_t limit_count = rules.baseline ? rules.baseline->limits.size() : 0;
    const std::vector<Atom>* during = nullptr;
    if (bit < rule_count) {
      during = &rules.rules[bit].during;
    } else if (bit >= rule_count + limit_count) {
      during = &rules.baseline->ceilings[bit - rule_count - limit_count].during;
    }
    if (during == nullptr || (bit < rule_count && during->empty()) || !asked.InForce(*during).empty()) {
      Set(in_force_, bit);
    }
  }
}

void DecisionTable::Match(const InternedRequest& request) {
  const Bits& purpose = request.has_purpose ? by_purpose_[request.purpose] : any_purpose_;
  const Bits& action = by_action_[static_cast<size_t>(request.action) + (request.keep_copy ? kActions : 0)];
  for (size_t word = 0; word < matching_.size(); ++word) {
    uint64_t audience = everyone_[word];
    for (const Atom member : request.members) {
      audience |= by_member_[member][word];
    }
    matching_[word] = audience & purpose[word] & action[word] & in_force_[word];
  }
  if (request.keep_copy) {
    Set(matching_, bits_);
  }
}

Request DecisionTable::Named(const InternedRequest& request, absl::Time now) const {
  Request named;
  named.dataset = policy_.dataset();
  named.action = request.action;
  named.keep_copy = request.keep_copy;
  named.regime = regime_;
  named.now = now;
  if (request.has_purpose) {
    named.purpose = *purposes_[request.purpose];
  }
  for (const Atom member : request.members) {
    if (member < kRoleCount) {
      named.caller.roles.push_back(static_cast<Role>(member));
    } else if (participants_[member] != nullptr) {
      named.caller.participant = *participants_[member];
    } else {
      named.caller.groups.push_back(*groups_[member]);
    }
  }
  return named;
}

const Entitlement* DecisionTable::Find(const InternedRequest& request, absl::Time now) {
  if (now < computed_at_ || now >= holds_until_) [[unlikely]] {
    Refresh(now);
  }
  Match(request);
  const auto found = known_.find(matching_);
  if (found != known_.end()) [[likely]] {
    return found->second.get();
  }
  if (known_.size() >= entries_max_) {
    known_.clear();
  }
  Decision decision = Decide(policies_, Named(request, now));
  std::unique_ptr<const Entitlement> entitlement;
  if (decision.allowed()) {
    entitlement = std::make_unique<const Entitlement>(std::get<Entitlement>(std::move(decision.result)));
  }
  return known_.emplace(matching_, std::move(entitlement)).first->second.get();
}

}  // namespace allmende::policy
