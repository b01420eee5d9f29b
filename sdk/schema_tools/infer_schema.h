// Guesses a first `.proto` file from the rows of a CSV or NDJSON file, for a person to check.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

#include "sdk/tabular/reader/row_reader.h"

namespace allmende {

struct InferOptions {
  std::string message = {};      // name of the message; empty: made from the file's name
  std::string package = {};      // empty: none
  std::string field_class = {};  // public, operational, location, identifier, personal or critical for every field;
                                 // empty: a comment asks for the class, and nothing is delivered until it is chosen
  int64_t rows_max = 100'000;    // how many rows are looked at
  // How the rows are read, where it was not found out; repeated in the import spec.
  tabular::Encoding encoding = tabular::Encoding::kUtf8;
  std::optional<char> delimiter = {};
};

struct InferredSchema {
  std::string message = {};      // name of the message
  std::string proto_text = {};   // the schema, commented
  std::string import_spec = {};  // YAML that maps the file onto it; empty where the names and forms fit without
  int64_t rows = 0;              // looked at
};

// Types are int64, double, bool, google.protobuf.Timestamp, allmende.v1.Position or string, whatever all values of a
// column fit; `optional` where some are missing. Field names are the columns' in snake_case with ä, ö, ü, ß
// written ae, oe, ue, ss.
//   kInvalidArgument  an unreadable file, no rows, an unknown class
absl::StatusOr<InferredSchema> InferSchema(tabular::RowReader& rows, const std::string& file_name,
                                           const InferOptions& options);

// A column's name as a field name: `LÄNGE (WGS84)` becomes `laenge_wgs84`. Never empty, never starting with a digit.
std::string FieldNameFor(std::string_view column);

}  // namespace allmende
