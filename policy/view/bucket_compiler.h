// Internal to policy/view.
#pragma once

#include "absl/status/status.h"
#include "allmende/v1/view.pb.h"
#include "policy/schema/schema_table.h"
#include "policy/view/view_plan.h"

namespace allmende::policy::view {

// Fills `plan` for a field of a number type.
//   kInvalidArgument  the bounds are not usable for the field, with the reason, to be put behind its name
absl::Status CompileBuckets(const v1::FieldInstruction::Bucket& bucket, FieldType type, BucketPlan& plan);

// False for types that are no numbers.
bool IsNumber(FieldType type);

// What stands for 0.
bool ShowsZeroAsZero(const BucketPlan& plan, FieldType type);

}  // namespace allmende::policy::view
