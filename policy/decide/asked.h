// A request in the numbers of one compiled policy, and what matches it.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "policy/decide/compiled_rules.h"
#include "policy/decide/decide.h"

namespace allmende::policy {

// Borrows both.
class Asked {
 public:
  Asked(const CompiledRules& rules, const Request& request);

  const CompiledRules& rules() const { return rules_; }
  const Request& request() const { return request_; }

  bool Matches(const CompiledAudience& audience) const;
  bool PurposeMatches(const CompiledRule& rule) const;
  bool ActionMatches(const CompiledRule& rule) const { return (rule.actions & actions_) == actions_; }
  // Everything that the rule asks for is there.
  bool Matches(const CompiledRule& rule) const;

  // Of `kinds` those that are in force.
  std::vector<Atom> InForce(const std::vector<Atom>& kinds) const;
  // When the last of `kinds` in force ends; the infinite past where none is.
  absl::Time EndOf(const std::vector<Atom>& kinds) const;

 private:
  const CompiledRules& rules_;
  const Request& request_;
  std::vector<Atom> members_;  // ascending
  std::optional<Atom> purpose_;
  std::vector<std::pair<Atom, absl::Time>> crises_;  // in force, with their ends; ascending
  uint32_t actions_ = 0;
};

// The next instant after `now` at which the same request may be decided otherwise.
absl::Time NextChange(const CompiledRules& rules, const Request& request);

}  // namespace allmende::policy
