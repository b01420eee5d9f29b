// A dataset that tests decide about, and decisions in a few words.
#pragma once

#include <string>
#include <string_view>

#include "policy/decide/decide.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy::testing {

// Fields: gauge (key, public), time (event time, public), level (public), overflow (operational), position (location),
// state (an enum, identifier), shaft (critical), phone (personal), inner.pump (operational), note (public).
const SchemaTable& SewerSchema();

// The head of a policy file in English, and its fields (all but `note`). `rules` stands behind `rules:`, each line
// indented by two; one test ends the file.
std::string SewerPolicy(std::string_view rules);

// The policies of a file and a city baseline, which may be empty. Ends the test program where one of them is wrong.
PolicySet Policies(std::string_view policy_text, std::string_view baseline_text = "");

// A subscription in the middle of 2027.
Request Asking(std::string_view participant, std::string_view purpose = "");

// `gauge, level, position grid 500 m`, or `refused: …` in English.
std::string Outcome(const Decision& decision);

}  // namespace allmende::policy::testing
