// How files are read: the options that `publish` and `recall` share.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "policy/schema/schema_table.h"
#include "sdk/cli/frame/command.h"
#include "sdk/cli/frame/table.h"
#include "sdk/tabular/importer.h"

namespace allmende::cli {

// `--mapping`, `--format`, `--delimiter`, `--encoding`, `--zone`, `--decimal`.
std::vector<Option> ImportOptions();

// The plan for rows of `schema` that these options and the mapping file give. What an option says counts more than the
// mapping.
//   kInvalidArgument  the mapping is wrong or does not fit the schema; names file and line
absl::StatusOr<std::shared_ptr<const tabular::ImportPlan>> MakePlan(const Values& values,
                                                                    const policy::SchemaTable& schema);

// Adds what an import did.
void AddTo(const tabular::ImportStatistics& statistics, Details& details);

}  // namespace allmende::cli
