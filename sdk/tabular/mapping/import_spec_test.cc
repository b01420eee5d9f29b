#include "sdk/tabular/mapping/import_spec.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/base/file.h"

namespace allmende::tabular {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::Pair;

TEST(ImportSpecTest, ReadsEverythingThatASpecCanSay) {
  const absl::StatusOr<ImportSpec> spec = ParseImportSpec(R"yaml(
format: csv
encoding: windows-1252
delimiter: tab
header: false
column_names: [a, "b c", "LÄNGE (WGS84)"]
skip_lines: 3
absent: ["NA", "-"]
decimal: ","
thousands: "."
true_words: [ja]
false_words: [nein, no]
time_formats: [german, "%Y/%m/%d"]
zone: Europe/Berlin
doubled_hour: order
missing_hour: shift
fields:
  short: "b c"
  position.latitude: {column: a, min: 52.3, max: 52.7}
  time: {columns: [a, b], time_formats: ["%d.%m.%Y %H"], doubled_hour: first}
  source: {constant: VIZ}
  postcode: {column: a, drop_zero_fraction: true, optional_column: true}
  speed: {column: a, absent: ["-1"], default: "0", decimal: ".", replace: [{from: x, to: y}]}
  flag: {column: a, true_words: [X]}
ignore: [d, e]
skip_rows: [{column: d, is: [x, y]}]
delete_rows: {column: e, is: [gone]}
)yaml",
                                                          "spec.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->reader.format, Format::kCsv);
  EXPECT_EQ(spec->reader.encoding, Encoding::kWindows1252);
  EXPECT_THAT(spec->reader.delimiter, Optional('\t'));
  EXPECT_FALSE(spec->reader.header);
  EXPECT_THAT(spec->reader.column_names, ElementsAre("a", "b c", "LÄNGE (WGS84)"));
  EXPECT_EQ(spec->reader.skip_lines, 3);
  EXPECT_THAT(spec->absent, ElementsAre("NA", "-"));
  EXPECT_EQ(spec->numbers.decimal, ',');
  EXPECT_EQ(spec->numbers.thousands, ".");
  EXPECT_THAT(spec->booleans.false_words, ElementsAre("nein", "no"));
  EXPECT_EQ(spec->times.doubled_hour, DoubledHour::kOrder);
  EXPECT_EQ(spec->times.missing_hour, MissingHour::kShift);
  ASSERT_EQ(spec->fields.size(), 7u);
  EXPECT_EQ(spec->fields[0].field, "short");
  EXPECT_THAT(spec->fields[0].columns, ElementsAre("b c"));
  EXPECT_GT(spec->fields[0].line, 0);
  EXPECT_FALSE(spec->fields[0].numbers.has_value());
  EXPECT_EQ(spec->fields[1].field, "position.latitude");
  EXPECT_THAT(spec->fields[1].min, Optional(52.3));
  EXPECT_THAT(spec->fields[1].max, Optional(52.7));
  // What a field's rule leaves out comes from the general rules.
  EXPECT_THAT(spec->fields[2].columns, ElementsAre("a", "b"));
  ASSERT_TRUE(spec->fields[2].times.has_value());
  EXPECT_EQ(spec->fields[2].times->zone, "Europe/Berlin");
  EXPECT_EQ(spec->fields[2].times->doubled_hour, DoubledHour::kFirst);
  EXPECT_THAT(spec->fields[3].constant, Optional(std::string("VIZ")));
  EXPECT_TRUE(spec->fields[4].drop_zero_fraction);
  EXPECT_TRUE(spec->fields[4].optional_column);
  EXPECT_THAT(spec->fields[5].absent, Optional(ElementsAre("-1")));
  EXPECT_THAT(spec->fields[5].default_text, Optional(std::string("0")));
  EXPECT_THAT(spec->fields[5].replace, ElementsAre(Pair("x", "y")));
  EXPECT_EQ(spec->fields[5].numbers->decimal, '.');
  EXPECT_EQ(spec->fields[5].numbers->thousands, ".");
  EXPECT_THAT(spec->fields[6].booleans->true_words, ElementsAre("X"));
  EXPECT_THAT(spec->ignore, ElementsAre("d", "e"));
  ASSERT_EQ(spec->skip_rows.size(), 1u);
  EXPECT_THAT(spec->skip_rows[0].values, ElementsAre("x", "y"));
  EXPECT_EQ(spec->delete_rows->column, "e");
}

TEST(ImportSpecTest, IgnoresAllOtherColumnsOnRequest) {
  const absl::StatusOr<ImportSpec> spec = ParseImportSpec("ignore: all\n", "s.yaml");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_TRUE(spec->ignore_other_columns);
  EXPECT_TRUE(spec->ignore.empty());
}

// docs/import.md shows a mapping, and names every key.
TEST(ImportSpecTest, TheDocumentedMappingIsOne) {
  const absl::StatusOr<std::string> page = ReadFile(ALLMENDE_SOURCE_DIR "/docs/import.md", 1 << 20);
  ASSERT_TRUE(page.ok()) << page.status();
  const size_t begin = page->find("```yaml\n") + 8;
  const std::string yaml = page->substr(begin, page->find("```", begin) - begin);
  const absl::StatusOr<ImportSpec> spec = ParseImportSpec(yaml, "docs/import.md");
  ASSERT_TRUE(spec.ok()) << spec.status();
  EXPECT_EQ(spec->fields.size(), 6u);
  for (const char* key : {"format", "header", "column_names", "skip_lines", "delete_rows", "true_words", "false_words",
                          "missing_hour", "optional_column", "default", "replace", "drop_zero_fraction"}) {
    EXPECT_THAT(*page, HasSubstr(key));
  }
}

TEST(ImportSpecTest, SaysWhereASpecIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"encoding: latin1\n", "s.yaml:1:"},
      {"delimiter: ab\n", "a delimiter is one character, `tab` or `detect`"},
      {"delimiter: '\"'\n", "a delimiter is one character"},
      {"colums: [a]\n", "colums"},
      {"fields: [a]\n", "s.yaml:1:"},
      {"fields:\n  a:\n", "s.yaml:2:3: name the column, or give a map"},
      {"fields:\n  a: [x]\n", "s.yaml:2:3: name the column, or give a map"},
      {"fields:\n  a: {column: x, columns: [y]}\n", "give `column` or `columns`, not both"},
      {"fields:\n  a: {column: x, constant: y}\n", "give a column or a constant, not both"},
      {"fields:\n  a: {column: x, min: many}\n", "this has to be a number"},
      {"fields:\n  a: {column: x, wrong: 1}\n", "wrong"},
      {"fields:\n  a: {column: x, replace: [{from: y}]}\n", "each entry is {from: TEXT, to: TEXT}"},
      {"fields:\n  a: x\n  a: y\n", "s.yaml:3:"},
      {"decimal: ';'\n", "s.yaml:1:"},
      {"decimal: ','\nthousands: ','\n", "are the same"},
      {"thousands: '0'\n", "has another meaning in numbers"},
      {"doubled_hour: maybe\n", "s.yaml:1:"},
      {"skip_rows: [{column: a}]\n", "say with `is` which values of the column are meant"},
      {"skip_rows: [{is: [a]}]\n", "column"},
      {"skip_lines: -1\n", "s.yaml:1:"},
      {"fields: {\n", "s.yaml:"},
  };
  for (const auto& [yaml, message] : cases) {
    const absl::Status status = ParseImportSpec(yaml, "s.yaml").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << yaml;
    EXPECT_THAT(std::string(status.message()), HasSubstr(message)) << yaml;
  }
}

}  // namespace
}  // namespace allmende::tabular
