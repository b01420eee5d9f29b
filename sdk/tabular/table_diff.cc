#include "sdk/tabular/table_diff.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"

namespace allmende::tabular {
namespace {

// A generous guess at what one key costs in the index beside its bytes.
constexpr size_t kIndexBytesPerKey = 64;

// One file as a table: the last row of each key.
class Snapshot {
 public:
  explicit Snapshot(size_t bytes_max) : records_(bytes_max) {}

  absl::Status Load(Importer& importer, DuplicateKeys duplicates, DiffCounts& counts) {
    ALLMENDE_RETURN_IF_ERROR(records_.AppendAll(importer));
    last_.reserve(records_.size());
    for (size_t i = 0; i < records_.size(); ++i) {
      const auto [found, inserted] = last_.try_emplace(records_.key(i), i);
      if (inserted) {
        continue;
      }
      const size_t before = found->second;
      if (duplicates == DuplicateKeys::kError) {
        return InputError{.file = importer.name(),
                          .line = records_.line(i),
                          .why = absl::StrCat("has the same key as line ", records_.line(before)),
                          .advice = "remove one of the two rows, let the last one count, or add a key field"}
            .ToStatus();
      }
      const bool same =
          records_.payload(i) == records_.payload(before) && records_.is_delete(i) == records_.is_delete(before);
      ++(same ? counts.repeated_rows : counts.overwritten_rows);
      found->second = i;
    }
    // A delete in a snapshot says that the key is not in it.
    for (size_t i = 0; i < records_.size(); ++i) {
      const auto found = last_.find(records_.key(i));
      if (records_.is_delete(i) && found != last_.end() && found->second == i) {
        last_.erase(found);
      }
    }
    return absl::OkStatus();
  }

  const RecordBuffer& records() const { return records_; }
  size_t keys() const { return last_.size(); }
  size_t bytes_used() const { return records_.bytes_used() + records_.size() * kIndexBytesPerKey; }

  // Whether the record is the one that counts for its key.
  bool Counts(size_t index) const {
    const auto found = last_.find(records_.key(index));
    return found != last_.end() && found->second == index;
  }

  const size_t* Find(std::string_view key) const {
    const auto found = last_.find(key);
    return found == last_.end() ? nullptr : &found->second;
  }

 private:
  RecordBuffer records_;
  absl::flat_hash_map<std::string_view, size_t> last_;
};

absl::Status SendChanges(const Snapshot& old_table, const Snapshot& new_table, DiffCounts& counts,
                         const RecordSink& sink) {
  ImportedRecord record;
  for (size_t i = 0; i < new_table.records().size(); ++i) {
    if (!new_table.Counts(i)) {
      continue;
    }
    const size_t* before = old_table.Find(new_table.records().key(i));
    if (before != nullptr && old_table.records().payload(*before) == new_table.records().payload(i)) {
      ++counts.unchanged;
      continue;
    }
    ++(before == nullptr ? counts.inserted : counts.updated);
    new_table.records().Get(i, record);
    ALLMENDE_RETURN_IF_ERROR(sink(record));
  }
  return absl::OkStatus();
}

absl::Status SendDeletes(const Snapshot& old_table, const Snapshot& new_table, std::optional<absl::Time> time,
                         DiffCounts& counts, const RecordSink& sink) {
  std::vector<std::string_view> gone;
  for (size_t i = 0; i < old_table.records().size(); ++i) {
    const std::string_view key = old_table.records().key(i);
    if (old_table.Counts(i) && new_table.Find(key) == nullptr) {
      gone.push_back(key);
    }
  }
  std::sort(gone.begin(), gone.end());
  ImportedRecord record;
  record.operation = Operation::kDelete;
  record.event_time = time;
  for (const std::string_view key : gone) {
    record.key.assign(key);
    ++counts.deleted;
    ALLMENDE_RETURN_IF_ERROR(sink(record));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DiffCounts> DiffSnapshots(Importer* old_snapshot, Importer& new_snapshot, const DiffOptions& options,
                                         const RecordSink& sink) {
  if (!new_snapshot.has_key() || (old_snapshot != nullptr && !old_snapshot->has_key())) {
    return absl::FailedPreconditionError(
        "the schema has no key, so two snapshots cannot be compared; mark the key fields with (allmende.v1.key)");
  }
  DiffCounts counts;
  Snapshot old_table(options.bytes_max);
  if (old_snapshot != nullptr) {
    ALLMENDE_RETURN_IF_ERROR(old_table.Load(*old_snapshot, options.duplicates, counts));
  }
  Snapshot new_table(options.bytes_max - std::min(options.bytes_max, old_table.bytes_used()));
  ALLMENDE_RETURN_IF_ERROR(new_table.Load(new_snapshot, options.duplicates, counts));
  counts.old_keys = static_cast<int64_t>(old_table.keys());
  counts.new_keys = static_cast<int64_t>(new_table.keys());
  ALLMENDE_RETURN_IF_ERROR(SendChanges(old_table, new_table, counts, sink));
  ALLMENDE_RETURN_IF_ERROR(SendDeletes(old_table, new_table, options.delete_time, counts, sink));
  return counts;
}

}  // namespace allmende::tabular
