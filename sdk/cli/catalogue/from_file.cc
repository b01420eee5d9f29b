#include "sdk/cli/catalogue/from_file.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/cli/frame/error.h"
#include "sdk/schema_tools/infer_schema.h"

namespace allmende::cli {
namespace {

constexpr size_t kMadeBytesMax = 1 << 20;

// `name` out of `  optional string name = 1 [...`; empty where the line declares no field.
std::string FieldNameOf(const std::string& line) {
  const size_t equals = line.find(" = ");
  if (equals == std::string::npos || !absl::StartsWith(line, "  ") || absl::StartsWith(line, "  //")) return "";
  const size_t space = line.rfind(' ', equals - 1);
  return line.substr(space + 1, equals - space - 1);
}

}  // namespace

absl::StatusOr<std::string> DatasetNameFor(const std::string& path) {
  std::string stem = std::filesystem::path(path).filename().string();
  stem = stem.substr(0, stem.find('.'));
  const std::string name = absl::StrReplaceAll(FieldNameFor(stem), {{"_", "-"}});
  if (stem.empty() || std::none_of(stem.begin(), stem.end(),
                                   [](char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)); })) {
    return UsageError(absl::StrCat("`", path, "` gives the dataset no name"),
                      "name it: `allmende dataset create NAME ...`");
  }
  return name;
}

absl::StatusOr<std::string> WithKeys(std::string proto_text, const std::vector<std::string>& fields) {
  if (fields.empty()) return proto_text;
  std::vector<std::string> lines = absl::StrSplit(proto_text, '\n');
  std::vector<std::string> names;
  for (const std::string& line : lines) {
    if (const std::string name = FieldNameOf(line); !name.empty()) names.push_back(name);
  }
  for (const std::string& field : fields) {
    const auto line =
        std::find_if(lines.begin(), lines.end(), [&](const std::string& text) { return FieldNameOf(text) == field; });
    if (line == lines.end()) {
      return WithHint(absl::InvalidArgumentError(absl::StrCat("the file gives no field `", field, "` to be the key")),
                      absl::StrCat("there are: ", absl::StrJoin(names, ", ")));
    }
    *line = absl::StrReplaceAll(*line, {{"[(allmende", "[(allmende.v1.key) = true, (allmende"}, {"  optional ", "  "}});
  }
  // The guess that something might be the key has been answered.
  std::vector<std::string> kept;
  for (std::string& line : lines) {
    if (!absl::StrContains(line, "if it names the record, add")) kept.push_back(std::move(line));
  }
  return absl::StrJoin(kept, "\n");
}

absl::Status WriteMade(const std::vector<MadeFile>& files) {
  for (const MadeFile& file : files) {
    const absl::StatusOr<std::string> there = ReadFile(file.path, kMadeBytesMax);
    if (there.status().code() == absl::StatusCode::kNotFound || (there.ok() && *there == file.text)) continue;
    return WithHint(
        absl::AlreadyExistsError(absl::StrCat("`", file.path, "` exists and differs from what would be written")),
        "`--save DIR` writes elsewhere; `--schema FILE --policy FILE` uses files that you have");
  }
  for (const MadeFile& file : files) {
    ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(file.path, file.text, FileAccess::kEverybody));
  }
  return absl::OkStatus();
}

}  // namespace allmende::cli
