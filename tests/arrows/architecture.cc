#include "tests/arrows/architecture.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace allmende::arrows {
namespace {

absl::Status Wrong(int line, absl::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat("ARCHITECTURE.md:", line, ": ", reason));
}

absl::Status AddLine(absl::string_view text, int line, Lines& lines) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  const std::string name(absl::StripAsciiWhitespace(parts.first));
  if (name.empty() || name.size() == absl::StripAsciiWhitespace(text).size()) {
    return Wrong(line, "a line of a block reads `name: name name`");
  }
  std::set<std::string> values;
  for (const absl::string_view value : absl::StrSplit(parts.second, ' ', absl::SkipWhitespace())) {
    if (!values.emplace(value).second) {
      return Wrong(line, absl::StrCat("`", value, "` stands twice"));
    }
  }
  if (!lines.emplace(name, std::move(values)).second) {
    return Wrong(line, absl::StrCat("`", name, "` has a line already"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ParseArchitecture(absl::string_view markdown) {
  Architecture architecture;
  std::map<std::string, Lines*> missing = {
      {"```arrows", &architecture.arrows}, {"```libraries", &architecture.libraries}, {"```pure", &architecture.pure}};
  Lines* open = nullptr;
  int number = 0;
  for (const absl::string_view line : absl::StrSplit(markdown, '\n')) {
    ++number;
    if (open == nullptr) {
      const auto block = missing.find(std::string(line));
      if (block != missing.end()) {
        open = block->second;
        missing.erase(block);
      }
    } else if (line == "```") {
      open = nullptr;
    } else if (!absl::StripAsciiWhitespace(line).empty()) {
      const absl::Status added = AddLine(line, number, *open);
      if (!added.ok()) {
        return added;
      }
    }
  }
  if (open != nullptr) {
    return Wrong(number, "the last block is not closed");
  }
  if (!missing.empty()) {
    return Wrong(number, absl::StrCat("there is no block ", missing.begin()->first));
  }
  return architecture;
}

}  // namespace allmende::arrows
