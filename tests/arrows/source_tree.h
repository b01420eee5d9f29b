// The project's own files as the checks see them: a map in memory, so that a check's tests can make up a tree.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace allmende::arrows {

// Content by path relative to the project, with `/`.
using SourceTree = std::map<std::string, std::string>;

// Reads what is under version control by convention: everything but `build` and folders that tools make for themselves
// (.git, .cache, node_modules, __pycache__). Only files for which `wanted` returns true are read.
//   kNotFound  `root` is no folder, or a file in it cannot be read
absl::StatusOr<SourceTree> ReadSourceTree(const std::filesystem::path& root,
                                          const std::function<bool(absl::string_view path)>& wanted);

// One #include line, quoted or in angle brackets.
struct Include {
  int line = 0;
  std::string target;
};
std::vector<Include> IncludesOf(absl::string_view content);

// `sdk/format/batch.h` -> `sdk/format`; a file at the top has the folder ``.
absl::string_view FolderOf(absl::string_view path);

}  // namespace allmende::arrows
