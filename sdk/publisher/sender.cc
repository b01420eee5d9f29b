#include "sdk/publisher/sender.h"

#include <utility>

#include "sdk/base/status.h"
#include "sdk/format/batch_builder.h"

namespace allmende {

namespace {

constexpr absl::Duration kDiskRetryPause = absl::Seconds(1);

StoredRecord StoredRecordOf(const format::RecordView& view) {
  StoredRecord record;
  record.operation = static_cast<Operation>(view.operation);
  record.key = view.key;
  if (view.event_time_us.has_value()) record.event_time = absl::FromUnixMicros(*view.event_time_us);
  record.payload = view.payload;
  return record;
}

}  // namespace

Sender::Sender(session::PublishSessionOptions options, Client::Impl* client, outbox::BatchQueue* queue,
               std::function<void()> progress)
    : client_(client),
      queue_(queue),
      progress_(std::move(progress)),
      session_(std::move(options), queue->base(), queue->last_number(), client->tuning.Random()),
      thread_([this] { Run(); }) {}

Sender::~Sender() {
  Stop();
}

void Sender::Stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  mailbox_.Push(PublishWake{});
  if (thread_.joinable()) thread_.join();
}

void Sender::BatchesAdded() {
  mailbox_.Push(PublishWake{});
}

Sender::Stats Sender::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

absl::StatusOr<std::vector<StoredRecord>> Sender::DiscardRefused() {
  uint64_t number;
  {
    MutexLock lock(mutex_);
    if (stopping_) return absl::CancelledError("the publisher is closed");
    if (!refused_.has_value() || discard_) return absl::FailedPreconditionError("no batch was refused");
    number = *refused_;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::shared_ptr<const format::BatchBody> body, queue_->Body(number));
  std::vector<StoredRecord> records;
  for (const format::RecordView& view : format::RecordRange(body->bytes())) records.push_back(StoredRecordOf(view));

  MutexLock lock(mutex_);
  if (refused_ != number || discard_) return absl::FailedPreconditionError("no batch was refused");
  discard_ = true;
  mailbox_.Push(PublishWake{});
  while (discard_ && !stopping_) changed_.Wait(mutex_);
  if (discard_) return absl::CancelledError("the publisher is closed");
  if (!discard_result_.ok()) return discard_result_;
  return records;
}

void Sender::Run() {
  CarryOut(session_.Step(session::PublishStart{}));
  while (true) {
    Report();
    std::optional<PublishMail> mail = mailbox_.Pop(timer_);
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
    }
    Handle(std::move(mail));
  }
  stream_.reset();
}

void Sender::Handle(std::optional<PublishMail> mail) {
  if (broken_) return;
  if (!mail.has_value()) {
    timer_ = SteadyTime::max();
    return CarryOut(session_.Step(session::PublishTimeout{}));
  }
  if (auto* response = std::get_if<session::PublishResponseReceived>(&*mail)) {
    CarryOut(session_.Step(*response));
    if (stream_ != nullptr && stream_->id() == response->stream) stream_->ReadNext();
    return;
  }
  if (auto* ended = std::get_if<session::PublishStreamEnded>(&*mail)) {
    return CarryOut(session_.Step(*ended));
  }
  DiscardIfAsked();
  if (absl::Status status = AnswerLoad(); !status.ok()) Fatal(status);
}

void Sender::DiscardIfAsked() {
  {
    MutexLock lock(mutex_);
    if (!discard_) return;
    refused_.reset();
    stats_.stopped = absl::OkStatus();
    discard_result_ = absl::OkStatus();
  }
  CarryOut(session_.Step(session::RefusedDiscarded{}));
  MutexLock lock(mutex_);
  discard_ = false;
  changed_.NotifyAll();
}

void Sender::CarryOut(const session::PublishEffects& effects) {
  for (const session::PublishEffect& effect : effects) {
    const absl::Status status = std::visit([this](const auto& e) { return Do(e); }, effect);
    if (!status.ok()) return Fatal(status);
  }
  if (absl::Status status = AnswerLoad(); !status.ok()) Fatal(status);
}

absl::Status Sender::Do(const session::PublishOpenStream& effect) {
  stream_.reset();
  stream_ = std::make_unique<PublishStream>(effect.stream, client_->channels->Get(effect.endpoint), effect.request,
                                            &mailbox_);
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishCloseStream&) {
  stream_.reset();
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishSetTimer& effect) {
  timer_ = SteadyDeadline(effect.after);
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishLoad& effect) {
  load_from_ = effect.from_number;
  load_bytes_max_ = effect.bytes_max;
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishSend& effect) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::shared_ptr<const format::BatchBody> body, queue_->Body(effect.number));
  ALLMENDE_ASSIGN_OR_RETURN(std::string batch, format::Seal(*body, effect.place));
  v1::PublishRequest request;
  request.set_batch(std::move(batch));
  stream_->Send(std::move(request));
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishSaveBase& effect) {
  ALLMENDE_RETURN_IF_ERROR(Insist([&] { return queue_->SaveBase(effect.base); }));
  progress_();
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishAcknowledged& effect) {
  ALLMENDE_RETURN_IF_ERROR(Insist([&] { return queue_->Acknowledge(effect.base); }));
  {
    MutexLock lock(mutex_);
    stats_.stored_records += effect.records;
    stats_.quarantined_records += effect.quarantined;
    stats_.last_stored = client_->tuning.clock->Now();
  }
  Report();  // who waited for this sees how far it went
  progress_();
  return absl::OkStatus();
}

absl::Status Sender::Do(const session::PublishStopped& effect) {
  {
    MutexLock lock(mutex_);
    stats_.stopped = effect.status;
    refused_ = effect.refused;
  }
  progress_();
  return absl::OkStatus();
}

absl::Status Sender::AnswerLoad() {
  while (load_from_.has_value() && *load_from_ <= queue_->last_number()) {
    session::BatchesLoaded loaded;
    ALLMENDE_ASSIGN_OR_RETURN(loaded.batches, queue_->List(*load_from_, load_bytes_max_));
    load_from_.reset();
    for (const session::PublishEffect& effect : session_.Step(loaded)) {
      ALLMENDE_RETURN_IF_ERROR(std::visit([this](const auto& e) { return Do(e); }, effect));
    }
  }
  return absl::OkStatus();
}

// A full disk is waited for: the broker can wait, and nothing that was promised is lost.
absl::Status Sender::Insist(absl::FunctionRef<absl::Status()> write) {
  while (true) {
    absl::Status status = write();
    if (!absl::IsResourceExhausted(status)) return status;
    MutexLock lock(mutex_);
    if (stopping_) return status;
    stats_.last_error = status;
    changed_.WaitFor(mutex_, kDiskRetryPause);
  }
}

// The queue failed under the sender; what was promised can no longer be kept track of.
void Sender::Fatal(const absl::Status& status) {
  broken_ = true;
  stream_.reset();
  timer_ = SteadyTime::max();
  {
    MutexLock lock(mutex_);
    stats_.stopped = status;
    refused_.reset();
    discard_result_ = status;
    discard_ = false;
    changed_.NotifyAll();
  }
  progress_();
}

void Sender::Report() {
  MutexLock lock(mutex_);
  const session::SendBase& base = session_.base();
  stats_.next_sequence = base.epoch == 0 ? 0 : base.next_sequence;
  stats_.epoch = base.epoch;
  stats_.connected_to = session_.connected() ? client_->channels->names()[session_.endpoint()] : "";
  stats_.connects = session_.connects();
  stats_.last_error = session_.last_error();
}

}  // namespace allmende
