// Finds one CSV record in a text and cuts it into fields. No I/O and no state; everything else about CSV files is in
// csv_reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace allmende::tabular {

enum class CsvProblem {
  kNone,
  kTextAfterQuote,  // `"a"b,`
  kBareReturn,      // a carriage return that is no part of a line break, outside quotes
  kNul,             // a zero byte: no text file
  kFieldTooLong,
  kTooManyFields,
};

struct CsvScan {
  enum class Outcome {
    kRecord,
    kBlankLine,
    kNeedMore,  // the text ends before the record does
    kBad,       // `bytes` leads behind the line in which the problem is
    kOpenQuote  // the text is complete and a quote is still open
  };
  Outcome outcome = Outcome::kNeedMore;
  CsvProblem problem = CsvProblem::kNone;
  size_t bytes = 0;   // how long the record is, with its line break
  int64_t lines = 0;  // line breaks in it
};

struct CsvLimits {
  size_t field_bytes_max;
  size_t columns_max;
};

// Reads the record at the start of [text, text + size) and fills `fields`, which point into the text; doubled quotes
// are undone in place, but only if the outcome is kRecord. `complete` says that no text will follow. A quote in the
// middle of an unquoted field stands for itself.
CsvScan ScanCsvRecord(char* text, size_t size, bool complete, char delimiter, const CsvLimits& limits,
                      std::vector<std::optional<std::string_view>>& fields);

// The delimiter among `,` `;` tab `|` for which the records at the start of `sample` have most evenly the same number
// (two or more) of fields; a comma if there is no such one. `complete` says that the sample is the whole file.
char DetectDelimiter(std::string_view sample, bool complete);

}  // namespace allmende::tabular
