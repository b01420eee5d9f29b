// Random policies, city baselines, agreements and requests about the sewer dataset, few names each, so that they meet.
#pragma once

#include "policy/decide/decide.h"
#include "policy/model/baseline.h"
#include "policy/model/policy.h"
#include "policy/testing/random.h"

namespace allmende::policy::testing {

// Fits SewerSchema.
Policy RandomPolicy(Random& random);

Limit RandomLimit(Random& random);

Baseline RandomBaseline(Random& random);

// At a time when policies and baselines are in force, sometimes in crises, without contracts.
Request RandomRequest(Random& random);

}  // namespace allmende::policy::testing
