#include "policy/decide/fit.h"
#include "policy/text/strings.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace allmende::policy {
namespace {

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
bool IsText(FieldType type) {
  return type == FieldType::kString || type == FieldType::kBytes;
}

// Bounds beyond this are not exact as double.
constexpr double kExactIntegerMax = 9007199254740992.0;  // 2^53
constexpr size_t kBucketBoundsMax = 1024;

struct AppliesTo {
  const FieldTraits& field;

  bool operator()(const Keep&) const { return true; }
  bool operator()(const Drop&) const { return true; }
  bool operator()(const RoundTime& round) const {
    if (field.key || field.packed) {
      return false;
    }
    if (field.type == FieldType::kMessage) {
      return field.message_kind == MessageKind::kTimestamp;
    }
    return field.microseconds_per_unit > 0 && absl::ToInt64Microseconds(round.step) % field.microseconds_per_unit == 0;
  }
  bool operator()(const Grid&) const {
    return field.type == FieldType::kMessage && field.message_kind == MessageKind::kPosition && !field.packed;
  }
  bool operator()(const Buckets& buckets) const {
    if (field.key || field.packed || buckets.bounds.size() > kBucketBoundsMax) {
      return false;
    }
    return IsReal(field.type) ||
           (IsInteger(field.type) && std::all_of(buckets.bounds.begin(), buckets.bounds.end(), Whole));
  }
  bool operator()(const Pseudonym&) const { return IsText(field.type); }
  bool operator()(const Mask&) const { return IsText(field.type) && !field.key; }

  static bool Whole(double bound) { return std::trunc(bound) == bound && std::abs(bound) < kExactIntegerMax; }
};

class MisfitFinder {
 public:
  MisfitFinder(const Policy& policy, const SchemaTable& schema) : policy_(policy), schema_(schema) {}

  std::vector<MisfitAt> Find() {
    for (const ClassifiedField& field : policy_.fields) {
      CheckClass(field);
    }
    for (const Rule& rule : policy_.rules) {
      for (const Delivery& delivery : rule.deliver) {
        CheckDelivery(rule, delivery);
      }
      for (const RowCondition& condition : rule.rows) {
        CheckCondition(condition);
      }
    }
    std::stable_sort(misfits_.begin(), misfits_.end(),
                     [](const MisfitAt& a, const MisfitAt& b) { return a.position < b.position; });
    return std::move(misfits_);
  }

 private:
  void CheckClass(const ClassifiedField& listed) {
    MisfitAt misfit{Misfit::kNoSuchField, listed.position, listed.field, "", listed.field_class, {}, {}};
    const FieldInfo* const field = schema_.FindField(listed.field);
    if (field == nullptr) {
      misfits_.push_back(std::move(misfit));
      return;
    }
    misfit.schema_class = field->field_class;
    if (!field->is_value()) {
      misfit.misfit = Misfit::kHoldsFields;
      for (const FieldInfo& inner : field->message->fields) {
        Append(misfit.other, misfit.other.empty() ? "" : ", ", inner.path);
      }
    } else if (!IsPolicyField(*field, schema_)) {
      misfit.misfit = Misfit::kPartOfValue;
      misfit.other = listed.field.substr(0, listed.field.rfind('.'));
    } else if (field->field_class == v1::FIELD_CLASS_UNSPECIFIED) {
      misfit.misfit = Misfit::kNoClass;
    } else if (field->field_class != listed.field_class) {
      misfit.misfit = Misfit::kClassDiffers;
    } else {
      return;
    }
    misfits_.push_back(std::move(misfit));
  }

  void CheckDelivery(const Rule& rule, const Delivery& delivery) {
    if (const auto* const path = std::get_if<std::string>(&delivery.what)) {
      CheckTreatment(*path, delivery);
      return;
    }
    for (const ClassifiedField& listed : policy_.fields) {
      const bool named = std::any_of(rule.deliver.begin(), rule.deliver.end(), [&](const Delivery& other) {
        return other.what == decltype(other.what)(listed.field);
      });
      if (!named && listed.field_class == std::get<v1::FieldClass>(delivery.what)) {
        CheckTreatment(listed.field, delivery);
      }
    }
  }

  void CheckTreatment(const std::string& path, const Delivery& delivery) {
    const FieldInfo* const field = schema_.FindField(path);
    if (field == nullptr || Applies(delivery.treatment, TraitsOf(*field))) {
      return;  // a field that is not there was reported where it is listed
    }
    const bool key = field->key && !std::holds_alternative<Pseudonym>(delivery.treatment);
    misfits_.push_back({key ? Misfit::kKeyChanged : Misfit::kTreatmentInapplicable,
                        delivery.position,
                        path,
                        std::string(FieldTypeName(field->type)),
                        {},
                        {},
                        delivery.treatment});
  }

  void CheckCondition(const RowCondition& condition) {
    const FieldInfo* const field = schema_.FindField(condition.field);
    if (field == nullptr) {
      return;
    }
    MisfitAt misfit{Misfit::kConditionInapplicable, condition.position, condition.field, "", {}, {}, {}};
    std::vector<std::string> values = condition.one_of;
    const bool ordered = IsInteger(field->type) || IsReal(field->type);
    for (const std::optional<std::string>& bound : {condition.at_least, condition.at_most}) {
      if (bound && !ordered) {
        misfit.other = *bound;
        misfits_.push_back(misfit);
      } else if (bound) {
        values.push_back(*bound);
      }
    }
    for (const std::string& value : values) {
      if (!Comparable(*field) || !ConstantFor(*field, value).ok()) {
        misfit.other = value;
        misfits_.push_back(misfit);
      }
    }
  }

  // No field on the way to it may be repeated: which of its values would count?
  bool Comparable(const FieldInfo& field) const {
    const MessageTable* message = &schema_.record();
    for (const uint32_t number : field.number_path) {
      const FieldInfo* const step = message->Find(number);
      if (step == nullptr || step->repeated) {
        return false;
      }
      message = step->message.get();
    }
    return true;
  }

  const Policy& policy_;
  const SchemaTable& schema_;
  std::vector<MisfitAt> misfits_;
};

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

FieldTraits TraitsOf(const FieldInfo& field) {
  FieldTraits traits;
  traits.type = field.type;
  traits.message_kind = field.message == nullptr ? MessageKind::kPlain : field.message->kind;
  traits.microseconds_per_unit = field.type == FieldType::kInt64 ? MicrosecondsPerUnit(field.unit) : 0;
  traits.key = field.key;
  traits.packed = field.packed;
  return traits;
}

bool Applies(const Treatment& treatment, const FieldTraits& field) {
  return std::visit(AppliesTo{field}, treatment);
}

bool IsPolicyField(const FieldInfo& field, const SchemaTable& schema) {
  if (!field.is_value()) {
    return false;
  }
  const MessageTable* message = &schema.record();
  for (const uint32_t number : field.number_path) {
    const FieldInfo* const step = message->Find(number);
    if (step == &field) {
      return true;
    }
    if (step == nullptr || step->is_value()) {
      return false;
    }
    message = step->message.get();
  }
  return false;
}

std::vector<MisfitAt> FindMisfits(const Policy& policy, const SchemaTable& schema) {
  return MisfitFinder(policy, schema).Find();
}

std::string_view TreatmentName(const Treatment& treatment) {
  static constexpr std::string_view kNames[] = {"keep", "round", "grid", "buckets", "pseudonym", "mask", "drop"};
  return kNames[treatment.index()];
}

std::string Describe(const MisfitAt& misfit) {
  const std::string field = Cat("`", misfit.field, "`");
  switch (misfit.misfit) {
    case Misfit::kNoSuchField:
      return Cat("the schema has no field ", field);
    case Misfit::kPartOfValue:
      return Cat(field, " is part of `", misfit.other, "`, which is treated as one value");
    case Misfit::kHoldsFields:
      return Cat(field, " holds several fields: ", misfit.other);
    case Misfit::kClassDiffers:
      return Cat("the schema says ", field, " is `", FieldClassName(misfit.schema_class), "`, not `",
                 FieldClassName(misfit.file_class), "`");
    case Misfit::kNoClass:
      return Cat("the schema gives ", field, " no class");
    case Misfit::kKeyChanged:
      return Cat(field, " is part of the key and cannot be changed with `", TreatmentName(misfit.treatment), "`");
    case Misfit::kTreatmentInapplicable:
      return Cat("`", TreatmentName(misfit.treatment), "` cannot be applied to ", field);
    case Misfit::kConditionInapplicable:
      return Cat(field, " cannot be compared with `", misfit.other, "`");
  }
  return "";
}

absl::StatusOr<v1::RowConstant> ConstantFor(const FieldInfo& field, std::string_view value) {
  v1::RowConstant constant;
  if (IsInteger(field.type)) {
    return IntegerFor(field, value);
  }
  if (IsReal(field.type)) {
    const std::optional<double> number = ParseReal(value);
    if (!number) {
      return absl::InvalidArgumentError(Cat("`", value, "` is no number"));
    }
    constant.set_number(*number);
    return constant;
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
