#include "tests/arrows/source_tree.h"

#include <fstream>
#include <iterator>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace allmende::arrows {
namespace {

bool IsMadeByTools(const std::string& name) {
  static const std::set<std::string> kNames = {".git", ".cache", "build", "node_modules", "__pycache__"};
  return kNames.count(name) > 0;
}

absl::StatusOr<std::string> ReadFile(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return absl::NotFoundError(absl::StrCat("cannot read `", path.string(), "`"));
  }
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

}  // namespace

absl::StatusOr<SourceTree> ReadSourceTree(const std::filesystem::path& root,
                                          const std::function<bool(absl::string_view path)>& wanted) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(root, error);
  if (error) {
    return absl::NotFoundError(absl::StrCat("cannot list `", root.string(), "`: ", error.message()));
  }
  SourceTree tree;
  for (; entry != std::filesystem::recursive_directory_iterator(); ++entry) {
    if (entry->is_directory()) {
      if (IsMadeByTools(entry->path().filename().string())) {
        entry.disable_recursion_pending();
      }
      continue;
    }
    const std::string path = entry->path().lexically_relative(root).generic_string();
    if (!entry->is_regular_file() || !wanted(path)) {
      continue;
    }
    absl::StatusOr<std::string> content = ReadFile(entry->path());
    if (!content.ok()) {
      return content.status();
    }
    tree[path] = *std::move(content);
  }
  return tree;
}

std::vector<Include> IncludesOf(absl::string_view content) {
  std::vector<Include> includes;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(content, '\n')) {
    ++number;
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "#")) {
      continue;
    }
    line = absl::StripLeadingAsciiWhitespace(line);
    if (!absl::ConsumePrefix(&line, "include")) {
      continue;
    }
    line = absl::StripLeadingAsciiWhitespace(line);
    const char close = line.empty() ? '\0' : line.front() == '<' ? '>' : line.front() == '"' ? '"' : '\0';
    if (close == '\0') {
      continue;
    }
    const size_t end = line.find(close, 1);
    if (end != absl::string_view::npos) {
      includes.push_back({number, std::string(line.substr(1, end - 1))});
    }
  }
  return includes;
}

absl::string_view FolderOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? absl::string_view() : path.substr(0, slash);
}

}  // namespace allmende::arrows
