#include "policy/decide/fit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

#include "policy/decide/numbers.h"
#include "policy/decide/row_constant.h"
#include "policy/text/strings.h"

namespace allmende::policy {
namespace {

bool IsText(FieldType type) {
  return type == FieldType::kString || type == FieldType::kBytes;
}

constexpr size_t kBucketBoundsMax = 1024;

std::string NumberText(double number) {
  std::array<char, 32> text;
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return std::string(text.data(), end);
}

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
    return (IsReal(field.type) || IsInteger(field.type)) && BadBound(buckets, field.type) == nullptr;
  }
  bool operator()(const Pseudonym&) const { return IsText(field.type); }
  bool operator()(const Mask&) const { return IsText(field.type) && !field.key; }
};

class MisfitFinder {
 public:
  MisfitFinder(const Policy& policy, const SchemaTable& schema) : policy_(policy), schema_(schema) {}

  std::vector<MisfitAt> Find() {
    for (const ClassifiedField& field : policy_.fields) {
      CheckClass(field);
      listed_[field.field_class].push_back(&field.field);
    }
    for (const Rule& rule : policy_.rules) {
      CheckDeliveries(rule);
      CheckRows(rule);
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

  void CheckDeliveries(const Rule& rule) {
    std::set<std::string> named;
    for (const Delivery& delivery : rule.deliver) {
      if (const auto* const path = std::get_if<std::string>(&delivery.what)) {
        named.insert(*path);
        CheckTreatment(*path, delivery);
      }
    }
    for (const Delivery& delivery : rule.deliver) {
      const auto* const field_class = std::get_if<v1::FieldClass>(&delivery.what);
      if (field_class == nullptr || std::holds_alternative<Keep>(delivery.treatment)) {
        continue;
      }
      for (const std::string* path : listed_[*field_class]) {
        if (!named.contains(*path)) {
          CheckTreatment(*path, delivery);
        }
      }
    }
  }

  void CheckTreatment(const std::string& path, const Delivery& delivery) {
    const FieldInfo* const field = schema_.FindField(path);
    if (field == nullptr || Applies(delivery.treatment, TraitsOf(*field))) {
      return;  // a field that is not there was reported where it is listed
    }
    MisfitAt misfit{Misfit::kTreatmentInapplicable,
                    delivery.position,
                    path,
                    std::string(FieldTypeName(field->type)),
                    {},
                    {},
                    delivery.treatment};
    const auto* const buckets = std::get_if<Buckets>(&delivery.treatment);
    const bool number = IsInteger(field->type) || IsReal(field->type);
    if (field->key && !std::holds_alternative<Pseudonym>(delivery.treatment)) {
      misfit.misfit = Misfit::kKeyChanged;
    } else if (buckets != nullptr && number && !field->packed) {
      if (const double* const bad = BadBound(*buckets, field->type)) {
        misfit.misfit = Misfit::kBoundInapplicable;
        misfit.other = NumberText(*bad);
      }
    }
    misfits_.push_back(std::move(misfit));
  }

  void CheckRows(const Rule& rule) {
    std::set<std::string> compared;
    for (const RowCondition& condition : rule.rows) {
      compared.insert(condition.field);
      CheckCondition(condition);
    }
    if (compared.size() > kComparedFieldsMax) {
      const RowCondition& last = rule.rows.back();
      misfits_.push_back({Misfit::kTooManyFieldsCompared, last.position, last.field, Cat(compared.size()), {}, {}, {}});
    }
  }

  // In a German file numbers without quotes may look like others. Texts are what they are.
  void CheckNumbers(const FieldInfo& field, const RowCondition& condition) {
    const bool real = IsReal(field.type);
    if (policy_.language != Language::kGerman || !(real || IsInteger(field.type))) {
      return;
    }
    for (const std::string& value : condition.one_of) {
      if (HasThousandsPoints(value)) {
        misfits_.push_back({Misfit::kThousandsPoint, condition.position, condition.field, value, {}, {}, {}});
      }
    }
    if (real && condition.touching) {
      const size_t first = *condition.touching;
      misfits_.push_back({Misfit::kCommaSplitValue,
                          condition.position,
                          condition.field,
                          condition.one_of[first],
                          {},
                          {},
                          {},
                          condition.one_of[first + 1]});
    }
  }

  void CheckCondition(const RowCondition& condition) {
    const FieldInfo* const field = schema_.FindField(condition.field);
    if (field == nullptr) {
      return;
    }
    CheckNumbers(*field, condition);
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
      const bool reported =
          policy_.language == Language::kGerman && IsInteger(field->type) && HasThousandsPoints(value);
      if (!Comparable(*field) || (!reported && !ConstantFor(*field, value, policy_.language).ok())) {
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
  std::array<std::vector<const std::string*>, v1::FieldClass_ARRAYSIZE> listed_;  // paths by class
  std::vector<MisfitAt> misfits_;
};

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
    case Misfit::kBoundInapplicable:
      return Cat("the bound `", misfit.other, "` does not fit ", field);
    case Misfit::kConditionInapplicable:
      return Cat(field, " cannot be compared with `", misfit.other, "`");
    case Misfit::kThousandsPoint:
      return Cat("`", misfit.other, "` may mean a thousand times as much");
    case Misfit::kCommaSplitValue:
      return Cat("`", misfit.other, "` and `", misfit.next, "` may be one number");
    case Misfit::kTooManyFieldsCompared:
      return Cat("the rows compare ", misfit.other, " fields, more than ", kComparedFieldsMax);
  }
  return "";
}

}  // namespace allmende::policy
