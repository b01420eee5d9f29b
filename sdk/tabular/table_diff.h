// Compares two snapshots of a table by key and gives the records that lead from the old one to the new one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "sdk/tabular/importer.h"
#include "sdk/tabular/record_buffer.h"

namespace allmende::tabular {

enum class DuplicateKeys {
  kError,     // two rows of one file with the same key are an error that names both
  kLastWins,  // the later row counts
};

struct DiffOptions {
  DuplicateKeys duplicates = DuplicateKeys::kError;
  std::optional<absl::Time> delete_time = {};  // event time of the deletes; none: they carry none
  size_t bytes_max = kBufferBytesMax;          // for both snapshots together
};

struct DiffCounts {
  int64_t old_keys = 0;
  int64_t new_keys = 0;
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t unchanged = 0;
  int64_t deleted = 0;
  int64_t repeated_rows = 0;     // rows whose key and payload had been seen in the same file
  int64_t overwritten_rows = 0;  // rows whose key came again in the same file with another payload
};

using RecordSink = std::function<absl::Status(const ImportedRecord&)>;

// Hands `sink` first the inserts and updates in the order of the new file, then the deletes in the order of their
// keys. `old_snapshot` may be null for an empty table. Stops with the first status that `sink` returns.
//   kFailedPrecondition  the schema has no key, or an importer follows its file
//   kInvalidArgument     a bad row, or a duplicate key under DuplicateKeys::kError
//   kResourceExhausted   the snapshots do not fit in `bytes_max`
absl::StatusOr<DiffCounts> DiffSnapshots(Importer* old_snapshot, Importer& new_snapshot, const DiffOptions& options,
                                         const RecordSink& sink);

}  // namespace allmende::tabular
