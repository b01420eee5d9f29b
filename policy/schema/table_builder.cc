#include "policy/schema/table_builder.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldOptions;

constexpr size_t kProblemsMax = 50;
constexpr int kOneofsMax = 64;  // a validator keeps one bit each
// Numbers of field options that are ours; one that this version does not know could be a restriction.
constexpr int kOptionFirst = 50801;
constexpr int kOptionLast = 50899;

WireType WireTypeOf(FieldType type) {
  switch (type) {
    case FieldType::kDouble:
    case FieldType::kFixed64:
    case FieldType::kSfixed64:
      return WireType::kFixed64;
    case FieldType::kFloat:
    case FieldType::kFixed32:
    case FieldType::kSfixed32:
      return WireType::kFixed32;
    case FieldType::kString:
    case FieldType::kBytes:
    case FieldType::kMessage:
      return WireType::kLengthDelimited;
    default:
      return WireType::kVarint;
  }
}

bool HasField(const Descriptor& message, int number, FieldDescriptor::Type type) {
  const FieldDescriptor* field = message.FindFieldByNumber(number);
  return field != nullptr && field->type() == type && !field->is_repeated() && !field->has_presence();
}

bool CanBeKey(FieldType type) {
  return type != FieldType::kDouble && type != FieldType::kFloat && type != FieldType::kMessage;
}

}  // namespace

void TableBuilder::Problem(const std::string& field, std::string message) {
  if (problems_.size() < kProblemsMax) {
    problems_.push_back({.field = field, .message = std::move(message)});
  }
}

std::shared_ptr<const MessageTable> TableBuilder::Build(const Descriptor& record) {
  return BuildMessage(record, Place());
}

std::shared_ptr<const MessageTable> TableBuilder::BuildMessage(const Descriptor& message, const Place& place) {
  auto table = std::make_shared<MessageTable>();
  table->type_name = message.full_name();
  table->reserved = ReservedOf(message);
  table->kind = KindOf(message, place);
  if (message.file()->syntax() != google::protobuf::FileDescriptor::SYNTAX_PROTO3) {
    Problem(place.path, absl::StrCat("`", message.full_name(),
                                     "` is not written in proto3: begin its file with "
                                     "`syntax = \"proto3\";`"));
    return table;
  }
  if (message.real_oneof_decl_count() > kOneofsMax) {
    Problem(place.path, absl::StrCat("`", message.full_name(), "` has over ", kOneofsMax, " oneofs"));
  }
  for (int i = 0; i < message.real_oneof_decl_count(); ++i) {
    table->oneof_names.push_back(message.oneof_decl(i)->name());
  }
  std::vector<const FieldDescriptor*> fields;
  for (int i = 0; i < message.field_count(); ++i) {
    fields.push_back(message.field(i));
  }
  std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->number() < b->number(); });
  around_.push_back(&message);
  for (const FieldDescriptor* field : fields) {
    if (++fields_ > kSchemaFieldsMax) {
      if (fields_ == kSchemaFieldsMax + 1) {
        Problem("", absl::StrCat("the schema has over ", kSchemaFieldsMax, " fields, counted at every place"));
      }
      break;
    }
    table->fields.push_back(BuildField(*field, place));
  }
  around_.pop_back();
  return table;
}

FieldInfo TableBuilder::BuildField(const FieldDescriptor& field, const Place& place) {
  FieldInfo info;
  info.number = static_cast<uint32_t>(field.number());
  info.name = field.name();
  info.path = place.path.empty() ? field.name() : absl::StrCat(place.path, ".", field.name());
  info.number_path = place.number_path;
  info.number_path.push_back(info.number);
  if (field.type() == FieldDescriptor::TYPE_GROUP) {
    Problem(info.path, "a group: use a message");
    return info;
  }
  info.type = static_cast<FieldType>(field.type());
  info.value_wire_type = WireTypeOf(info.type);
  info.repeated = field.is_repeated();
  info.packed = field.is_packed();
  info.wire_type = info.packed ? WireType::kLengthDelimited : info.value_wire_type;
  info.has_presence = field.has_presence();
  if (field.real_containing_oneof() != nullptr) {
    info.oneof_index = field.real_containing_oneof()->index();
  }
  ReadOptions(field, place, info);
  if (info.type == FieldType::kEnum) {
    info.type_name = field.enum_type()->full_name();
    info.enum_values = ValuesOf(*field.enum_type());
  }
  if (info.type == FieldType::kMessage) {
    BuildInner(field, info);
  }
  return info;
}

EnumValues TableBuilder::ValuesOf(const google::protobuf::EnumDescriptor& type) {
  if (const auto known = enum_values_.find(&type); known != enum_values_.end()) {
    return known->second;
  }
  std::vector<EnumValue> values;
  for (int i = 0; i < type.value_count(); ++i) {
    values.push_back({.name = type.value(i)->name(), .number = type.value(i)->number()});
  }
  return enum_values_.emplace(&type, EnumValues(std::move(values))).first->second;
}

std::shared_ptr<const Reserved> TableBuilder::ReservedOf(const Descriptor& message) {
  auto& known = reserved_[&message];
  if (known != nullptr) {
    return known;
  }
  auto reserved = std::make_shared<Reserved>();
  std::vector<NumberRange> ranges;
  for (int i = 0; i < message.reserved_range_count(); ++i) {
    const Descriptor::ReservedRange* range = message.reserved_range(i);
    ranges.push_back({.first = static_cast<uint32_t>(range->start), .last = static_cast<uint32_t>(range->end - 1)});
  }
  std::sort(ranges.begin(), ranges.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (const NumberRange& range : ranges) {
    if (!reserved->numbers.empty() && range.first <= reserved->numbers.back().last + 1) {
      reserved->numbers.back().last = std::max(reserved->numbers.back().last, range.last);
    } else {
      reserved->numbers.push_back(range);
    }
  }
  for (int i = 0; i < message.reserved_name_count(); ++i) {
    reserved->names.push_back(message.reserved_name(i));
  }
  std::sort(reserved->names.begin(), reserved->names.end());
  known = std::move(reserved);
  return known;
}

void TableBuilder::BuildInner(const FieldDescriptor& field, FieldInfo& info) {
  const Descriptor& message = *field.message_type();
  info.type_name = message.full_name();
  if (field.is_map()) {
    Problem(info.path, "a map, whose encoding has no fixed order: use a repeated message with a key field");
  } else if (message.full_name() == "google.protobuf.Any") {
    Problem(info.path, "google.protobuf.Any can hold anything, so no rule can be made for it: name the messages");
  } else if (std::find(around_.begin(), around_.end(), &message) != around_.end()) {
    Problem(info.path, absl::StrCat("`", message.full_name(), "` contains itself: recursive messages are not allowed"));
  } else if (around_.size() >= kMessageDepthMax) {
    Problem(info.path, absl::StrCat("messages are nested over ", kMessageDepthMax, " levels deep"));
  } else {
    Place inner;
    inner.path = info.path;
    inner.number_path = info.number_path;
    inner.field_class = info.field_class;
    info.message = BuildMessage(message, inner);
    return;
  }
  info.message = std::make_shared<MessageTable>();  // the schema is refused
}

void TableBuilder::ReadOptions(const FieldDescriptor& field, const Place& place, FieldInfo& info) {
  const FieldOptions& options = field.options();
  const google::protobuf::UnknownFieldSet& unknown = options.GetReflection()->GetUnknownFields(options);
  for (int i = 0; i < unknown.field_count(); ++i) {
    const int number = unknown.field(i).number();
    if (number >= kOptionFirst && number <= kOptionLast) {
      Problem(info.path, absl::StrCat("field option ", number, " has a value that this version does not know"));
    }
  }
  const v1::FieldClass own = options.GetExtension(v1::class_);
  if (!v1::FieldClass_IsValid(own)) {
    Problem(info.path, absl::StrCat("class ", static_cast<int>(own), " is not one that this version knows"));
    return;
  }
  info.field_class = std::max(own, place.field_class);
  info.unit = options.GetExtension(v1::unit);
  if (info.unit.size() > kUnitBytesMax) {
    Problem(info.path,
            absl::StrCat("its unit has ", info.unit.size(), " bytes; at most ", kUnitBytesMax, " are allowed"));
    info.unit.clear();
  }
  info.key = options.GetExtension(v1::key);
  info.event_time = options.GetExtension(v1::event_time);
  if (info.key) {
    CheckKey(field, place, info);
  }
  if (info.event_time) {
    CheckEventTime(field, place, info);
  }
}

void TableBuilder::CheckKey(const FieldDescriptor& field, const Place& place, const FieldInfo& info) {
  if (!place.top_level()) {
    Problem(info.path, "a key field inside another message: only fields of the record itself can be in the key");
  }
  if (info.repeated) {
    Problem(info.path, "a repeated field cannot be in the key");
  } else if (field.real_containing_oneof() != nullptr) {
    Problem(info.path, "a field of a oneof cannot be in the key");
  } else if (!CanBeKey(info.type)) {
    Problem(info.path, absl::StrCat("a field of type `", std::string(FieldTypeName(info.type)),
                                    "` cannot be in the key: use string, bytes, bool, enum or an integer"));
  }
  if (++keys_ == kKeyFieldsMax + 1) {
    Problem(info.path, absl::StrCat("the key has over ", kKeyFieldsMax, " fields"));
  }
}

void TableBuilder::CheckEventTime(const FieldDescriptor& field, const Place& place, const FieldInfo& info) {
  if (!place.top_level()) {
    Problem(info.path, "an event time inside another message: only a field of the record itself can be the event time");
  }
  if (info.repeated) {
    Problem(info.path, "a repeated field cannot be the event time");
  } else if (field.real_containing_oneof() != nullptr) {
    Problem(info.path, "a field of a oneof cannot be the event time");
  } else if (info.type == FieldType::kInt64) {
    if (MicrosecondsPerUnit(info.unit) == 0) {
      Problem(info.path, absl::StrCat("an int64 event time needs the unit `us`, `ms` or `s`, not `", info.unit, "`"));
    }
  } else if (info.type != FieldType::kMessage || field.message_type()->full_name() != "google.protobuf.Timestamp") {
    Problem(info.path, "the event time must be a google.protobuf.Timestamp, or an int64 with unit `us`, `ms` or `s`");
  }
  if (!event_time_.empty()) {
    Problem(info.path, absl::StrCat("a second event time, after `", event_time_, "`: a record has one"));
  } else {
    event_time_ = info.path;
  }
}

// A set brings its own copies of the well-known files, so the shapes are checked.
MessageKind TableBuilder::KindOf(const Descriptor& message, const Place& place) {
  if (message.full_name() == "google.protobuf.Timestamp") {
    if (message.field_count() != 2 || !HasField(message, 1, FieldDescriptor::TYPE_INT64) ||
        !HasField(message, 2, FieldDescriptor::TYPE_INT32)) {
      Problem(place.path, "`google.protobuf.Timestamp` is not the one that protobuf comes with");
    }
    return MessageKind::kTimestamp;
  }
  if (message.full_name() == "allmende.v1.Position") {
    if (message.field_count() != 2 || !HasField(message, 1, FieldDescriptor::TYPE_DOUBLE) ||
        !HasField(message, 2, FieldDescriptor::TYPE_DOUBLE)) {
      Problem(place.path, "`allmende.v1.Position` is not the one of allmende/v1/options.proto");
    }
    return MessageKind::kPosition;
  }
  return MessageKind::kPlain;
}

}  // namespace allmende::policy
