// A dataset's schema as a table: what validation, keys and views need to know about a record's fields, compiled once
// from the descriptors that the agency registered.
//
// A schema is one proto3 message. What is refused, because a record must have one encoding, end somewhere, and hide
// nothing from a view: recursive messages, more than kMessageDepthMax levels or kSchemaFieldsMax fields, maps, groups,
// proto2, extensions, google.protobuf.Any. Options are those of allmende/v1/options.proto. The other bounds below keep
// what a small set can make a broker hold, or do, within a few MiB and milliseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "allmende/v1/options.pb.h"

namespace allmende::policy {

inline constexpr int kMessageDepthMax = 16;         // levels of messages, the record included
inline constexpr size_t kSchemaFieldsMax = 4'096;   // paths, counting a message's fields once for each way to them
inline constexpr size_t kSchemaBytesMax = 1 << 20;  // of a serialized descriptor set
inline constexpr size_t kSchemaFilesMax = 256;
inline constexpr size_t kSchemaImportsMax = 4'096;          // of all files
inline constexpr size_t kSchemaEnumValuesMax = 16'384;      // of all enums, used or not
inline constexpr size_t kSchemaReservedMax = 4'096;         // names and ranges of numbers, of all messages and enums
inline constexpr size_t kSchemaNameBytesMax = 256;          // of one word
inline constexpr size_t kSchemaFullNameBytesMax = 1'024;    // with package and messages around
inline constexpr size_t kSchemaNamesBytesMax = 8ull << 20;  // of all full names together
inline constexpr size_t kUnitBytesMax = 64;
inline constexpr size_t kKeyFieldsMax = 16;

// The numbers are those of google.protobuf.FieldDescriptorProto.Type.
enum class FieldType : uint8_t {
  kDouble = 1,
  kFloat = 2,
  kInt64 = 3,
  kUint64 = 4,
  kInt32 = 5,
  kFixed64 = 6,
  kFixed32 = 7,
  kBool = 8,
  kString = 9,
  kMessage = 11,
  kBytes = 12,
  kUint32 = 13,
  kEnum = 14,
  kSfixed32 = 15,
  kSfixed64 = 16,
  kSint32 = 17,
  kSint64 = 18,
};

// `double`, `int32`, ..., as written in a .proto file; `message` and `enum`.
std::string_view FieldTypeName(FieldType type);

// The numbers are those of the wire format. Groups (3, 4) do not occur.
enum class WireType : uint8_t { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

// Messages that have a meaning of their own.
enum class MessageKind : uint8_t { kPlain, kTimestamp, kPosition };

struct EnumValue {
  std::string name;
  int32_t number = 0;
};

// The values of an enum in the order of the file; none for other fields. Copies share them, however many there are.
class EnumValues {
 public:
  EnumValues() : EnumValues(std::vector<EnumValue>()) {}
  explicit EnumValues(std::vector<EnumValue> values)
      : values_(std::make_shared<const std::vector<EnumValue>>(std::move(values))) {}

  auto begin() const { return values_->begin(); }
  auto end() const { return values_->end(); }
  size_t size() const { return values_->size(); }
  const EnumValue& operator[](size_t index) const { return (*values_)[index]; }
  // Equal for copies of one list.
  const void* identity() const { return values_.get(); }

 private:
  std::shared_ptr<const std::vector<EnumValue>> values_;  // never null
};

struct MessageTable;

struct FieldInfo {
  uint32_t number = 0;
  std::string name;                   // `latitude`
  std::string path;                   // `position.latitude`
  std::vector<uint32_t> number_path;  // from the record down, this field's number last
  FieldType type = FieldType::kInt32;
  WireType wire_type = WireType::kVarint;        // of one tag: kLengthDelimited for a packed field
  WireType value_wire_type = WireType::kVarint;  // of one value
  bool repeated = false;
  bool packed = false;        // all values behind one tag
  bool has_presence = false;  // absent and default are told apart: `optional`, `oneof` and messages
  int oneof_index = -1;       // within its message; -1 where the field is in no oneof (`optional` is none)
  bool key = false;
  bool event_time = false;
  // The stricter of its own class and that of the fields around it. FIELD_CLASS_UNSPECIFIED: nobody gets it.
  v1::FieldClass field_class = v1::FIELD_CLASS_UNSPECIFIED;
  std::string unit;                             // UCUM code; empty: none given
  std::string type_name;                        // full name, for messages and enums
  std::shared_ptr<const MessageTable> message;  // what is in a message field, otherwise null
  EnumValues enum_values;

  // Whether a policy treats the field as one value: everything but plain messages.
  bool is_value() const;
};

struct NumberRange {
  uint32_t first = 0;
  uint32_t last = 0;  // included

  friend bool operator==(const NumberRange&, const NumberRange&) = default;
};

// What a message must not use, or not again.
struct Reserved {
  std::vector<NumberRange> numbers;  // ascending, with a gap between any two
  std::vector<std::string> names;    // ascending

  bool Has(uint32_t number) const;
  bool Has(std::string_view name) const;
};

// The fields of one message at one place of the schema.
struct MessageTable {
  std::string type_name;
  MessageKind kind = MessageKind::kPlain;
  std::vector<FieldInfo> fields;  // by ascending number
  std::vector<std::string> oneof_names;
  std::shared_ptr<const Reserved> reserved;  // one for all places of the message; never null

  // Null if the message has no such field.
  const FieldInfo* Find(uint32_t number) const;
  const FieldInfo* Find(std::string_view name) const;
};

struct SchemaProblem {
  std::string field;    // path; empty: the schema as a whole
  std::string message;  // one lower-case sentence
};

// How many microseconds one unit of an int64 time field is: unit `us`, `ms` or `s`; 0 for any other unit.
int64_t MicrosecondsPerUnit(std::string_view unit);

// Immutable, movable, thread-safe. Pointers into it stay valid when it is moved.
class SchemaTable {
 public:
  // `descriptor_set` is a serialized google.protobuf.FileDescriptorSet, closed over imports, in any order;
  // `message_name` the full name of the record's message in it.
  //   kInvalidArgument  the bytes are no such set, the message is not in it, or its fields or options are not usable.
  //                     The message lists all problems; so does `problems`, if given.
  static absl::StatusOr<SchemaTable> Compile(std::string_view descriptor_set, std::string_view message_name,
                                             std::vector<SchemaProblem>* problems = nullptr);

  const MessageTable& record() const { return *record_; }
  const std::string& message_name() const { return record_->type_name; }

  // `position.latitude`; null if there is no such field.
  const FieldInfo* FindField(std::string_view path) const;
  // Every field at every level, a message before what is in it, otherwise by ascending number.
  const std::vector<const FieldInfo*>& all_fields() const { return all_fields_; }

  // By ascending number. A `table` needs at least one.
  const std::vector<const FieldInfo*>& key_fields() const { return key_fields_; }
  // Null if the schema has none.
  const FieldInfo* event_time_field() const { return event_time_field_; }

 private:
  SchemaTable() = default;

  std::shared_ptr<const MessageTable> record_;
  std::vector<const FieldInfo*> all_fields_;
  std::vector<const FieldInfo*> key_fields_;
  const FieldInfo* event_time_field_ = nullptr;
};

}  // namespace allmende::policy
