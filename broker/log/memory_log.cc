#include "broker/log/memory_log.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log/memory_state.h"
#include "broker/log/records.h"
#include "broker/log/write.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

using Commit = std::vector<Write>;  // without callbacks

struct MemoryDisk::Content {
  Mutex mutex;
  std::vector<Commit> commits ABSL_GUARDED_BY(mutex);
  std::size_t acknowledged ABSL_GUARDED_BY(mutex) = 0;  // of the commits; what the head file is to a StoreLog
  bool in_use ABSL_GUARDED_BY(mutex) = false;
};

MemoryDisk::MemoryDisk() : content_(std::make_unique<Content>()) {}
MemoryDisk::~MemoryDisk() = default;

void MemoryDisk::LoseCommits(std::size_t commits) {
  MutexLock lock(content_->mutex);
  content_->commits.resize(content_->commits.size() - std::min(commits, content_->commits.size()));
}

struct MemoryLog::Impl {
  Impl(MemoryDisk::Content& disk_in, const MemoryLogOptions& options_in)
      : disk(disk_in),
        options(options_in),
        state(options.logs_max),
        watches(options.watches_max),
        queue({options.queued_writes_max, options.queued_bytes_max, options.entry_bytes_max}) {}

  std::size_t Step(std::size_t writes_max);
  absl::Status StatusOfGroup(const std::deque<Write>& writes);
  void Save(Commit commit, bool acknowledged);
  void Close();

  MemoryDisk::Content& disk;
  const MemoryLogOptions options;
  MemoryState state;
  WatchRegistry watches;
  WriteQueue queue;

  Mutex mutex;
  std::map<std::uint64_t, absl::Status> failures ABSL_GUARDED_BY(mutex);  // by the number of the write
  absl::Status failure ABSL_GUARDED_BY(mutex);                            // for good
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

namespace {

Write WithoutCallback(Write& write) {
  Write copy;
  copy.kind = write.kind;
  copy.log = write.log;
  copy.expected = write.expected;
  copy.sequence = write.sequence;
  copy.entries = std::move(write.entries);
  copy.side_writes = std::move(write.side_writes);
  return copy;
}

}  // namespace

absl::StatusOr<std::unique_ptr<MemoryLog>> MemoryLog::Open(MemoryDisk& disk, MemoryLogOptions options) {
  MemoryDisk::Content& content = *disk.content_;
  MutexLock lock(content.mutex);
  if (content.in_use) {
    return absl::FailedPreconditionError("the disk is in use by another log");
  }
  if (content.commits.size() < content.acknowledged && !options.accept_loss) {
    return absl::DataLossError(absl::StrCat("the log ends with commit ", content.commits.size(), ", but commit ",
                                            content.acknowledged, " was acknowledged"));
  }
  content.acknowledged = content.commits.size();
  content.in_use = true;
  auto impl = std::make_unique<Impl>(content, options);
  for (const Commit& commit : content.commits) {
    for (const Write& write : commit) {
      impl->state.Apply(write).IgnoreError();  // was applied before
    }
  }
  return std::unique_ptr<MemoryLog>(new MemoryLog(std::move(impl)));
}

MemoryLog::MemoryLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

MemoryLog::~MemoryLog() {
  impl_->Close();
  std::deque<Write> dropped;
  while (impl_->queue.Take(impl_->options.queued_writes_max, std::numeric_limits<std::size_t>::max(),
                           absl::ZeroDuration(), dropped) == WriteQueue::Taken::kWrites) {
  }
  for (Write& write : dropped) {
    write.Report(absl::UnavailableError("the log was closed before this was written"));
  }
}

void MemoryLog::Impl::Close() {
  queue.Close();
  {
    MutexLock lock(mutex);
    if (std::exchange(closed, true)) {
      return;
    }
  }
  MutexLock lock(disk.mutex);
  disk.in_use = false;
}

absl::Status MemoryLog::Impl::StatusOfGroup(const std::deque<Write>& writes) {
  MutexLock lock(mutex);
  if (!failure.ok()) {
    return failure;
  }
  const auto hit = failures.lower_bound(writes.front().number);
  if (hit == failures.end() || hit->first > writes.back().number) {
    return absl::OkStatus();
  }
  const absl::Status status = hit->second;
  failures.erase(failures.begin(), failures.upper_bound(writes.back().number));
  if (absl::IsDataLoss(status)) {
    failure = status;
    queue.Fail(status);
  }
  return status;
}

void MemoryLog::Impl::Save(Commit commit, bool acknowledged) {
  MutexLock lock(disk.mutex);
  disk.commits.push_back(std::move(commit));
  if (acknowledged) {
    disk.acknowledged = disk.commits.size();
  }
}

std::size_t MemoryLog::Impl::Step(std::size_t writes_max) {
  std::deque<Write> writes;
  if (queue.Take(writes_max, options.group_bytes_max, absl::ZeroDuration(), writes) != WriteQueue::Taken::kWrites) {
    return 0;
  }
  const absl::Status status = StatusOfGroup(writes);
  std::vector<absl::StatusOr<LogHead>> outcomes;
  std::set<LogId> grown;
  Commit commit;
  for (Write& write : writes) {
    outcomes.push_back(status.ok() ? state.Apply(write) : status);
    if (!outcomes.back().ok()) {
      continue;
    }
    if (write.kind == Write::Kind::kAppend) {
      grown.insert(write.log);
    }
    commit.push_back(WithoutCallback(write));
  }
  if (!commit.empty()) {
    Save(std::move(commit), true);
  }
  for (const LogId log : grown) {
    watches.Notify(log, state.HeadOf(log));
  }
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    writes[i].Report(std::move(outcomes[i]));
  }
  return outcomes.size();
}

std::size_t MemoryLog::Step(std::size_t writes) {
  return impl_->Step(writes);
}

void MemoryLog::Settle() {
  while (impl_->Step(impl_->options.queued_writes_max) != 0) {
  }
}

void MemoryLog::FailWrite(std::size_t nth, absl::Status status) {
  MutexLock lock(impl_->mutex);
  impl_->failures[impl_->queue.accepted() + nth] = std::move(status);
}

void MemoryLog::Crash(std::size_t written) {
  std::deque<Write> waiting;
  impl_->queue.Take(written, std::numeric_limits<std::size_t>::max(), absl::ZeroDuration(), waiting);
  Commit commit;
  for (Write& write : waiting) {
    if (impl_->state.Apply(write).ok()) {
      commit.push_back(WithoutCallback(write));
    }
  }
  if (!commit.empty()) {
    impl_->Save(std::move(commit), false);
  }
  std::deque<Write> dropped;
  impl_->queue.Take(impl_->options.queued_writes_max, std::numeric_limits<std::size_t>::max(), absl::ZeroDuration(),
                    dropped);
  impl_->Close();
}

absl::Status MemoryLog::Append(AppendRequest&& request, AppendCallback done) {
  return impl_->queue.Append(std::move(request), std::move(done));
}

absl::Status MemoryLog::WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) {
  return impl_->queue.WriteSide(std::move(writes), std::move(done));
}

absl::Status MemoryLog::Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                                DoneCallback done) {
  return impl_->queue.Replace(log, first, std::move(entry), std::move(side_writes), std::move(done));
}

absl::Status MemoryLog::TrimBefore(LogId log, Sequence sequence, DoneCallback done) {
  return impl_->queue.TrimBefore(log, sequence, std::move(done));
}

LogPosition MemoryLog::After(LogPosition position, std::span<const LogEntry> entries) const {
  return PositionAfter(position, entries);
}

LogHead MemoryLog::HeadOf(LogId log) const {
  return impl_->state.HeadOf(log);
}

std::vector<LogId> MemoryLog::Logs() const {
  return impl_->state.Logs();
}

std::shared_ptr<const LogView> MemoryLog::View() const {
  return impl_->state.View();
}

absl::StatusOr<Watch> MemoryLog::WatchHead(LogId log, WatchCallback callback) {
  return impl_->watches.Add(log, std::move(callback));
}

}  // namespace allmende::broker
