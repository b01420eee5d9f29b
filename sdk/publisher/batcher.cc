#include "sdk/publisher/batcher.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace allmende {

namespace {

constexpr absl::Duration kDiskRetryPause = absl::Seconds(1);

absl::StatusOr<format::RecordContent> ContentOf(const NewRecord& record) {
  format::RecordContent content;
  switch (record.operation) {
    case Operation::kUpsert:
      content.operation = format::Operation::kUpsert;
      break;
    case Operation::kDelete:
      content.operation = format::Operation::kDelete;
      break;
    default:
      return absl::InvalidArgumentError("only upserts and deletes can be published");
  }
  if (record.payload.size() > kRecordBytesMax || record.key.size() + record.payload.size() > kRecordBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a record of ", record.key.size() + record.payload.size(),
                                                   " bytes is too large; at most ", kRecordBytesMax, " are possible"));
  }
  if (record.event_time.has_value()) content.event_time_us = absl::ToUnixMicros(*record.event_time);
  content.key = record.key;
  content.payload = record.payload;
  return content;
}

size_t EncodedBytes(const format::RecordContent& content) {
  return format::kRecordHeaderBytes + sizeof(crypto::Salt) + content.key.size() + content.payload.size();
}

}  // namespace

Batcher::Batcher(const BatcherOptions& options, outbox::BatchQueue* queue, const Clock* clock,
                 std::function<void()> added)
    : options_(options), queue_(queue), clock_(clock), added_(std::move(added)), thread_([this] { Run(); }) {}

Batcher::~Batcher() {
  Stop();
}

absl::Status Batcher::Append(const NewRecord& record) {
  absl::StatusOr<format::RecordContent> content = ContentOf(record);
  if (!content.ok()) return content.status();
  MutexLock lock(mutex_);
  while (Trouble().ok() && IsFull(EncodedBytes(*content))) {
    if (!stopped_.ok()) return stopped_;
    if (!options_.block_when_full) {
      return absl::ResourceExhaustedError(
          absl::StrCat("the outbox holds ", options_.bytes_max,
                       " bytes that the broker has not stored; try again once it has, or allow more"));
    }
    settled_.Wait(mutex_);
  }
  if (absl::Status trouble = Trouble(); !trouble.ok()) return trouble;
  return AddToBuilder(*content);
}

absl::Status Batcher::AddToBuilder(const format::RecordContent& content) {
  if (!builder_.empty() && builder_.body_bytes() + EncodedBytes(content) > options_.batch_bytes_target) CloseBatch();
  absl::Status status = builder_.Add(content);
  if (absl::IsResourceExhausted(status)) {  // the format's own bound
    CloseBatch();
    status = builder_.Add(content);
  }
  if (!status.ok()) return status;
  ++appended_;
  if (builder_.record_count() == 1) {
    builder_deadline_ = SteadyDeadline(options_.flush_interval);
    work_.NotifyOne();
  }
  if (builder_.record_count() >= options_.batch_records_max) CloseBatch();
  return absl::OkStatus();
}

void Batcher::CloseBatch() {
  closed_.push_back(
      outbox::MakeQueuedBatch(*builder_.Finish(), absl::ToUnixMicros(clock_->Now()), options_.schema_hash));
  closed_bytes_ += closed_.back().pending.encoded_bytes;
  builder_deadline_ = SteadyTime::max();
  work_.NotifyOne();
}

bool Batcher::IsFull(uint64_t more_bytes) const {
  const uint64_t bytes = queue_->waiting().bytes + closed_bytes_ + builder_.body_bytes();
  return bytes > 0 && bytes + format::kBatchHeaderBytes + more_bytes > options_.bytes_max;
}

absl::Status Batcher::Trouble() const {
  if (!broken_.ok()) return broken_;
  if (!stopped_.ok() && !options_.takes_while_stopped) return stopped_;
  if (stopping_) return absl::CancelledError("the publisher is closed");
  return absl::OkStatus();
}

absl::Status Batcher::Flush() {
  MutexLock lock(mutex_);
  const uint64_t target = appended_;
  const uint64_t tries = failed_tries_;
  flush_target_ = std::max(flush_target_, target);
  work_.NotifyOne();
  while (flushed_ < target) {
    if (absl::Status trouble = Trouble(); !trouble.ok()) return trouble;
    if (failed_tries_ != tries) return last_try_;
    settled_.Wait(mutex_);
  }
  return absl::OkStatus();
}

void Batcher::RoomMade() {
  MutexLock lock(mutex_);
  settled_.NotifyAll();
}

void Batcher::Fail(const absl::Status& status) {
  MutexLock lock(mutex_);
  stopped_ = status;
  settled_.NotifyAll();
}

void Batcher::Mend() {
  MutexLock lock(mutex_);
  stopped_ = absl::OkStatus();
}

void Batcher::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyAll();
    settled_.NotifyAll();
  }
  if (thread_.joinable()) thread_.join();
}

uint64_t Batcher::appended_records() const {
  MutexLock lock(mutex_);
  return appended_;
}

uint64_t Batcher::buffered_bytes() const {
  MutexLock lock(mutex_);
  return closed_bytes_ + builder_.body_bytes();
}

// False: there is nothing left to do, for good.
bool Batcher::WaitForWork() {
  while (closed_.empty()) {
    const bool due = std::chrono::steady_clock::now() >= builder_deadline_;
    if (!builder_.empty() && (due || stopping_ || flush_target_ > flushed_)) {
      CloseBatch();
      break;
    }
    if (stopping_) return false;
    if (builder_deadline_ == SteadyTime::max()) {
      work_.Wait(mutex_);
    } else {
      work_.WaitFor(mutex_, absl::FromChrono(builder_deadline_ - std::chrono::steady_clock::now()));
    }
  }
  return true;
}

void Batcher::PauseAfterFullDisk() {
  const SteadyTime until = SteadyDeadline(kDiskRetryPause);
  while (!stopping_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    work_.WaitFor(mutex_, absl::FromChrono(left));
  }
}

void Batcher::Run() {
  std::vector<outbox::QueuedBatch> group;
  mutex_.Lock();
  while (WaitForWork()) {
    group.assign(closed_.begin(), closed_.begin() + static_cast<ptrdiff_t>(std::min(closed_.size(), kGroupBatchesMax)));
    mutex_.Unlock();
    const absl::Status status = queue_->Add(group);
    mutex_.Lock();
    if (!status.ok()) {
      ++failed_tries_;
      last_try_ = status;
      if (!absl::IsResourceExhausted(status)) broken_ = status;
      settled_.NotifyAll();
      if (stopping_ || !absl::IsResourceExhausted(status)) break;
      PauseAfterFullDisk();
      continue;
    }
    for (const outbox::QueuedBatch& batch : group) {
      closed_bytes_ -= batch.pending.encoded_bytes;
      flushed_ += batch.pending.record_count;
      closed_.pop_front();
    }
    settled_.NotifyAll();
    mutex_.Unlock();
    added_();
    mutex_.Lock();
  }
  mutex_.Unlock();
}

}  // namespace allmende
