// Holds the records of whole files, so that they can be ordered by event time or compared by key before they go out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

#include "sdk/tabular/encoder/imported_record.h"

namespace allmende::tabular {

class Importer;

// The most memory a buffer takes by default.
inline constexpr size_t kBufferBytesMax = size_t{512} << 20;

// Records in the order of Append until SortByEventTime. Not thread-safe.
class RecordBuffer {
 public:
  explicit RecordBuffer(size_t bytes_max = kBufferBytesMax) : bytes_max_(bytes_max) {}

  // kResourceExhausted: the buffer would grow beyond its bound; the record is not taken.
  absl::Status Append(const ImportedRecord& record);

  // Appends every record until the importer's end. A follow import is refused with kFailedPrecondition.
  absl::Status AppendAll(Importer& importer);

  // Stable: records of the same time keep their order.
  //   kFailedPrecondition  a record has no event time; names its file, if it came by AppendAll, and line
  absl::Status SortByEventTime();

  size_t size() const { return entries_.size(); }
  // Copies record `index` (below size()) into `record`, reusing its memory.
  void Get(size_t index, ImportedRecord& record) const;
  std::string_view key(size_t index) const;
  std::string_view payload(size_t index) const;
  int64_t line(size_t index) const { return entries_[index].line; }
  bool is_delete(size_t index) const { return entries_[index].is_delete; }
  size_t bytes_used() const;

 private:
  struct Entry {
    int64_t time_us;
    int64_t line;
    uint32_t chunk;
    uint32_t offset;
    uint32_t key_bytes;
    uint32_t payload_bytes;
    bool has_time;
    bool is_delete;
  };

  std::string PlaceOf(size_t index) const;

  size_t bytes_max_;
  size_t chunk_bytes_ = 0;
  std::vector<std::string> chunks_;  // key and payload of each record, one after the other
  std::vector<Entry> entries_;
  std::vector<std::pair<size_t, std::string>> files_;  // from which entry on, until they are sorted
};

}  // namespace allmende::tabular
