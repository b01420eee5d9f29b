// Finds out what a city baseline lets through: a policy that gives every class to everyone, bounded by it.
#pragma once

#include <set>
#include <vector>

#include "policy/decide/decide.h"
#include "policy/model/baseline.h"

namespace allmende::policy {

class BoundsProbe {
 public:
  // The policy gives everything in the normal regime, and once more by a crisis rule for `crises`.
  BoundsProbe(const Baseline& baseline, const std::vector<CrisisKind>& crises);

  const PolicySet& policies() const { return policies_; }
  DatasetId dataset() const;

  // The classes of which anything is delivered.
  std::set<v1::FieldClass> DeliveredClasses(const Decision& decision) const;

 private:
  const SchemaTable& schema_;
  PolicySet policies_;
};

}  // namespace allmende::policy
