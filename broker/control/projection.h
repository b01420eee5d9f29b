// How facts change the state. Pure: the same facts give the same state.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "allmende/v1/facts.pb.h"
#include "broker/control/state.h"

namespace allmende::broker {

// Changes `state` by one fact. Datasets that the fact touches lose their compiled policy until CompilePolicies.
//   kInvalidArgument  the fact contradicts the state, or its schema cannot be used; `state` is then half changed
absl::Status Apply(const v1::Fact& fact, State& state);

// Compiles the policy in force of every dataset that has none compiled. A policy that does not compile allows nothing
// and leaves its problem in `policies`.
void CompilePolicies(State& state);

// What of a policy's text does not fit `schema`, as one sentence with file, lines and fields. Empty where it fits, and
// where this version cannot read it.
std::string PolicyMisfits(const std::string& text, const std::string& file_name, const policy::SchemaTable& schema);
// ... of the last release. Empty where there is none.
std::string PolicyMisfits(const DatasetState& dataset, const policy::SchemaTable& schema);

}  // namespace allmende::broker
