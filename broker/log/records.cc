#include "broker/log/records.h"

namespace allmende::broker {

LogHead HeadRecord::ToHead() const {
  LogHead head;
  head.position = position();
  head.next_sequence = next_sequence;
  head.first_sequence = first_sequence;
  head.hash = hash;
  head.entries = entries_end - entries_start;
  head.bytes = bytes_end - bytes_start;
  return head;
}

LogPosition PositionAfter(LogPosition position, std::span<const LogEntry> entries) {
  std::uint64_t records = position.token();
  for (const LogEntry& entry : entries) {
    records += entry.count;
  }
  return LogPosition::FromToken(records);
}

EntryHeader Extend(HeadRecord& head, const LogEntry& entry) {
  EntryHeader header;
  header.count = entry.count;
  header.bytes = static_cast<std::uint32_t>(entry.bytes.size());
  header.entries_before = head.entries_end;
  header.bytes_before = head.bytes_end;
  header.hash = entry.hash;
  EndAfter(head, head.next_sequence, header);
  return header;
}

void TrimTo(HeadRecord& head, Sequence first, const EntryHeader& header) {
  head.first_sequence = first;
  head.entries_start = header.entries_before;
  head.bytes_start = header.bytes_before;
}

void TrimAll(HeadRecord& head) {
  head.first_sequence = head.next_sequence;
  head.entries_start = head.entries_end;
  head.bytes_start = head.bytes_end;
}

void EndAfter(HeadRecord& head, Sequence first, const EntryHeader& header) {
  head.last_entry = first;
  head.next_sequence = first + header.count;
  head.entries_end = header.entries_before + 1;
  head.bytes_end = header.bytes_before + header.bytes;
  head.hash = header.hash;
}

}  // namespace allmende::broker
