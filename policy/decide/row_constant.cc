#include "policy/decide/row_constant.h"

#include <cstdint>
#include <optional>
#include <string>

#include "policy/decide/numbers.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

absl::StatusOr<v1::RowConstant> TruthFor(std::string_view value) {
  v1::RowConstant constant;
  if (value == "true" || value == "ja" || value == "yes") {
    constant.set_truth(true);
    return constant;
  }
  if (value == "false" || value == "nein" || value == "no") {
    constant.set_truth(false);
    return constant;
  }
  return absl::InvalidArgumentError(Cat("`", value, "` is no truth value"));
}

// A float field's values are compared as what they were stored as.
absl::StatusOr<v1::RowConstant> NumberFor(const FieldInfo& field, std::string_view value, Language language) {
  const std::optional<double> number =
      ParseReal(language == Language::kGerman ? ReplaceAll(value, ",", ".") : std::string(value));
  if (!number) {
    return absl::InvalidArgumentError(Cat("`", value, "` is no number"));
  }
  if (!IsValueOf(field.type, *number)) {
    return absl::InvalidArgumentError(Cat("`", value, "` is no ", FieldTypeName(field.type)));
  }
  v1::RowConstant constant;
  constant.set_number(field.type == FieldType::kFloat ? static_cast<float>(*number) : *number);
  return constant;
}

absl::StatusOr<v1::RowConstant> IntegerFor(const FieldInfo& field, std::string_view value) {
  v1::RowConstant constant;
  if (IsUnsigned(field.type)) {
    const std::optional<uint64_t> number = ParseInteger<uint64_t>(value);
    if (number && (!IsNarrow(field.type) || *number <= UINT32_MAX)) {
      constant.set_natural(*number);
      return constant;
    }
  } else {
    const std::optional<int64_t> number = ParseInteger<int64_t>(value);
    if (number && (!IsNarrow(field.type) || (*number >= INT32_MIN && *number <= INT32_MAX))) {
      constant.set_integer(*number);
      return constant;
    }
  }
  return absl::InvalidArgumentError(Cat("`", value, "` is no ", FieldTypeName(field.type)));
}

}  // namespace

absl::StatusOr<v1::RowConstant> ConstantFor(const FieldInfo& field, std::string_view value, Language language) {
  v1::RowConstant constant;
  if (IsInteger(field.type)) {
    return IntegerFor(field, value);
  }
  if (IsReal(field.type)) {
    return NumberFor(field, value, language);
  }
  switch (field.type) {
    case FieldType::kBool:
      return TruthFor(value);
    case FieldType::kString:
      constant.set_text(std::string(value));
      return constant;
    case FieldType::kEnum:
      for (const EnumValue& candidate : field.enum_values) {
        if (candidate.name == value) {
          constant.set_integer(candidate.number);
          return constant;
        }
      }
      return absl::InvalidArgumentError(Cat("`", value, "` is no value of ", field.type_name));
    default:
      return absl::InvalidArgumentError(Cat("`", field.path, "` cannot be compared"));
  }
}

}  // namespace allmende::policy
