// Whether a new schema may replace the one in force: stored records must stay readable, and policies must go on meaning
// what they meant.
#pragma once

#include <string>
#include <vector>

#include "policy/schema/schema_table.h"

namespace allmende::policy {

struct SchemaChange {
  bool breaking = false;  // otherwise a notice, for a person to look at
  std::string field;      // path in the old schema, in the new one for what is added; empty: the record as a whole
  std::string reason;     // one lower-case sentence
};

inline constexpr size_t kSchemaChangesMax = 1'000;

// Returns what differs, in the order of the old schema's fields, then the new one's; at most kSchemaChangesMax, and
// a breaking one if there is any.
//
// Breaking: a field removed without reserving its number and name; a reserved number or name used, or not reserved any
// more, because stored records may carry values there that nobody is meant to get; a name, type, unit, cardinality,
// presence, packing or oneof changed; key or event time changed; an enum value removed, renamed or renumbered.
// Notices: a field removed and reserved (records stored before still carry it: a view drops it, and the identity view
// is no longer a byte copy for them); a class changed, with the direction; a new field without class. Nothing at all:
// other new fields, new enum values, a new name of a message type.
std::vector<SchemaChange> CompareSchemas(const SchemaTable& old_schema, const SchemaTable& new_schema);

// The breaking ones as one sentence: `field`: reason; ... The first 20 of them. Empty if there are none.
std::string DescribeBreakingChanges(const std::vector<SchemaChange>& changes);

}  // namespace allmende::policy
