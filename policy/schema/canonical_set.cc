#include "policy/schema/canonical_set.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "allmende/v1/options.pb.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "policy/schema/descriptor_set.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FieldDescriptor;
using google::protobuf::FieldDescriptorProto;
using google::protobuf::FieldOptions;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

// What the record's message refers to, directly or not.
struct Reached {
  std::set<const Descriptor*> messages;
  std::set<const EnumDescriptor*> enums;
};

void Reach(const Descriptor& message, Reached& reached) {
  if (!reached.messages.insert(&message).second) {
    return;
  }
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    if (field.message_type() != nullptr) {
      Reach(*field.message_type(), reached);
    }
    if (field.enum_type() != nullptr) {
      reached.enums.insert(field.enum_type());
    }
  }
}

FieldDescriptorProto CanonicalField(const FieldDescriptor& field) {
  FieldDescriptorProto whole;
  field.CopyTo(&whole);
  FieldDescriptorProto result;
  result.set_name(whole.name());
  result.set_number(whole.number());
  result.set_label(whole.label());
  result.set_type(whole.type());
  if (whole.has_type_name()) {
    result.set_type_name(whole.type_name());
  }
  if (whole.has_oneof_index()) {
    result.set_oneof_index(whole.oneof_index());
  }
  if (whole.proto3_optional()) {
    result.set_proto3_optional(true);
  }
  FieldOptions options;
  if (whole.options().has_packed()) {
    options.set_packed(whole.options().packed());
  }
  if (const v1::FieldClass field_class = whole.options().GetExtension(v1::class_);
      field_class != v1::FIELD_CLASS_UNSPECIFIED) {
    options.SetExtension(v1::class_, field_class);
  }
  if (whole.options().GetExtension(v1::key)) {
    options.SetExtension(v1::key, true);
  }
  if (whole.options().GetExtension(v1::event_time)) {
    options.SetExtension(v1::event_time, true);
  }
  if (const std::string& unit = whole.options().GetExtension(v1::unit); !unit.empty()) {
    options.SetExtension(v1::unit, unit);
  }
  if (options.ByteSizeLong() > 0) {
    *result.mutable_options() = options;
  }
  return result;
}

EnumDescriptorProto CanonicalEnum(const EnumDescriptor& type) {
  EnumDescriptorProto result;
  result.set_name(type.name());
  for (int i = 0; i < type.value_count(); ++i) {
    google::protobuf::EnumValueDescriptorProto* value = result.add_value();
    value->set_name(type.value(i)->name());
    value->set_number(type.value(i)->number());
  }
  if (type.options().allow_alias()) {
    result.mutable_options()->set_allow_alias(true);
  }
  return result;
}

// Returns whether anything of `message` is reached; then it stands in `result`.
bool CanonicalMessage(const Descriptor& message, const Reached& reached, DescriptorProto& result) {
  const bool itself = reached.messages.count(&message) > 0;
  result.set_name(message.name());
  if (itself) {
    std::vector<const FieldDescriptor*> fields;
    for (int i = 0; i < message.field_count(); ++i) {
      fields.push_back(message.field(i));
    }
    std::sort(fields.begin(), fields.end(), [](auto* a, auto* b) { return a->number() < b->number(); });
    for (const FieldDescriptor* field : fields) {
      *result.add_field() = CanonicalField(*field);
    }
    for (int i = 0; i < message.oneof_decl_count(); ++i) {
      result.add_oneof_decl()->set_name(message.oneof_decl(i)->name());
    }
  }
  bool inside = false;
  for (int i = 0; i < message.nested_type_count(); ++i) {
    DescriptorProto nested;
    if (CanonicalMessage(*message.nested_type(i), reached, nested)) {
      *result.add_nested_type() = std::move(nested);
      inside = true;
    }
  }
  for (int i = 0; i < message.enum_type_count(); ++i) {
    if (reached.enums.count(message.enum_type(i)) > 0) {
      *result.add_enum_type() = CanonicalEnum(*message.enum_type(i));
      inside = true;
    }
  }
  return itself || inside;
}

bool CanonicalFile(const FileDescriptor& file, const Reached& reached, FileDescriptorProto& result) {
  result.set_name(file.name());
  if (!file.package().empty()) {
    result.set_package(file.package());
  }
  bool anything = false;
  for (int i = 0; i < file.message_type_count(); ++i) {
    DescriptorProto message;
    if (CanonicalMessage(*file.message_type(i), reached, message)) {
      *result.add_message_type() = std::move(message);
      anything = true;
    }
  }
  for (int i = 0; i < file.enum_type_count(); ++i) {
    if (reached.enums.count(file.enum_type(i)) > 0) {
      *result.add_enum_type() = CanonicalEnum(*file.enum_type(i));
      anything = true;
    }
  }
  result.set_syntax("proto3");  // everything that is reached is
  return anything;
}

// The files that `file`'s reached messages refer to. Directly: a public import is resolved.
std::set<std::string> FilesReferredTo(const FileDescriptor& file, const Reached& reached) {
  std::set<std::string> names;
  for (const Descriptor* message : reached.messages) {
    if (message->file() != &file) {
      continue;
    }
    for (int i = 0; i < message->field_count(); ++i) {
      if (const Descriptor* inner = message->field(i)->message_type()) {
        names.insert(inner->file()->name());
      }
      if (const EnumDescriptor* type = message->field(i)->enum_type()) {
        names.insert(type->file()->name());
      }
    }
  }
  names.erase(file.name());
  return names;
}

// Repeatedly the file of least name whose dependencies stand already. What imports each other in no circle before does
// not now.
FileDescriptorSet InOrder(std::vector<FileDescriptorProto> files) {
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  FileDescriptorSet set;
  std::set<std::string> done;
  while (!files.empty()) {
    const auto next = std::find_if(files.begin(), files.end(), [&](const FileDescriptorProto& file) {
      return std::all_of(file.dependency().begin(), file.dependency().end(),
                         [&](const std::string& name) { return done.count(name) > 0; });
    });
    done.insert(next->name());
    *set.add_file() = std::move(*next);
    files.erase(next);
  }
  return set;
}

std::string Deterministic(const FileDescriptorSet& set) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    set.SerializeToCodedStream(&output);
  }
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> CanonicalDescriptorSet(std::string_view descriptor_set, std::string_view message_name) {
  if (const absl::StatusOr<SchemaTable> table = SchemaTable::Compile(descriptor_set, message_name); !table.ok()) {
    return table.status();
  }
  const absl::StatusOr<DescriptorSet> set = DescriptorSet::Load(descriptor_set);
  if (!set.ok()) {
    return set.status();
  }
  Reached reached;
  Reach(*set->FindMessage(message_name), reached);
  std::vector<FileDescriptorProto> files;
  for (const FileDescriptor* file : set->files()) {
    FileDescriptorProto canonical;
    if (CanonicalFile(*file, reached, canonical)) {
      for (const std::string& name : FilesReferredTo(*file, reached)) {
        canonical.add_dependency(name);
      }
      files.push_back(std::move(canonical));
    }
  }
  return Deterministic(InOrder(std::move(files)));
}

}  // namespace allmende::policy
