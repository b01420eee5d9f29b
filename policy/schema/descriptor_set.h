// A registered descriptor set, parsed and linked. Internal to policy/schema.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace allmende::policy {

// Owns the descriptors. Immutable; thread-safe.
class DescriptorSet {
 public:
  //   kInvalidArgument  no descriptor set, over a bound of schema_table.h, an import or type is missing, or a cycle of
  //                     imports
  static absl::StatusOr<DescriptorSet> Load(std::string_view bytes);

  // Null if the set has no such message.
  const google::protobuf::Descriptor* FindMessage(std::string_view full_name) const;

  // Files in canonical order: an imported file before its importer; of those that could come next, the one with the
  // least name.
  const std::vector<const google::protobuf::FileDescriptor*>& files() const { return files_; }

 private:
  DescriptorSet() = default;

  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::vector<const google::protobuf::FileDescriptor*> files_;
};

}  // namespace allmende::policy
