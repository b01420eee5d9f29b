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
#include "sdk/replica/published.h"
#include "sdk/session/replica_apply.h"

namespace allmende::replica {

class Syncer {
 public:
  // Borrows all four. `state` as committed last.
  Syncer(Client* client, bool verify, session::ReplicaState state, Copies* copies, Published* published,
         const Clock* clock);
  // Ends the thread; what was committed stays.
  ~Syncer();

  // A read met damage: the copy is to be made anew. Thread-safe.
  void CopyDamaged();

 private:
  // How a subscription is left.
  struct Leave {
    absl::Status why;  // OK: begin anew at once
  };

  void Run();
  // Follows one subscription until it has to be left.
  Leave FollowOnce();
  Leave FollowSubscriber(Subscriber& subscriber);
  session::ReplicaEffects Step(const session::ReplicaEvent& event);
  static session::ReplicaEvent EventOf(absl::StatusOr<SubscriptionEvent>& event, const RecordBatch*& batch);
  std::optional<Leave> CarryOut(const session::ReplicaEffects& effects, const RecordBatch* batch, bool vouched);
  std::optional<Leave> BackToDisk(const absl::Status& error);
  void PauseFor(absl::Duration pause);
  bool TakeDamage();

  // Constant after construction.
  Client* const client_;
  const bool verify_;
  Copies* const copies_;
  Published* const published_;
  const Clock* const clock_;

  // Of the thread.
  session::ReplicaApply apply_;
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
