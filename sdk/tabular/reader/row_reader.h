// Reads CSV and newline-delimited JSON as rows of text cells, in bounded memory.
//
// Start here for the folder. CSV is RFC 4180: quotes, doubled quotes, line breaks inside quotes; lines end with \n or
// \r\n. NDJSON is one JSON object, or one JSON array, a line. Both come in UTF-8 or Windows-1252, packed with gzip or
// not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

#include "sdk/tabular/reader/byte_source.h"
#include "sdk/tabular/reader/input_error.h"

namespace allmende::tabular {

enum class Format { kDetect, kCsv, kNdjson };
enum class Encoding { kUtf8, kWindows1252 };

struct ReaderOptions {
  Format format = Format::kDetect;  // kDetect: NDJSON if the first character is `{` or `[`, else CSV
  Encoding encoding = Encoding::kUtf8;
  std::optional<char> delimiter = {};          // of CSV; none: found out among , ; tab |
  bool header = true;                          // the first row of a CSV file names the columns
  std::vector<std::string> column_names = {};  // for CSV without header, and for NDJSON arrays
  int skip_lines = 0;                          // lines before the header that are no data
  size_t row_bytes_max = size_t{1} << 20;
  size_t field_bytes_max = size_t{256} << 10;
  size_t columns_max = 4096;
  bool follow = false;  // the file grows: a last line without line break is not complete yet
};

// One row. The texts are valid until the next call of RowReader::Next. A cell is nullopt where the row has no such
// value at all: JSON null, or an object without this name. An empty CSV field is an empty text.
struct Row {
  int64_t line = 0;  // where it starts, from 1
  std::vector<std::optional<std::string_view>> cells = {};
};

enum class ReadStep {
  kRow,      // `row` is filled; as many cells as columns()
  kBadRow,   // one row is unusable and was stepped over; error() says why, reading may go on
  kEnd,      // no more rows
  kWaiting,  // only with `follow`: no complete row now; ask again later, as often as you like (that is the polling)
};

// Not thread-safe. Make one with OpenRows or ReadRows.
class RowReader {
 public:
  virtual ~RowReader() = default;

  // Reads the next row. Blank lines are stepped over. A status is final: the file cannot be read on.
  //   kInvalidArgument    not text, wrong encoding (the byte's place is named), a quote never closed, a row too long,
  //                       an unusable header
  //   and what ByteSource::Read returns
  virtual absl::StatusOr<ReadStep> Next(Row& row) = 0;

  // The names of the columns; known once Next has returned kRow or kEnd. For NDJSON objects the list grows while
  // reading, at its end only. A column whose header is empty is called `column_<number>`, counted from 1.
  virtual const std::vector<std::string>& columns() const = 0;

  // Whether columns() is complete before the first row, as for CSV, or grows, as for NDJSON objects.
  virtual bool columns_grow() const = 0;

  // Why Next returned kBadRow; valid until the next call of Next.
  virtual const InputError& error() const = 0;

  virtual int64_t blank_lines() const = 0;
};

// `name` is how messages call the source.
std::unique_ptr<RowReader> ReadRows(std::unique_ptr<ByteSource> source, std::string name, const ReaderOptions& options);

// Opens a file, `-` for standard input. Errors as OpenFile; what is wrong inside the file is reported by Next.
absl::StatusOr<std::unique_ptr<RowReader>> OpenRows(const std::string& path, const ReaderOptions& options);

}  // namespace allmende::tabular
