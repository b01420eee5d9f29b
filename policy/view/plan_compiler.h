// Compiles a view program for a schema, refusing what does not fit. Internal to policy/view.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"
#include "policy/view/view_plan.h"

namespace allmende::policy::view {

// Without `mac`, prefixes and filter.
//   kInvalidArgument  the message names the field and the reason
absl::StatusOr<std::unique_ptr<const MessagePlan>> CompileMessage(
    const google::protobuf::RepeatedPtrField<v1::FieldInstruction>& instructions, const MessageTable& table);

// OK if nothing in `message` was written by a newer version.
//   kInvalidArgument  it holds fields that this version does not know
absl::Status CheckNothingUnknown(const google::protobuf::Message& message);

}  // namespace allmende::policy::view
