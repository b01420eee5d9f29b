// The real data sets: which file belongs to which schema and mapping, and what each record has to hold, told once more
// from the source.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sdk/tabular/importer.h"
#include "sdk/tabular/testing/import_testing.h"

namespace allmende::real_data {

// How a column's text has to be read for its field.
enum class Kind {
  kText,
  kNumber,        // any number; compared as a double, or exactly for whole numbers
  kCommaNumber,   // decimal comma
  kFlag,          // 1 or true; X
  kBerlin,        // a time on the clocks of Berlin
  kUtc,           // a time with offset or Z
  kZeroFraction,  // `14089.0` is meant to be `14089`
};

struct Column {
  std::string field;                 // path in the schema
  std::vector<std::string> columns;  // joined with a space; empty: see `constant`
  Kind kind = Kind::kText;
  std::vector<std::string> absent = {};  // texts that mean none, beside the empty one
  std::string constant = {};
  std::map<std::string, std::string> replace = {};
};

struct Source {
  std::string file;  // below the folder of the data
  std::string schema;
  std::string message;
  std::string mapping;
  char delimiter = ',';
  size_t rows = 0;
  std::vector<Column> columns;
  std::vector<std::string> json_columns = {};  // NDJSON arrays instead of CSV

  // How test reports show it.
  friend void PrintTo(const Source& source, std::ostream* out) { *out << source.file; }
};

// A value as comparable text: times in microseconds, numbers as %.17g. None: absent.
using Value = std::optional<std::string>;
using Values = std::map<std::string, Value>;  // field path -> value

// The folder with the data: $ALLMENDE_REAL_DATA, or ../shared/data beside the project. Empty if it is not there.
std::string DataFolder();

// Every data set that has a mapping in examples/imports.
const std::vector<Source>& AllSources();
const Source& SourceOf(const std::string& file);

tabular::TestSchema SchemaOf(const Source& source);
std::unique_ptr<tabular::Importer> ImporterOf(const Source& source, const tabular::TestSchema& schema);

// What the source says, row by row.
std::vector<Values> ExpectedRows(const Source& source);

// Reads payloads by protobuf's reflection.
class PayloadReader {
 public:
  explicit PayloadReader(const tabular::TestSchema& schema);
  ~PayloadReader();
  // Values of all fields of the schema that hold values, at every level.
  Values Read(std::string_view payload) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Empty if they are the same, else the first difference. Fields that no side mentions are absent.
std::string Difference(const Values& expected, const Values& actual);

}  // namespace allmende::real_data

// At the start of a test that needs the data: skips it, visibly, where they are not there.
#define ALLMENDE_NEEDS_REAL_DATA()                                                                                 \
  if (::allmende::real_data::DataFolder().empty()) {                                                               \
    GTEST_SKIP() << "the real data are not here: set ALLMENDE_REAL_DATA to their folder (default ../shared/data)"; \
  }
