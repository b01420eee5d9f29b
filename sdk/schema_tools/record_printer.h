// Shows records to people and other programs: JSON and CSV from wire bytes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.pb.h"

namespace allmende {

// Prints records of one message type. Thread-compatible: const methods may run at the same time.
class RecordPrinter {
 public:
  // kInvalidArgument: the files do not fit together, or lack `message`.
  static absl::StatusOr<std::unique_ptr<RecordPrinter>> Create(const google::protobuf::FileDescriptorSet& files,
                                                               const std::string& message);
  virtual ~RecordPrinter() = default;

  // One line of JSON as protobuf defines it, with the schema's own field names: 64-bit integers as strings, times in
  // RFC 3339 with Z, enums by name, bytes in base64. Fields without a value are left out.
  //   kInvalidArgument  not a record of this type
  virtual absl::StatusOr<std::string> Json(std::string_view payload) const = 0;

  // The paths of the fields that Cells prints, for example `position.latitude`.
  virtual const std::vector<std::string>& Columns() const = 0;

  // The values of Columns() as texts; empty where the record has none. Doubles in the shortest form that reads back to
  // the same number. Repeated fields and maps come as JSON.
  virtual absl::StatusOr<std::vector<std::string>> Cells(std::string_view payload) const = 0;

  // Columns() and Cells() as one RFC 4180 line each, without line break.
  virtual std::string CsvHeader() const = 0;
  virtual absl::StatusOr<std::string> CsvRow(std::string_view payload) const = 0;
};

}  // namespace allmende
