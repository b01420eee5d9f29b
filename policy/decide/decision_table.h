// Decisions for whoever asks one policy again and again: which rules match is found with sets of bits, and what they
// give together is computed once. Gives exactly what `Decide` gives.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "policy/decide/compile.h"
#include "policy/decide/compiled_rules.h"
#include "policy/decide/decide.h"

namespace allmende::policy {

// A request in the numbers of one policy. Names that the policy does not use are left out: they match nothing.
struct InternedRequest {
  std::vector<Atom> members;  // participant, groups, roles; ascending
  bool has_purpose = false;
  Atom purpose = 0;
  Action action = Action::kSubscribe;
  bool keep_copy = false;
};

// Of one policy under one regime: make a new one when either changes. Not thread-safe: one for each thread that asks.
class DecisionTable {
 public:
  // Remembers at most `entries_max` combinations of rules; over that, all are computed anew.
  DecisionTable(CompiledPolicy policy, Regime regime, size_t entries_max = 4'096);

  InternedRequest Intern(const Caller& caller, const Purpose& purpose, Action action, bool keep_copy) const;

  // What `Decide` gives for the request at `now`, without contracts; null where it refuses: `Decide` says why. Valid
  // until the next call. Allocates nothing for a combination of rules that it knows. (Where several leases may be
  // chosen from, the choice is that of the first time.)
  const Entitlement* Find(const InternedRequest& request, absl::Time now);

 private:
  // One bit for each rule, limit and crisis ceiling, in this order, and one for `keep_copy`.
  using Bits = std::vector<uint64_t>;
  struct BitsHash {
    size_t operator()(const Bits& bits) const;
  };

  void FillMasks();
  void MarkAudience(const CompiledAudience& audience, size_t bit);
  // Computes what depends on the time, and forgets what was remembered.
  void Refresh(absl::Time now);
  void Match(const InternedRequest& request);
  Request Named(const InternedRequest& request, absl::Time now) const;

  const CompiledPolicy policy_;
  const Regime regime_;
  const size_t entries_max_;
  PolicySet policies_;  // of this policy alone

  // Constant after construction: which bits may match, by what is asked.
  size_t bits_ = 0;
  Bits everyone_;
  std::vector<Bits> by_member_;
  Bits any_purpose_;
  std::vector<Bits> by_purpose_;
  std::vector<Bits> by_action_;                     // without a copy; then with one
  std::vector<const ParticipantId*> participants_;  // by atom; null where the atom is none
  std::vector<const GroupId*> groups_;
  std::vector<const Purpose*> purposes_;

  absl::Time computed_at_ = absl::InfiniteFuture();
  absl::Time holds_until_ = absl::InfinitePast();
  Bits in_force_;
  Bits matching_;  // of the request at hand
  absl::flat_hash_map<Bits, std::unique_ptr<const Entitlement>, BitsHash> known_;
};

}  // namespace allmende::policy
