// How the columns of a file become the fields of a dataset's schema. Written as YAML (see examples/imports) or filled
// in by code. A schema field that the spec does not name takes the column of the same name, if the file has one.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {

// What to do with a local time that the clocks show twice, when summer time ends.
enum class DoubledHour {
  kError,
  kFirst,   // summer time
  kSecond,  // winter time
  kOrder,   // decided by the order of the rows of one key: the second time around it is winter time
};

// What to do with a local time that the clocks skip, when summer time begins.
enum class MissingHour {
  kError,
  kShift,  // move forward by the gap: 02:30 is read as 03:30
};

// Times are tried against `formats` in order; the first that fits the whole text wins. A format is `iso8601`,
// `german` (dd.mm.yyyy, optionally hour, minute, second), or a pattern of %Y %m %d %H %M %S %f (fraction) %z (offset:
// Z, +01, +0100, +01:00) %s (seconds since 1970) and literal characters. Numbers may be unpadded.
struct TimeRules {
  std::vector<std::string> formats = {};  // empty: iso8601, german
  std::string zone = {};                  // IANA name for times without offset; empty: such times are refused
  DoubledHour doubled_hour = DoubledHour::kError;
  MissingHour missing_hour = MissingHour::kError;
};

struct NumberRules {
  char decimal = '.';
  std::string thousands = {};  // one character (UTF-8) or empty
};

struct BooleanRules {
  std::vector<std::string> true_words = {"true", "1"};
  std::vector<std::string> false_words = {"false", "0"};
};

// Where one field's value comes from. What is nullopt is taken from the spec's general rules.
struct FieldRule {
  std::string field = {};                    // path in the schema, for example `position.latitude`
  std::vector<std::string> columns = {};     // several are joined with one space before they are read
  std::optional<std::string> constant = {};  // instead of columns
  bool optional_column = false;              // a file may lack the columns; the value is then absent

  std::optional<std::vector<std::string>> absent = {};  // texts that mean: no value. An empty text always does
  std::optional<std::string> default_text = {};         // read in place of an absent value
  std::vector<std::pair<std::string, std::string>> replace = {};  // whole texts, before anything else is looked at
  bool drop_zero_fraction = false;                                // `14089.0` is read as `14089`
  std::optional<double> min = {};                                 // refuse what lies below or above
  std::optional<double> max = {};
  std::optional<NumberRules> numbers = {};
  std::optional<BooleanRules> booleans = {};
  std::optional<TimeRules> times = {};

  int line = 0;  // in the spec's file, for messages; 0 if made by code
};

// Holds for a row whose `column` has one of `values`.
struct RowCondition {
  std::string column = {};
  std::vector<std::string> values = {};
};

struct ImportSpec {
  ReaderOptions reader = {};
  std::vector<std::string> absent = {};
  NumberRules numbers = {};
  BooleanRules booleans = {};
  TimeRules times = {};
  std::vector<FieldRule> fields = {};
  std::vector<std::string> ignore = {};  // columns that are not wanted; any other column without a field is an error
  bool ignore_other_columns = false;     // `ignore: all`
  std::vector<RowCondition> skip_rows = {};      // rows that are not wanted
  std::optional<RowCondition> delete_rows = {};  // rows that are deletes of their key
  std::string name = {};                         // the spec's file, for messages
};

// Reads a spec from YAML. `name` is the file's name for messages.
//   kInvalidArgument  `name`:line:column: what is wrong, and what the spec may say there
absl::StatusOr<ImportSpec> ParseImportSpec(std::string_view yaml, std::string_view name);

}  // namespace allmende::tabular
