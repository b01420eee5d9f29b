// Descriptor sets as they may arrive: damaged, incomplete, or with another meaning than ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.pb.h"
#include "policy/schema/evolution.h"
#include "policy/schema/schema_table.h"
#include "policy/testing/test_schema.h"

namespace allmende::policy {
namespace {

using google::protobuf::FieldDescriptorProto;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;
using testing::DescriptorSetOf;
using ::testing::HasSubstr;
using testing::ProtoText;

FileDescriptorSet Parsed(const std::string& body) {
  FileDescriptorSet set;
  set.ParseFromString(DescriptorSetOf(ProtoText(body)));
  return set;
}

FileDescriptorProto& FileNamed(FileDescriptorSet& set, const std::string& name) {
  for (FileDescriptorProto& file : *set.mutable_file()) {
    if (file.name() == name) {
      return file;
    }
  }
  ADD_FAILURE() << "no file " << name;
  return *set.add_file();
}

std::string WhyRefused(const std::string& bytes, const std::string& message = "test.Record") {
  std::vector<SchemaProblem> problems;
  const auto table = SchemaTable::Compile(bytes, message, &problems);
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_FALSE(problems.empty());
  return std::string(table.status().message());
}

constexpr char kPlain[] = "message Record { string id = 1 [$p, $k]; google.protobuf.Timestamp time = 2 [$p, $t]; }";

TEST(SchemaLoad, GarbageIsNoSchema) {
  for (const std::string& bytes : {std::string("garbage"), std::string("\xff\xff\xff\xff"), std::string(100, '\0')}) {
    EXPECT_THAT(WhyRefused(bytes), HasSubstr("no serialized google.protobuf.FileDescriptorSet"));
  }
}

TEST(SchemaLoad, NothingAtAllHasNoMessage) {
  EXPECT_THAT(WhyRefused(""), HasSubstr("there is no message `test.Record`"));
}

TEST(SchemaLoad, EveryTruncationIsRefusedOrLacksSomething) {
  const std::string whole = DescriptorSetOf(ProtoText(kPlain));
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_FALSE(SchemaTable::Compile(whole.substr(0, size), "test.Record").ok()) << size;
  }
}

TEST(SchemaLoad, OversizedSetIsRefusedBeforeItIsParsed) {
  EXPECT_THAT(WhyRefused(std::string(kSchemaBytesMax + 1, 'x')), HasSubstr("at most 1048576 are allowed"));
}

TEST(SchemaLoad, MessageMustBeThere) {
  EXPECT_THAT(WhyRefused(DescriptorSetOf(ProtoText(kPlain)), "test.record"), HasSubstr("no message `test.record`"));
  EXPECT_THAT(WhyRefused(DescriptorSetOf(ProtoText(kPlain)), ""), HasSubstr("there is no message"));
}

TEST(SchemaLoad, MissingImportIsNamed) {
  FileDescriptorSet set = Parsed(kPlain);
  FileDescriptorSet without;
  for (const FileDescriptorProto& file : set.file()) {
    if (file.name() != "google/protobuf/timestamp.proto") {
      *without.add_file() = file;
    }
  }
  EXPECT_THAT(WhyRefused(without.SerializeAsString()),
              HasSubstr("`test.proto` imports `google/protobuf/timestamp.proto`, which the schema does not hold"));
}

TEST(SchemaLoad, SameFileTwiceIsRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  *set.add_file() = FileNamed(set, "test.proto");
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("holds the file `test.proto` twice"));
}

TEST(SchemaLoad, CircleOfImportsIsRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  FileNamed(set, "google/protobuf/timestamp.proto").add_dependency("test.proto");
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("go round in a circle"));
}

TEST(SchemaLoad, TypeThatIsNotThereIsRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  FileNamed(set, "test.proto").mutable_message_type(0)->mutable_field(1)->set_type_name(".test.Missing");
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("the schema is not consistent"));
}

TEST(SchemaLoad, OrderOfFilesDoesNotMatter) {
  const FileDescriptorSet set = Parsed(kPlain);
  FileDescriptorSet reversed;
  for (int i = set.file_size() - 1; i >= 0; --i) {
    *reversed.add_file() = set.file(i);
  }
  EXPECT_TRUE(SchemaTable::Compile(reversed.SerializeAsString(), "test.Record").ok());
}

TEST(SchemaLoad, Proto2IsRefused) {
  const std::string set = DescriptorSetOf(
      "syntax = \"proto2\"; package test; message Record { optional int32 a = 1; extensions 100 to 200; }");
  EXPECT_THAT(WhyRefused(set), HasSubstr("`test.Record` is not written in proto3"));
}

TEST(SchemaLoad, MessageOfAProto2FileInsideIsRefused) {
  FileDescriptorSet set = Parsed("message In { int32 a = 1 [$p]; } message Record { In in = 1 [$p]; }");
  FileDescriptorProto& file = FileNamed(set, "test.proto");
  FileDescriptorProto old;
  old.set_name("old.proto");
  old.set_package("old");
  old.set_syntax("proto2");
  *old.add_message_type() = file.message_type(0);
  old.mutable_message_type(0)->mutable_field(0)->clear_options();
  *set.add_file() = old;
  FileDescriptorProto& again = FileNamed(set, "test.proto");
  again.add_dependency("old.proto");
  again.mutable_message_type(1)->mutable_field(0)->set_type_name(".old.In");
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("`in`: `old.In` is not written in proto3"));
}

TEST(SchemaLoad, AnyIsRefused) {
  const std::string set = DescriptorSetOf(
      "syntax = \"proto3\"; package test; import \"google/protobuf/any.proto\"; message Record { google.protobuf.Any a "
      "= "
      "1; }");
  EXPECT_THAT(WhyRefused(set), HasSubstr("`a`: google.protobuf.Any can hold anything"));
}

// Options are read by number. `edit` changes the record's first field.
std::string WithFirstField(const std::function<void(FieldDescriptorProto&)>& edit) {
  FileDescriptorSet set = Parsed("message Record { string id = 1; }");
  edit(*FileNamed(set, "test.proto").mutable_message_type(0)->mutable_field(0));
  return set.SerializeAsString();
}

TEST(SchemaLoad, ClassOfANewerVersionIsRefused) {
  const std::string set = WithFirstField([](FieldDescriptorProto& field) {
    field.mutable_options()->GetReflection()->MutableUnknownFields(field.mutable_options())->AddVarint(50801, 42);
  });
  EXPECT_THAT(WhyRefused(set), HasSubstr("`id`: field option 50801 has a value that this version does not know"));
}

TEST(SchemaLoad, OptionOfANewerVersionIsRefused) {
  for (const int number : {50805, 50899}) {
    const std::string set = WithFirstField([&](FieldDescriptorProto& field) {
      field.mutable_options()->GetReflection()->MutableUnknownFields(field.mutable_options())->AddVarint(number, 1);
    });
    EXPECT_THAT(WhyRefused(set), HasSubstr("field option " + std::to_string(number)));
  }
}

TEST(SchemaLoad, OptionsOfOthersAreNoneOfOurBusiness) {
  for (const int number : {50800, 50900, 1'000}) {
    const std::string set = WithFirstField([&](FieldDescriptorProto& field) {
      field.mutable_options()->GetReflection()->MutableUnknownFields(field.mutable_options())->AddVarint(number, 1);
    });
    EXPECT_TRUE(SchemaTable::Compile(set, "test.Record").ok()) << number;
  }
}

TEST(SchemaLoad, OptionWrittenWithAnotherWireTypeIsRefused) {
  const std::string set = WithFirstField([](FieldDescriptorProto& field) {
    field.mutable_options()->GetReflection()->MutableUnknownFields(field.mutable_options())->AddFixed64(50801, 1);
  });
  EXPECT_THAT(WhyRefused(set), HasSubstr("field option 50801 has a value that this version does not know"));
}

TEST(SchemaLoad, AnotherOptionUnderOurNumberIsRefused) {
  const std::string set = DescriptorSetOf(
      "syntax = \"proto3\"; package test; import \"google/protobuf/descriptor.proto\"; "
      "extend google.protobuf.FieldOptions { int32 colour = 50899; }"
      "message Record { int32 a = 1; }");
  EXPECT_TRUE(SchemaTable::Compile(set, "test.Record").ok()) << "free number";
  FileDescriptorSet taken;
  taken.ParseFromString(set);
  FileNamed(taken, "test.proto").mutable_extension(0)->set_number(50801);
  EXPECT_THAT(WhyRefused(taken.SerializeAsString()),
              HasSubstr("`test.proto` declares the field option `test.colour` = 50801"));
}

TEST(SchemaLoad, OurOptionUnderAnotherNumberIsRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  for (auto& extension : *FileNamed(set, "allmende/v1/options.proto").mutable_extension()) {
    if (extension.name() == "unit") {
      extension.set_number(50899);
    }
  }
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("declares the field option `allmende.v1.unit` = 50899"));
}

TEST(SchemaLoad, ClassesUnderOtherNumbersAreRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  auto& classes = *FileNamed(set, "allmende/v1/options.proto").mutable_enum_type(0);
  ASSERT_EQ(classes.value(1).name(), "PUBLIC");
  classes.mutable_value(1)->set_number(6);
  classes.mutable_value(6)->set_number(1);
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("declares the class `PUBLIC` = 6"));
}

TEST(SchemaLoad, TimestampOfAnotherShapeIsRefused) {
  FileDescriptorSet set = Parsed(kPlain);
  auto& timestamp = *FileNamed(set, "google/protobuf/timestamp.proto").mutable_message_type(0);
  timestamp.mutable_field(1)->set_type(FieldDescriptorProto::TYPE_STRING);
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("`google.protobuf.Timestamp` is not the one"));
}

TEST(SchemaLoad, PositionOfAnotherShapeIsRefused) {
  FileDescriptorSet set = Parsed("message Record { allmende.v1.Position place = 1 [$l]; }");
  auto& position = *FileNamed(set, "allmende/v1/options.proto").mutable_message_type(0);
  auto& more = *position.add_field();
  more = position.field(1);
  more.set_name("owner");
  more.set_number(3);
  EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr("`place`: `allmende.v1.Position` is not the one"));
}

// `values` enum values, in one enum that `fields` fields have.
FileDescriptorSet ManyEnumValues(size_t values, int fields, const std::string& prefix = "V") {
  FileDescriptorSet set = Parsed("enum K { NONE = 0; } message Record { K k1 = 1 [$p]; }");
  FileDescriptorProto& file = FileNamed(set, "test.proto");
  for (size_t i = 1; i < values; ++i) {
    auto& value = *file.mutable_enum_type(0)->add_value();
    value.set_name(absl::StrCat(prefix, i));
    value.set_number(static_cast<int>(i));
  }
  auto& record = *file.mutable_message_type(0);
  for (int i = 2; i <= fields; ++i) {
    auto& field = *record.add_field();
    field = record.field(0);
    field.set_name(absl::StrCat("k", i));
    field.set_number(i);
    field.clear_json_name();
  }
  return set;
}

SchemaTable Compiled(const FileDescriptorSet& set) {
  auto table = SchemaTable::Compile(set.SerializeAsString(), "test.Record");
  EXPECT_TRUE(table.ok()) << table.status();
  return *std::move(table);
}

TEST(SchemaLoad, AnEnumOfManyFieldsIsHeldOnce) {
  const SchemaTable table = Compiled(ManyEnumValues(16'000, 1'500));
  ASSERT_EQ(table.record().fields.size(), 1'500u);
  const EnumValues& values = table.record().fields[0].enum_values;
  ASSERT_EQ(values.size(), 16'000u);
  for (const FieldInfo& field : table.record().fields) {
    ASSERT_EQ(field.enum_values.identity(), values.identity()) << field.path;
  }
}

TEST(SchemaLoad, ManyValuesThatAreGoneInManyFieldsMakeAShortReport) {
  const SchemaTable before = Compiled(ManyEnumValues(16'000, 1'500));
  const SchemaTable after = Compiled(ManyEnumValues(16'000, 1'500, "W"));
  const std::vector<SchemaChange> changes = CompareSchemas(before, after);
  EXPECT_EQ(changes.size(), kSchemaChangesMax);
  EXPECT_EQ(changes.front().reason, "its value `V1` = 1 and 15998 more were removed, renamed or renumbered");
  EXPECT_LT(DescribeBreakingChanges(changes).size(), 3'000u);
}

TEST(SchemaLoad, ReservationsOfAMessageAreHeldOnceHoweverManyPlacesItHas) {
  FileDescriptorSet set = Parsed("message Inner { string a = 1 [$p]; } message Record { Inner i1 = 1; }");
  FileDescriptorProto& file = FileNamed(set, "test.proto");
  auto& inner = *file.mutable_message_type(0);
  for (int i = 0; i < 2'000; ++i) {
    inner.add_reserved_name(absl::StrCat("gone", i));
    auto& range = *inner.add_reserved_range();
    range.set_start(100 + 2 * i);
    range.set_end(101 + 2 * i);
  }
  auto& record = *file.mutable_message_type(1);
  for (int i = 2; i <= 2'000; ++i) {
    auto& field = *record.add_field();
    field = record.field(0);
    field.set_name(absl::StrCat("i", i));
    field.set_number(i);
    field.clear_json_name();
  }
  const SchemaTable table = Compiled(set);
  const auto& reserved = table.record().fields[0].message->reserved;
  EXPECT_EQ(reserved->names.size(), 2'000u);
  EXPECT_EQ(reserved->numbers.size(), 2'000u);
  for (const FieldInfo& field : table.record().fields) {
    ASSERT_EQ(field.message->reserved, reserved) << field.path;
  }
}

TEST(SchemaLoad, EnumValuesAreBounded) {
  size_t all = 0;  // those that the options bring included
  const std::string why = WhyRefused(ManyEnumValues(20'000, 1).SerializeAsString());
  ASSERT_EQ(std::sscanf(why.c_str(), "the schema has %zu enum values", &all), 1) << why;
  const size_t others = all - 20'000;
  FileDescriptorSet set = ManyEnumValues(kSchemaEnumValuesMax - others, 1);
  EXPECT_TRUE(SchemaTable::Compile(set.SerializeAsString(), "test.Record").ok());
  set = ManyEnumValues(kSchemaEnumValuesMax - others + 1, 1);
  EXPECT_THAT(WhyRefused(set.SerializeAsString()),
              HasSubstr("the schema has 16385 enum values; at most 16384 are allowed"));
}

TEST(SchemaLoad, WhatTheRecordDoesNotUseIsBoundedToo) {
  struct Row {
    const char* what;
    std::function<void(FileDescriptorSet&)> add;
  };
  const auto unused = [](FileDescriptorSet& set) -> google::protobuf::DescriptorProto& {
    auto& message = *FileNamed(set, "test.proto").add_message_type();
    message.set_name("Unused");
    return message;
  };
  const Row rows[] = {
      {"reserved names and ranges; at most 4096 are allowed",
       [&](FileDescriptorSet& set) {
         auto& message = unused(set);
         for (int i = 0; i < 4'097; ++i) {
           message.add_reserved_name(absl::StrCat("gone", i));
         }
       }},
      {"reserved names and ranges; at most 4096 are allowed",
       [&](FileDescriptorSet& set) {
         auto& type = *unused(set).add_nested_type()->add_enum_type();
         for (int i = 0; i < 4'097; ++i) {
           type.add_reserved_range()->set_start(i);
         }
       }},
      {"files; at most 256 are allowed",
       [](FileDescriptorSet& set) {
         for (int i = 0; i < 257; ++i) {
           set.add_file()->set_name(absl::StrCat("f", i, ".proto"));
         }
       }},
      {"imports; at most 4096 are allowed",
       [](FileDescriptorSet& set) {
         for (int i = 0; i < 4'097; ++i) {
           set.mutable_file(0)->add_dependency("a.proto");
         }
       }},
      {"the name `ffffffffffffffffffffffffffffffffffffffff...` has 257 bytes; at most 256 are allowed",
       [&](FileDescriptorSet& set) { unused(set).add_field()->set_name(std::string(257, 'f')); }},
      {"has 1025 bytes with what is around it; at most 1024 are allowed",
       [](FileDescriptorSet& set) {
         FileDescriptorProto& file = *set.add_file();
         file.set_name("long.proto");
         file.set_package(std::string(1'022, 'p'));
         file.add_message_type()->set_name("MM");
       }},
      {"bytes of full names; at most 8388608 are allowed",
       [&](FileDescriptorSet& set) {
         FileDescriptorProto& file = *set.add_file();
         file.set_name("long.proto");
         file.set_package(std::string(1'000, 'p'));
         auto& message = *file.add_message_type();
         message.set_name("M");
         for (int i = 0; i < 9'000; ++i) {
           message.add_field()->set_name(absl::StrCat("f", i));
         }
       }},
      {"`id`: its unit has 65 bytes; at most 64 are allowed",
       [](FileDescriptorSet& set) {
         FileNamed(set, "test.proto")
             .mutable_message_type(0)
             ->mutable_field(0)
             ->mutable_options()
             ->SetExtension(v1::unit, std::string(65, 'm'));
       }},
  };
  for (const Row& row : rows) {
    FileDescriptorSet set = Parsed(kPlain);
    row.add(set);
    EXPECT_THAT(WhyRefused(set.SerializeAsString()), HasSubstr(row.what));
  }
}

}  // namespace
}  // namespace allmende::policy
