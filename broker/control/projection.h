// How facts change the state. Pure: the same facts give the same state.
#pragma once

#include "absl/status/status.h"
#include "allmende/v1/facts.pb.h"
#include "broker/control/state.h"

namespace allmende::broker {

// Changes `state` by one fact. Datasets that the fact touches lose their compiled policy until CompilePolicies.
//   kInvalidArgument  the fact contradicts the state, or its schema cannot be used; `state` is then half changed
absl::Status Apply(const v1::Fact& fact, State& state);

// Compiles the policy in force of every dataset that has none compiled. A policy that does not compile allows nothing
// and leaves its reason in `policy_problem`; so does a missing one.
void CompilePolicies(State& state);

}  // namespace allmende::broker
