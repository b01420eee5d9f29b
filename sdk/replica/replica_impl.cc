#include "sdk/replica/replica_impl.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/replica/cursor.h"
#include "sdk/replica/encoding.h"

namespace allmende {

absl::StatusOr<std::unique_ptr<Replica::Impl>> Replica::Impl::Open(const std::string& directory,
                                                                   const ReplicaOptions& options,
                                                                   std::shared_ptr<const Clock> clock) {
  if (directory.empty()) return absl::InvalidArgumentError("no directory was named");
  absl::StatusOr<std::unique_ptr<Impl>> impl = OpenDirectory(directory, options, std::move(clock));
  if (!absl::IsDataLoss(impl.status())) return impl;
  return absl::DataLossError(absl::StrCat(impl.status().message(), "; remove `", directory,
                                          "` and sync it anew: a replica holds nothing that the broker does not"));
}

absl::StatusOr<std::unique_ptr<Replica::Impl>> Replica::Impl::OpenDirectory(const std::string& directory,
                                                                            const ReplicaOptions& options,
                                                                            std::shared_ptr<const Clock> clock) {
  ALLMENDE_ASSIGN_OR_RETURN(
      std::unique_ptr<replica::Copies> copies,
      replica::Copies::Open(directory,
                            {.dataset = options.dataset, .agreement = options.agreement, .purpose = options.purpose},
                            options.beside_another));
  ALLMENDE_ASSIGN_OR_RETURN(session::ReplicaState state, copies->Load());
  ALLMENDE_ASSIGN_OR_RETURN(const absl::Time clock_seen, copies->LoadClock());
  return std::unique_ptr<Impl>(new Impl(options, std::move(clock), std::move(copies), std::move(state), clock_seen));
}

Replica::Impl::Impl(const ReplicaOptions& options, std::shared_ptr<const Clock> clock,
                    std::unique_ptr<replica::Copies> copies, session::ReplicaState state, absl::Time clock_seen)
    : verify_(options.verify),
      clock_(std::move(clock)),
      copies_(std::move(copies)),
      published_(std::move(state), clock_seen, {options.max_staleness, options.clock_tolerance}, clock_.get()) {
  if (!copies_->read_only()) housekeeper_.emplace(copies_.get(), &published_, &cursors_, clock_seen);
}

absl::Status Replica::Impl::StartSync(Client& client) {
  MutexLock lock(mutex_);
  if (syncer_ != nullptr) return absl::FailedPreconditionError("a sync runs already");
  ALLMENDE_RETURN_IF_ERROR(copies_->Claim(client.participant(), client.purpose()));
  published_.Begin();
  syncer_ =
      std::make_unique<replica::Syncer>(&client, verify_, copies_.get(), &published_, &*housekeeper_, clock_.get());
  if (std::exchange(damaged_, false)) syncer_->CopyDamaged();
  return absl::OkStatus();
}

void Replica::Impl::StopSync() {
  std::unique_ptr<replica::Syncer> stopped;
  MutexLock lock(mutex_);
  stopped = std::move(syncer_);
  stopped.reset();  // under the lock, so that the next sync begins where this one ended
}

void Replica::Impl::CopyDamaged() {
  MutexLock lock(mutex_);
  if (syncer_ != nullptr) {
    syncer_->CopyDamaged();
  } else {
    damaged_ = true;
  }
}

absl::StatusOr<replica::Published::Admission> Replica::Impl::Admit(bool of_table, const ReadOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(replica::Published::Admission admission, published_.Admit(options.max_staleness));
  if (admission.Copy().is_table != of_table) {
    return absl::InvalidArgumentError(absl::StrCat("`", copies_->of().dataset, "` is a ",
                                                   of_table ? "stream: read it by sequence" : "table: read it by key"));
  }
  return admission;
}

absl::StatusOr<GetResult> Replica::Impl::Get(bool of_table, std::string_view key, uint64_t sequence,
                                             const ReadOptions& options) {
  while (true) {
    ALLMENDE_ASSIGN_OR_RETURN(const replica::Published::Admission admission, Admit(of_table, options));
    const replica::CopyName copy = admission.Copy();
    absl::StatusOr<std::optional<StoredRecord>> record =
        copies_->Get(copy, of_table ? replica::TableKey(copy.number, key) : replica::StreamKey(copy.number, sequence));
    if (!published_.StillServed(admission)) continue;  // another copy took its place
    if (absl::IsDataLoss(record.status())) CopyDamaged();
    if (!record.ok()) return record.status();
    return GetResult{*std::move(record), admission.info};
  }
}

absl::StatusOr<std::unique_ptr<ReplicaCursor>> Replica::Impl::Scan(bool of_table, const ScanOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(replica::CursorPlace place, replica::CursorPlace::Take(&cursors_));
  while (true) {
    ALLMENDE_ASSIGN_OR_RETURN(replica::Published::Admission admission, Admit(of_table, options));
    std::unique_ptr<store::Snapshot> snapshot = copies_->TakeSnapshot();
    if (!published_.StillServed(admission)) continue;  // another copy took its place
    const uint64_t copy = admission.state->served.number;
    replica::CursorRange range = of_table ? replica::TableRange(copy, options) : replica::StreamRange(copy, options);
    std::unique_ptr<store::Iterator> iterator;
    if (range.lower < range.upper) {
      store::ScanOptions scan;
      scan.snapshot = snapshot.get();
      scan.lower = std::move(range.lower);
      scan.upper = std::move(range.upper);
      iterator = copies_->Scan(scan);
    }
    return std::make_unique<replica::Cursor>(std::move(place), std::move(snapshot), std::move(iterator), &published_,
                                             std::move(admission), options.max_staleness, [this] { CopyDamaged(); });
  }
}

ReplicaStatus Replica::Impl::status() const {
  ReplicaStatus status;
  status.dataset = copies_->of().dataset;
  status.agreement = copies_->of().agreement;
  status.bytes_on_disk = copies_->BytesOnDisk();
  published_.Describe(status);
  return status;
}

}  // namespace allmende
