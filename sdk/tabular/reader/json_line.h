// Reads one line of NDJSON as names and texts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace allmende::tabular {

struct JsonValue {
  std::string name;  // of an object's member; members of nested objects as `outer.inner`; empty in an array
  std::string text;  // strings unescaped, numbers as written, true and false as words
  bool is_null = false;
};

struct JsonLine {
  bool is_array = false;
  std::vector<JsonValue> values;  // the first `count` are of this line; the rest is kept for its memory
  size_t count = 0;
};

// Fills `out` from an object, or from an array of plain values.
//   kInvalidArgument  why it is not that, without naming the line
absl::Status ParseJsonLine(std::string_view text, size_t values_max, JsonLine& out);

}  // namespace allmende::tabular
