// Field options are read by their numbers, so a set must not mean something else by them. Internal to policy/schema.
#pragma once

#include <vector>

#include "policy/schema/descriptor_set.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// Adds a problem for each extension in the set that takes the name or the number of one of our field options without
// being that option.
void CheckOptionDeclarations(const DescriptorSet& set, std::vector<SchemaProblem>& problems);

}  // namespace allmende::policy
