// Turns linked descriptors into tables, collecting every problem on the way. Internal to policy/schema.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy {

class TableBuilder {
 public:
  explicit TableBuilder(std::vector<SchemaProblem>& problems) : problems_(problems) {}

  std::shared_ptr<const MessageTable> Build(const google::protobuf::Descriptor& record);

 private:
  // What a message inherits from the fields around it.
  struct Place {
    std::string path;
    std::vector<uint32_t> number_path;
    v1::FieldClass field_class = v1::FIELD_CLASS_UNSPECIFIED;

    bool top_level() const { return number_path.empty(); }
  };

  std::shared_ptr<const MessageTable> BuildMessage(const google::protobuf::Descriptor& message, const Place& place);
  FieldInfo BuildField(const google::protobuf::FieldDescriptor& field, const Place& place);
  void ReadOptions(const google::protobuf::FieldDescriptor& field, const Place& place, FieldInfo& info);
  void CheckKey(const google::protobuf::FieldDescriptor& field, const Place& place, const FieldInfo& info);
  void CheckEventTime(const google::protobuf::FieldDescriptor& field, const Place& place, const FieldInfo& info);
  void BuildInner(const google::protobuf::FieldDescriptor& field, FieldInfo& info);
  // One list an enum and one a message, however often the schema uses them.
  EnumValues ValuesOf(const google::protobuf::EnumDescriptor& type);
  std::shared_ptr<const Reserved> ReservedOf(const google::protobuf::Descriptor& message);
  MessageKind KindOf(const google::protobuf::Descriptor& message, const Place& place);

  void Problem(const std::string& field, std::string message);

  std::vector<SchemaProblem>& problems_;
  std::vector<const google::protobuf::Descriptor*> around_;  // the messages that are being built
  std::map<const google::protobuf::EnumDescriptor*, EnumValues> enum_values_;
  std::map<const google::protobuf::Descriptor*, std::shared_ptr<const Reserved>> reserved_;
  size_t fields_ = 0;
  size_t keys_ = 0;
  std::string event_time_;  // the first such field
};

}  // namespace allmende::policy
