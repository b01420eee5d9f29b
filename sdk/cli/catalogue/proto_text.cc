#include "sdk/cli/catalogue/proto_text.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"

namespace allmende::cli {
namespace {

bool IsBuiltIn(const std::string& name) {
  return absl::StartsWith(name, "google/protobuf/") || absl::StartsWith(name, "allmende/v1/");
}

// Imports first, each once.
void Collect(const google::protobuf::FileDescriptor* file, std::vector<const google::protobuf::FileDescriptor*>& out) {
  if (IsBuiltIn(file->name()) || std::find(out.begin(), out.end(), file) != out.end()) return;
  for (int i = 0; i < file->dependency_count(); ++i) Collect(file->dependency(i), out);
  out.push_back(file);
}

}  // namespace

absl::StatusOr<std::string> ProtoText(const google::protobuf::FileDescriptorSet& files, const std::string& message) {
  // Built by itself: with the set's own options.proto, so that options are printed by name.
  google::protobuf::DescriptorPool pool;
  for (const google::protobuf::FileDescriptorProto& file : files.file()) {
    if (pool.BuildFile(file) == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("`", file.name(), "` of the schema cannot be built"));
    }
  }
  const google::protobuf::Descriptor* const record = pool.FindMessageTypeByName(message);
  if (record == nullptr) return absl::InvalidArgumentError(absl::StrCat("the schema has no message `", message, "`"));
  std::vector<const google::protobuf::FileDescriptor*> parts;
  Collect(record->file(), parts);
  std::string text;
  for (const google::protobuf::FileDescriptor* file : parts) {
    absl::StrAppend(&text, text.empty() ? "" : "\n", "// ", file->name(), "\n", file->DebugString());
  }
  return text;
}

}  // namespace allmende::cli
