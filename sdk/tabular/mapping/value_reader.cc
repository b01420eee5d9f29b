#include "sdk/tabular/mapping/value_reader.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

#include "sdk/tabular/mapping/numbers.h"
#include "sdk/tabular/reader/utf8.h"

namespace allmende::tabular {
namespace {

using policy::FieldType;

// The years 1 to 9999 in microseconds since 1970: what an event time may be.
constexpr int64_t kTimeMinUs = -62'135'596'800'000'000;
constexpr int64_t kTimeMaxUs = 253'402'300'799'999'999;

bool CheckBounds(const FieldPlan& field, double value, ValueError& error) {
  if (field.min.has_value() && value < *field.min) {
    error.why = absl::StrFormat("is below %g, the smallest value allowed here", *field.min);
  } else if (field.max.has_value() && value > *field.max) {
    error.why = absl::StrFormat("is above %g, the largest value allowed here", *field.max);
  } else {
    return true;
  }
  error.advice = "correct the value, or look whether two columns are swapped";
  return false;
}

bool ReadReal(const FieldPlan& field, std::string_view text, Value& out, ValueError& error) {
  if (!ReadDouble(text, field.numbers, out.real, error)) {
    return false;
  }
  if (field.type == FieldType::kFloat && std::abs(out.real) > std::numeric_limits<float>::max()) {
    error.why = "is too large for a float";
    error.advice = "make the field a double in the schema";
    return false;
  }
  return CheckBounds(field, out.real, error);
}

bool ReadEnum(const FieldPlan& field, std::string_view text, Value& out, ValueError& error) {
  const std::string word(TrimSpaces(text));
  if (const auto found = field.enum_values.find(word); found != field.enum_values.end()) {
    out.integer = found->second;
    return true;
  }
  int32_t number = 0;
  const auto [end, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (problem == std::errc() && end == word.data() + word.size()) {
    for (const auto& [name, value] : field.enum_values) {
      if (value == number) {
        out.integer = number;
        return true;
      }
    }
  }
  error.why = "is no value of this enum";
  error.advice = "use the schema's names, or map the word with `replace`";
  return false;
}

bool ReadBytes(std::string_view text, Value& out, ValueError& error) {
  out.storage.clear();
  if (!absl::Base64Unescape(absl::string_view(text.data(), text.size()), &out.storage)) {
    error.why = "is no base64";
    error.advice = "a bytes field is filled from base64";
    return false;
  }
  out.text = out.storage;
  return true;
}

bool ReadCount(const FieldPlan& field, std::string_view text, TimeReader* times, Value& out, ValueError& error) {
  out.has_time = false;
  if (field.plain_count) {
    const std::string_view digits = TrimSpaces(text);
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), out.integer);
    if (end == digits.data() + digits.size() && !digits.empty()) {
      const int64_t unit = field.unit_microseconds;
      if (problem == std::errc() && out.integer >= kTimeMinUs / unit && out.integer <= kTimeMaxUs / unit) {
        return true;
      }
      error.why = "lies outside of the years 1 to 9999";
      error.advice = "look whether the unit of the field is right";
      return false;
    }
  }
  out.has_time = true;
  return times->Read(text, out.time, error);
}

}  // namespace

bool ReadValue(const FieldPlan& field, std::string_view text, TimeReader* times, Value& out, ValueError& error) {
  constexpr auto kInt32Min = std::numeric_limits<int32_t>::min();
  constexpr auto kInt32Max = std::numeric_limits<int32_t>::max();
  constexpr auto kInt64Min = std::numeric_limits<int64_t>::min();
  constexpr auto kInt64Max = std::numeric_limits<int64_t>::max();
  if (field.shape == FieldShape::kTimestamp) {
    out.has_time = true;
    return times->Read(text, out.time, error);
  }
  if (field.shape == FieldShape::kTimeCount) {
    return ReadCount(field, text, times, out, error);
  }
  switch (field.type) {
    case FieldType::kDouble:
    case FieldType::kFloat:
      return ReadReal(field, text, out, error);
    case FieldType::kInt32:
    case FieldType::kSint32:
    case FieldType::kSfixed32:
      return ReadSigned(text, field.numbers, kInt32Min, kInt32Max, out.integer, error) &&
             CheckBounds(field, static_cast<double>(out.integer), error);
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64:
      return ReadSigned(text, field.numbers, kInt64Min, kInt64Max, out.integer, error) &&
             CheckBounds(field, static_cast<double>(out.integer), error);
    case FieldType::kUint32:
    case FieldType::kFixed32:
      return ReadUnsigned(text, field.numbers, std::numeric_limits<uint32_t>::max(), out.unsigned_integer, error) &&
             CheckBounds(field, static_cast<double>(out.unsigned_integer), error);
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return ReadUnsigned(text, field.numbers, std::numeric_limits<uint64_t>::max(), out.unsigned_integer, error) &&
             CheckBounds(field, static_cast<double>(out.unsigned_integer), error);
    case FieldType::kBool: {
      bool value = false;
      const bool read = ReadBool(text, field.booleans, value, error);
      out.integer = value ? 1 : 0;
      return read;
    }
    case FieldType::kEnum:
      return ReadEnum(field, text, out, error);
    case FieldType::kBytes:
      return ReadBytes(text, out, error);
    default:
      out.text = text;
      return true;
  }
}

}  // namespace allmende::tabular
