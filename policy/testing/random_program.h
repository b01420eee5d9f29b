// Random view programs.
#pragma once

#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"
#include "policy/testing/random.h"

namespace allmende::policy::testing {

// A program that compiles for the schema: instructions of all kinds that its fields allow, and sometimes a row filter.
v1::ViewProgram RandomProgram(const SchemaTable& table, Random& random);

}  // namespace allmende::policy::testing
