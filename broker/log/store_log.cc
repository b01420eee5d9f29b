#include "broker/log/store_log.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log/head_file.h"
#include "broker/log/head_table.h"
#include "broker/log/store_group.h"
#include "broker/log/store_open.h"
#include "broker/log/store_view.h"
#include "broker/log/view_gauge.h"
#include "broker/log/write.h"
#include "sdk/base/file.h"
#include "sdk/base/mutex.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr auto kHeadFileSyncInterval = std::chrono::seconds(1);
// However fast commits are, the mark on the disk stays among those that the database knows.
constexpr std::uint64_t kHeadFileSyncCommits = kCommitsKept / 2;
constexpr std::size_t kIdleWriteSetBytes = std::size_t{256} << 10;

}  // namespace

class StoreLog::Impl {
 public:
  Impl(StoreLogOptions options, OpenedStore opened)
      : options_(std::move(options)),
        database_(std::move(opened.database)),
        losses_(std::move(opened.losses)),
        heads_(std::move(opened.heads)),
        watches_(options_.watches_max),
        queue_({options_.queued_writes_max, options_.queued_bytes_max, options_.entry_bytes_max}),
        head_file_(std::move(opened.head_file)),
        writes_(*database_),
        last_(opened.last),
        marked_(opened.last.number) {
    published_last_ = last_;
    thread_ = std::thread([this] { Run(); });
  }

  ~Impl() {
    queue_.Close();
    thread_.join();
    // So that opening has nothing to replay. What cannot be written to files now is in the database's log.
    if (failure_.ok()) {
      database_->Flush().IgnoreError();
    }
  }

  const StoreLogOptions& options() const { return options_; }
  const std::vector<Loss>& losses() const { return losses_; }
  store::Database& database() { return *database_; }
  HeadTable& heads() { return heads_; }
  ViewGauge& gauge() { return gauge_; }
  WatchRegistry& watches() { return watches_; }
  WriteQueue& queue() { return queue_; }

  CommitMark last() const {
    MutexLock lock(mutex_);
    return published_last_;
  }
  Statistics statistics() const;

 private:
  void Run();
  void CommitGroup();
  absl::Status CommitChanges(StoreGroup& group);
  void Fail(const absl::Status& why);
  void Report(StoreGroup& group, const absl::Status& status);
  absl::Duration TimeToWait() const;
  void SyncHeadFileIfDue();
  void DropUnseenFiles();

  const StoreLogOptions options_;
  const std::unique_ptr<store::Database> database_;
  const std::vector<Loss> losses_;
  HeadTable heads_;
  ViewGauge gauge_;
  WatchRegistry watches_;
  WriteQueue queue_;

  mutable Mutex mutex_;
  Statistics statistics_ ABSL_GUARDED_BY(mutex_);
  CommitMark published_last_ ABSL_GUARDED_BY(mutex_);

  // The committer's own.
  HeadFile head_file_;
  store::WriteSet writes_;
  ReclaimTimes reclaims_;
  std::deque<Write> taken_;
  CommitMark last_;
  std::uint64_t marked_;                  // number of the mark that is durable in the head file
  std::map<LogId, std::uint64_t> drops_;  // logs with deleted entries, and the last view that may show some
  SteadyClock::time_point synced_at_ = SteadyClock::now();
  absl::Status failure_;

  std::thread thread_;
};

void StoreLog::Impl::Run() {
  while (true) {
    if (taken_.empty()) {
      const auto taken = queue_.Take(options_.queued_writes_max, options_.group_bytes_max, TimeToWait(), taken_);
      if (taken == WriteQueue::Taken::kClosed) {
        break;
      }
    }
    if (!taken_.empty()) {
      CommitGroup();
    }
    SyncHeadFileIfDue();
    DropUnseenFiles();
  }
  if (failure_.ok() && marked_ != last_.number) {
    head_file_.Sync().IgnoreError();
  }
}

void StoreLog::Impl::CommitGroup() {
  writes_.Clear();
  StoreGroup group(*database_, heads_, options_, reclaims_, writes_);
  while (!taken_.empty() && group.Add(taken_.front())) {
    taken_.pop_front();
  }
  absl::Status status = failure_;
  if (status.ok() && group.changes()) {
    status = CommitChanges(group);
  }
  Report(group, status);
  if (writes_.bytes() > kIdleWriteSetBytes && queue_.writes() == 0) {
    writes_ = store::WriteSet(*database_);
  }
}

absl::Status StoreLog::Impl::CommitChanges(StoreGroup& group) {
  const CommitMark mark = group.Seal(last_);
  const absl::Status status = database_->Commit(writes_, store::Durability::kSynced);
  if (!status.ok()) {
    if (absl::IsResourceExhausted(status)) {
      return status;
    }
    Fail(status);  // nobody knows what the disk holds
    return failure_;
  }
  last_ = mark;
  const absl::Status marked = head_file_.Write(mark);
  if (!marked.ok() && !absl::IsResourceExhausted(marked)) {
    Fail(marked);  // the group itself is durable
  }
  heads_.Update(group.changed_heads());
  for (const LogId log : group.reclaimed()) {
    drops_[log] = gauge_.last();
  }
  MutexLock lock(mutex_);
  published_last_ = mark;
  ++statistics_.commits;
  statistics_.writes += group.outcomes().size();
  statistics_.bytes += writes_.bytes();
  return absl::OkStatus();
}

void StoreLog::Impl::Fail(const absl::Status& why) {
  failure_ = absl::DataLossError(absl::StrCat(why.message(), "; the log takes nothing more until it is opened again"));
  queue_.Fail(failure_);
  MutexLock lock(mutex_);
  statistics_.failed = true;
}

void StoreLog::Impl::Report(StoreGroup& group, const absl::Status& status) {
  if (status.ok()) {
    for (const LogId log : group.grown()) {
      watches_.Notify(log, heads_.Find(log)->ToHead());
    }
  }
  for (StoreGroup::Outcome& outcome : group.outcomes()) {
    if (status.ok() || (!outcome.head.ok() && failure_.ok())) {
      outcome.write.Report(std::move(outcome.head));
    } else {
      outcome.write.Report(status);
    }
  }
}

// Until there is something to do even if no write comes.
absl::Duration StoreLog::Impl::TimeToWait() const {
  if (marked_ == last_.number || !failure_.ok()) {
    return drops_.empty() ? absl::InfiniteDuration() : absl::Seconds(1);
  }
  return absl::FromChrono(std::max<SteadyClock::duration>(synced_at_ + kHeadFileSyncInterval - SteadyClock::now(),
                                                          SteadyClock::duration(1)));
}

void StoreLog::Impl::SyncHeadFileIfDue() {
  if (marked_ == last_.number || !failure_.ok()) {
    return;
  }
  const bool due =
      SteadyClock::now() - synced_at_ >= kHeadFileSyncInterval || last_.number - marked_ >= kHeadFileSyncCommits;
  if (!due) {
    return;
  }
  synced_at_ = SteadyClock::now();
  const absl::Status synced = head_file_.Sync();
  if (synced.ok()) {
    marked_ = last_.number;
  } else if (!absl::IsResourceExhausted(synced)) {
    Fail(synced);
  }
}

// Deleted entries leave the disk as their files are rewritten, which for a log that only grows at its end may be never.
void StoreLog::Impl::DropUnseenFiles() {
  for (auto drop = drops_.begin(); drop != drops_.end();) {
    const auto [log, last_view] = *drop;
    if (gauge_.HasUpTo(last_view)) {
      ++drop;
      continue;
    }
    // What could not be dropped is tried again with the next piece.
    const Sequence first = heads_.Find(log)->reclaimed_to;
    database_->DropFiles(kEntryFamily, EntryKey(log, 0), EntryKey(log, first)).IgnoreError();
    drop = drops_.erase(drop);
  }
}

StoreLog::Statistics StoreLog::Impl::statistics() const {
  Statistics now;
  {
    MutexLock lock(mutex_);
    now = statistics_;
  }
  now.queued_writes = queue_.writes();
  now.queued_bytes = queue_.bytes();
  const store::Database::MemoryUse memory = database_->Memory();
  now.memory_bytes = memory.unwritten_bytes + memory.cache_bytes;
  return now;
}

absl::StatusOr<std::unique_ptr<StoreLog>> StoreLog::Open(StoreLogOptions options) {
  ALLMENDE_ASSIGN_OR_RETURN(OpenedStore opened, OpenStore(options));
  return std::unique_ptr<StoreLog>(new StoreLog(std::make_unique<Impl>(std::move(options), std::move(opened))));
}

StoreLog::StoreLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StoreLog::~StoreLog() = default;

absl::Status StoreLog::Append(AppendRequest&& request, AppendCallback done) {
  return impl_->queue().Append(std::move(request), std::move(done));
}

absl::Status StoreLog::WriteSide(std::vector<SideWrite>&& writes, DoneCallback done) {
  return impl_->queue().WriteSide(std::move(writes), std::move(done));
}

absl::Status StoreLog::Replace(LogId log, Sequence first, LogEntry&& entry, std::vector<SideWrite>&& side_writes,
                               DoneCallback done) {
  return impl_->queue().Replace(log, first, std::move(entry), std::move(side_writes), std::move(done));
}

absl::Status StoreLog::TrimBefore(LogId log, Sequence sequence, DoneCallback done) {
  return impl_->queue().TrimBefore(log, sequence, std::move(done));
}

LogPosition StoreLog::After(LogPosition position, std::span<const LogEntry> entries) const {
  return PositionAfter(position, entries);
}

LogHead StoreLog::HeadOf(LogId log) const {
  const std::optional<HeadRecord> head = impl_->heads().Find(log);
  return head.has_value() ? head->ToHead() : LogHead();
}

std::vector<LogId> StoreLog::Logs() const {
  return impl_->heads().Logs();
}

std::shared_ptr<const LogView> StoreLog::View() const {
  return StoreView::Take(impl_->database(), impl_->gauge());
}

absl::StatusOr<Watch> StoreLog::WatchHead(LogId log, WatchCallback callback) {
  return impl_->watches().Add(log, std::move(callback));
}

const std::vector<Loss>& StoreLog::losses() const {
  return impl_->losses();
}

StoreLog::Statistics StoreLog::statistics() const {
  return impl_->statistics();
}

absl::Status StoreLog::Purge(LogId log, Sequence from, Sequence to) {
  struct Outcome {
    Mutex mutex;
    CondVar known;
    std::optional<absl::Status> status ABSL_GUARDED_BY(mutex);
  };
  const auto outcome = std::make_shared<Outcome>();
  ALLMENDE_RETURN_IF_ERROR(impl_->queue().Reclaim(log, [outcome](absl::Status status) {
    MutexLock lock(outcome->mutex);
    outcome->status = std::move(status);
    outcome->known.NotifyAll();
  }));
  {
    MutexLock lock(outcome->mutex);
    while (!outcome->status.has_value()) {
      outcome->known.Wait(outcome->mutex);
    }
    ALLMENDE_RETURN_IF_ERROR(*outcome->status);
  }
  impl_->gauge().AwaitOlder();
  // The entry that contains `from` begins before it, and may be gone already; whatever is still held before it begins
  // no later.
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence begin, EntryAtOrBefore(impl_->database(), log, from));
  ALLMENDE_RETURN_IF_ERROR(impl_->database().Purge(kEntryFamily, EntryKey(log, begin), EntryKey(log, to)));
  const std::string prefix = SideKeyPrefix(log);
  const std::string end = PrefixEnd(prefix);
  for (const SideFamily family : {SideFamily::kKeyIndex, SideFamily::kTimeIndex, SideFamily::kState}) {
    ALLMENDE_RETURN_IF_ERROR(impl_->database().Purge(FamilyOf(family), prefix, end));
  }
  return absl::OkStatus();
}

absl::Status StoreLog::Checkpoint(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    return absl::AlreadyExistsError(absl::StrCat("there is something at `", path, "` already: name a new directory"));
  }
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(path, FileAccess::kOwnerOnly));
  // Taken before the copy, so the copy has at least this commit. It comes last: half a copy does not open.
  const CommitMark mark = impl_->last();
  ALLMENDE_RETURN_IF_ERROR(impl_->database().Checkpoint(DatabasePath(path)));
  return HeadFile::Create(HeadFilePath(path), mark).status();
}

}  // namespace allmende::broker
