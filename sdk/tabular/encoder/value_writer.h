// Writes one value as a protobuf field.
#pragma once

#include <string>

#include "policy/key/key.h"
#include "sdk/tabular/mapping/import_plan.h"
#include "sdk/tabular/mapping/value_reader.h"

namespace allmende::tabular {

// Appends tag and value of `field`, which is no message. A value that equals the type's default is left out unless the
// field has explicit presence. For kTimestamp and kTimeCount, value.time or value.integer must be decided.
void AppendField(const FieldPlan& field, const Value& value, std::string& payload);

// Adds the value of a key field to the record's key.
void AppendKey(const FieldPlan& field, const Value& value, policy::KeyWriter& key);

}  // namespace allmende::tabular
