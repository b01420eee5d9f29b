#include "policy/wire/validator.h"

#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "policy/wire/message_rules.h"
#include "policy/wire/record_scan.h"
#include "policy/wire/utf8.h"

namespace allmende::policy {
namespace {

template <typename T>
bool Fits(int64_t value) {
  return value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
}

// Reads the key's next value. False if it is none of the field.
bool ReadKeyValue(const FieldInfo& field, KeyReader& reader) {
  switch (field.type) {
    case FieldType::kString: {
      const absl::StatusOr<std::string> value = reader.ReadBytes();
      return value.ok() && IsValidUtf8(*value);
    }
    case FieldType::kBytes:
      return reader.ReadBytes().ok();
    case FieldType::kBool:
      return reader.ReadBool().ok();
    case FieldType::kUint64:
    case FieldType::kFixed64:
      return reader.ReadUnsigned().ok();
    case FieldType::kUint32:
    case FieldType::kFixed32: {
      const absl::StatusOr<uint64_t> value = reader.ReadUnsigned();
      return value.ok() && *value <= std::numeric_limits<uint32_t>::max();
    }
    case FieldType::kInt64:
    case FieldType::kSint64:
    case FieldType::kSfixed64:
      return reader.ReadSigned().ok();
    default: {  // 32 bits, signed
      const absl::StatusOr<int64_t> value = reader.ReadSigned();
      return value.ok() && Fits<int32_t>(*value);
    }
  }
}

}  // namespace

std::string_view RecordProblemName(RecordProblemCode code) {
  switch (code) {
    case RecordProblemCode::kTruncated:
      return "truncated";
    case RecordProblemCode::kBadTag:
      return "bad-tag";
    case RecordProblemCode::kOverlongVarint:
      return "overlong-varint";
    case RecordProblemCode::kUnknownField:
      return "unknown-field";
    case RecordProblemCode::kWrongOrder:
      return "wrong-order";
    case RecordProblemCode::kRepeatedField:
      return "repeated-field";
    case RecordProblemCode::kTwoOfOneof:
      return "two-of-oneof";
    case RecordProblemCode::kWrongWireType:
      return "wrong-wire-type";
    case RecordProblemCode::kOutOfRange:
      return "out-of-range";
    case RecordProblemCode::kBadUtf8:
      return "bad-utf8";
    case RecordProblemCode::kBadTimestamp:
      return "bad-timestamp";
    case RecordProblemCode::kBadPosition:
      return "bad-position";
    case RecordProblemCode::kKeyTooLong:
      return "key-too-long";
    case RecordProblemCode::kBadKey:
      return "bad-key";
  }
  return "";
}

RecordValidator::RecordValidator(const SchemaTable& table) : table_(&table), rules_(RulesOf(table.record())) {}
RecordValidator::RecordValidator(RecordValidator&&) noexcept = default;
RecordValidator& RecordValidator::operator=(RecordValidator&&) noexcept = default;
RecordValidator::~RecordValidator() = default;

std::optional<RecordProblem> RecordValidator::Validate(std::string_view payload, RecordFacts& facts) const {
  facts.key.Clear();
  facts.event_time_us.reset();
  RecordScan scan(facts);
  if (scan.Record(*rules_, payload)) {
    return std::nullopt;
  }
  return scan.TakeProblem();
}

std::optional<RecordProblem> RecordValidator::CheckKey(std::string_view key) const {
  if (key.size() > kKeyBytesMax) {
    return RecordProblem{
        .field = "", .code = RecordProblemCode::kKeyTooLong, .detail = "the key is longer than is allowed"};
  }
  KeyReader reader(key);
  for (const FieldInfo* field : table_->key_fields()) {
    if (!ReadKeyValue(*field, reader)) {
      return RecordProblem{.field = field->path,
                           .code = RecordProblemCode::kBadKey,
                           .detail = "the key's bytes hold no value of this field at its place"};
    }
  }
  if (!reader.AtEnd()) {
    return RecordProblem{
        .field = "", .code = RecordProblemCode::kBadKey, .detail = "the key goes on after the last key field"};
  }
  return std::nullopt;
}

}  // namespace allmende::policy
