#include "policy/view/bucket_compiler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "policy/view/bucket.h"

namespace allmende::policy::view {
namespace {

constexpr int kBoundsMax = 1'024;
constexpr double kWholeMax = 9'007'199'254'740'992.0;  // 2^53: beyond, not every whole number is a double

// False if `number` cannot stand for a value of the field. `least` and `greatest` are those of the field's type.
template <typename T>
bool Convert(double number, double least, double greatest, T& result) {
  if (!std::isfinite(number) || number < least || number > greatest) {
    return false;
  }
  if constexpr (std::is_integral_v<T>) {
    if (number != std::floor(number) || std::fabs(number) >= kWholeMax) {
      return false;
    }
    result = static_cast<T>(number);
  } else {
    result = static_cast<T>(number) + T{0};  // no negative zero
  }
  return true;
}

// T is what the field's values are widened to, Narrow the field's own type.
template <typename T, typename Narrow>
absl::Status Fill(const v1::FieldInstruction::Bucket& bucket, BucketTable<T>& table) {
  using Limits = std::numeric_limits<Narrow>;
  const auto least = static_cast<double>(Limits::lowest());
  const auto greatest = static_cast<double>(Limits::max());
  for (const double bound : bucket.bounds()) {
    T value;
    if (!Convert(bound, least, greatest, value)) {
      return absl::InvalidArgumentError(absl::StrCat("the bound ", bound, " is no value of the field's type"));
    }
    if (!table.bounds.empty() && !(table.bounds.back() < value)) {
      return absl::InvalidArgumentError(absl::StrCat("the bound ", bound, " is not greater than the one before it"));
    }
    table.bounds.push_back(value);
  }
  if (bucket.index()) {
    if (bucket.has_below()) {
      return absl::InvalidArgumentError("`below` means nothing where buckets are shown by index");
    }
    for (size_t i = 0; i <= table.bounds.size(); ++i) {
      table.shown.push_back(static_cast<T>(i));
    }
    return absl::OkStatus();
  }
  T below = std::is_unsigned_v<T> || table.bounds.front() > T{0} ? T{0}
            : Limits::has_infinity                               ? static_cast<T>(-Limits::infinity())
                                                                 : static_cast<T>(Limits::lowest());
  if (bucket.has_below() && (!Convert(bucket.below(), least, greatest, below) || !(below < table.bounds.front()))) {
    return absl::InvalidArgumentError("`below` must be a value of the field's type, less than the first bound");
  }
  table.shown.push_back(below);
  table.shown.insert(table.shown.end(), table.bounds.begin(), table.bounds.end());
  return absl::OkStatus();
}

}  // namespace

bool IsNumber(FieldType type) {
  return type != FieldType::kBool && type != FieldType::kEnum && type != FieldType::kString &&
         type != FieldType::kBytes && type != FieldType::kMessage;
}

absl::Status CompileBuckets(const v1::FieldInstruction::Bucket& bucket, FieldType type, BucketPlan& plan) {
  if (bucket.bounds().empty() || bucket.bounds_size() > kBoundsMax) {
    return absl::InvalidArgumentError(absl::StrCat("buckets need 1 to ", kBoundsMax, " bounds"));
  }
  switch (type) {
    case FieldType::kDouble:
      return Fill<double, double>(bucket, plan.of_double);
    case FieldType::kFloat:
      return Fill<float, float>(bucket, plan.of_float);
    case FieldType::kUint32:
    case FieldType::kFixed32:
      return Fill<uint64_t, uint32_t>(bucket, plan.of_unsigned);
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return Fill<uint64_t, uint64_t>(bucket, plan.of_unsigned);
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32:
      return Fill<int64_t, int32_t>(bucket, plan.of_signed);
    default:
      return Fill<int64_t, int64_t>(bucket, plan.of_signed);
  }
}

bool ShowsZeroAsZero(const BucketPlan& plan, FieldType type) {
  switch (type) {
    case FieldType::kDouble:
      return std::bit_cast<uint64_t>(Bucketed(plan.of_double, 0.0)) == 0;
    case FieldType::kFloat:
      return std::bit_cast<uint32_t>(Bucketed(plan.of_float, 0.0f)) == 0;
    case FieldType::kUint32:
    case FieldType::kFixed32:
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return Bucketed(plan.of_unsigned, uint64_t{0}) == 0;
    default:
      return Bucketed(plan.of_signed, int64_t{0}) == 0;
  }
}

}  // namespace allmende::policy::view
