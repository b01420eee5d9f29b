// Reads a view program back in the words of a policy: for explanations, previews and inline tests.
#pragma once

#include <map>
#include <string>

#include "allmende/v1/view.pb.h"
#include "policy/model/treatment.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// What the program delivers, by field path. Instructions for fields that the schema does not have are left out.
std::map<std::string, Treatment> DeliveredFields(const v1::ViewProgram& program, const SchemaTable& schema);

}  // namespace allmende::policy
