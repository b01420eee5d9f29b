// Sends what waits in a queue to the broker: carries out what a PublishSession decides, on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/record.h"
#include "sdk/base/mutex.h"
#include "sdk/client/client_impl.h"
#include "sdk/client/mailbox.h"
#include "sdk/outbox/batch_queue.h"
#include "sdk/publisher/publish_stream.h"
#include "sdk/session/publish_session.h"

namespace allmende {

// Thread-safe.
class Sender {
 public:
  struct Stats {
    uint64_t stored_records = 0;
    uint64_t quarantined_records = 0;
    uint64_t next_sequence = 0;
    uint64_t epoch = 0;
    std::string connected_to;
    uint64_t connects = 0;
    absl::Time last_stored = absl::InfinitePast();
    absl::Status last_error;
    absl::Status stopped;
  };

  // Borrows `client` and `queue`. `progress` is called from the sender's thread whenever the queue became shorter, or
  // the sender stopped or went on.
  Sender(session::PublishSessionOptions options, Client::Impl* client, outbox::BatchQueue* queue,
         std::function<void()> progress);
  ~Sender();

  // Ends the thread; a call underway is cancelled. Idempotent.
  void Stop();

  // The queue has more.
  void BatchesAdded();

  // As Publisher::DiscardRefused.
  absl::StatusOr<std::vector<StoredRecord>> DiscardRefused();

  Stats stats() const;

 private:
  void Run();
  void Handle(std::optional<PublishMail> mail);
  void DiscardIfAsked();
  void CarryOut(const session::PublishEffects& effects);
  absl::Status Do(const session::PublishOpenStream& effect);
  absl::Status Do(const session::PublishCloseStream& effect);
  absl::Status Do(const session::PublishSetTimer& effect);
  absl::Status Do(const session::PublishLoad& effect);
  absl::Status Do(const session::PublishSend& effect);
  absl::Status Do(const session::PublishSaveBase& effect);
  absl::Status Do(const session::PublishAcknowledged& effect);
  absl::Status Do(const session::PublishStopped& effect);
  absl::Status AnswerLoad();
  absl::Status Insist(absl::FunctionRef<absl::Status()> write);
  void Fatal(const absl::Status& status);
  void Report();

  // Constant after construction.
  Client::Impl* const client_;
  outbox::BatchQueue* const queue_;
  const std::function<void()> progress_;

  Mailbox<PublishMail> mailbox_;

  // Of the thread.
  session::PublishSession session_;
  std::unique_ptr<PublishStream> stream_;
  SteadyTime timer_ = SteadyTime::max();
  std::optional<uint64_t> load_from_;
  uint64_t load_bytes_max_ = 0;
  bool broken_ = false;  // the queue failed: nothing more is done

  mutable Mutex mutex_;
  CondVar changed_;  // discarded, or stopping
  Stats stats_ ABSL_GUARDED_BY(mutex_);
  std::optional<uint64_t> refused_ ABSL_GUARDED_BY(mutex_);
  bool discard_ ABSL_GUARDED_BY(mutex_) = false;  // somebody waits for it
  absl::Status discard_result_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  std::thread thread_;  // last: it uses everything above
};

}  // namespace allmende
