// From a file with data to what a dataset needs: schema, mapping and a name.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/frame/command.h"

namespace allmende::cli {

// `data/Rain 2019.csv.gz` becomes `rain-2019`. kInvalidArgument: nothing is left to name a dataset with.
absl::StatusOr<std::string> DatasetNameFor(const std::string& path);

// Marks fields as key in a guessed schema. kInvalidArgument: no such field; names those there are.
absl::StatusOr<std::string> WithKeys(std::string proto_text, const std::vector<std::string>& fields);

// A file that was made for a dataset.
struct MadeFile {
  std::string path;
  std::string text;
};

// Writes the files, none of which may exist with another content.
//   kAlreadyExists  nothing was written
absl::Status WriteMade(const std::vector<MadeFile>& files);

}  // namespace allmende::cli
