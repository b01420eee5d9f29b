// Which numbers a field's type can hold.
#pragma once

#include "policy/model/treatment.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

bool IsInteger(FieldType type);
bool IsUnsigned(FieldType type);
bool IsNarrow(FieldType type);  // an integer of 32 bits
bool IsReal(FieldType type);

// Whether a field of this type, which is a number's, can hold `number`; a float may round it. Whole numbers of 2^53 and
// more are refused: not every one of them is a double.
bool IsValueOf(FieldType type, double number);

// The first bound that is no value of the field's type, or no more than the one before it once both are; null if there
// is none. Points into `buckets`.
const double* BadBound(const Buckets& buckets, FieldType type);

}  // namespace allmende::policy
