// The regime: normal, or one or more declared crises.
#pragma once

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "policy/model/ids.h"

namespace allmende::policy {

// One declaration. In force from `from` until just before `until`, by itself, whatever else happens.
struct Crisis {
  CrisisKind kind;
  std::vector<std::string> area;  // named areas; empty: the whole city
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfinitePast();

  // Rules cannot name areas, so a crisis of some areas is in force for no rule: it must not open any for the whole
  // city.
  bool InForce(absl::Time now) const { return area.empty() && from <= now && now < until; }
};

// Normal when no crisis is in force. Declarations that are over or still to come may be listed: only those in force
// count.
struct Regime {
  std::vector<Crisis> crises;
};

}  // namespace allmende::policy
