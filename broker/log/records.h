// What a log keeps about itself and about each entry, and how both move on. Values; shared by the implementations.
#pragma once

#include <cstdint>
#include <span>

#include "broker/log/types.h"

namespace allmende::broker {

// What is kept in front of an entry's bytes.
struct EntryHeader {
  std::uint32_t count = 0;
  std::uint32_t bytes = 0;           // as it was appended; a replacement may have fewer or more
  std::uint64_t entries_before = 0;  // of the log, those given up included
  std::uint64_t bytes_before = 0;
  LogHash hash{};
};

// INVARIANT: entries are dense: each begins where the one before it ended, from first_sequence up to next_sequence.
struct HeadRecord {
  Sequence next_sequence = 1;
  Sequence first_sequence = 1;  // of the oldest entry that may be read
  Sequence last_entry = 0;      // where the last entry begins; 0: there never was one
  LogHash hash{};               // of the last entry

  // Since the log began, up to its end and up to first_sequence.
  std::uint64_t entries_end = 0;
  std::uint64_t entries_start = 0;
  std::uint64_t bytes_end = 0;
  std::uint64_t bytes_start = 0;

  // Entries from here to first_sequence were given up and still take space.
  Sequence reclaimed_to = 1;
  std::uint64_t reclaimed_bytes = 0;  // of all entries before reclaimed_to

  bool holds_entries() const { return first_sequence < next_sequence; }
  LogPosition position() const { return LogPosition::FromToken(next_sequence - 1); }
  LogHead ToHead() const;
};

// A position is the number of records before it.
inline Sequence SequenceAt(LogPosition position) {
  return position.token() + 1;
}

LogPosition PositionAfter(LogPosition position, std::span<const LogEntry> entries);

// Moves `head` on past `entry`, and returns what to keep with it at the old next_sequence.
EntryHeader Extend(HeadRecord& head, const LogEntry& entry);

// Gives up what lies before the entry that begins at `first`.
void TrimTo(HeadRecord& head, Sequence first, const EntryHeader& header);
// Gives up everything.
void TrimAll(HeadRecord& head);

// Cuts everything after the entry that begins at `first`.
void EndAfter(HeadRecord& head, Sequence first, const EntryHeader& header);

}  // namespace allmende::broker
