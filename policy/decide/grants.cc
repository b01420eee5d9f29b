#include "policy/decide/grants.h"

#include <algorithm>
#include <iterator>

namespace allmende::policy {
namespace {

// What replica terms mean for a crisis that ends at `crisis_end`.
Lease LeaseFor(const ReplicaTerms& terms, absl::Time crisis_end) {
  Lease lease;
  lease.without_contact = terms.without_contact.value_or(absl::InfiniteDuration());
  if (terms.after_crisis_end) {
    lease.not_after = crisis_end + *terms.after_crisis_end;
  }
  return lease;
}

Lease MeetOf(const Lease& a, const Lease& b) {
  return {std::min(a.without_contact, b.without_contact), std::min(a.not_after, b.not_after)};
}

// Keeps the lease that lasts longer from `now` on.
void KeepLonger(const Lease& candidate, absl::Time now, std::optional<Lease>& lease) {
  if (!lease || candidate.ExpiryAfterContact(now) > lease->ExpiryAfterContact(now)) {
    lease = candidate;
  }
}

void CutFields(const CompiledRules& rules, const ClassBounds& bounds, Grant& grant) {
  for (auto& [slot, treatment] : grant.fields) {
    treatment = Meet(treatment, bounds[rules.slots[slot].field_class]);
    if (!Applies(treatment, rules.slots[slot].traits)) {
      treatment = Drop{};
    }
  }
  std::erase_if(grant.fields, [](const auto& field) { return std::holds_alternative<Drop>(field.second); });
}

void CutCopies(const std::optional<ReplicaBound>& bound, Grant& grant) {
  if (!bound || !grant.lease) {
    return;
  }
  if (bound->forbidden) {
    grant.lease.reset();
    return;
  }
  grant.lease = MeetOf(*grant.lease, LeaseFor(bound->terms, absl::InfiniteFuture()));
  grant.max_staleness = std::min(grant.max_staleness, bound->terms.max_age.value_or(absl::InfiniteDuration()));
}

// Those of the ceiling's crises that are among `crises`.
std::vector<Atom> CoveredBy(const CompiledCeiling& ceiling, const std::vector<Atom>& crises) {
  std::vector<Atom> covered;
  std::set_intersection(ceiling.during.begin(), ceiling.during.end(), crises.begin(), crises.end(),
                        std::back_inserter(covered));
  return covered;
}

// What each of the ceilings that match leaves of a crisis rule: a field comes with the lease of the ceilings that
// permit it, not with a longer one of another. `crises` are in ascending order.
void CutByCeilings(const Asked& asked, const std::vector<Atom>& crises, const Grant& grant, std::vector<Grant>& left) {
  if (!asked.rules().baseline) {
    left.push_back(grant);
    return;
  }
  for (const CompiledCeiling& ceiling : asked.rules().baseline->ceilings) {
    const std::vector<Atom> covered = CoveredBy(ceiling, crises);
    if (covered.empty() || !asked.Matches(ceiling.audience)) {
      continue;
    }
    Grant& part = left.emplace_back(grant);
    CutFields(asked.rules(), ceiling.bounds, part);
    if (!ceiling.replica || !part.lease) {
      part.lease.reset();
      continue;
    }
    // A crisis of the rule that this ceiling does not cover lengthens nothing.
    part.lease = MeetOf(*part.lease, LeaseFor(*ceiling.replica, asked.EndOf(covered)));
    part.max_staleness = std::min(part.max_staleness, ceiling.replica->max_age.value_or(absl::InfiniteDuration()));
  }
}

// Everything that supports one field of a combination.
struct Support {
  RowAlternatives rows;
  bool every_row = false;
  std::optional<Lease> lease;
  absl::Duration max_staleness = absl::ZeroDuration();
};

void AddSupport(const Grant& grant, absl::Time now, Support& support) {
  if (grant.rule->row_filter == kNoRowFilter) {
    support.every_row = true;
  } else {
    support.rows.push_back(grant.rule->row_filter);
  }
  if (grant.lease) {
    KeepLonger(*grant.lease, now, support.lease);
  }
  support.max_staleness = std::max(support.max_staleness, grant.max_staleness);
}

template <typename T>
void SortAndDeduplicate(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

std::optional<Lease> MeetOf(const std::optional<Lease>& a, const std::optional<Lease>& b) {
  return a && b ? std::optional(MeetOf(*a, *b)) : std::nullopt;
}

// One slot's offers: what each rule would do with the field.
struct Offer {
  const Grant* grant;
  const Treatment* treatment;
};

}  // namespace

std::vector<Grant> DatasetGrants(const Asked& asked) {
  std::vector<Grant> grants;
  for (const CompiledRule& rule : asked.rules().rules) {
    if (!asked.Matches(rule)) {
      continue;
    }
    Grant grant{&rule, rule.deliver, std::nullopt, absl::InfiniteDuration()};
    if (rule.replica) {
      grant.lease = LeaseFor(*rule.replica, asked.EndOf(rule.during));
      grant.max_staleness = rule.replica->max_age.value_or(absl::InfiniteDuration());
    }
    grants.push_back(std::move(grant));
  }
  return grants;
}

std::vector<Bound> OuterBounds(const Asked& asked) {
  std::vector<Bound> bounds;
  if (const std::optional<CompiledBaseline>& baseline = asked.rules().baseline) {
    bounds.push_back({Bound::Layer::kCrisisCeilings, RuleId(), baseline->file, baseline->ceilings_position, {}, {}});
    for (const CompiledLimit& limit : baseline->limits) {
      if (asked.Matches(limit.audience)) {
        bounds.push_back({Bound::Layer::kCity, limit.id, baseline->file, limit.position, limit.bounds, limit.replica});
      }
    }
  }
  for (const ContractLayer& contract : asked.request().contracts) {
    for (const Limit& limit : contract.limits) {
      bounds.push_back(
          {Bound::Layer::kContract, limit.id, contract.file, limit.position, BoundsOf(limit), limit.replica});
    }
  }
  return bounds;
}

void Cut(const Asked& asked, const Bound& bound, const std::vector<Atom>& crises, const Grant& grant,
         std::vector<Grant>& left) {
  const auto before = static_cast<ptrdiff_t>(left.size());
  if (!grant.rule->during.empty()) {
    CutByCeilings(asked, crises, grant, left);
  } else {
    Grant& part = left.emplace_back(grant);
    if (bound.layer != Bound::Layer::kCrisisCeilings) {
      CutFields(asked.rules(), bound.fields, part);
      CutCopies(bound.replica, part);
    }
  }
  const auto gives_nothing = [&](const Grant& part) {
    return part.fields.empty() || (asked.request().keep_copy && !part.lease);
  };
  left.erase(std::remove_if(left.begin() + before, left.end(), gives_nothing), left.end());
}

std::vector<Grant> CutByAll(const Asked& asked, const std::vector<Bound>& bounds, const std::vector<Atom>& crises,
                            const Grant& grant) {
  std::vector<Grant> parts = {grant};
  for (const Bound& bound : bounds) {
    std::vector<Grant> left;
    for (const Grant& part : parts) {
      Cut(asked, bound, crises, part, left);
    }
    parts = std::move(left);
    if (!grant.rule->during.empty()) {
      break;  // every bound cuts a crisis rule in the same way
    }
  }
  return parts;
}

bool Combination::delivers() const {
  return std::any_of(treatments.begin(), treatments.end(),
                     [](const Treatment& treatment) { return !std::holds_alternative<Drop>(treatment); });
}

Combination Unite(const CompiledRules& rules, const std::vector<Grant>& grants, absl::Time now) {
  std::vector<std::vector<Offer>> offers(rules.slots.size());
  for (const Grant& grant : grants) {
    for (const auto& [slot, treatment] : grant.fields) {
      offers[slot].push_back({&grant, &treatment});
    }
  }
  Combination combination;
  combination.treatments.assign(rules.slots.size(), Drop{});
  combination.lease = Lease();
  for (SlotIndex slot = 0; slot < offers.size(); ++slot) {
    if (offers[slot].empty()) {
      continue;
    }
    std::vector<Treatment> treatments;
    for (const Offer& offer : offers[slot]) {
      treatments.push_back(*offer.treatment);
    }
    combination.treatments[slot] = Union(treatments);
    Support support;
    for (const Offer& offer : offers[slot]) {
      if (AtLeastAsGenerous(*offer.treatment, combination.treatments[slot])) {
        AddSupport(*offer.grant, now, support);
      }
    }
    if (!support.every_row) {
      SortAndDeduplicate(support.rows);
      combination.rows.push_back(std::move(support.rows));
    }
    combination.lease = MeetOf(combination.lease, support.lease);
    combination.max_staleness = std::min(combination.max_staleness, support.max_staleness);
  }
  SortAndDeduplicate(combination.rows);
  return combination;
}

Combination MeetOf(const CompiledRules& rules, Combination a, const Combination& b) {
  for (SlotIndex slot = 0; slot < a.treatments.size(); ++slot) {
    Treatment& treatment = a.treatments[slot];
    treatment = Meet(treatment, b.treatments[slot]);
    if (!Applies(treatment, rules.slots[slot].traits)) {
      treatment = Drop{};
    }
  }
  a.rows.insert(a.rows.end(), b.rows.begin(), b.rows.end());
  SortAndDeduplicate(a.rows);
  a.lease = MeetOf(a.lease, b.lease);
  a.max_staleness = std::min(a.max_staleness, b.max_staleness);
  return a;
}

Combination Bounded(const Asked& asked, const std::vector<Grant>& grants, const std::vector<Bound>& bounds,
                    const Bound** emptied_by) {
  Combination combination = Unite(asked.rules(), grants, asked.request().now);
  for (const Bound& bound : bounds) {
    if (!combination.delivers()) {
      break;
    }
    std::vector<Grant> cut;
    cut.reserve(grants.size());
    for (const Grant& grant : grants) {
      Cut(asked, bound, asked.InForce(grant.rule->during), grant, cut);
    }
    combination = MeetOf(asked.rules(), std::move(combination), Unite(asked.rules(), cut, asked.request().now));
    if (emptied_by != nullptr && !combination.delivers()) {
      *emptied_by = &bound;
    }
  }
  return combination;
}

std::vector<const CompiledRule*> RulesBehind(const Asked& asked, const std::vector<Grant>& grants,
                                             const std::vector<Bound>& bounds, const Combination& combination) {
  std::vector<const CompiledRule*> behind;
  for (const Grant& grant : grants) {
    const std::vector<Grant> parts = CutByAll(asked, bounds, asked.InForce(grant.rule->during), grant);
    const bool gives = std::any_of(parts.begin(), parts.end(), [&](const Grant& part) {
      return std::any_of(part.fields.begin(), part.fields.end(), [&](const auto& field) {
        return !std::holds_alternative<Drop>(combination.treatments[field.first]);
      });
    });
    if (gives) {
      behind.push_back(grant.rule);
    }
  }
  return behind;
}

}  // namespace allmende::policy
