// Schemas for tests, from the text of a .proto file, with messages to fill.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "policy/schema/schema_table.h"

namespace allmende::policy::testing {

// Returns the serialized descriptor set of `proto_text`, closed over its imports. Aborts with the compiler's message if
// the text is wrong. It may import allmende/v1/options.proto and google/protobuf/timestamp.proto.
std::string DescriptorSetOf(std::string_view proto_text);

// `body` behind syntax, package `test` and imports of options and timestamp. Options are written as
// `[(allmende.v1.key) = true]`; `$p`, `$o`, `$l`, `$k` and `$t` in it stand for the options class PUBLIC, class
// OPERATIONAL, class LOCATION, key, and event_time.
std::string ProtoText(std::string_view body);

// One message type in all its forms.
class TestSchema {
 public:
  // The message `test.Record` of `proto_text`. Aborts if it cannot be compiled.
  explicit TestSchema(std::string proto_text);

  const std::string& text() const { return text_; }
  const std::string& descriptor_set() const { return descriptor_set_; }
  const SchemaTable& table() const { return *table_; }
  const google::protobuf::Descriptor& descriptor() const { return *descriptor_; }
  // Must not outlive the schema.
  std::unique_ptr<google::protobuf::Message> NewRecord() const;

 private:
  std::string text_;
  std::string descriptor_set_;
  std::unique_ptr<google::protobuf::DescriptorPool> pool_;
  std::unique_ptr<google::protobuf::DynamicMessageFactory> factory_;
  const google::protobuf::Descriptor* descriptor_ = nullptr;
  std::unique_ptr<SchemaTable> table_;
};

}  // namespace allmende::policy::testing
