// Guessing a schema, as several commands do it.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "sdk/cli/frame/command.h"
#include "sdk/schema_tools/infer_schema.h"

namespace allmende::cli {

// `--class`, `--message`, `--package`, `--rows`, `--delimiter`, `--encoding`.
std::vector<Option> InferenceOptions();

// What these options and the file say. `class_fallback`: where no class was said; empty: left open.
absl::StatusOr<InferredSchema> InferFrom(const std::string& path, const Values& values,
                                         const std::string& class_fallback = "");

}  // namespace allmende::cli
