#include "sdk/subscriber/receiver.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sdk/subscriber/event.h"

namespace allmende {

Receiver::Receiver(ReceiverOptions options, Client::Impl* client)
    : client_(client),
      buffer_bytes_max_(options.buffer_bytes_max),
      silence_timeout_(options.session.silence_timeout),
      session_(std::move(options.session), client->tuning.Random()),
      decoder_(options.verify),
      thread_([this] { Run(); }) {}

Receiver::~Receiver() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  mailbox_.Push(SubscribeWake{});
  thread_.join();
}

absl::StatusOr<SubscriptionEvent> Receiver::Next(SteadyTime deadline) {
  MutexLock lock(mutex_);
  while (true) {
    if (cancelled_) return absl::CancelledError("the subscription was cancelled");
    if (!kept_.empty()) break;
    if (stopped_.has_value()) {
      return stopped_->ok() ? absl::OutOfRangeError("the subscription has ended") : *stopped_;
    }
    if (deadline == SteadyTime::max()) {
      arrived_.Wait(mutex_);
      continue;
    }
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= left.zero()) return NothingCame();
    arrived_.WaitFor(mutex_, absl::FromChrono(left));
  }
  Taken taken = std::move(kept_.front());
  kept_.pop_front();
  kept_bytes_ -= taken.Cost();
  if (full_ && kept_bytes_ <= buffer_bytes_max_ / 2) {
    full_ = false;
    mailbox_.Push(SubscribeWake{});
  }
  stats_.bytes += taken.bytes;
  Count(taken.event);
  return std::move(taken.event);
}

absl::Status Receiver::NothingCame() const {
  if (stats_.last_error.ok()) return absl::DeadlineExceededError("nothing came in time");
  return absl::DeadlineExceededError(
      absl::StrCat("nothing came in time; the last error was: ", stats_.last_error.message()));
}

void Receiver::Count(const SubscriptionEvent& event) {
  if (const auto* batch = std::get_if<RecordBatch>(&event)) {
    stats_.records += batch->records().size();
    stats_.sequence = batch->last_sequence();
  } else if (const auto* withheld = std::get_if<WithheldRange>(&event)) {
    stats_.sequence = withheld->last_sequence;
  } else if (const auto* watermark = std::get_if<WatermarkReached>(&event)) {
    stats_.sequence = watermark->sequence;
  } else if (const auto* opened = std::get_if<SubscriptionOpened>(&event)) {
    if (!opened->resumed) stats_.sequence = opened->opened.first_sequence() - 1;
  }
}

void Receiver::Cancel() {
  MutexLock lock(mutex_);
  cancelled_ = true;
  arrived_.NotifyAll();
}

Subscriber::Stats Receiver::stats() const {
  MutexLock lock(mutex_);
  return stats_;
}

void Receiver::Run() {
  CarryOut(session_.Step(session::SubscribeStart{}));
  while (true) {
    Report();
    std::optional<SubscribeMail> mail = mailbox_.Pop(timer_);
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
    }
    Handle(std::move(mail));
  }
  stream_.reset();
}

void Receiver::Handle(std::optional<SubscribeMail> mail) {
  if (!mail.has_value()) return HandleTimer();
  if (auto* response = std::get_if<session::SubscribeResponseReceived>(&*mail)) {
    const uint64_t stream = response->stream;
    CarryOut(session_.Step(std::move(*response)));
    Report();
    if (stream_ != nullptr && stream_->id() == stream) ReadOn();
    return;
  }
  if (auto* ended = std::get_if<session::SubscribeStreamEnded>(&*mail)) {
    return CarryOut(session_.Step(std::move(*ended)));
  }
  if (stream_ == nullptr) return;
  // There is room again. The broker was made to wait, so its silence meant nothing.
  timer_ = SteadyDeadline(silence_timeout_);
  stream_->ReadNext();
}

// Asks for the next message, unless what is here already waits to be taken.
void Receiver::ReadOn() {
  {
    MutexLock lock(mutex_);
    full_ = kept_bytes_ > buffer_bytes_max_;
    if (full_) return;
  }
  stream_->ReadNext();
}

void Receiver::HandleTimer() {
  {
    MutexLock lock(mutex_);
    if (full_ && session_.connected()) {
      timer_ = SteadyDeadline(silence_timeout_);
      return;
    }
  }
  timer_ = SteadyTime::max();
  CarryOut(session_.Step(session::SubscribeTimeout{}));
}

void Receiver::CarryOut(session::SubscribeEffects effects) {
  for (size_t i = 0; i < effects.size(); ++i) {
    Trouble trouble = std::visit([this](auto& e) { return Do(e); }, effects[i]);
    if (!trouble.has_value()) continue;
    // What follows was decided in the belief that the delivery is good.
    effects = session_.Step(*std::move(trouble));
    i = static_cast<size_t>(-1);
  }
}

Receiver::Trouble Receiver::Do(session::SubscribeOpenStream& effect) {
  stream_.reset();
  {
    MutexLock lock(mutex_);
    full_ = false;
  }
  stream_ = std::make_unique<SubscribeStream>(effect.stream, client_->channels->Get(effect.endpoint),
                                              std::move(effect.request), &mailbox_);
  return std::nullopt;
}

Receiver::Trouble Receiver::Do(session::SubscribeCloseStream&) {
  stream_.reset();
  return std::nullopt;
}

Receiver::Trouble Receiver::Do(session::SubscribeSetTimer& effect) {
  timer_ = SteadyDeadline(effect.after);
  return std::nullopt;
}

Receiver::Trouble Receiver::Do(session::SubscribeHandOver& effect) {
  v1::SubscribeResponse& response = effect.response;
  switch (response.message_case()) {
    case v1::SubscribeResponse::kOpened: {
      decoder_.Begin(response.opened());
      SubscriptionOpened opened;
      opened.opened = std::move(*response.mutable_opened());
      opened.endpoint = client_->channels->names()[session_.endpoint()];
      opened.resumed = effect.resumed;
      Report();  // who sees the event sees the connection
      Keep(std::move(opened), 0);
      break;
    }
    case v1::SubscribeResponse::kBatch:
      return HandOverBatch(effect);
    case v1::SubscribeResponse::kWithheld:
      Keep(WithheldRange{std::max(response.withheld().first_sequence(), effect.skip_through + 1),
                         response.withheld().last_sequence()},
           0);
      break;
    case v1::SubscribeResponse::kWatermark:
      Keep(EventOf(*response.mutable_watermark()), 0);
      break;
    case v1::SubscribeResponse::kEntitlementChanged:
      Keep(EventOf(*response.mutable_entitlement_changed()), 0);
      break;
    case v1::SubscribeResponse::kEnded:
      Keep(EventOf(*response.mutable_ended()), 0);
      break;
    default:
      break;
  }
  return std::nullopt;
}

Receiver::Trouble Receiver::HandOverBatch(session::SubscribeHandOver& effect) {
  v1::Delivery& delivery = *effect.response.mutable_batch();
  const uint64_t first = std::max(delivery.first_sequence(), effect.skip_through + 1);
  absl::StatusOr<RecordBatch> batch = decoder_.Decode(delivery, effect.skip_through);
  if (!batch.ok()) return session::DeliveryDamaged{first, batch.status()};
  const uint64_t bytes = batch->bytes().size();
  Keep(*std::move(batch), bytes);
  return std::nullopt;
}

Receiver::Trouble Receiver::Do(session::SubscribeStopped& effect) {
  MutexLock lock(mutex_);
  stopped_ = std::move(effect.status);
  arrived_.NotifyAll();
  return std::nullopt;
}

void Receiver::Keep(SubscriptionEvent event, uint64_t bytes) {
  MutexLock lock(mutex_);
  kept_.push_back({std::move(event), bytes});
  kept_bytes_ += kept_.back().Cost();
  arrived_.NotifyAll();
}

void Receiver::Report() {
  MutexLock lock(mutex_);
  stats_.head_sequence = session_.head_sequence();
  stats_.connects = session_.connects();
  stats_.connected_to = session_.connected() ? client_->channels->names()[session_.endpoint()] : "";
  stats_.last_error = session_.last_error();
}

}  // namespace allmende
