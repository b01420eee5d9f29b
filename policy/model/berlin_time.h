// Berlin's civil time without a time zone database, so that a policy means the same on every machine and reading one
// does no I/O. Central European Time with summer time by the rule in force since 1996 (Directive 2000/84/EC): from the
// last Sunday of March to the last Sunday of October, switched at 01:00 UTC. Days before 1996 are computed by the same
// rule.
#pragma once

#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace allmende::policy {

// The instant at which `day` begins in Berlin. Midnight exists once on every day: the switch happens later in the
// night.
absl::Time BerlinMidnight(absl::CivilDay day);

// The civil second that clocks in Berlin show at `time`.
absl::CivilSecond BerlinCivil(absl::Time time);

}  // namespace allmende::policy
