#include "policy/schema/option_check.h"

#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace allmende::policy {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

struct Option {
  std::string_view name;
  int number;
  FieldDescriptor::Type type;
};

constexpr std::array<Option, 4> kOptions = {{
    {"allmende.v1.class", v1::kClassFieldNumber, FieldDescriptor::TYPE_ENUM},
    {"allmende.v1.key", v1::kKeyFieldNumber, FieldDescriptor::TYPE_BOOL},
    {"allmende.v1.event_time", v1::kEventTimeFieldNumber, FieldDescriptor::TYPE_BOOL},
    {"allmende.v1.unit", v1::kUnitFieldNumber, FieldDescriptor::TYPE_STRING},
}};

// Classes are kept by number, so a set that numbers them otherwise would mean something else by them.
void CheckClasses(const google::protobuf::EnumDescriptor& classes, std::vector<SchemaProblem>& problems) {
  const google::protobuf::EnumDescriptor& known = *v1::FieldClass_descriptor();
  for (int i = 0; i < classes.value_count(); ++i) {
    const google::protobuf::EnumValueDescriptor* value = classes.value(i);
    const google::protobuf::EnumValueDescriptor* same_name = known.FindValueByName(value->name());
    const google::protobuf::EnumValueDescriptor* same_number = known.FindValueByNumber(value->number());
    if (same_name != same_number) {
      problems.push_back(
          {.field = "",
           .message = absl::StrCat("`", classes.file()->name(), "` declares the class `", value->name(),
                                   "` = ", value->number(), ", which is not that of allmende/v1/options.proto")});
    }
  }
}

void Check(const FieldDescriptor& extension, std::vector<SchemaProblem>& problems) {
  if (extension.containing_type()->full_name() != "google.protobuf.FieldOptions") {
    return;
  }
  for (const Option& option : kOptions) {
    const bool same_name = extension.full_name() == option.name;
    const bool same_number = extension.number() == option.number;
    if ((same_name || same_number) &&
        !(same_name && same_number && extension.type() == option.type && !extension.is_repeated())) {
      problems.push_back(
          {.field = "",
           .message = absl::StrCat("`", extension.file()->name(), "` declares the field option `",
                                   extension.full_name(), "` = ", extension.number(), ", which is not the `",
                                   std::string(option.name), "` of allmende/v1/options.proto")});
    } else if (same_name && extension.enum_type() != nullptr) {
      CheckClasses(*extension.enum_type(), problems);
    }
  }
}

void CheckNested(const Descriptor& message, std::vector<SchemaProblem>& problems) {
  for (int i = 0; i < message.extension_count(); ++i) {
    Check(*message.extension(i), problems);
  }
  for (int i = 0; i < message.nested_type_count(); ++i) {
    CheckNested(*message.nested_type(i), problems);
  }
}

}  // namespace

void CheckOptionDeclarations(const DescriptorSet& set, std::vector<SchemaProblem>& problems) {
  for (const google::protobuf::FileDescriptor* file : set.files()) {
    for (int i = 0; i < file->extension_count(); ++i) {
      Check(*file->extension(i), problems);
    }
    for (int i = 0; i < file->message_type_count(); ++i) {
      CheckNested(*file->message_type(i), problems);
    }
  }
}

}  // namespace allmende::policy
