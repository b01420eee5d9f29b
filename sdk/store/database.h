// An ordered key-value database in one directory, for one process: what logs, outboxes and replicas are kept in. A thin
// layer over RocksDB that fixes its settings, words its errors and hides its types.
//
// Faults:
//   disk full     commits fail with kResourceExhausted, reads go on; some seconds after there is space, commits work
//                 again
//   failed fsync  what was being written may or may not be there after reopening; every later commit fails with
//                 kDataLoss until then, so that nothing is acknowledged on top of an unknown tail
//   flipped bits  kDataLoss from Open or from the read that meets them, never other data. The one exception: a damaged
//                 length in the write-ahead log can look like a write that a crash cut short, so the database opens
//                 without its end. Who acknowledges to others keeps a mark outside the database to notice it by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/store/iterator.h"
#include "sdk/store/snapshot.h"
#include "sdk/store/write_set.h"

namespace allmende::store {

struct FamilyOptions {
  std::string name;

  // Compress with LZ4: for text-like values; not for what is encrypted, compressed, or read at full speed.
  bool compressed = false;

  // So much gathers in memory before it is written to a file; twice as much again may wait while the disk is busy.
  // Larger means fewer rewrites later. Take 16 MiB for tens of megabytes a second.
  std::size_t buffer_bytes = std::size_t{2} << 20;
};

struct DatabaseOptions {
  std::string path;  // a directory; its parent must exist

  // What the database is for and its format, for example {"broker log", 1}. Written when it is created, checked when
  // opened.
  std::string purpose;
  std::uint32_t format_version = 1;

  // Key spaces, addressed as Family{0}, Family{1}, ... in this order. Names may be added in a later version, never
  // removed.
  std::vector<FamilyOptions> families;

  bool create_if_missing = true;

  // Opens beside a running writer, as of now; commits are refused. A file that the writer removes in this moment is an
  // error: try again.
  bool read_only = false;

  // Blocks of files kept in memory, their indexes and filters included.
  std::size_t cache_bytes = std::size_t{8} << 20;

  // The write-ahead log is cut when it grows over this; opening after a crash replays at most about so much.
  std::size_t wal_bytes_max = std::size_t{48} << 20;

  // Gets the engine's warnings, a line each, on any thread, also while the database is opened and closed. No file is
  // written for them.
  std::function<void(std::string_view line)> on_warning;
};

enum class Durability {
  kSynced,    // OK means fsynced
  kBuffered,  // OK means in the write-ahead log: survives the process, not the machine, until a later synced commit
};

// Thread-safe. Iterators, snapshots and pinned values must be destroyed before it.
class Database {
 public:
  // Opens or creates. The directory is locked to this process unless read only.
  //   kNotFound           the parent directory is missing; or no database there and not `create_if_missing`
  //   kFailedPrecondition the directory may not be entered or written
  //   kFailedPrecondition not a directory; in use by another process; for another purpose; or of a newer version
  //   kDataLoss           files are missing or damaged
  //   kResourceExhausted  disk full
  static absl::StatusOr<std::unique_ptr<Database>> Open(DatabaseOptions options);

  // Stops background work. Everything committed is kept, kBuffered too.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Applies all of `writes` or nothing. Threads may commit at the same time; theirs are grouped into one fsync.
  //   kResourceExhausted  disk full; retry later
  //   kDataLoss           this or an earlier write of the disk failed; see above
  //   kFailedPrecondition opened read only
  absl::Status Commit(WriteSet& writes, Durability durability);

  // The value, or nothing if there is none. Without a snapshot: as of now. kDataLoss: damaged.
  absl::StatusOr<std::optional<std::string>> Get(Family family, std::string_view key,
                                                 const Snapshot* snapshot = nullptr) const;

  // Get without the copy.
  absl::StatusOr<std::optional<PinnedValue>> GetPinned(Family family, std::string_view key,
                                                       const Snapshot* snapshot = nullptr) const;

  // Not positioned yet. While it lives, what it can see is not freed: keep it for milliseconds, not for a session.
  std::unique_ptr<Iterator> Scan(Family family, const ScanOptions& options = {}) const;

  // The state as of now, until destroyed. Cheap. What is deleted or replaced meanwhile stays on the disk.
  std::unique_ptr<Snapshot> TakeSnapshot() const;

  // A copy that can be opened as a database, in the new directory `path` on the same file system: files are linked, so
  // it takes milliseconds. kAlreadyExists: there is something at `path`.
  absl::Status Checkpoint(const std::string& path);

  // Bytes on the disk between two keys, roughly; data not yet in files is not counted.
  std::uint64_t ApproximateSize(Family family, std::string_view from, std::string_view to) const;

  // Writes all families' data to files, so that opening has no log to replay.
  absl::Status Flush();

  // Rewrites the files that hold keys in [from, to), so that what was deleted or replaced there is in no file any more,
  // the write-ahead log included. Slow. What snapshots see stays.
  absl::Status Purge(Family family, std::string_view from, std::string_view to);

  // Gives the space of most of [from, to) back at once, by dropping the files that hold nothing else. For ranges that
  // were deleted and that no snapshot or iterator may look at any more: these would miss what they saw, and what stands
  // in other files may show again. Milliseconds.
  absl::Status DropFiles(Family family, std::string_view from, std::string_view to);

  struct MemoryUse {
    std::size_t unwritten_bytes = 0;  // not yet in files
    std::size_t cache_bytes = 0;
  };
  MemoryUse Memory() const;

  const DatabaseOptions& options() const;

 private:
  friend class WriteSet;
  struct Engine;

  explicit Database(std::unique_ptr<Engine> engine);

  const std::unique_ptr<Engine> engine_;
};

}  // namespace allmende::store
