// The machine-readable part of ARCHITECTURE.md: three fenced blocks, `arrows`, `libraries` and `pure`.
//
//   ```arrows                      a folder, and the folders whose headers it may include; every folder that holds code
//   sdk/format: sdk/base proto     has a line. `*` stands for everything and is for tests/ only.
//   ```
//   ```libraries                   a prefix of includes, and the only folders or files that may use it
//   rocksdb/: sdk/store
//   ```
//   ```pure                        a folder, and includes that neither it nor a folder below it may use
//   policy: thread mutex fstream
//   ```
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace allmende::arrows {

using Lines = std::map<std::string, std::set<std::string>>;

struct Architecture {
  Lines arrows;
  Lines libraries;
  Lines pure;
};

//   kInvalidArgument  a block is missing, not closed, has a line without `:`, or names something twice; says which line
absl::StatusOr<Architecture> ParseArchitecture(absl::string_view markdown);

}  // namespace allmende::arrows
