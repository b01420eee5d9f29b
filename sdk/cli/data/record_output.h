// Records, one after the other, as the caller asked for them: `--output table|json|csv`.
//
//   json   one object a line: {"sequence": 12, "operation": "upsert", "event_time": "...", "record": {...}}; a delete
//          has "key" instead of "record"
//   csv    a header, then one line a record: sequence, operation, event_time and the fields
//   table  the same in columns, whose widths grow as needed
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/record.h"
#include "sdk/cli/data/dataset_info.h"
#include "sdk/cli/frame/context.h"

namespace allmende::cli {

// Whether a view that delivers the paths `fields` has the column; with none named, all of them.
bool Delivers(const std::vector<std::string>& fields, const std::string& column);

// Not thread-safe. Borrows the context.
class RecordOutput {
 public:
  // `fields`: the paths that the view delivers; columns of others are left out. Empty: all.
  RecordOutput(Context& context, SchemaForms schema, const std::vector<std::string>& fields);

  // kInvalidArgument: the payload is no record of the schema.
  absl::Status Add(const RecordView& record);
  // Shows what was added. Call it when nothing more comes for now.
  void Flush();

  uint64_t count() const { return count_; }
  const SchemaForms& schema() const { return schema_; }

 private:
  absl::StatusOr<std::vector<std::string>> Cells(const RecordView& record) const;
  absl::StatusOr<std::string> JsonLine(const RecordView& record) const;
  void WriteRow(const std::vector<std::string>& row, bool header);

  Context& context_;
  const SchemaForms schema_;
  std::vector<size_t> shown_;         // indices into the printer's columns
  std::vector<std::string> columns_;  // with the three in front
  std::vector<std::vector<std::string>> rows_;
  std::vector<int> widths_;
  bool header_written_ = false;
  uint64_t count_ = 0;
};

// One record as JSON: the object of `record`, or null.
absl::StatusOr<std::string> RecordJson(const SchemaForms& schema, const RecordView& record);

}  // namespace allmende::cli
