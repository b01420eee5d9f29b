// Does every record of a batch fit the dataset's schema? Pure; thread-safe.
#pragma once

#include <cstddef>
#include <vector>

#include "allmende/v1/types.pb.h"
#include "policy/schema/schema_table.h"
#include "sdk/format/batch.h"

namespace allmende::broker {

struct RecordCheck {
  std::vector<v1::RecordProblem> problems;  // the first ones
  std::vector<uint32_t> bad;                // index of every bad record, ascending
};

// Checks payload, canonical key and event time of each record against the schema; a delete needs a key that the
// schema's key fields can have. Reports at most `problems_max` problems, one a record.
RecordCheck CheckRecords(const policy::SchemaTable& schema, v1::DatasetKind kind, const format::BatchView& batch,
                         size_t problems_max);

}  // namespace allmende::broker
