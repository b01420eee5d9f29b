// Whether a policy fits a schema: the one place that knows which treatment applies to which field. `Compile` refuses
// what does not fit; policy/language turns the same findings into diagnostics.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "allmende/v1/view.pb.h"
#include "policy/model/policy.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

// What a treatment needs to know about a field; stands alone.
struct FieldTraits {
  FieldType type = FieldType::kInt32;
  MessageKind message_kind = MessageKind::kPlain;  // of message fields
  int64_t microseconds_per_unit = 0;               // of int64 fields that hold a time
  bool key = false;
  bool packed = false;
};

FieldTraits TraitsOf(const FieldInfo& field);

// Whether a view can apply the treatment to such a field. What applies to no field is not delivered.
bool Applies(const Treatment& treatment, const FieldTraits& field);

// Whether a policy may name the field: it is treated as one value, and is no part of one.
bool IsPolicyField(const FieldInfo& field, const SchemaTable& schema);

enum class Misfit {
  kNoSuchField,   // the schema has no such field
  kPartOfValue,   // lies inside a field that is treated as one value: `other` names it
  kHoldsFields,   // a message whose fields must be named: `other` lists them
  kClassDiffers,  // the schema says another class
  kNoClass,       // the schema gives no class
  kKeyChanged,    // part of the key, and not kept or replaced by a pseudonym
  kTreatmentInapplicable,
  kBoundInapplicable,  // a bound of buckets, `other`, is no value of the field's type, or no more than the one before
  kConditionInapplicable,  // `other` is the value that does not fit, or empty where the field itself cannot be compared
  kThousandsPoint,         // `other` is a number of a German file that may mean a thousand times as much
  kCommaSplitValue,        // `other` and `next` may be one number of a German file
  kTooManyFieldsCompared,  // the rule's rows compare `other` fields, more than kComparedFieldsMax
};

// What a view can evaluate for each record (policy/view has the same bounds).
inline constexpr size_t kComparedFieldsMax = 32;
inline constexpr size_t kComparisonsMax = 1'024;

struct MisfitAt {
  Misfit misfit;
  FilePosition position;
  std::string field;
  std::string other;
  v1::FieldClass file_class = v1::FIELD_CLASS_UNSPECIFIED;
  v1::FieldClass schema_class = v1::FIELD_CLASS_UNSPECIFIED;
  Treatment treatment;
  std::string next = "";
};

// Everything that keeps the policy from being compiled, in the order of the file; empty if it fits.
std::vector<MisfitAt> FindMisfits(const Policy& policy, const SchemaTable& schema);

// One lower-case sentence in English, without place.
std::string Describe(const MisfitAt& misfit);

// `grid`, `round`, ...: the treatment's English word.
std::string_view TreatmentName(const Treatment& treatment);

}  // namespace allmende::policy
