// Bounds on what a descriptor set declares, checked before it is linked. Internal to policy/schema.
#pragma once

#include "absl/status/status.h"
#include "google/protobuf/descriptor.pb.h"

namespace allmende::policy {

// A linked set holds every declaration under its full name, and linking compares some lists each with each: so few
// bytes could make much of both.
//   kInvalidArgument  more files, imports, enum values, reservations or names than schema_table.h allows; says which
absl::Status CheckSetBounds(const google::protobuf::FileDescriptorSet& set);

}  // namespace allmende::policy
