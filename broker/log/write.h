// One accepted write, and the bounded queue in which writes wait. Shared by the implementations.
#pragma once

#include <cstddef>
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
  std::size_t bytes = 0;  // what it counts for in the queue

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

// What is wrong with a write whatever the log holds, and otherwise how much it counts for in the queue.
absl::StatusOr<std::size_t> CheckWrite(const WriteLimits& limits, std::span<const LogEntry> entries,
                                       std::span<const SideWrite> side_writes);
absl::StatusOr<std::size_t> CheckAppend(const WriteLimits& limits, const AppendRequest& request);

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

  // Adds a write of `bytes` that `fill` completes, called only when there is room. kResourceExhausted: full;
  // kUnavailable: closed; or what Fail said.
  absl::Status Push(std::size_t bytes, absl::FunctionRef<void(Write&)> fill);

  enum class Taken { kWrites, kTimeout, kClosed };

  // Moves waiting writes to `writes`: at least one, then more up to `writes_max` and until they amount to `bytes_max`.
  // Waits until there is one, the queue is closed, or `timeout` is over. What was accepted before Close is still given
  // out.
  Taken Take(std::size_t writes_max, std::size_t bytes_max, absl::Duration timeout, std::deque<Write>& writes);

  void Close();
  void Fail(absl::Status why);

  std::size_t writes() const;
  std::size_t bytes() const;

 private:
  const WriteLimits limits_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::deque<Write> waiting_ ABSL_GUARDED_BY(mutex_);
  std::size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status refusal_ ABSL_GUARDED_BY(mutex_);  // once closed or failed
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace allmende::broker
