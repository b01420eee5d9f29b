// What stands behind Replica, for the rest of the SDK and for tests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "allmende/replica.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/replica/copies.h"
#include "sdk/replica/cursor.h"
#include "sdk/replica/housekeeper.h"
#include "sdk/replica/published.h"
#include "sdk/replica/syncer.h"

namespace allmende {

// Functions are those of Replica.
class Replica::Impl {
 public:
  static absl::StatusOr<std::unique_ptr<Impl>> Open(const std::string& directory, const ReplicaOptions& options,
                                                    std::shared_ptr<const Clock> clock);

  absl::Status StartSync(Client& client);
  void StopSync();
  replica::Published& published() { return published_; }

  absl::StatusOr<GetResult> Get(bool of_table, std::string_view key, uint64_t sequence, const ReadOptions& options);
  absl::StatusOr<std::unique_ptr<ReplicaCursor>> Scan(bool of_table, const ScanOptions& options);
  ReplicaStatus status() const;

 private:
  static absl::StatusOr<std::unique_ptr<Impl>> OpenDirectory(const std::string& directory,
                                                             const ReplicaOptions& options,
                                                             std::shared_ptr<const Clock> clock);
  Impl(const ReplicaOptions& options, std::shared_ptr<const Clock> clock, std::unique_ptr<replica::Copies> copies,
       session::ReplicaState state, absl::Time clock_seen);

  absl::StatusOr<replica::Published::Admission> Admit(bool of_table, const ReadOptions& options);
  void CopyDamaged();

  // Constant after Open.
  const bool verify_;
  const std::shared_ptr<const Clock> clock_;
  const std::unique_ptr<replica::Copies> copies_;

  replica::Published published_;
  replica::CursorPlaces cursors_;
  std::optional<replica::Housekeeper> housekeeper_;  // none beside another process

  Mutex mutex_;
  std::unique_ptr<replica::Syncer> syncer_ ABSL_GUARDED_BY(mutex_);
  bool damaged_ ABSL_GUARDED_BY(mutex_) = false;  // for the next sync
};

}  // namespace allmende
