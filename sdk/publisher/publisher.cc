#include "allmende/publisher.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/client/client_impl.h"
#include "sdk/crypto/random.h"
#include "sdk/format/statement.h"
#include "sdk/outbox/memory_queue.h"
#include "sdk/outbox/outbox.h"
#include "sdk/publisher/batcher.h"
#include "sdk/publisher/sender.h"

namespace allmende {

namespace {

constexpr uint64_t kOutboxBytesMax = uint64_t{1} << 30;
constexpr uint64_t kMemoryBytesMax = uint64_t{64} << 20;
constexpr size_t kWriterIdBytes = 16;

absl::Status Check(const PublisherOptions& options) {
  if (options.dataset.empty()) return absl::InvalidArgumentError("no dataset was named");
  if (options.batch_records_max == 0 || options.batch_records_max > format::kBatchRecordsMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("a batch can hold 1 to ", format::kBatchRecordsMax, " records, not ", options.batch_records_max));
  }
  if (options.batch_bytes_target > format::kBatchBodyBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a batch can hold at most ", format::kBatchBodyBytesMax, " bytes"));
  }
  if (!options.schema_hash.empty() && options.schema_hash.size() != sizeof(crypto::Digest)) {
    return absl::InvalidArgumentError("the schema's hash does not have 32 bytes");
  }
  if (!options.writer_id.empty() && (!options.outbox_directory.empty() || options.writer_id.size() != kWriterIdBytes)) {
    return absl::InvalidArgumentError("a writer id has 16 bytes and goes without an outbox");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<outbox::BatchQueue>> OpenQueue(const PublisherOptions& options) {
  if (options.outbox_directory.empty()) {
    return std::make_unique<outbox::MemoryQueue>(options.writer_id.empty() ? crypto::RandomBytes(kWriterIdBytes)
                                                                           : options.writer_id);
  }
  outbox::OutboxOptions outbox;
  outbox.directory = options.outbox_directory;
  outbox.dataset = options.dataset;
  return outbox::Outbox::Open(outbox);
}

BatcherOptions BatcherOptionsOf(const PublisherOptions& options) {
  BatcherOptions batcher;
  batcher.bytes_max = options.outbox_bytes_max;
  if (batcher.bytes_max == 0) batcher.bytes_max = options.outbox_directory.empty() ? kMemoryBytesMax : kOutboxBytesMax;
  batcher.block_when_full = options.block_when_full;
  batcher.takes_while_stopped = !options.outbox_directory.empty();
  batcher.batch_records_max = options.batch_records_max;
  batcher.batch_bytes_target = options.batch_bytes_target;
  batcher.flush_interval = options.flush_interval;
  std::copy(options.schema_hash.begin(), options.schema_hash.end(), batcher.schema_hash.begin());
  return batcher;
}

session::PublishSessionOptions SessionOptionsOf(const PublisherOptions& options, const Client::Impl& client,
                                                const outbox::BatchQueue& queue) {
  session::PublishSessionOptions session;
  session.dataset = options.dataset;
  session.writer_id = queue.writer_id();
  session.take_over = options.take_over;
  session.in_doubt = options.in_doubt;
  session.reconnect = client.tuning.Reconnect(client.channels->names().size());
  session.open_timeout = client.tuning.open_timeout;
  session.ack_timeout = client.tuning.ack_timeout;
  return session;
}

}  // namespace

// Records go: caller -> batcher -> queue -> sender -> broker. The mutex is only for those who wait for the broker.
class Publisher::Impl {
 public:
  Impl(const PublisherOptions& options, Client::Impl& client, std::unique_ptr<outbox::BatchQueue> queue)
      : queue_(std::move(queue)),
        waiting_at_open_(queue_->waiting().records),
        sender_(SessionOptionsOf(options, client, *queue_), &client, queue_.get(), [this] { OnProgress(); }),
        batcher_(BatcherOptionsOf(options), queue_.get(), client.tuning.clock.get(),
                 [this] { sender_.BatchesAdded(); }) {
    // Until now the sender could not tell the batcher that it stopped.
    MutexLock lock(mutex_);
    ready_ = true;
    PassOnStop();
  }

  ~Impl() {
    batcher_.Stop();
    MutexLock lock(mutex_);
    ready_ = false;
  }

  absl::Status Append(const NewRecord& record) { return batcher_.Append(record); }
  absl::Status Flush() { return batcher_.Flush(); }

  absl::Status WaitUntilStored(absl::Time deadline) {
    const uint64_t target = waiting_at_open_ + batcher_.appended_records();
    ALLMENDE_RETURN_IF_ERROR(batcher_.Flush());
    const SteadyTime until = SteadyDeadline(deadline - absl::Now());
    MutexLock lock(mutex_);
    while (true) {
      const uint64_t settled = queue_->settled_records();
      if (settled >= target) return absl::OkStatus();
      const Sender::Stats sender = sender_.stats();
      if (!sender.stopped.ok()) return sender.stopped;
      const auto left = until - std::chrono::steady_clock::now();
      if (closed_ || left <= left.zero()) return NotStoredYet(target - settled, sender);
      settled_.WaitFor(mutex_, std::min(absl::FromChrono(left), absl::Hours(1)));
    }
  }

  absl::StatusOr<std::vector<StoredRecord>> DiscardRefused() { return sender_.DiscardRefused(); }

  absl::Status Close(absl::Time deadline) {
    const absl::Status status = WaitUntilStored(deadline);
    MutexLock closing(closing_);
    batcher_.Stop();
    sender_.Stop();
    MutexLock lock(mutex_);
    closed_ = true;
    settled_.NotifyAll();
    return status;
  }

  Stats stats() const {
    const Sender::Stats sender = sender_.stats();
    Stats stats;
    // Read such that what moves meanwhile is never missed; it may count twice.
    const uint64_t settled = queue_->settled_records();
    const uint64_t buffered_bytes = batcher_.buffered_bytes();
    stats.appended_records = batcher_.appended_records();
    stats.outbox_records = waiting_at_open_ + stats.appended_records - settled;
    stats.outbox_bytes = buffered_bytes + queue_->waiting().bytes;
    stats.stored_records = sender.stored_records;
    stats.quarantined_records = sender.quarantined_records;
    stats.next_sequence = sender.next_sequence;
    stats.epoch = sender.epoch;
    stats.connected_to = sender.connected_to;
    stats.connects = sender.connects;
    stats.last_stored = sender.last_stored;
    stats.last_error = sender.last_error;
    stats.stopped = sender.stopped;
    return stats;
  }

 private:
  static absl::Status NotStoredYet(uint64_t records, const Sender::Stats& sender) {
    const std::string reason = sender.last_error.ok()
                                   ? "the broker has not answered yet"
                                   : absl::StrCat("the last error was: ", sender.last_error.message());
    return absl::DeadlineExceededError(
        absl::StrCat(records, " records are not stored yet and stay in the outbox; ", reason));
  }

  void OnProgress() {
    MutexLock lock(mutex_);
    if (ready_) PassOnStop();
    settled_.NotifyAll();
  }

  void PassOnStop() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const absl::Status stopped = sender_.stats().stopped;
    if (stopped.ok()) {
      batcher_.Mend();
      batcher_.RoomMade();
    } else {
      batcher_.Fail(stopped);
    }
  }

  // Constant after construction.
  const std::unique_ptr<outbox::BatchQueue> queue_;
  const uint64_t waiting_at_open_;  // records

  Mutex closing_ ABSL_ACQUIRED_BEFORE(mutex_);  // threads are stopped by one caller at a time

  Mutex mutex_;
  CondVar settled_;
  bool ready_ ABSL_GUARDED_BY(mutex_) = false;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;  // the threads have ended

  Sender sender_;
  Batcher batcher_;
};

absl::StatusOr<std::unique_ptr<Publisher>> Publisher::Open(Client& client, const PublisherOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(Check(options));
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<outbox::BatchQueue> queue, OpenQueue(options));
  auto impl = std::make_unique<Impl>(options, client.impl(), std::move(queue));
  return std::unique_ptr<Publisher>(new Publisher(std::move(impl)));
}

Publisher::Publisher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Publisher::~Publisher() {
  (void)Close(absl::Now() + absl::Seconds(1));
}

absl::Status Publisher::Append(const NewRecord& record) {
  return impl_->Append(record);
}
absl::Status Publisher::Flush() {
  return impl_->Flush();
}
absl::Status Publisher::WaitUntilStored(absl::Time deadline) {
  return impl_->WaitUntilStored(deadline);
}
absl::StatusOr<std::vector<StoredRecord>> Publisher::DiscardRefused() {
  return impl_->DiscardRefused();
}
absl::Status Publisher::Close(absl::Time deadline) {
  return impl_->Close(deadline);
}
Publisher::Stats Publisher::stats() const {
  return impl_->stats();
}

}  // namespace allmende
