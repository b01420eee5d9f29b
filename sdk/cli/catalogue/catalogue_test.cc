#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sdk/base/file.h"
#include "sdk/cli/catalogue/classes.h"
#include "sdk/cli/catalogue/commands.h"
#include "sdk/cli/catalogue/commands_internal.h"
#include "sdk/cli/catalogue/from_file.h"
#include "sdk/cli/catalogue/template.h"
#include "sdk/cli/frame/error.h"
#include "sdk/cli/frame/run.h"
#include "sdk/cli/regime/policy_check.h"
#include "sdk/cli/testing/test_context.h"
#include "sdk/testing/test_directory.h"

namespace allmende::cli {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kCsv[] =
    "gauge,time,rain,lat,lon\n"
    "A1,2026-11-25T10:00:00Z,1.5,52.5,13.4\n"
    "A2,2026-11-25T10:05:00Z,,52.6,13.3\n";

class CatalogueTest : public ::testing::Test {
 protected:
  CatalogueTest() {
    program_ = {.name = "allmende", .version = "1", .summary = "", .groups = {}, .commands = {}};
    AddCatalogueCommands(program_);
    test_.environment["HOME"] = directory_.path();
    csv_ = Put("rain.csv", kCsv);
  }
  std::string Put(const std::string& name, const std::string& text) {
    const std::string path = directory_.File(name);
    EXPECT_TRUE(WriteFileAtomically(path, text, FileAccess::kEverybody).ok());
    return path;
  }
  ExitCode Do(const std::vector<std::string>& line) { return RunProgram(program_, line, test_.context); }

  TestDirectory directory_;
  TestContext test_;
  Program program_;
  std::string csv_;
};

TEST_F(CatalogueTest, InferWritesASchemaAndSaysWhatIsOpen) {
  EXPECT_EQ(Do({"schema", "infer", csv_}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("message Rain {"), HasSubstr("// choose a class: PUBLIC")));
  EXPECT_EQ(test_.Err(),
            "message Rain, guessed from 2 rows\n"
            "4 fields have no class yet and would never be delivered: choose one for each, or say `--class public`\n"
            "names or forms differ from the file: `--mapping FILE` writes how its columns become fields\n");
}

TEST_F(CatalogueTest, OneRowIsOneRow) {
  EXPECT_EQ(Do({"schema", "infer", csv_, "--rows", "1", "--class", "public"}), ExitCode::kOk);
  EXPECT_THAT(test_.Err(), HasSubstr("guessed from 1 row\n"));
}

TEST_F(CatalogueTest, WhatInferWritesCanBeShown) {
  const std::string proto = directory_.File("rain.proto");
  EXPECT_EQ(Do({"schema", "infer", csv_, "--class", "public", "--out", proto, "--mapping",
                directory_.File("rain.import.yaml"), "-q"}),
            ExitCode::kOk);
  EXPECT_EQ(test_.Out(), "");
  EXPECT_EQ(test_.Err(), "");
  EXPECT_EQ(Do({"schema", "show", proto}), ExitCode::kOk) << test_.Err();
  EXPECT_EQ(test_.Out(),
            "field     type                       class   unit  role\n"
            "gauge     string                     public  -\n"
            "time      google.protobuf.Timestamp  public  -     event time\n"
            "rain      double                     public  -\n"
            "position  allmende.v1.Position       public  -\n");
  EXPECT_EQ(Do({"schema", "show", proto, "--proto"}), ExitCode::kOk);
  EXPECT_THAT(test_.Out(), AllOf(HasSubstr("optional double rain = 3"), HasSubstr("class) = PUBLIC")));
  EXPECT_EQ(Do({"schema", "infer", csv_, "--out", proto}), ExitCode::kWrongState) << "it exists";
  EXPECT_THAT(test_.Err(), HasSubstr("`--overwrite`"));
}

TEST_F(CatalogueTest, OnATerminalTheClassesAreAskedFor) {
  test_.context.in_is_terminal = test_.context.err_is_terminal = true;
  test_.SetIn("i\nwhat?\npub\n\nall loc\n");
  EXPECT_EQ(Do({"schema", "infer", csv_}), ExitCode::kOk);
  const std::string proto = test_.Out();
  EXPECT_THAT(proto, AllOf(HasSubstr("string gauge = 1 [(allmende.v1.class) = IDENTIFIER]"),
                           HasSubstr("time = 2 [(allmende.v1.class) = PUBLIC, "),
                           HasSubstr("rain = 3 [(allmende.v1.class) = FIELD_CLASS_UNSPECIFIED]"),
                           HasSubstr("position = 4 [(allmende.v1.class) = LOCATION]")));
  EXPECT_THAT(test_.Err(), AllOf(HasSubstr("string gauge? "), HasSubstr("choose one of public, "),
                                 HasSubstr("1 field has no class yet")));
}

TEST_F(CatalogueTest, AnswersThatEndEarlyLeaveTheRestOpen) {
  test_.SetIn("public\n");
  const std::string text = AskForClasses(test_.context,
                                         "  a = 1 [FIELD_CLASS_UNSPECIFIED]\n  b = 2 "
                                         "[FIELD_CLASS_UNSPECIFIED]\n");
  EXPECT_EQ(text, "  a = 1 [PUBLIC]\n  b = 2 [FIELD_CLASS_UNSPECIFIED]\n");
  EXPECT_EQ(OpenClasses(text), 1);
}

TEST(FromFileTest, DatasetsAreNamedAfterFiles) {
  EXPECT_EQ(*DatasetNameFor("data/Rain 2019.csv.gz"), "rain-2019");
  EXPECT_EQ(*DatasetNameFor("Straßenbäume_Süd.ndjson"), "strassenbaeume-sued");
  EXPECT_FALSE(DatasetNameFor("data/.csv").ok());
  EXPECT_FALSE(DatasetNameFor("---.csv").ok());
}

TEST(FromFileTest, KeysAreMarked) {
  const std::string proto =
      "message M {\n"
      "  // no value occurs twice: if it names the record, add `(allmende.v1.key) = true`\n"
      "  string id = 1 [(allmende.v1.class) = PUBLIC];\n"
      "  optional string line = 2 [(allmende.v1.class) = PUBLIC];\n"
      "}\n";
  EXPECT_EQ(*WithKeys(proto, {}), proto);
  EXPECT_EQ(*WithKeys(proto, {"line", "id"}),
            "message M {\n"
            "  string id = 1 [(allmende.v1.key) = true, (allmende.v1.class) = PUBLIC];\n"
            "  string line = 2 [(allmende.v1.key) = true, (allmende.v1.class) = PUBLIC];\n"
            "}\n");
  const absl::Status missing = WithKeys(proto, {"name"}).status();
  EXPECT_EQ(HintOf(missing), "there are: id, line");
}

TEST_F(CatalogueTest, MadeFilesReplaceNothing) {
  const std::string a = directory_.File("a");
  EXPECT_TRUE(WriteMade({{a, "one"}}).ok());
  EXPECT_TRUE(WriteMade({{a, "one"}}).ok()) << "the same again";
  const std::string b = directory_.File("b");
  EXPECT_EQ(WriteMade({{b, "new"}, {a, "two"}}).code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(*ReadFile(a, 100), "one");
  EXPECT_FALSE(ReadFile(b, 100).ok()) << "all or nothing";
}

TEST_F(CatalogueTest, TheOpenTemplateIsInOrder) {
  const auto compiled = CompileSchemaText(
      "syntax = \"proto3\"; import \"allmende/v1/options.proto\";\n"
      "message M { string a = 1 [(allmende.v1.class) = PUBLIC]; string b = 2 [(allmende.v1.class) = PERSONAL];\n"
      "allmende.v1.Position p = 3 [(allmende.v1.class) = PUBLIC]; string c = 4; }",
      "m.proto", "", {});
  ASSERT_TRUE(compiled.ok()) << compiled.status();
  const auto schema = FinishSchema(*compiled);
  ASSERT_TRUE(schema.ok()) << schema.status();
  EXPECT_THAT(ValuePaths(schema->table, v1::PUBLIC), ElementsAre("a", "p"));
  EXPECT_THAT(ValuePaths(schema->table, std::nullopt), ElementsAre("a", "b", "p", "c"));
  const auto text = OpenPolicyText({"stadt/dinge", "amt", "cc-by/4.0", "Amt: \"Dinge\""}, schema->table, test_.now);
  ASSERT_TRUE(text.ok()) << text.status();
  const CheckedPolicy checked = CheckPolicyText(*text, "open.yaml", &schema->table, nullptr, test_.now);
  EXPECT_TRUE(checked.ok()) << FormatDiagnostics(checked, DiagnosticFormat::kText);
  EXPECT_EQ(checked.tests_passed, 1);
  EXPECT_EQ(checked.dataset, "stadt/dinge");
}

struct Wrong {
  std::vector<std::string> line;
  ExitCode code;
  std::string text;
};

TEST_F(CatalogueTest, MistakesAreExplainedBeforeAnythingIsMade) {
  const std::string proto =
      Put("m.proto", "syntax = \"proto3\";\nmessage A { string a = 1; }\nmessage B { string b = 1; }\n");
  const std::string rows = Put("rows.csv", "a,b\n1\n");
  const Wrong cases[] = {
      {{"dataset", "create", "x"}, ExitCode::kUsage, "either `--schema FILE.proto`, or `--from DATA`"},
      {{"dataset", "create", "--schema", proto}, ExitCode::kUsage, "NAME is missing"},
      {{"dataset", "create", "x", "--schema", proto, "--from", csv_}, ExitCode::kUsage, "either `--schema"},
      {{"dataset", "create", "--from", csv_}, ExitCode::kUsage, "`--template open`"},
      {{"dataset", "create", "x", "--schema", proto, "--key", "a"}, ExitCode::kUsage, "`--key` is for `--from`"},
      {{"dataset", "create", "x", "--schema", proto}, ExitCode::kBadInput, "m.proto"},
      {{"dataset", "create", "x", "--schema", proto, "--message", "A", "--kind", "table"},
       ExitCode::kBadInput,
       "a table needs a key"},
      {{"dataset", "create", "x", "--schema", proto, "--message", "A", "--keep-latest"},
       ExitCode::kUsage,
       "for tables"},
      {{"dataset", "create", "x", "--schema", proto, "--message", "A", "--keep-mib", "17592186044417"},
       ExitCode::kUsage,
       "1 to 8796093022207"},
      {{"dataset", "create", "x", "--schema", proto, "--message", "A", "--keep-mib", "0"},
       ExitCode::kUsage,
       "without bound"},
      {{"dataset", "create", "x", "--schema", proto, "--message", "A", "--keep-for", "0s"},
       ExitCode::kUsage,
       "without bound"},
      {{"dataset", "create", "--from", csv_, "--class", "public", "--key", "nothing"},
       ExitCode::kBadInput,
       "there are: gauge, time, rain, position"},
      {{"dataset", "create", "--from", "-", "--class", "public", "x"}, ExitCode::kUsage, "reads its file twice"},
      {{"dataset", "create", "--from", directory_.File("no.csv"), "--class", "public"}, ExitCode::kNotFound, "no.csv"},
      {{"dataset", "create", "--from", rows, "--class", "public"}, ExitCode::kBadInput, "rows.csv"},
      {{"dataset", "create", "--from", csv_, "--template", "open"}, ExitCode::kNotFound, "allmende profile add"},
      {{"dataset", "create", "--from", csv_, "--template", "closed"}, ExitCode::kUsage, "use open"},
      {{"schema", "infer", csv_, "--rows", "0"}, ExitCode::kUsage, "one row at least"},
      {{"schema", "infer", csv_, "--delimiter", "--"}, ExitCode::kUsage, "one character, or `tab`"},
      {{"schema", "infer", directory_.File("no.csv")}, ExitCode::kNotFound, "no.csv"},
      {{"schema", "show", directory_.File("no.proto")}, ExitCode::kNotFound, "no.proto"},
      {{"quarantine", "drop", "x"}, ExitCode::kUsage, "or `--all`"},
      {{"quarantine", "replay", "x"}, ExitCode::kUsage, "or `--all`"},
      {{"quarantine", "replay", "x", "one"}, ExitCode::kUsage, "one"},
      {{"quarantine", "drop", "x", "1", "--all"}, ExitCode::kUsage, "or `--all`"},
  };
  for (const Wrong& wrong : cases) {
    EXPECT_EQ(Do(wrong.line), wrong.code) << wrong.text;
    EXPECT_THAT(test_.Err(), HasSubstr(wrong.text));
    EXPECT_EQ(test_.Out(), "");
  }
  EXPECT_FALSE(ReadFile(directory_.File("rain.proto"), 100).ok());
}

}  // namespace
}  // namespace allmende::cli
