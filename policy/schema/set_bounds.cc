#include "policy/schema/set_bounds.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {
namespace {

using google::protobuf::DescriptorProto;
using google::protobuf::EnumDescriptorProto;
using google::protobuf::FileDescriptorProto;

constexpr size_t kShownBytesMax = 40;  // of a name that is too long

class Count {
 public:
  void File(const FileDescriptorProto& file) {
    imports_ += static_cast<size_t>(file.dependency_size());
    const size_t scope = Name(file.package(), 0);
    for (const DescriptorProto& message : file.message_type()) {
      Message(message, scope);
    }
    for (const EnumDescriptorProto& type : file.enum_type()) {
      Enum(type, scope);
    }
    for (const auto& extension : file.extension()) {
      Word(extension.name(), scope);
    }
    for (const auto& service : file.service()) {
      const size_t inner = Word(service.name(), scope);
      for (const auto& method : service.method()) {
        Word(method.name(), inner);
      }
    }
  }

  absl::Status Check(size_t files) const {
    if (!too_long_.empty()) {
      return absl::InvalidArgumentError(too_long_);
    }
    for (const auto& [count, max, what] : {Bound{files, kSchemaFilesMax, "files"},
                                           {imports_, kSchemaImportsMax, "imports"},
                                           {enum_values_, kSchemaEnumValuesMax, "enum values"},
                                           {reserved_, kSchemaReservedMax, "reserved names and ranges"},
                                           {names_bytes_, kSchemaNamesBytesMax, "bytes of full names"}}) {
      if (count > max) {
        return absl::InvalidArgumentError(absl::StrCat("the schema has ", count, " ", what, "; at most ", max,
                                                       " are allowed: leave out what it does not use"));
      }
    }
    return absl::OkStatus();
  }

 private:
  struct Bound {
    size_t count;
    size_t max;
    const char* what;
  };

  void Message(const DescriptorProto& message, size_t scope) {
    const size_t inner = Word(message.name(), scope);
    reserved_ += static_cast<size_t>(message.reserved_range_size() + message.reserved_name_size() +
                                     message.extension_range_size());
    for (const auto& field : message.field()) {
      Word(field.name(), inner);
    }
    for (const auto& oneof : message.oneof_decl()) {
      Word(oneof.name(), inner);
    }
    for (const auto& extension : message.extension()) {
      Word(extension.name(), inner);
    }
    for (const DescriptorProto& nested : message.nested_type()) {
      Message(nested, inner);
    }
    for (const EnumDescriptorProto& type : message.enum_type()) {
      Enum(type, inner);
    }
  }

  void Enum(const EnumDescriptorProto& type, size_t scope) {
    const size_t inner = Word(type.name(), scope);
    enum_values_ += static_cast<size_t>(type.value_size());
    reserved_ += static_cast<size_t>(type.reserved_range_size() + type.reserved_name_size());
    for (const auto& value : type.value()) {
      Word(value.name(), inner);
    }
  }

  size_t Word(const std::string& word, size_t scope) {
    if (word.size() > kSchemaNameBytesMax && too_long_.empty()) {
      TooLong(word, word.size(), kSchemaNameBytesMax);
    }
    return Name(word, scope);
  }

  // Counts a name inside a scope whose full name has `scope` bytes; its full name has as many as it returns.
  size_t Name(const std::string& name, size_t scope) {
    const size_t full = scope + name.size() + 1;
    names_bytes_ += full;
    if (full > kSchemaFullNameBytesMax + 1 && too_long_.empty()) {
      TooLong(name, full - 1, kSchemaFullNameBytesMax);
    }
    return full;
  }

  void TooLong(const std::string& name, size_t bytes, size_t max) {
    too_long_ = absl::StrCat("the name `", name.substr(0, kShownBytesMax), name.size() > kShownBytesMax ? "..." : "",
                             "` has ", bytes, " bytes", max == kSchemaFullNameBytesMax ? " with what is around it" : "",
                             "; at most ", max, " are allowed");
  }

  size_t imports_ = 0;
  size_t enum_values_ = 0;
  size_t reserved_ = 0;
  size_t names_bytes_ = 0;
  std::string too_long_;  // the first such name
};

}  // namespace

absl::Status CheckSetBounds(const google::protobuf::FileDescriptorSet& set) {
  Count count;
  for (const FileDescriptorProto& file : set.file()) {
    count.File(file);
  }
  return count.Check(static_cast<size_t>(set.file_size()));
}

}  // namespace allmende::policy
