// Collects records into batch bodies and hands them to the outbox, many at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "allmende/publisher.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"
#include "sdk/client/mailbox.h"
#include "sdk/crypto/random.h"
#include "sdk/format/batch_builder.h"
#include "sdk/outbox/batch_queue.h"

namespace allmende {

struct BatcherOptions {
  uint64_t bytes_max = 0;  // of everything the broker has not stored: here and in the queue
  bool block_when_full = true;
  bool takes_while_stopped = false;  // see Fail
  uint32_t batch_records_max = 256;
  uint32_t batch_bytes_target = 64 << 10;
  absl::Duration flush_interval;
  crypto::Digest schema_hash{};
};

// Thread-safe. One thread of its own moves full batches, and those that waited for `flush_interval`, into the queue:
// all that are there in one write, so that one fsync serves many callers.
class Batcher {
 public:
  // Borrows all three. `added` is called whenever batches came into the queue, from the batcher's thread.
  Batcher(const BatcherOptions& options, outbox::BatchQueue* queue, const Clock* clock, std::function<void()> added);
  // What is not in the queue yet is lost; Stop before.
  ~Batcher();

  // As Publisher::Append.
  absl::Status Append(const NewRecord& record);

  // OK when everything appended before is in the queue.
  //   kResourceExhausted  the disk is full; nothing is lost, and the batcher goes on trying
  //   others              as Fail was told, unless `takes_while_stopped`; what was appended still goes into the queue
  absl::Status Flush();

  // Call when the queue has become shorter.
  void RoomMade();

  // The queue does not get shorter any more, because of `status`, until Mend. Meanwhile every call returns that; with
  // `takes_while_stopped` only Append does, once the bound is reached.
  void Fail(const absl::Status& status);
  void Mend();

  // Flushes as far as possible and ends the thread. Calls that wait return kCancelled.
  void Stop();

  uint64_t appended_records() const;  // ever
  uint64_t buffered_bytes() const;    // not in the queue yet

 private:
  static constexpr size_t kGroupBatchesMax = 64;  // in one write

  absl::Status AddToBuilder(const format::RecordContent& content) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Trouble() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void CloseBatch() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool IsFull(uint64_t more_bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool WaitForWork() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PauseAfterFullDisk() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Run();

  // Constant after construction.
  const BatcherOptions options_;
  outbox::BatchQueue* const queue_;
  const Clock* const clock_;
  const std::function<void()> added_;

  mutable Mutex mutex_;
  CondVar work_;     // for the thread
  CondVar settled_;  // for callers: room, flushed, failed, stopped
  crypto::SaltPool salts_ ABSL_GUARDED_BY(mutex_);
  format::BatchBuilder builder_ ABSL_GUARDED_BY(mutex_){salts_};
  SteadyTime builder_deadline_ ABSL_GUARDED_BY(mutex_) = SteadyTime::max();
  std::deque<outbox::QueuedBatch> closed_ ABSL_GUARDED_BY(mutex_);
  uint64_t closed_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t appended_ ABSL_GUARDED_BY(mutex_) = 0;      // records
  uint64_t flushed_ ABSL_GUARDED_BY(mutex_) = 0;       // of them, in the queue
  uint64_t flush_target_ ABSL_GUARDED_BY(mutex_) = 0;  // somebody waits for so many
  uint64_t failed_tries_ ABSL_GUARDED_BY(mutex_) = 0;  // of the queue's disk
  absl::Status last_try_ ABSL_GUARDED_BY(mutex_);      // the error of the last one
  absl::Status broken_ ABSL_GUARDED_BY(mutex_);        // the queue failed: the thread has ended
  absl::Status stopped_ ABSL_GUARDED_BY(mutex_);       // what Fail was told
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende
