// A registered schema as a `.proto` file again.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.pb.h"

namespace allmende::cli {

// The file that declares `message`, and before it those that it imports and that are not built in, each under a line
// with its name. Comments are not part of a registered schema. kInvalidArgument: the set does not hold together.
absl::StatusOr<std::string> ProtoText(const google::protobuf::FileDescriptorSet& files, const std::string& message);

}  // namespace allmende::cli
