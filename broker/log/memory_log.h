// The log of the simulator: in memory, without a thread of its own, with faults on demand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/log/log.h"

namespace allmende::broker {

// What a MemoryLog keeps when it is destroyed: the disk. Thread-safe; must outlive its log.
class MemoryDisk {
 public:
  MemoryDisk();
  ~MemoryDisk();

  // Forgets the last `commits` commits although they were acknowledged, as a lying disk or a restored copy does.
  // MemoryLog::Open then refuses with kDataLoss, unless told to accept it. Only while no log is open.
  void LoseCommits(std::size_t commits);

 private:
  friend class MemoryLog;
  struct Content;
  std::unique_ptr<Content> content_;
};

struct MemoryLogOptions {
  bool accept_loss = false;
  std::size_t queued_writes_max = 1024;
  std::size_t queued_bytes_max = std::size_t{16} << 20;
  std::size_t group_bytes_max = std::size_t{2} << 20;
  std::size_t entry_bytes_max = std::size_t{4} << 20;
  std::size_t logs_max = 65'536;
  std::size_t watches_max = 65'536;
};

// Nothing happens by itself: accepted writes wait until Step or Settle, whose caller's thread is "the log's own
// thread".
class MemoryLog final : public Log {
 public:
  //   kDataLoss            the disk lost commits
  //   kFailedPrecondition  another log is open on the disk
  static absl::StatusOr<std::unique_ptr<MemoryLog>> Open(MemoryDisk& disk, MemoryLogOptions options = {});

  // Drops the writes that are waiting; their callbacks get kUnavailable.
  ~MemoryLog() override;

  // Commits up to `writes` waiting writes as one group and reports them. Returns how many there were.
  std::size_t Step(std::size_t writes);

  // Steps until nothing waits, including what callbacks started.
  void Settle();

  // Makes the group that contains the `nth` write from now (0: the next one accepted) fail with `status` and change
  // nothing. kDataLoss fails everything after it too, as a failed fsync does.
  void FailWrite(std::size_t nth, absl::Status status);

  // Ends like a power failure: of the waiting writes the first `written` reach the disk, none is reported. The log is
  // closed.
  void Crash(std::size_t written);

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

 private:
  struct Impl;
  explicit MemoryLog(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace allmende::broker
