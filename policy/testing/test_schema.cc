#include "policy/testing/test_schema.h"

#include <cstdlib>
#include <iostream>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "allmende/v1/options.pb.h"
#include "google/protobuf/compiler/parser.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/timestamp.pb.h"

namespace allmende::policy::testing {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

[[noreturn]] void Abort(std::string_view text, const std::string& why) {
  std::cerr << "not a usable test schema: " << why << "\n" << text << std::endl;
  std::abort();
}

void Link(const FileDescriptor& file, std::set<std::string>& done, FileDescriptorSet& set) {
  if (!done.insert(file.name()).second) {
    return;
  }
  for (int i = 0; i < file.dependency_count(); ++i) {
    Link(*file.dependency(i), done, set);
  }
  file.CopyTo(set.add_file());
}

}  // namespace

std::string DescriptorSetOf(std::string_view proto_text) {
  google::protobuf::io::ArrayInputStream stream(proto_text.data(), static_cast<int>(proto_text.size()));
  google::protobuf::io::Tokenizer tokenizer(&stream, nullptr);
  google::protobuf::compiler::Parser parser;
  FileDescriptorProto file;
  file.set_name("test.proto");
  if (!parser.Parse(&tokenizer, &file)) {
    Abort(proto_text, "syntax");
  }
  // Linked in, so that imports of them are found.
  google::protobuf::LinkMessageReflection<v1::Position>();
  google::protobuf::LinkMessageReflection<google::protobuf::Timestamp>();
  DescriptorPool pool(DescriptorPool::generated_pool());
  const FileDescriptor* built = pool.BuildFile(file);
  if (built == nullptr) {
    Abort(proto_text, "see above");
  }
  FileDescriptorSet set;
  std::set<std::string> done;
  Link(*built, done, set);
  return set.SerializeAsString();
}

std::string ProtoText(std::string_view body) {
  const std::string replaced =
      absl::StrReplaceAll(absl::string_view(body.data(), body.size()), {{"$p", "(allmende.v1.class) = PUBLIC"},
                                                                        {"$o", "(allmende.v1.class) = OPERATIONAL"},
                                                                        {"$l", "(allmende.v1.class) = LOCATION"},
                                                                        {"$k", "(allmende.v1.key) = true"},
                                                                        {"$t", "(allmende.v1.event_time) = true"}});
  return absl::StrCat(
      "syntax = \"proto3\";\npackage test;\nimport \"allmende/v1/options.proto\";\n"
      "import \"google/protobuf/timestamp.proto\";\n",
      replaced);
}

TestSchema::TestSchema(std::string proto_text) : text_(std::move(proto_text)) {
  descriptor_set_ = DescriptorSetOf(text_);
  FileDescriptorSet set;
  set.ParseFromString(descriptor_set_);
  pool_ = std::make_unique<DescriptorPool>();
  for (const FileDescriptorProto& file : set.file()) {
    pool_->BuildFile(file);
  }
  descriptor_ = pool_->FindMessageTypeByName("test.Record");
  if (descriptor_ == nullptr) {
    Abort(text_, "no message test.Record");
  }
  factory_ = std::make_unique<google::protobuf::DynamicMessageFactory>();
  absl::StatusOr<SchemaTable> table = SchemaTable::Compile(descriptor_set_, "test.Record");
  if (!table.ok()) {
    Abort(text_, std::string(table.status().message()));
  }
  table_ = std::make_unique<SchemaTable>(*std::move(table));
}

std::unique_ptr<google::protobuf::Message> TestSchema::NewRecord() const {
  return std::unique_ptr<google::protobuf::Message>(factory_->GetPrototype(descriptor_)->New());
}

}  // namespace allmende::policy::testing
