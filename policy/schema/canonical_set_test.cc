#include "policy/schema/canonical_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "policy/schema/evolution.h"
#include "policy/testing/random.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy {
namespace {

using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using testing::DescriptorSetOf;
using testing::ProtoText;

std::string Canonical(const std::string& descriptor_set) {
  const auto bytes = CanonicalDescriptorSet(descriptor_set, "test.Record");
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  return bytes.value_or("");
}

std::string CanonicalOf(const std::string& body) {
  return Canonical(DescriptorSetOf(ProtoText(body)));
}

constexpr char kBody[] = R"(
  enum Kind { NONE = 0; ONE = 1; }
  message Inner { int32 a = 1 [$p]; Kind kind = 2 [$p]; }
  message Record {
    string id = 1 [$k, $p];
    optional double flow = 2 [$o, (allmende.v1.unit) = "m3/s"];
    Inner inner = 3 [$p];
    repeated int32 loose = 4 [$p, packed = false];
    oneof choice { string text = 5 [$p]; bool flag = 6 [$p]; }
    google.protobuf.Timestamp time = 7 [$t, $p];
  })";

TEST(CanonicalSet, WhatDoesNotChangeTheRecordDoesNotChangeTheBytes) {
  const std::string canonical = CanonicalOf(kBody);
  const std::vector<std::string> same = {
      // comments, reserved names, JSON names, deprecation, order of fields and of messages' members
      R"(
  // Kinds.
  enum Kind { NONE = 0; ONE = 1; reserved 7; }
  message Inner { Kind kind = 2 [$p, deprecated = true]; int32 a = 1 [$p, json_name = "alpha"]; reserved 9; }
  message Record {
    google.protobuf.Timestamp time = 7 [$p, $t];
    string id = 1 [$p, $k];
    Inner inner = 3 [$p];
    reserved 100 to 200;
    oneof choice { string text = 5 [$p]; bool flag = 6 [$p]; }
    repeated int32 loose = 4 [packed = false, $p];
    optional double flow = 2 [(allmende.v1.unit) = "m3/s", $o];
  })",
      // messages that the record does not reach, options of the file
      absl::StrCat("option java_package = \"de.berlin\"; message Unused { Record r = 1 [$p]; enum E { X = 0; } }",
                   kBody),
  };
  for (const std::string& body : same) {
    EXPECT_EQ(CanonicalOf(body), canonical) << body;
  }
}

TEST(CanonicalSet, OrderOfFilesInTheSetDoesNotMatter) {
  FileDescriptorSet set;
  set.ParseFromString(DescriptorSetOf(ProtoText(kBody)));
  const std::string canonical = CanonicalOf(kBody);
  std::vector<FileDescriptorProto> files(set.file().begin(), set.file().end());
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  do {
    FileDescriptorSet shuffled;
    for (const FileDescriptorProto& file : files) {
      *shuffled.add_file() = file;
    }
    EXPECT_EQ(Canonical(shuffled.SerializeAsString()), canonical);
  } while (std::next_permutation(files.begin(), files.end(),
                                 [](const auto& a, const auto& b) { return a.name() < b.name(); }));
}

TEST(CanonicalSet, WhatChangesTheRecordChangesTheBytes) {
  const std::string body = kBody;
  const std::string canonical = CanonicalOf(body);
  const std::vector<std::pair<std::string, std::string>> edits = {
      {"string id = 1", "string name = 1"},                 // a name
      {"Inner inner = 3", "Inner inner = 30"},              // a number
      {"string text = 5", "bytes text = 5"},                // a type
      {"optional double flow", "double flow"},              // presence
      {"repeated int32 loose", "repeated sint32 loose"},    // an encoding
      {", packed = false", ""},                             // packing
      {"[$k, $p]", "[$p]"},                                 // the key
      {"[$t, $p]", "[$p]"},                                 // the event time
      {"[$o, (all", "[$l, (all"},                           // a class
      {"m3/s", "l/s"},                                      // a unit
      {"ONE = 1", "ONE = 2"},                               // an enum's number
      {"ONE = 1", "UNO = 1"},                               // an enum's name
      {"ONE = 1;", "ONE = 1; TWO = 2;"},                    // one more value
      {"oneof choice", "oneof choose"},                     // a oneof's name
      {"int32 a = 1 [$p]", "int32 a = 1 [$o]"},             // a class inside
      {"message Inner", "message Outer {} message Inner"},  // nothing: checked below
  };
  for (const auto& [from, to] : edits) {
    std::string edited = body;
    ASSERT_NE(edited.find(from), std::string::npos) << from;
    edited.replace(edited.find(from), from.size(), to);
    if (to.find("Outer") != std::string::npos) {
      EXPECT_EQ(CanonicalOf(edited), canonical);
    } else {
      EXPECT_NE(CanonicalOf(edited), canonical) << from << " -> " << to;
    }
  }
}

TEST(CanonicalSet, CompilesAgainToTheSameTableAndIsItsOwnCanonicalForm) {
  testing::Random random(7);
  for (int i = 0; i < 100; ++i) {
    const std::string text = testing::RandomSchemaText(random);
    SCOPED_TRACE(text);
    const std::string set = DescriptorSetOf(text);
    const std::string canonical = Canonical(set);
    ASSERT_EQ(Canonical(canonical), canonical);
    const SchemaTable before = *SchemaTable::Compile(set, "test.Record");
    const auto after = SchemaTable::Compile(canonical, "test.Record");
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_TRUE(CompareSchemas(before, *after).empty());
    EXPECT_TRUE(CompareSchemas(*after, before).empty());
  }
}

// The schema hash is computed over these bytes and signed with each batch: they must not change between versions.
TEST(CanonicalSet, BytesAreTheseForEver) {
  const std::string canonical =
      CanonicalOf("message Record { optional string id = 1 [$k, $p]; repeated double flow = 2 [$o]; }");
  EXPECT_EQ(absl::BytesToHexString(canonical),
            "0a5a0a0a746573742e70726f746f120474657374223e0a065265636f726412190a026964180120012809420888e71801"
            "90e71801480088010112120a04666c6f77180220032801420488e7180242050a035f6964620670726f746f33");
}

TEST(CanonicalSet, SchemaThatDoesNotCompileHasNone) {
  const auto bytes =
      CanonicalDescriptorSet(DescriptorSetOf(ProtoText("message Record { Record r = 1; }")), "test.Record");
  EXPECT_EQ(bytes.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(CanonicalDescriptorSet("garbage", "test.Record").ok());
  EXPECT_FALSE(CanonicalDescriptorSet(DescriptorSetOf(ProtoText(kBody)), "test.Nothing").ok());
}

}  // namespace
}  // namespace allmende::policy
