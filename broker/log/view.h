// Logs and side keys as of one moment.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/log/types.h"

namespace allmende::broker {

struct StoredEntry {
  Sequence first_sequence = 0;
  std::uint32_t count = 0;
  LogHash hash{};
  LogPosition after;       // where to read on
  std::string_view bytes;  // valid until the cursor moves
};

// Not thread-safe.
class LogCursor {
 public:
  virtual ~LogCursor() = default;

  // Moves to the next entry, at first to the first one. False at the end of what was asked for, or at an error: see
  // status().
  virtual bool Next() = 0;

  // Requires that Next() returned true.
  virtual const StoredEntry& entry() const = 0;

  //   kDataLoss   the bytes are damaged or an entry is missing: the log never just ends early
  //   kOutOfRange trimmed away while the cursor stood before it
  virtual absl::Status status() const = 0;
};

// Not thread-safe.
class SideCursor {
 public:
  virtual ~SideCursor() = default;
  virtual bool Next() = 0;  // as LogCursor
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  virtual absl::Status status() const = 0;
};

// Thread-safe; its cursors are not, but they may outlive it. All must be gone before the Log.
class LogView {
 public:
  virtual ~LogView() = default;

  virtual absl::StatusOr<LogHead> HeadOf(LogId log) const = 0;

  // The entries after `position`, up to the head. The cursor ends early after the entry with which it has given out
  // `bytes_max`, so it moves at least once if there is anything; read on from its `after`.
  //   kOutOfRange  after the head; or before the oldest entry held, which the message names
  virtual absl::StatusOr<std::unique_ptr<LogCursor>> ReadFrom(LogId log, LogPosition position,
                                                              std::size_t bytes_max) const = 0;

  // The same from the entry that contains `sequence` on; at the head's next sequence an empty cursor.
  virtual absl::StatusOr<std::unique_ptr<LogCursor>> ReadFromSequence(LogId log, Sequence sequence,
                                                                      std::size_t bytes_max) const = 0;

  // The first sequence of the oldest entry with which the entries up to the head make at most `bytes` bytes; the head's
  // next sequence if not even the last one does. For retention by size.
  virtual absl::StatusOr<Sequence> FirstSequenceWithin(LogId log, std::uint64_t bytes) const = 0;

  virtual absl::StatusOr<std::optional<std::string>> GetSide(SideFamily family, std::string_view key) const = 0;

  // The keys that begin with `prefix`, in byte order, from the first one at or after `start` on (empty: all).
  virtual std::unique_ptr<SideCursor> ScanSide(SideFamily family, std::string_view prefix,
                                               std::string_view start) const = 0;
};

}  // namespace allmende::broker
