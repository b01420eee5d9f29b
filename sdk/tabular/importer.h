// Turns files into records: the one class that `allmende publish` drives.
//
//   ALLMENDE_ASSIGN_OR_RETURN(auto plan, ImportPlan::Create(spec, schema));
//   ALLMENDE_ASSIGN_OR_RETURN(auto importer, Importer::Open("rain.csv", plan, {}));
//   ImportedRecord record;
//   while (true) {
//     ALLMENDE_ASSIGN_OR_RETURN(ImportStep step, importer->Next(record));
//     if (step != ImportStep::kRecord) break;
//     ...
//   }
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

#include "sdk/tabular/encoder/import_statistics.h"
#include "sdk/tabular/encoder/imported_record.h"
#include "sdk/tabular/mapping/import_plan.h"
#include "sdk/tabular/reader/row_reader.h"

namespace allmende::tabular {

enum class OnBadRow {
  kStop,     // the first bad row ends the import with its error
  kCollect,  // bad rows are left out and noted in errors(); one more than `errors_max` ends the import
};

struct ImportOptions {
  OnBadRow on_bad_row = OnBadRow::kStop;
  int errors_max = 20;  // for kCollect
  bool follow = false;  // wait for lines that are appended to the file
};

enum class ImportStep {
  kRecord,   // `record` is filled
  kEnd,      // the file is read to its end
  kWaiting,  // only with `follow`: nothing complete now; call Next again later, as often as you like
};

// One file being imported. A bad row gives no record at all. Not thread-safe.
class Importer {
 public:
  // `plan` is shared. Errors as OpenFile; what is wrong inside the file is reported by Next.
  static absl::StatusOr<std::unique_ptr<Importer>> Open(const std::string& path, std::shared_ptr<const ImportPlan> plan,
                                                        const ImportOptions& options);
  static std::unique_ptr<Importer> Read(std::unique_ptr<ByteSource> source, std::string name,
                                        std::shared_ptr<const ImportPlan> plan, const ImportOptions& options);
  virtual ~Importer() = default;

  // The next record. After a status nothing more can be read.
  //   kInvalidArgument  a bad row (file, line, column, value, why, what to do), or a file that does not fit the spec
  //   and what RowReader::Next returns
  virtual absl::StatusOr<ImportStep> Next(ImportedRecord& record) = 0;

  // How messages call the file.
  virtual const std::string& name() const = 0;

  // Whether the schema has key fields.
  virtual bool has_key() const = 0;

  // Whether ImportOptions::follow is set: the import has no end.
  virtual bool follows() const = 0;

  // The bad rows so far; at most ImportOptions::errors_max.
  virtual const std::vector<InputError>& errors() const = 0;

  virtual ImportStatistics statistics() const = 0;
};

}  // namespace allmende::tabular
