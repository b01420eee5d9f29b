#include "sdk/tabular/record_buffer.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"

#include "sdk/base/status.h"
#include "sdk/tabular/importer.h"

namespace allmende::tabular {
namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

}  // namespace

absl::Status RecordBuffer::Append(const ImportedRecord& record) {
  const size_t bytes = record.key.size() + record.payload.size();
  const bool new_chunk = chunks_.empty() || chunks_.back().capacity() - chunks_.back().size() < bytes;
  const size_t chunk_bytes = std::max(kChunkBytes, bytes);
  // The list of entries doubles when it is full, and for a moment both lists are there.
  const bool new_entries = entries_.size() == entries_.capacity();
  const size_t grows = (new_chunk ? chunk_bytes : 0) + (new_entries ? 2 * entries_.capacity() * sizeof(Entry) : 0);
  if (bytes_used() + grows > bytes_max_ || bytes > std::numeric_limits<uint32_t>::max()) {
    return absl::ResourceExhaustedError(absl::StrCat("the records do not fit in the ", bytes_max_ >> 20,
                                                     " MiB allowed for sorting and comparing (", entries_.size(),
                                                     " records so far); split the file, or allow more"));
  }
  if (new_chunk) {
    chunks_.emplace_back().reserve(chunk_bytes);
    chunk_bytes_ += chunks_.back().capacity();
  }
  std::string& chunk = chunks_.back();
  entries_.push_back({.time_us = record.event_time.has_value() ? absl::ToUnixMicros(*record.event_time) : 0,
                      .line = record.line,
                      .chunk = static_cast<uint32_t>(chunks_.size() - 1),
                      .offset = static_cast<uint32_t>(chunk.size()),
                      .key_bytes = static_cast<uint32_t>(record.key.size()),
                      .payload_bytes = static_cast<uint32_t>(record.payload.size()),
                      .has_time = record.event_time.has_value(),
                      .is_delete = record.operation == Operation::kDelete});
  chunk.append(record.key);
  chunk.append(record.payload);
  return absl::OkStatus();
}

absl::Status RecordBuffer::AppendAll(Importer& importer) {
  if (importer.follows()) {
    return absl::FailedPreconditionError("a file that is followed has no end, so it cannot be sorted or compared");
  }
  files_.emplace_back(entries_.size(), importer.name());
  ImportedRecord record;
  while (true) {
    ALLMENDE_ASSIGN_OR_RETURN(const ImportStep step, importer.Next(record));
    if (step != ImportStep::kRecord) {
      return absl::OkStatus();
    }
    ALLMENDE_RETURN_IF_ERROR(Append(record));
  }
}

std::string RecordBuffer::PlaceOf(size_t index) const {
  std::string place;
  for (const auto& [begin, name] : files_) {
    if (begin <= index) place = absl::StrCat("`", name, "`, ");
  }
  return absl::StrCat(place, "line ", entries_[index].line, ": the record");
}

absl::Status RecordBuffer::SortByEventTime() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (!entries_[i].has_time) {
      return absl::FailedPreconditionError(
          absl::StrCat(PlaceOf(i), " has no event time, so the records cannot be sorted by it"));
    }
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.time_us < b.time_us; });
  return absl::OkStatus();
}

void RecordBuffer::Get(size_t index, ImportedRecord& record) const {
  const Entry& entry = entries_[index];
  record.operation = entry.is_delete ? Operation::kDelete : Operation::kUpsert;
  record.key.assign(key(index));
  record.payload.assign(payload(index));
  record.line = entry.line;
  record.event_time.reset();
  if (entry.has_time) {
    record.event_time = absl::FromUnixMicros(entry.time_us);
  }
}

std::string_view RecordBuffer::key(size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(chunks_[entry.chunk]).substr(entry.offset, entry.key_bytes);
}

std::string_view RecordBuffer::payload(size_t index) const {
  const Entry& entry = entries_[index];
  return std::string_view(chunks_[entry.chunk]).substr(entry.offset + entry.key_bytes, entry.payload_bytes);
}

size_t RecordBuffer::bytes_used() const {
  return chunk_bytes_ + entries_.capacity() * sizeof(Entry);
}

}  // namespace allmende::tabular
