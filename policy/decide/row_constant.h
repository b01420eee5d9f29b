// What the values of row conditions mean.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "allmende/v1/view.pb.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// The constant that a value of a row condition means for this field. Numbers are written with a decimal point, or with
// a decimal comma in German files, and rounded as the field's own values are; truth values as `true`, `yes`, `ja` and
// their opposites, enum values by name.
//   kInvalidArgument  the value does not fit the field's type
absl::StatusOr<v1::RowConstant> ConstantFor(const FieldInfo& field, std::string_view value, Language language);

}  // namespace allmende::policy
