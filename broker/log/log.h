// Append-only logs: one control log and one log a dataset, with the indexes that change together with them. The
// broker's truth. Two implementations here, held to one behaviour by log_conformance.h: StoreLog on the disk, MemoryLog
// for the simulator.
//
// Writers name the position they expect to append at, so of two writers one wins and the other learns of it. Writes are
// asynchronous and durable when they are reported; reads see only what is durable.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/log/types.h"
#include "broker/log/view.h"
#include "broker/log/watch.h"

namespace allmende::broker {

struct AppendRequest {
  LogId log{};
  LogPosition expected;
  std::vector<LogEntry> entries;  // at least one
  std::vector<SideWrite> side_writes;
};

// The new head of the log, or why nothing was written.
using AppendCallback = absl::AnyInvocable<void(absl::StatusOr<LogHead>)>;
using DoneCallback = absl::AnyInvocable<void(absl::Status)>;

// Thread-safe. Every write returns at once:
//   OK                  accepted; the callback will be called exactly once, on the log's own thread, in the order in
//                       which writes were accepted. It must not block, nor wait for another write; it may start one
//   kResourceExhausted  the queue is full (entries or bytes); nothing was taken from the arguments; retry with backoff
//   kInvalidArgument    the request is malformed or over a limit; no retry helps
//   kUnavailable        the log is closing
//   kDataLoss           the disk failed before; nothing is accepted until the log is opened again
// and reports to the callback:
//   OK                  written and fsynced here; replication is not implied
//   kFailedPrecondition `expected` is not the head: another writer won, or an earlier write of ours failed; read on
//   kResourceExhausted  disk full, or too many logs; nothing was written; retry with backoff
//   kDataLoss           the disk failed; whether it was written shows after reopening
//   kUnavailable        closed before it was written
class Log {
 public:
  virtual ~Log() = default;

  // Appends the entries in order, with the side writes, as one: after a crash all of it is there or nothing.
  virtual absl::Status Append(AppendRequest&& request, AppendCallback done) = 0;

  // Side writes alone, as one.
  virtual absl::Status WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) = 0;

  // Replaces the bytes of the entry that begins at `first`, in order to erase records from it: count and hash must be
  // the same, or the callback gets kInvalidArgument. kNotFound: no entry begins there. StoreLog::Purge makes sure that
  // the old bytes are gone from the disk.
  virtual absl::Status Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                               DoneCallback done) = 0;

  // Gives up the entries that lie wholly before `sequence`; the one that contains it stays. Side keys are the caller's
  // affair. Space is reclaimed later, in large pieces. At or below the oldest: does nothing. kOutOfRange: after the
  // head.
  virtual absl::Status TrimBefore(LogId log, Sequence sequence, DoneCallback done) = 0;

  // The position after appending `entries` at `position`. So a writer may have several appends under way, each
  // expecting what the one before it will leave behind.
  virtual LogPosition After(LogPosition position, std::span<const LogEntry> entries) const = 0;

  // The durable head. Cheap: from memory. A log that was never written has a default LogHead.
  virtual LogHead HeadOf(LogId log) const = 0;

  // Every log that was ever written, in order of its number.
  virtual std::vector<LogId> Logs() const = 0;

  // Everything as of one moment, for reading. Never waits for writers. While a view or a cursor of it lives, what it
  // sees is not freed: keep it for one answer, not for a session.
  virtual std::shared_ptr<const LogView> View() const = 0;

  // Calls `callback` after each advance of the log's head, on the log's thread, before the append is reported; several
  // advances may come as one. It must not block. kResourceExhausted: too many watches.
  virtual absl::StatusOr<Watch> WatchHead(LogId log, WatchCallback callback) = 0;
};

// Append, waiting for the outcome. Never call it on the log's own thread. A full queue is returned, not waited for.
absl::StatusOr<LogHead> AppendAndWait(Log& log, AppendRequest request);

}  // namespace allmende::broker
