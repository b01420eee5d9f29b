// The log on this machine's disk.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/log/log.h"

namespace allmende::broker {

struct StoreLogOptions {
  std::string path;  // a directory, made if its parent exists; it belongs to the log alone

  // Computes the hash of an entry from its bytes, so that opening can check the last entry of each log against its
  // head. Without it only the stored hashes are compared. A log whose last entry was replaced keeps its hash, so must
  // this function.
  std::function<absl::StatusOr<LogHash>(LogId log, std::string_view bytes)> hash_of;

  // Operators only, after Open refused with kDataLoss: goes on from what is there. What is missing is lost for good,
  // and readers that have seen it must start again.
  bool accept_loss = false;

  // Bounds. A single request over a bound is kInvalidArgument; together, kResourceExhausted.
  std::size_t queued_writes_max = 1024;
  std::size_t queued_bytes_max = std::size_t{16} << 20;
  std::size_t group_bytes_max = std::size_t{2} << 20;  // what one fsync waits for
  std::size_t entry_bytes_max = std::size_t{4} << 20;
  std::size_t logs_max = 65'536;
  std::size_t watches_max = 65'536;

  // Trimmed entries are deleted from the disk once they amount to this, or at the first trim after so long.
  std::uint64_t reclaim_bytes_min = std::uint64_t{64} << 20;
  absl::Duration reclaim_interval = absl::Minutes(10);

  // What is kept in memory of files, and what is not in files yet, together and roughly.
  std::size_t memory_bytes_max = std::size_t{32} << 20;
};

// What Open found missing, and accepted.
struct Loss {
  std::string what;  // one sentence
};

// One committer thread writes for all logs: what has queued up while the last fsync ran goes out with one fsync. Beside
// the database stands a small file with the number and the chain hash of the last commit, so a database that has lost
// its end (damage, a restored copy) is noticed when it is opened. It is synced once a second: a commit of the last
// second before a power failure is protected by the database's own log alone.
class StoreLog final : public Log {
 public:
  // Opens or creates.
  //   kDataLoss  the database is behind the head file, or of another history; a log's last entry is missing or is not
  //              what its head says; files are damaged. The message names both positions and what to do
  //   others     as store::Database::Open
  static absl::StatusOr<std::unique_ptr<StoreLog>> Open(StoreLogOptions options);

  // Refuses new writes, writes what was accepted, calls the callbacks, and closes. Destroys nothing that callbacks
  // could still use.
  ~StoreLog() override;

  absl::Status Append(AppendRequest&& request, AppendCallback done) override;
  absl::Status WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) override;
  absl::Status Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                       DoneCallback done) override;
  absl::Status TrimBefore(LogId log, Sequence sequence, DoneCallback done) override;
  LogPosition After(LogPosition position, std::span<const LogEntry> entries) const override;
  LogHead HeadOf(LogId log) const override;
  std::vector<LogId> Logs() const override;
  std::shared_ptr<const LogView> View() const override;
  absl::StatusOr<Watch> WatchHead(LogId log, WatchCallback callback) override;

  // Empty unless `accept_loss` accepted something.
  const std::vector<Loss>& losses() const;

  // Returns when the bytes that Replace and TrimBefore gave up in [from, to) of `log`, and what was deleted or replaced
  // among the side keys that begin with its SideKeyPrefix, are gone from the disk. Slow. Waits for views taken before
  // and their cursors, so the caller must hold none; not for the log's own thread.
  absl::Status Purge(LogId log, Sequence from, Sequence to);

  // A copy that can be opened as a log, in the new directory `path` on the same file system. Consistent; milliseconds.
  absl::Status Checkpoint(const std::string& path);

  struct Statistics {
    std::uint64_t commits = 0;  // fsyncs, so writes / commits is how well grouping works
    std::uint64_t writes = 0;
    std::uint64_t bytes = 0;
    std::size_t queued_writes = 0;
    std::size_t queued_bytes = 0;
    std::size_t memory_bytes = 0;
    bool failed = false;  // kDataLoss until reopened
  };
  Statistics statistics() const;

 private:
  class Impl;
  explicit StoreLog(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende::broker
