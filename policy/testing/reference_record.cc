#include "policy/testing/reference_record.h"

#include <cmath>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace allmende::policy::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int64_t kSecondsMin = -62'135'596'800;
constexpr int64_t kSecondsMax = 253'402'300'799;

std::string BigEndian(uint64_t value) {
  std::string bytes;
  for (int i = 7; i >= 0; --i) {
    bytes.push_back(static_cast<char>(value >> (8 * i)));
  }
  return bytes;
}

std::string Signed(int64_t value) {
  return BigEndian(static_cast<uint64_t>(value) + (uint64_t{1} << 63));
}

std::string TextInKey(const std::string& value) {
  std::string bytes;
  for (const char c : value) {
    bytes.push_back(c);
    if (c == 0) {
      bytes.push_back('\xff');
    }
  }
  return bytes + std::string("\x00\x01", 2);
}

std::string ValueInKey(const Message& record, const FieldDescriptor* field) {
  const Reflection& reflection = *record.GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return TextInKey(reflection.GetString(record, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return std::string(1, reflection.GetBool(record, field) ? '\x01' : '\x00');
    case FieldDescriptor::CPPTYPE_UINT32:
      return BigEndian(reflection.GetUInt32(record, field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return BigEndian(reflection.GetUInt64(record, field));
    case FieldDescriptor::CPPTYPE_INT32:
      return Signed(reflection.GetInt32(record, field));
    case FieldDescriptor::CPPTYPE_ENUM:
      return Signed(reflection.GetEnumValue(record, field));
    default:
      return Signed(reflection.GetInt64(record, field));
  }
}

const FieldDescriptor* FieldOf(const Message& record, const FieldInfo& field) {
  return record.GetDescriptor()->FindFieldByNumber(static_cast<int>(field.number));
}

std::vector<const Message*> InnerMessages(const Message& message) {
  std::vector<const FieldDescriptor*> fields;
  message.GetReflection()->ListFields(message, &fields);
  std::vector<const Message*> inner;
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    const int count = field->is_repeated() ? message.GetReflection()->FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      inner.push_back(field->is_repeated() ? &message.GetReflection()->GetRepeatedMessage(message, field, i)
                                           : &message.GetReflection()->GetMessage(message, field));
    }
  }
  return inner;
}

bool SpecialInRange(const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const FieldDescriptor* first = message.GetDescriptor()->FindFieldByNumber(1);
  const FieldDescriptor* second = message.GetDescriptor()->FindFieldByNumber(2);
  if (message.GetDescriptor()->full_name() == "google.protobuf.Timestamp") {
    const int64_t seconds = reflection.GetInt64(message, first);
    const int32_t nanos = reflection.GetInt32(message, second);
    return seconds >= kSecondsMin && seconds <= kSecondsMax && nanos >= 0 && nanos < 1'000'000'000;
  }
  if (message.GetDescriptor()->full_name() == "allmende.v1.Position") {
    return std::fabs(reflection.GetDouble(message, first)) <= 90 &&
           std::fabs(reflection.GetDouble(message, second)) <= 180;
  }
  return true;
}

bool AllInRange(const Message& message) {
  if (!SpecialInRange(message)) {
    return false;
  }
  for (const Message* inner : InnerMessages(message)) {
    if (!AllInRange(*inner)) {
      return false;
    }
  }
  return true;
}

}  // namespace

std::string Encoded(const Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&output);
  }
  return bytes;
}

bool HoldsUnknownFields(const Message& message) {
  if (!message.GetReflection()->GetUnknownFields(message).empty()) {
    return true;
  }
  for (const Message* inner : InnerMessages(message)) {
    if (HoldsUnknownFields(*inner)) {
      return true;
    }
  }
  return false;
}

std::string ReferenceKey(const Message& record, const SchemaTable& table) {
  std::string key;
  for (const FieldInfo* field : table.key_fields()) {
    key += ValueInKey(record, FieldOf(record, *field));
  }
  return key;
}

std::optional<int64_t> ReferenceEventTime(const Message& record, const SchemaTable& table) {
  if (table.event_time_field() == nullptr) {
    return std::nullopt;
  }
  const FieldDescriptor* field = FieldOf(record, *table.event_time_field());
  const Reflection& reflection = *record.GetReflection();
  if (!reflection.HasField(record, field)) {
    return std::nullopt;
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    const int64_t unit = MicrosecondsPerUnit(table.event_time_field()->unit);
    return static_cast<int64_t>(static_cast<__int128>(reflection.GetInt64(record, field)) * unit);
  }
  const Message& time = reflection.GetMessage(record, field);
  const google::protobuf::Descriptor& type = *time.GetDescriptor();
  return time.GetReflection()->GetInt64(time, type.FindFieldByNumber(1)) * 1'000'000 +
         time.GetReflection()->GetInt32(time, type.FindFieldByNumber(2)) / 1'000;
}

bool ValuesInRange(const Message& record, const SchemaTable& table) {
  if (!AllInRange(record) || ReferenceKey(record, table).size() > 1'024) {
    return false;
  }
  const FieldInfo* time = table.event_time_field();
  if (time == nullptr || time->type != FieldType::kInt64) {
    return true;
  }
  const auto microseconds = static_cast<__int128>(record.GetReflection()->GetInt64(record, FieldOf(record, *time))) *
                            MicrosecondsPerUnit(time->unit);
  return microseconds >= static_cast<__int128>(kSecondsMin) * 1'000'000 &&
         microseconds < (static_cast<__int128>(kSecondsMax) + 1) * 1'000'000;
}

}  // namespace allmende::policy::testing
