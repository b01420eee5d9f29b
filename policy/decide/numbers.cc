#include "policy/decide/numbers.h"

#include <cmath>
#include <cstdint>
#include <limits>

namespace allmende::policy {
namespace {

// Bounds beyond this are not exact as double.
constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53

bool Whole(double bound) {
  return std::trunc(bound) == bound && std::abs(bound) < kExactIntegerMax;
}

}  // namespace

bool IsInteger(FieldType type) {
  switch (type) {
    case FieldType::kInt64:
    case FieldType::kUint64:
    case FieldType::kInt32:
    case FieldType::kFixed64:
    case FieldType::kFixed32:
    case FieldType::kUint32:
    case FieldType::kSfixed32:
    case FieldType::kSfixed64:
    case FieldType::kSint32:
    case FieldType::kSint64:
      return true;
    default:
      return false;
  }
}

bool IsUnsigned(FieldType type) {
  return type == FieldType::kUint64 || type == FieldType::kUint32 || type == FieldType::kFixed64 ||
         type == FieldType::kFixed32;
}

bool IsNarrow(FieldType type) {
  return type == FieldType::kInt32 || type == FieldType::kUint32 || type == FieldType::kFixed32 ||
         type == FieldType::kSfixed32 || type == FieldType::kSint32;
}

bool IsReal(FieldType type) {
  return type == FieldType::kDouble || type == FieldType::kFloat;
}

bool IsValueOf(FieldType type, double bound) {
  if (type == FieldType::kDouble) {
    return std::isfinite(bound);
  }
  if (type == FieldType::kFloat) {
    return std::abs(bound) <= std::numeric_limits<float>::max();
  }
  if (!Whole(bound) || (IsUnsigned(type) && bound < 0)) {
    return false;
  }
  return !IsNarrow(type) || (IsUnsigned(type) ? bound <= UINT32_MAX : bound >= INT32_MIN && bound <= INT32_MAX);
}

const double* BadBound(const Buckets& buckets, FieldType type) {
  const auto narrowed = [&](double bound) { return type == FieldType::kFloat ? static_cast<float>(bound) : bound; };
  const double* before = nullptr;
  for (const double& bound : buckets.bounds) {
    if (!IsValueOf(type, bound) || (before != nullptr && !(narrowed(*before) < narrowed(bound)))) {
      return &bound;
    }
    before = &bound;
  }
  return nullptr;
}

}  // namespace allmende::policy
