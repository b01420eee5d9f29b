#include "broker/log/write.h"

#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log/records.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

constexpr std::size_t kWriteOverheadBytes = 64;  // roughly what a queued write or side write takes beside its bytes

// What is wrong with a write whatever the log holds, and otherwise how much it counts for in the queue.
absl::StatusOr<std::size_t> CheckWrite(const WriteLimits& limits, std::span<const LogEntry> entries,
                                       std::span<const SideWrite> side_writes) {
  std::size_t bytes = kWriteOverheadBytes;
  for (const LogEntry& entry : entries) {
    if (entry.count == 0) {
      return absl::InvalidArgumentError("an entry covers no record");
    }
    if (entry.bytes.size() > limits.entry_bytes_max) {
      return absl::InvalidArgumentError(absl::StrCat("an entry has ", entry.bytes.size(), " bytes, ",
                                                     limits.entry_bytes_max, " are allowed: make batches smaller"));
    }
    bytes += entry.bytes.size() + kWriteOverheadBytes;
  }
  for (const SideWrite& write : side_writes) {
    if (write.kind == SideWrite::Kind::kDeletePrefix && PrefixEnd(write.key).empty()) {
      return absl::InvalidArgumentError("a prefix to delete is empty");
    }
    if (write.kind == SideWrite::Kind::kDeleteIf && !entries.empty()) {
      return absl::InvalidArgumentError("what a key has is not looked at in a write of entries");
    }
    bytes += write.key.size() + write.value.size() + kWriteOverheadBytes;
  }
  if (bytes > limits.bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("a write has ", bytes, " bytes, ", limits.bytes_max, " are allowed: write less at once"));
  }
  return bytes;
}

absl::StatusOr<std::size_t> CheckAppend(const WriteLimits& limits, const AppendRequest& request) {
  if (request.entries.empty()) {
    return absl::InvalidArgumentError("an append holds no entry");
  }
  return CheckWrite(limits, request.entries, request.side_writes);
}

}  // namespace

void Write::Report(absl::StatusOr<LogHead> outcome) {
  if (kind == Kind::kAppend) {
    appended(std::move(outcome));
  } else {
    done(outcome.status());
  }
}

std::string PrefixEnd(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && static_cast<unsigned char>(end.back()) == 0xff) {
    end.pop_back();
  }
  if (!end.empty()) {
    end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
  }
  return end;
}

absl::Status NotTheHead(LogId log, LogPosition expected, Sequence next) {
  return absl::FailedPreconditionError(absl::StrCat(LogName(log), " goes on with record ", next,
                                                    ", the write expects record ", SequenceAt(expected),
                                                    ": another writer won, or an earlier write failed; read on"));
}

absl::Status TrimAfterHead(LogId log, Sequence sequence, Sequence next) {
  return absl::OutOfRangeError(absl::StrCat("cannot give up what lies before record ", sequence, " of ", LogName(log),
                                            ": it ends before record ", next));
}

absl::Status NoEntryAt(LogId log, Sequence first) {
  return absl::NotFoundError(absl::StrCat("no entry of ", LogName(log), " begins at record ", first));
}

absl::Status CheckReplacement(LogId log, Sequence first, const LogEntry& entry, std::uint32_t count,
                              const LogHash& hash) {
  if (entry.count != count || entry.hash != hash) {
    return absl::InvalidArgumentError(absl::StrCat("the entry at record ", first, " of ", LogName(log),
                                                   " can only be replaced by one of the same count and hash"));
  }
  return absl::OkStatus();
}

absl::Status TooManyLogs(std::size_t logs_max) {
  return absl::ResourceExhaustedError(absl::StrCat("there are ", logs_max, " logs already, no more are allowed"));
}

absl::Status CheckReadFrom(LogId log, Sequence sequence, const LogHead& head) {
  if (sequence > head.next_sequence) {
    return absl::OutOfRangeError(absl::StrCat("record ", sequence, " of ", LogName(log), " does not exist yet: it ends",
                                              " before record ", head.next_sequence));
  }
  if (sequence < head.first_sequence) {
    return absl::OutOfRangeError(absl::StrCat("record ", sequence, " of ", LogName(log),
                                              " is not held any more: the oldest one is record ", head.first_sequence));
  }
  return absl::OkStatus();
}

absl::Status WriteQueue::Append(AppendRequest&& request, AppendCallback done) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::size_t bytes, CheckAppend(limits_, request));
  return Push(bytes, [&](Write& write) {
    write.kind = Write::Kind::kAppend;
    write.log = request.log;
    write.expected = request.expected;
    write.entries = std::move(request.entries);
    write.side_writes = std::move(request.side_writes);
    write.appended = std::move(done);
  });
}

absl::Status WriteQueue::WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::size_t bytes, CheckWrite(limits_, {}, writes));
  return Push(bytes, [&](Write& write) {
    write.kind = Write::Kind::kSide;
    write.side_writes = std::move(writes);
    write.done = std::move(done);
  });
}

absl::Status WriteQueue::Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                                 DoneCallback done) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::size_t bytes, CheckWrite(limits_, std::span(&entry, 1), side_writes));
  return Push(bytes, [&](Write& write) {
    write.kind = Write::Kind::kReplace;
    write.log = log;
    write.sequence = first;
    write.entries.push_back(std::move(entry));
    write.side_writes = std::move(side_writes);
    write.done = std::move(done);
  });
}

absl::Status WriteQueue::TrimBefore(LogId log, Sequence sequence, DoneCallback done) {
  return Push(kWriteOverheadBytes, [&](Write& write) {
    write.kind = Write::Kind::kTrim;
    write.log = log;
    write.sequence = sequence;
    write.done = std::move(done);
  });
}

absl::Status WriteQueue::Reclaim(LogId log, DoneCallback done) {
  return Push(kWriteOverheadBytes, [&](Write& write) {
    write.kind = Write::Kind::kReclaim;
    write.log = log;
    write.done = std::move(done);
  });
}

absl::Status WriteQueue::Push(std::size_t bytes, absl::FunctionRef<void(Write&)> fill) {
  MutexLock lock(mutex_);
  if (!refusal_.ok()) {
    return refusal_;
  }
  if (waiting_.size() >= limits_.writes_max || bytes_ + bytes > limits_.bytes_max) {
    return absl::ResourceExhaustedError("too many writes are waiting for the disk: retry with backoff");
  }
  Write& write = waiting_.emplace_back();
  fill(write);
  write.bytes = bytes;
  write.number = accepted_++;
  bytes_ += bytes;
  changed_.NotifyOne();
  return absl::OkStatus();
}

WriteQueue::Taken WriteQueue::Take(std::size_t writes_max, std::size_t bytes_max, absl::Duration timeout,
                                   std::deque<Write>& writes) {
  MutexLock lock(mutex_);
  while (waiting_.empty()) {
    if (closed_) {
      return Taken::kClosed;
    }
    if (timeout == absl::InfiniteDuration()) {
      changed_.Wait(mutex_);
    } else if (!changed_.WaitFor(mutex_, timeout) && waiting_.empty()) {
      return closed_ ? Taken::kClosed : Taken::kTimeout;
    }
  }
  std::size_t taken_bytes = 0;
  for (std::size_t taken = 0; taken < writes_max && taken_bytes < bytes_max && !waiting_.empty(); ++taken) {
    taken_bytes += waiting_.front().bytes;
    writes.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  bytes_ -= taken_bytes;
  return Taken::kWrites;
}

void WriteQueue::Close() {
  MutexLock lock(mutex_);
  closed_ = true;
  refusal_ = absl::UnavailableError("the log is closing");
  changed_.NotifyAll();
}

void WriteQueue::Fail(absl::Status why) {
  MutexLock lock(mutex_);
  if (refusal_.ok()) {
    refusal_ = std::move(why);
  }
}

std::size_t WriteQueue::writes() const {
  MutexLock lock(mutex_);
  return waiting_.size();
}

std::size_t WriteQueue::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

std::uint64_t WriteQueue::accepted() const {
  MutexLock lock(mutex_);
  return accepted_;
}

}  // namespace allmende::broker
