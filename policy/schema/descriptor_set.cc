#include "policy/schema/descriptor_set.h"

#include <map>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/schema/schema_table.h"
#include "policy/schema/set_bounds.h"

namespace allmende::policy {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using google::protobuf::Message;

constexpr size_t kReportedErrorsMax = 20;

// Keeps protobuf from writing to the standard error stream.
class ErrorList : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const Message*, ErrorLocation,
                const std::string& message) override {
    if (errors_.size() < kReportedErrorsMax) {
      errors_.push_back(absl::StrCat("`", file, "`, `", element, "`: ", message));
    }
  }

  std::string Text() const { return absl::StrJoin(errors_, "; "); }

 private:
  std::vector<std::string> errors_;
};

// Files that wait for their imports, by name.
using Waiting = std::map<std::string, const FileDescriptorProto*>;

absl::StatusOr<Waiting> FilesByName(const FileDescriptorSet& set) {
  Waiting files;
  for (const FileDescriptorProto& file : set.file()) {
    if (!files.emplace(file.name(), &file).second) {
      return absl::InvalidArgumentError(absl::StrCat("the schema holds the file `", file.name(), "` twice"));
    }
  }
  for (const auto& [name, file] : files) {
    for (const std::string& import : file->dependency()) {
      if (files.count(import) == 0) {
        return absl::InvalidArgumentError(absl::StrCat("`", name, "` imports `", import,
                                                       "`, which the schema does not hold: write the descriptor set "
                                                       "with all imports (`--include_imports`)"));
      }
    }
  }
  return files;
}

bool AllIn(const google::protobuf::RepeatedPtrField<std::string>& names, const std::set<std::string>& done) {
  for (const std::string& name : names) {
    if (done.count(name) == 0) {
      return false;
    }
  }
  return true;
}

// The order of DescriptorSet::files.
absl::StatusOr<std::vector<const FileDescriptorProto*>> Sorted(Waiting waiting) {
  std::vector<const FileDescriptorProto*> sorted;
  std::set<std::string> done;
  while (!waiting.empty()) {
    auto next = waiting.begin();
    while (next != waiting.end() && !AllIn(next->second->dependency(), done)) {
      ++next;
    }
    if (next == waiting.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the imports of `", waiting.begin()->first, "` go round in a circle"));
    }
    sorted.push_back(next->second);
    done.insert(next->first);
    waiting.erase(next);
  }
  return sorted;
}

}  // namespace

absl::StatusOr<DescriptorSet> DescriptorSet::Load(std::string_view bytes) {
  if (bytes.size() > kSchemaBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("the schema has ", bytes.size(), " bytes; at most ", kSchemaBytesMax,
                                                   " are allowed: leave out what it does not use"));
  }
  FileDescriptorSet set;
  if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::InvalidArgumentError("the schema is no serialized google.protobuf.FileDescriptorSet");
  }
  if (absl::Status bounds = CheckSetBounds(set); !bounds.ok()) {
    return bounds;
  }
  absl::StatusOr<Waiting> by_name = FilesByName(set);
  if (!by_name.ok()) {
    return std::move(by_name).status();
  }
  auto sorted = Sorted(*std::move(by_name));
  if (!sorted.ok()) {
    return std::move(sorted).status();
  }

  DescriptorSet result;
  result.pool_ = std::make_unique<DescriptorPool>();
  for (const FileDescriptorProto* file : *sorted) {
    ErrorList errors;
    const google::protobuf::FileDescriptor* built = result.pool_->BuildFileCollectingErrors(*file, &errors);
    if (built == nullptr) {
      return absl::InvalidArgumentError(absl::StrCat("the schema is not consistent: ", errors.Text()));
    }
    result.files_.push_back(built);
  }
  return result;
}

const google::protobuf::Descriptor* DescriptorSet::FindMessage(std::string_view full_name) const {
  return pool_->FindMessageTypeByName(std::string(full_name));
}

}  // namespace allmende::policy
