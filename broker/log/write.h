// One accepted write, and the bounded queue in which writes wait. Shared by the implementations.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/log/log.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

struct Write {
  enum class Kind : std::uint8_t { kAppend, kSide, kReplace, kTrim, kReclaim };

  Kind kind = Kind::kSide;
  LogId log{};
  LogPosition expected;           // kAppend
  Sequence sequence = 0;          // kReplace: of the entry; kTrim: what to keep from
  std::vector<LogEntry> entries;  // kAppend; kReplace: one
  std::vector<SideWrite> side_writes;
  std::size_t bytes = 0;     // what it counts for in the queue
  std::uint64_t number = 0;  // how many were accepted before it

  AppendCallback appended;  // kAppend
  DoneCallback done;        // the others

  // Calls the callback. `outcome` holds the new head where there is one.
  void Report(absl::StatusOr<LogHead> outcome);
};

struct WriteLimits {
  std::size_t writes_max = 0;
  std::size_t bytes_max = 0;
  std::size_t entry_bytes_max = 0;
};

// The first key after all that begin with `prefix`; empty where there is none.
std::string PrefixEnd(std::string_view prefix);

// Errors that both implementations report in the same words.
absl::Status NotTheHead(LogId log, LogPosition expected, Sequence next);
absl::Status TrimAfterHead(LogId log, Sequence sequence, Sequence next);
absl::Status NoEntryAt(LogId log, Sequence first);
absl::Status CheckReplacement(LogId log, Sequence first, const LogEntry& entry, std::uint32_t count,
                              const LogHash& hash);
absl::Status TooManyLogs(std::size_t logs_max);

// Whether reading can begin with record `sequence`: kOutOfRange if it is not held, or after the next one.
absl::Status CheckReadFrom(LogId log, Sequence sequence, const LogHead& head);

// Thread-safe.
class WriteQueue {
 public:
  explicit WriteQueue(const WriteLimits& limits) : limits_(limits) {}

  const WriteLimits& limits() const { return limits_; }

  // As the functions of Log. What they say about their arguments is checked here; the rest when the write's turn comes.
  absl::Status Append(AppendRequest&& request, AppendCallback done);
  absl::Status WriteSide(std::vector<SideWrite>&& writes, DoneCallback done);
  absl::Status Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                       DoneCallback done);
  absl::Status TrimBefore(LogId log, Sequence sequence, DoneCallback done);
  // Deletes what was given up of `log`, however little it is.
  absl::Status Reclaim(LogId log, DoneCallback done);

  enum class Taken { kWrites, kTimeout, kClosed };

  // Moves waiting writes to `writes`: at least one, then more up to `writes_max` and until they amount to `bytes_max`.
  // Waits until there is one, the queue is closed, or `timeout` is over. What was accepted before Close is still given
  // out.
  Taken Take(std::size_t writes_max, std::size_t bytes_max, absl::Duration timeout, std::deque<Write>& writes);

  void Close();
  void Fail(absl::Status why);

  std::size_t writes() const;
  std::size_t bytes() const;
  std::uint64_t accepted() const;  // so far

 private:
  // Adds a write of `bytes` that `fill` completes, called only when there is room. kResourceExhausted: full;
  // kUnavailable: closed; or what Fail said.
  absl::Status Push(std::size_t bytes, absl::FunctionRef<void(Write&)> fill);

  const WriteLimits limits_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Write> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::uint64_t accepted_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);  // once closed or failed
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
