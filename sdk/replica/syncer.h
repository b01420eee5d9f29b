// Follows a dataset into a replica: carries out what ReplicaApply decides, on a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "allmende/client.h"
#include "allmende/subscriber.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/replica/copies.h"
#include "sdk/replica/housekeeper.h"
#include "sdk/replica/published.h"
#include "sdk/session/replica_apply.h"
#include "sdk/session/replica_guard.h"

namespace allmende::replica {

class Syncer {
 public:
  // Borrows all five. Goes on from what is published.
  Syncer(Client* client, bool verify, Copies* copies, Published* published, Housekeeper* housekeeper,
         const Clock* clock);
  // Ends the thread; what was committed stays.
  ~Syncer();

  // A read met damage: the copy is to be made anew. Thread-safe.
  void CopyDamaged();

 private:
  // How a subscription is left.
  struct Leave {
    absl::Status why = {};                           // OK: begin anew at once
    absl::Duration at_least = absl::ZeroDuration();  // to wait
  };

  void Run();
  // Follows one subscription until it has to be left.
  Leave FollowOnce();
  Leave FollowSubscriber(Subscriber& subscriber);
  session::ReplicaEffects Step(const session::ReplicaEvent& event);
  static session::ReplicaEvent EventOf(absl::StatusOr<SubscriptionEvent>& event, const RecordBatch*& batch);
  std::optional<Leave> CarryOut(const session::ReplicaEffects& effects, const RecordBatch* batch, bool vouched);
  absl::Status Commit(const session::ReplicaCommit& commit, bool vouched);
  absl::Status Drop(uint64_t copy);
  std::optional<Leave> GoBack(const absl::Status& error);
  void DoWhatIsOwed();
  void PauseFor(absl::Duration pause);
  bool TakeDamage();

  // Constant after construction.
  Client* const client_;
  const bool verify_;
  Copies* const copies_;
  Published* const published_;
  Housekeeper* const housekeeper_;
  const Clock* const clock_;

  // Of the thread.
  std::shared_ptr<const session::ReplicaState> settled_;  // on the disk, or it closes the copy: no way back behind it
  session::ReplicaApply apply_;
  bool closing_owed_;          // `settled_` is not known to be on the disk
  bool drop_owed_ = false;     // something that belongs to no copy may be on the disk
  uint64_t failures_ = 0;      // since the last progress
  bool was_narrowed_ = false;  // before the last step

  Mutex mutex_;
  CondVar changed_;
  std::shared_ptr<Subscriber> subscriber_ ABSL_GUARDED_BY(mutex_);
  bool damaged_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende::replica
