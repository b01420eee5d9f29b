#include "policy/schema/schema_table.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "policy/schema/descriptor_set.h"
#include "policy/schema/option_check.h"
#include "policy/schema/table_builder.h"

namespace allmende::policy {
namespace {

std::string Describe(const std::vector<SchemaProblem>& problems) {
  std::string text = "the schema is not usable: ";
  for (size_t i = 0; i < problems.size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : "; ");
    if (!problems[i].field.empty()) {
      absl::StrAppend(&text, "`", problems[i].field, "`: ");
    }
    absl::StrAppend(&text, problems[i].message);
  }
  return text;
}

void Collect(const MessageTable& message, std::vector<const FieldInfo*>& fields) {
  for (const FieldInfo& field : message.fields) {
    fields.push_back(&field);
    if (field.message != nullptr) {
      Collect(*field.message, fields);
    }
  }
}

}  // namespace

std::string_view FieldTypeName(FieldType type) {
  switch (type) {
    case FieldType::kDouble:
      return "double";
    case FieldType::kFloat:
      return "float";
    case FieldType::kInt64:
      return "int64";
    case FieldType::kUint64:
      return "uint64";
    case FieldType::kInt32:
      return "int32";
    case FieldType::kFixed64:
      return "fixed64";
    case FieldType::kFixed32:
      return "fixed32";
    case FieldType::kBool:
      return "bool";
    case FieldType::kString:
      return "string";
    case FieldType::kMessage:
      return "message";
    case FieldType::kBytes:
      return "bytes";
    case FieldType::kUint32:
      return "uint32";
    case FieldType::kEnum:
      return "enum";
    case FieldType::kSfixed32:
      return "sfixed32";
    case FieldType::kSfixed64:
      return "sfixed64";
    case FieldType::kSint32:
      return "sint32";
    case FieldType::kSint64:
      return "sint64";
  }
  return "";
}

int64_t MicrosecondsPerUnit(std::string_view unit) {
  return unit == "us" ? 1 : unit == "ms" ? 1'000 : unit == "s" ? 1'000'000 : 0;
}

bool FieldInfo::is_value() const {
  return type != FieldType::kMessage || message->kind != MessageKind::kPlain;
}

bool Reserved::Has(uint32_t number) const {
  const auto found = std::lower_bound(numbers.begin(), numbers.end(), number,
                                      [](const NumberRange& range, uint32_t wanted) { return range.last < wanted; });
  return found != numbers.end() && found->first <= number;
}

bool Reserved::Has(std::string_view name) const {
  return std::binary_search(names.begin(), names.end(), name);
}

const FieldInfo* MessageTable::Find(uint32_t number) const {
  const auto found = std::lower_bound(fields.begin(), fields.end(), number,
                                      [](const FieldInfo& field, uint32_t wanted) { return field.number < wanted; });
  return found != fields.end() && found->number == number ? &*found : nullptr;
}

const FieldInfo* MessageTable::Find(std::string_view name) const {
  for (const FieldInfo& field : fields) {
    if (field.name == name) {
      return &field;
    }
  }
  return nullptr;
}

absl::StatusOr<SchemaTable> SchemaTable::Compile(std::string_view descriptor_set, std::string_view message_name,
                                                 std::vector<SchemaProblem>* problems) {
  std::vector<SchemaProblem> found;
  std::vector<SchemaProblem>& list = problems != nullptr ? *problems : found;
  list.clear();
  const absl::StatusOr<DescriptorSet> set = DescriptorSet::Load(descriptor_set);
  if (!set.ok()) {
    list.push_back({.field = "", .message = std::string(set.status().message())});
    return set.status();
  }
  const google::protobuf::Descriptor* message = set->FindMessage(message_name);
  if (message == nullptr) {
    list.push_back({.field = "", .message = absl::StrCat("there is no message `", std::string(message_name), "`")});
    return absl::InvalidArgumentError(Describe(list));
  }
  CheckOptionDeclarations(*set, list);
  SchemaTable table;
  table.record_ = TableBuilder(list).Build(*message);
  if (!list.empty()) {
    return absl::InvalidArgumentError(Describe(list));
  }
  Collect(*table.record_, table.all_fields_);
  for (const FieldInfo* field : table.all_fields_) {
    if (field->key) {
      table.key_fields_.push_back(field);
    }
    if (field->event_time) {
      table.event_time_field_ = field;
    }
  }
  return table;
}

const FieldInfo* SchemaTable::FindField(std::string_view path) const {
  const MessageTable* message = record_.get();
  while (message != nullptr) {
    const size_t dot = path.find('.');
    const FieldInfo* field = message->Find(path.substr(0, dot));
    if (field == nullptr || dot == std::string_view::npos) {
      return field;
    }
    path.remove_prefix(dot + 1);
    message = field->message.get();
  }
  return nullptr;
}

}  // namespace allmende::policy
