// Reads numbers and truth values from text. Each function returns false and fills `error` where the text is none.
// Spaces around the text do not count.
#pragma once

#include <cstdint>
#include <string_view>

#include "sdk/tabular/mapping/import_spec.h"
#include "sdk/tabular/mapping/value_error.h"

namespace allmende::tabular {

// Decimal notation, optionally with an exponent. Thousands separators have to stand exactly between groups of three
// digits, so that a decimal mark is not taken for one.
bool ReadDouble(std::string_view text, const NumberRules& rules, double& out, ValueError& error);

// A whole number between `min` and `max`. `14089.0` and `1e+05` are whole; `1.5` is refused.
bool ReadSigned(std::string_view text, const NumberRules& rules, int64_t min, int64_t max, int64_t& out,
                ValueError& error);
bool ReadUnsigned(std::string_view text, const NumberRules& rules, uint64_t max, uint64_t& out, ValueError& error);

// One of the words; letters A to Z may be of either case.
bool ReadBool(std::string_view text, const BooleanRules& rules, bool& out, ValueError& error);

// `14089.0` as `14089`: whether the text is a whole number with a fraction of zeros only, and then the text without it.
bool DropZeroFraction(std::string_view& text);

}  // namespace allmende::tabular
