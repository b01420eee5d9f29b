// Reads one field's value from text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sdk/tabular/mapping/import_plan.h"
#include "sdk/tabular/mapping/value_error.h"

namespace allmende::tabular {

// Which member holds the value follows from the field's type.
struct Value {
  int64_t integer = 0;            // signed integers, enums, truth values; kTimeCount in the field's unit
  uint64_t unsigned_integer = 0;  // unsigned integers
  double real = 0;                // float, double
  std::string_view text = {};     // string, bytes; points into the text that was read, or into `storage`
  TimeValue time;                 // kTimestamp, kTimeCount; with a decision left open for kDoubledByOrder
  bool has_time = false;          // false for a kTimeCount that was given as a bare number
  std::string storage = {};
};

// `times` is the reader's own copy of field.times; null for fields without times. `text` is not an absent value.
// False with `error` filled if the text is no value for the field.
bool ReadValue(const FieldPlan& field, std::string_view text, TimeReader* times, Value& out, ValueError& error);

}  // namespace allmende::tabular
