#include "policy/wire/record_scan.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/wire/utf8.h"
#include "policy/wire/well_known.h"
#include "policy/wire/wire_reader.h"

namespace allmende::policy {
namespace {

bool FitsInt32(uint64_t number) {
  const auto value = static_cast<int64_t>(number);
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

bool FitsUint32(uint64_t number) {
  return number <= std::numeric_limits<uint32_t>::max();
}

}  // namespace

bool RecordScan::Fail(const FieldInfo* field, RecordProblemCode code, std::string detail) {
  problem_.field = field == nullptr ? "" : field->path;
  problem_.code = code;
  problem_.detail = std::move(detail);
  return false;
}

bool RecordScan::FailVarint(const FieldInfo* field, const char* at, const char* end) {
  uint64_t value;
  if (ReadVarint(at, end, &value) == nullptr && SkipVarint(at, end) == nullptr &&
      end - at < static_cast<ptrdiff_t>(kVarintBytesMax)) {
    return Fail(field, RecordProblemCode::kTruncated, "the record ends in the middle of a number");
  }
  return Fail(field, RecordProblemCode::kOverlongVarint, "a number is not in its shortest form");
}

bool RecordScan::Record(const MessageRules& rules, std::string_view payload) {
  if (!Message(rules, payload, nullptr)) {
    return false;
  }
  if (facts_.key.bytes().size() > kKeyBytesMax) {
    return Fail(nullptr, RecordProblemCode::kKeyTooLong,
                absl::StrCat("the key fields make a key of over ", kKeyBytesMax, " bytes"));
  }
  return true;
}

bool RecordScan::Message(const MessageRules& rules, std::string_view bytes, const FieldInfo* around) {
  const Cursor outer = std::exchange(cursor_, Cursor());
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at < end) {
    uint64_t tag;
    const char* const after_tag = ReadMinimalVarint(at, end, &tag);
    if (after_tag == nullptr) {
      return FailVarint(around, at, end);
    }
    const FieldRule* field = NextField(rules, tag, around);
    if (field == nullptr) {
      return false;
    }
    Value value;
    at = field->packed ? ReadPacked(*field, after_tag, end) : ReadOne(*field, after_tag, end, value);
    if (at == nullptr) {
      return false;
    }
    if (field->key) {
      AddToKey(*field, value);
    }
    if (field->event_time && field->type == FieldType::kInt64 &&
        !SetEventTime(*field, static_cast<int64_t>(value.number))) {
      return false;
    }
  }
  if (rules.has_keys) {
    for (; cursor_.next < rules.fields.size(); ++cursor_.next) {
      if (rules.fields[cursor_.next].key) {
        AddToKey(rules.fields[cursor_.next], Value());
      }
    }
  }
  cursor_ = outer;
  return true;
}

// Key fields that are stepped over are absent: they enter the key with their default.
const FieldRule* RecordScan::NextField(const MessageRules& rules, uint64_t tag, const FieldInfo* around) {
  const uint64_t number = tag >> 3;
  const unsigned wire = tag & 7;
  if (number == 0 || number > kFieldNumberMax || wire == 3 || wire == 4 || wire > 5) {
    Fail(around, RecordProblemCode::kBadTag,
         "a field number or wire type that protobuf does not have or no longer uses");
    return nullptr;
  }
  const FieldRule* field = nullptr;
  if (number > cursor_.last) [[likely]] {
    while (cursor_.next < rules.fields.size() && rules.fields[cursor_.next].number < number) {
      if (rules.fields[cursor_.next].key) {
        AddToKey(rules.fields[cursor_.next], Value());
      }
      ++cursor_.next;
    }
    if (cursor_.next == rules.fields.size() || rules.fields[cursor_.next].number != number) {
      Fail(around, RecordProblemCode::kUnknownField,
           absl::StrCat("the schema has no field with number ", number, " here: update the schema first"));
      return nullptr;
    }
    field = &rules.fields[cursor_.next++];
    cursor_.last = field->number;
    if (field->oneof_index >= 0) {
      const uint64_t bit = uint64_t{1} << field->oneof_index;
      if ((cursor_.oneofs & bit) != 0) {
        Fail(field->info, RecordProblemCode::kTwoOfOneof, "another field of the same oneof is set");
        return nullptr;
      }
      cursor_.oneofs |= bit;
    }
  } else if (number < cursor_.last) {
    Fail(around, RecordProblemCode::kWrongOrder,
         absl::StrCat("field number ", number, " stands after number ", cursor_.last));
    return nullptr;
  } else {
    field = &rules.fields[cursor_.next - 1];
    if (!field->may_repeat) {
      Fail(field->info, RecordProblemCode::kRepeatedField, "the field stands in the record more than once");
      return nullptr;
    }
  }
  if (wire != static_cast<unsigned>(field->wire_type)) {
    Fail(field->info, RecordProblemCode::kWrongWireType,
         absl::StrCat("wire type ", wire, " instead of ", static_cast<unsigned>(field->wire_type)));
    return nullptr;
  }
  return field;
}

const char* RecordScan::ReadOne(const FieldRule& field, const char* at, const char* end, Value& value) {
  switch (field.type) {
    case FieldType::kMessage:
      return ReadInner(field, at, end);
    case FieldType::kString:
      at = Cut(field.info, at, end, value.bytes);
      if (at != nullptr && !IsValidUtf8(value.bytes)) {
        Fail(field.info, RecordProblemCode::kBadUtf8, "the text is not UTF-8");
        return nullptr;
      }
      return at;
    case FieldType::kBytes:
      return Cut(field.info, at, end, value.bytes);
    default:
      return ReadNumber(field, at, end, value);
  }
}

const char* RecordScan::ReadNumber(const FieldRule& field, const char* at, const char* end, Value& value) {
  switch (field.type) {
    case FieldType::kDouble:
    case FieldType::kFixed64:
    case FieldType::kSfixed64:
      if (end - at < 8) {
        Fail(field.info, RecordProblemCode::kTruncated, "the record ends in the middle of a number");
        return nullptr;
      }
      value.number = LoadFixed64(at);
      return at + 8;
    case FieldType::kFloat:
    case FieldType::kFixed32:
    case FieldType::kSfixed32:
      if (end - at < 4) {
        Fail(field.info, RecordProblemCode::kTruncated, "the record ends in the middle of a number");
        return nullptr;
      }
      value.number = LoadFixed32(at);
      return at + 4;
    default:
      break;
  }
  const char* const next = ReadMinimalVarint(at, end, &value.number);
  if (next == nullptr) {
    FailVarint(field.info, at, end);
    return nullptr;
  }
  return CheckNumber(field, value.number) ? next : nullptr;
}

bool RecordScan::CheckNumber(const FieldRule& field, uint64_t number) {
  bool fits = true;
  switch (field.type) {
    case FieldType::kInt32:
    case FieldType::kEnum:
      fits = FitsInt32(number);
      break;
    case FieldType::kUint32:
    case FieldType::kSint32:  // the zigzag form of 32 bits has 32 bits
      fits = FitsUint32(number);
      break;
    case FieldType::kBool:
      fits = number <= 1;
      break;
    default:
      break;
  }
  return fits || Fail(field.info, RecordProblemCode::kOutOfRange,
                      absl::StrCat("the number is out of range for ", std::string(FieldTypeName(field.type))));
}

const char* RecordScan::Cut(const FieldInfo* field, const char* at, const char* end, std::string_view& bytes) {
  uint64_t length;
  const char* const begin = ReadMinimalVarint(at, end, &length);
  if (begin == nullptr) {
    FailVarint(field, at, end);
    return nullptr;
  }
  if (length > static_cast<uint64_t>(end - begin)) {
    Fail(field, RecordProblemCode::kTruncated, "a length reaches beyond the end");
    return nullptr;
  }
  bytes = std::string_view(begin, static_cast<size_t>(length));
  return begin + length;
}

const char* RecordScan::ReadPacked(const FieldRule& field, const char* at, const char* end) {
  std::string_view bytes;
  const char* const next = Cut(field.info, at, end, bytes);
  if (next == nullptr) {
    return nullptr;
  }
  Value value;
  for (const char* element = bytes.data(); element < next;) {
    element = ReadNumber(field, element, next, value);
    if (element == nullptr) {
      return nullptr;
    }
  }
  return next;
}

const char* RecordScan::ReadInner(const FieldRule& field, const char* at, const char* end) {
  std::string_view bytes;
  const char* const next = Cut(field.info, at, end, bytes);
  if (next == nullptr || !Message(*field.inner, bytes, field.info)) {
    return nullptr;
  }
  if (field.inner->kind == MessageKind::kTimestamp) {
    TimestampValue time;
    ReadTimestamp(bytes, time);
    if (!time.InRange()) {
      Fail(field.info, RecordProblemCode::kBadTimestamp,
           "the time is not in the years 1 to 9999, or its nanoseconds are not from 0 to 999,999,999");
      return nullptr;
    }
    if (field.event_time) {
      facts_.event_time_us = time.Microseconds();
    }
  } else if (field.inner->kind == MessageKind::kPosition) {
    PositionValue position;
    ReadPosition(bytes, position);
    if (!position.InRange()) {
      Fail(field.info, RecordProblemCode::kBadPosition,
           "latitude must be from -90 to 90, longitude from -180 to 180 degrees");
      return nullptr;
    }
  }
  return next;
}

bool RecordScan::SetEventTime(const FieldRule& field, int64_t value) {
  if (value == 0 && !field.info->has_presence) {
    return true;
  }
  const int64_t unit = MicrosecondsPerUnit(field.info->unit);
  if (value < kTimeMinUs / unit || value > kTimeMaxUs / unit) {
    return Fail(field.info, RecordProblemCode::kBadTimestamp, "the time is not in the years 1 to 9999");
  }
  facts_.event_time_us = value * unit;
  return true;
}

void RecordScan::AddToKey(const FieldRule& field, const Value& value) {
  switch (field.type) {
    case FieldType::kString:
    case FieldType::kBytes:
      facts_.key.AddBytes(value.bytes);
      break;
    case FieldType::kBool:
      facts_.key.AddBool(value.number != 0);
      break;
    case FieldType::kUint32:
    case FieldType::kUint64:
    case FieldType::kFixed32:
    case FieldType::kFixed64:
      facts_.key.AddUnsigned(value.number);
      break;
    case FieldType::kSint32:
    case FieldType::kSint64:
      facts_.key.AddSigned(ZigZagDecode(value.number));
      break;
    case FieldType::kSfixed32:
      facts_.key.AddSigned(static_cast<int32_t>(static_cast<uint32_t>(value.number)));
      break;
    default:  // int32, int64, sfixed64, enum: as wide as they are
      facts_.key.AddSigned(static_cast<int64_t>(value.number));
      break;
  }
}

}  // namespace allmende::policy
