// Reads any bytes as CSV and NDJSON. The first byte chooses the options and how large the pieces are in which the bytes
// arrive; rows, errors and line numbers must not depend on that. Of a gzip file that is damaged and has wrong text,
// too, either may be told.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "sdk/tabular/reader/reader_testing.h"
#include "sdk/tabular/reader/row_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace allmende::tabular;
  if (size == 0) {
    return 0;
  }
  ReaderOptions options;
  options.row_bytes_max = 4096;
  options.field_bytes_max = 512;
  options.columns_max = 16;
  options.encoding = (data[0] & 1) != 0 ? Encoding::kWindows1252 : Encoding::kUtf8;
  options.header = (data[0] & 2) == 0;
  options.column_names = {"a", "b", "c"};
  options.skip_lines = (data[0] & 4) != 0 ? 1 : 0;
  const size_t piece = (data[0] >> 3) + 1;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  // Where a row becomes too long, and what the delimiter is guessed from, may depend on the pieces.
  options.delimiter = ';';
  auto whole = ReadRows(SourceFromText(text), "f", options);
  auto pieces = ReadRows(std::make_unique<PiecewiseSource>(text, piece), "f", options);
  const std::string expected = Transcript(*whole);
  const std::string in_pieces = Transcript(*pieces);
  const bool damaged =
      expected.find("gzip data") != std::string::npos || in_pieces.find("gzip data") != std::string::npos;
  if (text.size() < options.row_bytes_max && !damaged && in_pieces != expected) {
    std::abort();
  }
  return 0;
}
