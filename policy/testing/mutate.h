// Small damage to bytes.
#pragma once

#include <string>

#include "policy/testing/random.h"

namespace allmende::policy::testing {

// Flips, inserts, removes, repeats or swaps a few bytes, or cuts the end off.
std::string Mutated(std::string bytes, Random& random);

}  // namespace allmende::policy::testing
