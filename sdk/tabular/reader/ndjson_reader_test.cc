#include "sdk/tabular/reader/ndjson_reader.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/reader/reader_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NdjsonReaderTest, ReadsObjectsWhoseColumnsGrow) {
  auto reader =
      ReadRows(SourceFromText("{\"a\":1,\"b\":\"x\"}\n\n{\"b\":\"y\",\"c\":null}\r\n{\"c\":true,\"a\":1.50}"), "f", {});
  EXPECT_EQ(Transcript(*reader), "1: [1][x]\n3: -[y]-\n4: [1.50]-[true]\n");
  EXPECT_THAT(reader->columns(), ElementsAre("a", "b", "c"));
  EXPECT_TRUE(reader->columns_grow());
  EXPECT_EQ(reader->blank_lines(), 1);
}

TEST(NdjsonReaderTest, NamesMembersOfNestedObjectsByTheirPath) {
  auto reader = ReadRows(SourceFromText(R"({"id":1,"position":{"lat":52.5,"more":{"x":2}},"z":3})"), "f", {});
  EXPECT_EQ(Transcript(*reader), "1: [1][52.5][2][3]\n");
  EXPECT_THAT(reader->columns(), ElementsAre("id", "position.lat", "position.more.x", "z"));
}

TEST(NdjsonReaderTest, ReadsArraysUnderGivenNames) {
  ReaderOptions options;
  options.column_names = {"id", "name", "weight"};
  auto reader = ReadRows(SourceFromText("[\"de:1\",\"Ufer \\u00fc\",713]\n[\"de:2\",\"\",1351.75]\n"), "f", options);
  EXPECT_EQ(Transcript(*reader), "1: [de:1][Ufer ü][713]\n2: [de:2][][1351.75]\n");
  EXPECT_FALSE(reader->columns_grow());
}

TEST(NdjsonReaderTest, KeepsNumbersAsTheyAreWritten) {
  ReaderOptions options;
  options.column_names = {"n"};
  EXPECT_EQ(Transcript("[1e5]\n[0.10]\n[-7]\n[18446744073709551615]\n[123456789012345678901234567890]\n", options),
            "1: [1e5]\n2: [0.10]\n3: [-7]\n4: [18446744073709551615]\n5: [123456789012345678901234567890]\n");
}

struct Case {
  const char* text;
  const char* message;
};

TEST(NdjsonReaderTest, NamesTheLineOfABadRowAndGoesOn) {
  const Case cases[] = {
      {"{\"a\":}", "is not valid JSON at byte 6; each line has to be one complete JSON object or array"},
      {"{\"a\":1", "is not valid JSON"},
      {"{\"a\":1} x", "is not valid JSON"},
      {"[1", "is not valid JSON"},
      {"7", "is neither a JSON object nor a JSON array"},
      {"{\"a\":[1]}", "has an array inside; only plain values can be imported"},
      {"{\"a\":1,\"a\":2}", "has `a` twice"},
      {"{\"a\":1,\"b\":{\"c\":1},\"b.c\":2}", "has `b.c` twice"},
      {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", "is nested deeper than 8 levels"},
      {"{\"a\":1e999}", "is not valid JSON"},
  };
  for (const Case& test : cases) {
    const std::string text = std::string("{\"a\":0}\n") + test.text + "\n{\"a\":9}\n";
    const std::string transcript = Transcript(text, {.format = Format::kNdjson});
    EXPECT_THAT(transcript, testing::StartsWith("1: [0]\nbad: `f.csv`, line 2: ")) << test.text;
    EXPECT_THAT(transcript, HasSubstr(test.message)) << test.text;
    EXPECT_THAT(transcript, HasSubstr("3: [9]")) << test.text;
  }
}

TEST(NdjsonReaderTest, RefusesArraysThatDoNotFitTheNames) {
  EXPECT_THAT(Transcript("[1,2]\n", {}), HasSubstr("is an array, whose values have no names; give `column_names`"));
  ReaderOptions options;
  options.column_names = {"a", "b"};
  EXPECT_THAT(Transcript("[1]\n[1,2]\n", options), HasSubstr("line 1: has 1 values where 2 columns are named"));
  EXPECT_THAT(Transcript("[1,[2]]\n", options), HasSubstr("has an array inside"));
  EXPECT_THAT(Transcript("[1,{}]\n", options), HasSubstr("has an object inside an array"));
  EXPECT_THAT(Transcript("{\"a\":1,\"x\":2}\n", options), HasSubstr("has `x`, which is not among the named columns"));
}

TEST(NdjsonReaderTest, TellsThatAWholeFileOfJsonIsNoNdjson) {
  EXPECT_THAT(Transcript("[\n  {\"a\": 1}\n]\n", {}),
              HasSubstr("each line has to be one complete JSON object or array"));
}

TEST(NdjsonReaderTest, BoundsLinesAndValues) {
  ReaderOptions options;
  options.row_bytes_max = 100;
  options.field_bytes_max = 10;
  options.columns_max = 2;
  EXPECT_THAT(Transcript("{\"a\":\"12345678901\"}\n{\"a\":1}\n", options),
              HasSubstr("has a value longer than 10 bytes\n2: [1]"));
  EXPECT_THAT(Transcript("{\"a\":1,\"b\":2,\"c\":3}\n", options), HasSubstr("has more than 2 values"));
  EXPECT_THAT(Transcript("{\"a\":1,\"b\":2}\n{\"c\":3}\n", options),
              HasSubstr("line 2: brings the columns to more than 2"));
  EXPECT_THAT(Transcript("{" + std::string(200, ' ') + "}\n{\"a\":1}\n", options),
              HasSubstr("line 1: is longer than 100 bytes"));
  EXPECT_THAT(Transcript("{" + std::string(600'000, ' ') + "}\n", options),
              HasSubstr("a line is longer than 100 bytes"));
}

TEST(NdjsonReaderTest, WaitsForWholeLinesOfAGrowingFile) {
  auto text = std::make_shared<std::string>("  \n");
  ReaderOptions options;
  options.follow = true;
  auto reader = ReadRows(std::make_unique<GrowingSource>(text), "f", options);
  Row row;
  EXPECT_EQ(*reader->Next(row), ReadStep::kWaiting);
  *text += "{\"a\":";
  EXPECT_EQ(*reader->Next(row), ReadStep::kWaiting);
  *text += "1}";
  EXPECT_EQ(*reader->Next(row), ReadStep::kWaiting);
  *text += "\n";
  EXPECT_EQ(*reader->Next(row), ReadStep::kRow);
  EXPECT_EQ(row.line, 2);
  EXPECT_EQ(*reader->Next(row), ReadStep::kWaiting);
}

TEST(NdjsonReaderTest, ReadsTheSameHoweverTheBytesArrive) {
  const std::string text = "{\"ü\":\"€\"}\r\n\n{\"ü\":\"b\"}";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    auto reader = ReadRows(std::make_unique<PiecewiseSource>(text, piece), "f", {});
    EXPECT_EQ(Transcript(*reader), "1: [€]\n3: [b]\n") << piece;
  }
}

}  // namespace
}  // namespace allmende::tabular
