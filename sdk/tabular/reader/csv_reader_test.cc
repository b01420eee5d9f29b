#include "sdk/tabular/reader/csv_reader.h"

#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include "sdk/tabular/reader/csv_record.h"
#include "sdk/tabular/reader/reader_testing.h"

namespace allmende::tabular {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ReaderOptions Csv() {
  return {.format = Format::kCsv};
}

struct Case {
  const char* name;
  std::string text;
  std::string transcript;
};

TEST(CsvReaderTest, ReadsWhatRfc4180Allows) {
  const Case cases[] = {
      {"plain", "a,b\n1,2\n3,4\n", "2: [1][2]\n3: [3][4]\n"},
      {"no last line break", "a,b\n1,2", "2: [1][2]\n"},
      {"carriage returns", "a,b\r\n1,2\r\n", "2: [1][2]\n"},
      {"empty fields", "a,b,c\n,,\n1,,\n", "2: [][][]\n3: [1][][]\n"},
      {"ends with a delimiter", "a,b\n1,", "2: [1][]\n"},
      {"quotes", "a,b\n\"x,y\",\"\"\n", "2: [x,y][]\n"},
      {"doubled quotes", "a\n\"say \"\"yes\"\"\"\n\"\"\"\"\n", "2: [say \"yes\"]\n3: [\"]\n"},
      {"line break in quotes", "a,b\n\"x\ny\",1\n2,3\n", "2: [x\ny][1]\n4: [2][3]\n"},
      {"return in quotes", "a\n\"x\r\ny\"\r\nz\r\n", "2: [x\r\ny]\n4: [z]\n"},
      {"quotes in the header", "\"a;b\",c\n1,2\n", "2: [1][2]\n"},
      {"quote inside a field", "a,b\n5\" pipe,x\"y\"\n", "2: [5\" pipe][x\"y\"]\n"},
      {"quoted at the end", "a\n\"x\"", "2: [x]\n"},
      {"blank lines", "\n\na,b\n\n1,2\n\r\n", "5: [1][2]\n"},
      {"a quoted empty row is no blank line", "a\n\"\"\nx\n", "2: []\n3: [x]\n"},
      {"header only", "a,b\n", ""},
      {"spaces belong to the field", "a,b\n 1 , 2\n", "2: [ 1 ][ 2]\n"},
      {"byte order mark",
       "\xEF\xBB\xBF"
       "a,b\n1,2\n",
       "2: [1][2]\n"},
      {"umlauts", "straße\nGrüner Weg\n", "2: [Grüner Weg]\n"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Transcript(test.text, Csv()), test.transcript) << test.name;
  }
}

TEST(CsvReaderTest, NamesTheLineAndTheWayOutForABadRowAndGoesOn) {
  const Case cases[] = {
      {"too few", "a,b\n1\n2,3\n",
       "bad: `f.csv`, line 2: has 1 fields where the header has 2; look for a missing or an unquoted delimiter\n"
       "3: [2][3]\n"},
      {"too many", "a,b\n1,2,3\n2,3\n",
       "bad: `f.csv`, line 2: has 3 fields where the header has 2; look for a missing or an unquoted delimiter\n"
       "3: [2][3]\n"},
      {"text after a quote", "a,b\n\"x\"y,1\n2,3\n",
       "bad: `f.csv`, line 2: has text between a closing quote and the delimiter; double each quote that belongs to "
       "the "
       "text\n3: [2][3]\n"},
      {"a return alone", "a,b\n1\r,2\n3,4\n",
       "bad: `f.csv`, line 2: has a carriage return that is no part of a line break; put the field in quotes, or end "
       "lines with a line feed\n3: [3][4]\n"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Transcript(test.text, Csv()), test.transcript) << test.name;
  }
}

TEST(CsvReaderTest, RefusesAFileThatCannotBeReadOn) {
  const Case cases[] = {
      {"empty", "", "has no header"},
      {"blank", "\n\n", "has no header"},
      {"open quote", "a\n1\n\"never closed\n2\n", "line 3: a quote that opens in this row is never closed"},
      {"two columns of one name", "a,b,a\n1,2,3\n", "line 1: two columns are called `a`"},
      {"zero byte", std::string("a\n1\0\n", 5), "line 2: has a zero byte"},
      {"zero byte in quotes", std::string("a\n\"1\0\"\n", 7), "line 2: has a zero byte"},
      {"utf-16",
       std::string("\xFF\xFE"
                   "a\0,\0",
                   6),
       "is UTF-16; save it as UTF-8"},
      {"excel", "PK\x03\x04rest", "is a ZIP or Excel file"},
      {"bad byte",
       "a,b\n1,2\nx,Stra\xDF"
       "e\n",
       "line 3: byte 0xDF is no UTF-8, at byte 7 of the line; save the file as UTF-8, or give `--encoding "
       "windows-1252`"},
      {"bad byte in the first line", "a\xFF\n1\n", "line 1: byte 0xFF is no UTF-8, at byte 2 of the line"},
      {"cut character", "a\n\xE2\x82", "line 2: the file ends in the middle of a UTF-8 character"},
      {"bad header", "\"a\"b\n1\n", "line 1: has text between a closing quote"},
      {"old Macintosh", "a,b\r1,2\r", "line 1: has a carriage return"},
  };
  for (const Case& test : cases) {
    EXPECT_THAT(Transcript(test.text, Csv()), HasSubstr(test.transcript)) << test.name;
  }
}

TEST(CsvReaderTest, HandsOutTheRowsInFrontOfABadByte) {
  EXPECT_THAT(Transcript("a\n1\n2\n\xFF\n", Csv()), testing::StartsWith("2: [1]\n3: [2]\nstatus: `f.csv`, line 4: "));
}

TEST(CsvReaderTest, ReadsTheSameHoweverTheBytesArrive) {
  const std::string text =
      "\xEF\xBB\xBF"
      "name,note\r\nGrün,\"a \"\"b\"\"\nc€\"\r\n\r\nx,\n";
  const std::string expected = "2: [Grün][a \"b\"\nc€]\n5: [x][]\n";
  for (size_t piece = 1; piece <= text.size(); ++piece) {
    auto reader = ReadRows(std::make_unique<PiecewiseSource>(text, piece), "f.csv", Csv());
    EXPECT_EQ(Transcript(*reader), expected) << piece;
    EXPECT_THAT(reader->columns(), ElementsAre("name", "note"));
    EXPECT_EQ(reader->blank_lines(), 1);
  }
}

TEST(CsvReaderTest, TrimsColumnNamesAndNamesTheUnnamed) {
  auto reader = ReadRows(SourceFromText(",  b ,\n1,2,3\n"), "f.csv", Csv());
  Transcript(*reader);
  EXPECT_THAT(reader->columns(), ElementsAre("column_1", "b", "column_3"));
}

TEST(CsvReaderTest, TakesColumnNamesWhereTheFileHasNone) {
  ReaderOptions options = Csv();
  options.header = false;
  EXPECT_THAT(Transcript("1,2\n", options), HasSubstr("has no header and no column names were given"));
  options.column_names = {"x", "y"};
  EXPECT_EQ(Transcript("1,2\n3,4\n", options), "1: [1][2]\n2: [3][4]\n");
  EXPECT_EQ(Transcript("", options), "");
}

TEST(CsvReaderTest, SkipsLinesInFrontOfTheHeader) {
  ReaderOptions options = Csv();
  options.skip_lines = 2;
  EXPECT_EQ(Transcript("Export of\n\"today\na;b\n1;2\n", options), "4: [1][2]\n");
  EXPECT_THAT(Transcript("one line only", options), HasSubstr("has fewer than 2 lines in front of the data"));
}

TEST(CsvReaderTest, FindsTheDelimiter) {
  const Case cases[] = {
      {"semicolon with decimal commas", "a;b\n1,5;2,5\n3,5;4\n", "2: [1,5][2,5]\n3: [3,5][4]\n"},
      {"tab", "a\tb\n1\t2\n", "2: [1][2]\n"},
      {"bar", "a|b\n1|2\n", "2: [1][2]\n"},
      {"comma with semicolons in the text", "a,b\nx;y,2\nz,3\n", "2: [x;y][2]\n3: [z][3]\n"},
      {"one column", "a\n1\n2\n", "2: [1]\n3: [2]\n"},
      {"one broken row does not mislead", "a;b\n1;2\n3\n4;5\n",
       "2: [1][2]\nbad: `f.csv`, line 3: has 1 fields where the header has 2; look for a missing or an unquoted "
       "delimiter\n4: [4][5]\n"},
      {"delimiters in quotes do not count", "a;b\n\"1,2,3\";x\n\"4,5,6\";y\n", "2: [1,2,3][x]\n3: [4,5,6][y]\n"},
  };
  for (const Case& test : cases) {
    EXPECT_EQ(Transcript(test.text, Csv()), test.transcript) << test.name;
  }
}

TEST(CsvReaderTest, ObeysAGivenDelimiter) {
  ReaderOptions options = Csv();
  options.delimiter = '^';
  EXPECT_EQ(Transcript("a^b\n1,2^3;4\n", options), "2: [1,2][3;4]\n");
}

TEST(CsvReaderTest, ReadsWindows1252) {
  ReaderOptions options = Csv();
  options.encoding = Encoding::kWindows1252;
  EXPECT_EQ(Transcript("a,b\nStra\xDF"
                       "e,5 \x80\n",
                       options),
            "2: [Straße][5 €]\n");
  EXPECT_THAT(Transcript("a\n1\nx\x81\n", options),
              HasSubstr("line 3: byte 0x81 has no meaning in Windows-1252, at byte 2"));
  EXPECT_THAT(Transcript("\xEF\xBB\xBF"
                         "a\n1\n",
                         options),
              HasSubstr("starts with the mark of UTF-8"));
  auto reader = ReadRows(std::make_unique<PiecewiseSource>("a,b\n\xDC,\xFC\n", 1), "f.csv", options);
  EXPECT_EQ(Transcript(*reader), "2: [Ü][ü]\n");
}

TEST(CsvReaderTest, BoundsRowsFieldsAndColumns) {
  ReaderOptions options = Csv();
  options.field_bytes_max = 10;
  options.row_bytes_max = 1000;
  options.columns_max = 3;
  EXPECT_EQ(Transcript("a,b\n12345678901,x\n1,2\n", options),
            "bad: `f.csv`, line 2: has a field longer than 10 bytes; look for a quote that is never closed\n"
            "3: [1][2]\n");
  EXPECT_THAT(Transcript("a,b\n1,2,3,4,5\n", options), HasSubstr("has more than 3 fields"));
  const std::string endless = "a,b\n\"" + std::string(600'000, 'x');
  EXPECT_THAT(Transcript(endless + "\",1\n", options),
              HasSubstr("line 2: a row that starts here is longer than 1000 bytes"));
}

TEST(CsvReaderTest, UnpacksGzip) {
  EXPECT_EQ(Transcript(Gzip("a,b\n1,2\n"), Csv()), "2: [1][2]\n");
  EXPECT_EQ(Transcript(Gzip("a,b\n1,") + Gzip("2\n3,4\n"), Csv()), "2: [1][2]\n3: [3][4]\n");
  std::string big = "a,b\n";
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&big, i, ",", i * 7, "\n");
  auto reader = ReadRows(std::make_unique<PiecewiseSource>(Gzip(big), 1000), "f.csv", Csv());
  Row row;
  int rows = 0;
  while (*reader->Next(row) == ReadStep::kRow) {
    ASSERT_EQ(*row.cells[1], absl::StrCat(rows * 7));
    ++rows;
  }
  EXPECT_EQ(rows, 100'000);
}

TEST(CsvReaderTest, RefusesDamagedGzip) {
  const std::string packed = Gzip("a,b\n1,2\n3,4\n");
  EXPECT_THAT(Transcript(packed.substr(0, packed.size() - 9), Csv()), HasSubstr("ends in the middle of its gzip data"));
  EXPECT_THAT(Transcript(packed + "junk", Csv()), HasSubstr("bytes after its gzip data"));
  std::string flipped = packed;
  flipped[flipped.size() - 6] ^= 0x40;  // inside the checksum
  EXPECT_THAT(Transcript(flipped, Csv()), HasSubstr("is damaged gzip data"));
  // The file is at fault, not what is stored.
  for (const std::string& bad : {packed.substr(0, packed.size() - 9), packed + "junk", flipped}) {
    auto reader = ReadRows(SourceFromText(bad), "f.csv.gz", Csv());
    Row row;
    absl::StatusOr<ReadStep> step = ReadStep::kRow;
    while (step.ok() && *step == ReadStep::kRow) step = reader->Next(row);
    EXPECT_EQ(step.status().code(), absl::StatusCode::kInvalidArgument);
  }
  ReaderOptions follow = Csv();
  follow.follow = true;
  EXPECT_THAT(Transcript(packed, follow), HasSubstr("cannot be followed"));
}

TEST(CsvReaderTest, WaitsForWholeLinesOfAGrowingFile) {
  auto text = std::make_shared<std::string>();
  ReaderOptions options;
  options.follow = true;
  auto reader = ReadRows(std::make_unique<GrowingSource>(text), "f.csv", options);
  Row row;
  const auto next = [&] { return *reader->Next(row); };
  EXPECT_EQ(next(), ReadStep::kWaiting);
  *text += "a,";
  EXPECT_EQ(next(), ReadStep::kWaiting);
  *text += "b\n1,2";
  EXPECT_EQ(next(), ReadStep::kWaiting);
  EXPECT_THAT(reader->columns(), ElementsAre("a", "b"));
  *text += "2\n3";
  EXPECT_EQ(next(), ReadStep::kRow);
  EXPECT_EQ(*row.cells[1], "22");
  EXPECT_EQ(next(), ReadStep::kWaiting);
  *text += ",4\r\n\"5\n";
  EXPECT_EQ(next(), ReadStep::kRow);
  EXPECT_EQ(*row.cells[0], "3");
  EXPECT_EQ(next(), ReadStep::kWaiting);
  *text += "5\",6\n";
  EXPECT_EQ(next(), ReadStep::kRow);
  EXPECT_EQ(*row.cells[0], "5\n5");
  EXPECT_EQ(row.line, 4);
}

// Writes rows as RFC 4180 says and reads them back, whatever is in them.
TEST(CsvReaderTest, ReadsBackWhateverWasWritten) {
  constexpr unsigned kSeed = 4180;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::vector<std::string> pieces = {"a", "ü", "€", ",", ";", "\"", "\n", "\r\n", "\r", " ", "7", "|", "\t"};
  for (int round = 0; round < 500; ++round) {
    const size_t columns = 1 + random() % 5;
    const char delimiter = ",;\t|"[random() % 4];
    std::string text;
    std::string expected;
    int64_t line = 1;
    for (int row = 0; row < 6; ++row) {
      std::string record;
      std::string cells;
      for (size_t column = 0; column < columns; ++column) {
        std::string value = row == 0 ? absl::StrCat("c", column) : "";
        for (size_t i = random() % 6; row > 0 && i > 0; --i) value += pieces[random() % pieces.size()];
        const bool quote = value.find_first_of(std::string("\"\r\n") + delimiter) != std::string::npos ||
                           random() % 4 == 0 || (columns == 1 && value.empty());
        std::string written;
        for (const char c : value) written.append(c == '"' ? 2 : 1, c);
        absl::StrAppend(&record, column > 0 ? std::string(1, delimiter) : "",
                        quote ? absl::StrCat("\"", written, "\"") : value);
        absl::StrAppend(&cells, "[", value, "]");
      }
      record += random() % 2 == 0 ? "\n" : "\r\n";
      if (row > 0) absl::StrAppend(&expected, line, ": ", cells, "\n");
      line += std::count(record.begin(), record.end(), '\n');
      text += record;
    }
    ReaderOptions options = Csv();
    options.delimiter = delimiter;
    auto reader = ReadRows(std::make_unique<PiecewiseSource>(text, 1 + random() % 40), "f.csv", options);
    ASSERT_EQ(Transcript(*reader), expected) << text;
  }
}

}  // namespace
}  // namespace allmende::tabular
