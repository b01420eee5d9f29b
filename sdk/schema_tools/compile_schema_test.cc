#include "sdk/schema_tools/compile_schema.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "allmende/v1/options.pb.h"
#include "policy/schema/schema_table.h"
#include "sdk/base/file.h"
#include "sdk/testing/test_directory.h"

namespace allmende {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kRain[] = R"pb(syntax = "proto3"
                              ;
package city;
import "allmende/v1/options.proto";
import "google/protobuf/timestamp.proto";
message Rain {
  google.protobuf.Timestamp time = 1 [(allmende.v1.event_time) = true, (allmende.v1.class) = PUBLIC];
  string gauge = 2 [(allmende.v1.key) = true, (allmende.v1.class) = PUBLIC];
}
)pb";

std::string Problem(const std::string& text, const std::string& message = "") {
  const auto schema = CompileSchemaText(text, "s.proto", message, {});
  return schema.ok() ? "no problem" : std::string(schema.status().message());
}

void Write(const std::string& path, const std::string& text) {
  ASSERT_TRUE(WriteFileAtomically(path, text, FileAccess::kEverybody).ok());
}

TEST(CompileSchemaTest, GivesASelfContainedSetWhoseOptionsAreReadable) {
  const auto schema = CompileSchemaText(kRain, "rain.proto", "", {});
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_EQ(schema->message, "city.Rain");
  std::vector<std::string> names;
  for (const auto& file : schema->files.file()) names.push_back(file.name());
  EXPECT_EQ(names.back(), "rain.proto");
  const auto& gauge = schema->files.file(schema->files.file_size() - 1).message_type(0).field(1);
  EXPECT_TRUE(gauge.options().GetExtension(v1::key));
  const auto table = policy::SchemaTable::Compile(schema->files.SerializeAsString(), schema->message);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->key_fields().size(), 1u);
  EXPECT_EQ(table->event_time_field()->path, "time");
}

TEST(CompileSchemaTest, AsksWhichMessageIsMeant) {
  const std::string two = "syntax = \"proto3\"; package c; message A { int32 x = 1; } message B { A a = 1; }";
  EXPECT_EQ(Problem(two), "s.proto: defines 2 messages (`A`, `B`); say which one is the record");
  EXPECT_EQ(Problem(two, "C"), "s.proto: has no message `C`; it defines `A`, `B`");
  EXPECT_EQ(Problem("syntax = \"proto3\";"), "s.proto: defines no message; a schema is one message");
  EXPECT_EQ(CompileSchemaText(two, "s.proto", "c.A", {})->message, "c.A");
  EXPECT_EQ(CompileSchemaText(two, "s.proto", "B", {})->message, "c.B");
}

TEST(CompileSchemaTest, NamesPlaceAndReasonOfEveryError) {
  const std::pair<const char*, const char*> cases[] = {
      {"syntax = \"proto3\";\nmessage A { int32 x = 1 }", "s.proto:2:25: "},
      {"syntax = \"proto3\";\nmessage A {\n  Color c = 1;\n}", "s.proto:3:3: \"Color\" is not defined."},
      {"syntax = \"proto3\";\nmessage A {\n  int32 x = 1;\n  int32 y = 1;\n}", "s.proto:4:13: "},
      {"syntax = \"proto3\";\nimport \"nowhere.proto\";\nmessage A { }", "nowhere.proto"},
      {"syntax = \"proto3\";\nimport \"allmende/v1/nowhere.proto\";\nmessage A { }", "allmende/v1/nowhere.proto"},
      {"syntax = \"proto3\";\nmessage A { int32 x = 1 [(allmende.v1.key) = true]; }", "s.proto:2:"},
      {"\x01\x02", "s.proto:1:1: "},
      {"message A { optional int32 x = 1; }", "s.proto: schemas are proto3; begin with `syntax = \"proto3\";`"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Problem(text), HasSubstr(message)) << text;
  }
  EXPECT_THAT(Problem("syntax = \"proto3\";\nmessage A {\n  B b = 1;\n  C c = 2;\n}"),
              ::testing::AllOf(HasSubstr("s.proto:3:3"), HasSubstr("\ns.proto:4:3")));
}

TEST(CompileSchemaTest, LooksForImportsBesideTheFileAndInTheGivenFolders) {
  const TestDirectory folder;
  const TestDirectory other;
  Write(folder.File("record.proto"),
        "syntax = \"proto3\"; import \"near.proto\"; import \"far.proto\"; message R { Near n = 1; Far f = 2; }");
  Write(folder.File("near.proto"), "syntax = \"proto3\"; message Near { int32 x = 1; }");
  Write(other.File("far.proto"), "syntax = \"proto3\"; message Far { int32 x = 1; }");
  EXPECT_EQ(CompileSchema(folder.File("record.proto"), "", {other.path()})->message, "R");
  EXPECT_THAT(std::string(CompileSchema(folder.File("record.proto"), "", {}).status().message()),
              HasSubstr("far.proto"));
  EXPECT_EQ(CompileSchema(folder.File("none.proto"), "", {}).status().code(), absl::StatusCode::kNotFound);
}

// A stray copy must not change what `key` or `class` mean.
TEST(CompileSchemaTest, TakesBuiltInFilesFromTheLibraryOnly) {
  const TestDirectory folder;
  ASSERT_TRUE(EnsureDirectory(folder.File("allmende"), FileAccess::kEverybody).ok());
  ASSERT_TRUE(EnsureDirectory(folder.File("allmende/v1"), FileAccess::kEverybody).ok());
  Write(folder.File("allmende/v1/options.proto"), "this is no schema");
  Write(folder.File("rain.proto"), kRain);
  EXPECT_TRUE(CompileSchema(folder.File("rain.proto"), "", {}).ok());
}

}  // namespace
}  // namespace allmende
