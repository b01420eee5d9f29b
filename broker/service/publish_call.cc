#include "broker/service/publish_call.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/service/agreements.h"
#include "sdk/base/status.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

// What a message costs beside its payload, so that many empty ones are bounded too.
constexpr size_t kMessageOverheadBytes = 64;

size_t CostOf(const grpc::ByteBuffer& message) {
  return message.Length() + kMessageOverheadBytes;
}

// What RecordWriter asks for, unless somebody else became the writer meanwhile.
absl::StatusOr<std::optional<v1::Fact>> ProposeWriter(const State& state, const std::string& dataset,
                                                      const PublishSession::RecordWriter& record) {
  const DatasetState* found = state.Find(dataset);
  if (found == nullptr || found->writer.epoch != record.based_on_epoch) {
    return absl::AbortedError(absl::StrCat("another outbox has become the writer of `", dataset,
                                           "` in this moment: look which one is right"));
  }
  v1::Fact fact;
  *fact.mutable_writer_changed() = record.fact;
  return fact;
}

}  // namespace

PublishCall* PublishCall::Start(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, std::string peer,
                                std::unique_ptr<CallCap::Slot> slot) {
  std::shared_ptr<PublishCall> call(new PublishCall(exchange, std::move(identity), std::move(peer), std::move(slot)));
  const auto step = [weak = std::weak_ptr<PublishCall>(call)] {
    if (const std::shared_ptr<PublishCall> self = weak.lock()) {
      self->Step();
    }
  };
  call->pump_ = Pump::Create(exchange.executor, step, call->identity_->participant);
  call->self_ = call;
  {
    MutexLock lock(call->mutex_);
    call->reading_ = true;
  }
  ++exchange.counters.publishers;
  exchange.connection_uses.Add(call->peer_, {.publishers = 1});
  call->StartRead(&call->incoming_);
  return call.get();
}

PublishCall::PublishCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity, std::string peer,
                         std::unique_ptr<CallCap::Slot> slot)
    : exchange_(exchange),
      identity_(std::move(identity)),
      peer_(std::move(peer)),
      slot_(std::move(slot)),
      session_(identity_->participant, exchange.limits.publish) {}

void PublishCall::OnReadDone(bool ok) {
  if (ok) {
    exchange_.connection_uses.Add(peer_, {.bytes = static_cast<int64_t>(CostOf(incoming_))});
  }
  {
    MutexLock lock(mutex_);
    reading_ = false;
    if (ok && !finished_) {
      inbox_bytes_ += CostOf(incoming_);
      inbox_.push_back(std::move(incoming_));
      incoming_.Clear();
    } else {
      input_ended_ = true;
    }
  }
  pump_->Wake();
}

void PublishCall::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    cancelled_ = cancelled_ || !ok;
  }
  pump_->Wake();
}

void PublishCall::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
  }
  pump_->Wake();
}

void PublishCall::OnDone() {
  --exchange_.counters.publishers;
  exchange_.connection_uses.Add(peer_, {.publishers = -1});
  // A step may still be running; it keeps the call alive until it returns.
  std::shared_ptr<PublishCall> self = std::move(self_);
}

void PublishCall::Post(Event event) {
  {
    MutexLock lock(mutex_);
    if (finished_) {
      return;  // no step would take it, and it holds the call
    }
    events_.push_back(std::move(event));
  }
  pump_->Wake();
}

void PublishCall::Step() {
  std::vector<Event> events;
  {
    MutexLock lock(mutex_);
    if (finished_) {
      return;
    }
    events.swap(events_);
  }
  for (Event& event : events) {
    CarryOut(event(session_));
  }
  while (!finish_wanted_ && submitted_bytes_ < exchange_.limits.submitted_bytes_max) {
    grpc::ByteBuffer buffer;
    {
      MutexLock lock(mutex_);
      if (inbox_.empty()) {
        break;
      }
      buffer.Swap(&inbox_.front());
      inbox_.pop_front();
      inbox_bytes_ -= CostOf(buffer);
    }
    const absl::StatusOr<FlatMessage> message = FlatMessage::From(buffer);
    if (message.ok()) {
      HandleMessage(*message);
    } else {
      CarryOut({PublishSession::Finish{message.status()}});
    }
  }
  Transmit();
}

void PublishCall::HandleMessage(const FlatMessage& message) {
  const std::string_view batch = BatchInPublishRequest(message.bytes());
  if (!batch.empty()) {
    CarryOut(session_.OnBatch(batch));
    return;
  }
  v1::PublishRequest request;
  if (!request.ParseFromArray(message.bytes().data(), static_cast<int>(message.bytes().size())) ||
      request.message_case() == v1::PublishRequest::MESSAGE_NOT_SET) {
    CarryOut({PublishSession::Finish{absl::InvalidArgumentError("the message is neither `open` nor `batch`")}});
    return;
  }
  if (request.has_batch()) {
    CarryOut(session_.OnBatch(request.batch()));
    return;
  }
  if (absl::Status welcome = Welcome(); !welcome.ok()) {
    CarryOut({PublishSession::Finish{std::move(welcome)}});
    return;
  }
  const std::shared_ptr<const State> state = exchange_.control.state();
  CarryOut(session_.OnOpen(request.open(), state->Find(request.open().dataset())));
}

absl::Status PublishCall::Welcome() const {
  return exchange_.peers.Recheck(*identity_, exchange_.clock.Now());
}

void PublishCall::CarryOut(PublishSession::Effects effects) {
  for (PublishSession::Effect& effect : effects) {
    std::visit([this](auto& one) { CarryOut(one); }, effect);
  }
}

void PublishCall::CarryOut(PublishSession::RecordWriter& record) {
  const std::string dataset = session_.dataset();
  exchange_.control.Record(
      ActorOf(*identity_),
      [self = shared_from_this(), dataset, record](const State& state) -> absl::StatusOr<std::optional<v1::Fact>> {
        ALLMENDE_RETURN_IF_ERROR(self->Welcome());
        return ProposeWriter(state, dataset, record);
      },
      [self = shared_from_this(), dataset](absl::StatusOr<std::shared_ptr<const State>> state) {
        absl::StatusOr<Writer> writer =
            state.ok() ? absl::StatusOr<Writer>((*state)->Find(dataset)->writer) : state.status();
        self->Post([writer = std::move(writer)](PublishSession& session) { return session.OnWriter(writer); });
      });
}

void PublishCall::CarryOut(PublishSession::ClaimTurn&) {
  const std::shared_ptr<const State> state = exchange_.control.state();
  const DatasetState* dataset = state->Find(session_.dataset());
  absl::StatusOr<std::shared_ptr<DatasetLog>> log = exchange_.datasets.Get(*dataset);
  if (!log.ok()) {
    CarryOut(session_.OnClaimed(log.status(), *dataset));
    return;
  }
  log_ = *std::move(log);
  log_->Claim([self = shared_from_this()](absl::StatusOr<WriterTicket> ticket) {
    self->Post([self, ticket = std::move(ticket)](PublishSession& session) {
      const std::shared_ptr<const State> now = self->exchange_.control.state();
      return session.OnClaimed(ticket, *now->Find(session.dataset()));
    });
  });
}

void PublishCall::CarryOut(PublishSession::SubmitBatch& submit) {
  submitted_[submit.number] = submit.bytes.size();
  submitted_bytes_ += submit.bytes.size();
  absl::Status welcome = Welcome();
  if (!welcome.ok()) {
    CarryOut({PublishSession::Finish{std::move(welcome)}});
    return;
  }
  if (exchange_.disk_low) {
    CarryOut({PublishSession::Finish{absl::ResourceExhaustedError(
        "the broker's disk is nearly full and takes no records: what is unsent stays in the outbox, retry later")}});
    return;
  }
  const std::shared_ptr<const State> state = exchange_.control.state();
  log_->Submit(submit.ticket, *state->Find(session_.dataset()), submit.bytes,
               [self = shared_from_this(), number = submit.number,
                begun = exchange_.clock.SinceBoot()](absl::StatusOr<BatchOutcome> outcome) {
                 // Here, not in a step: it counts also when the stream has ended meanwhile.
                 if (outcome.ok() && outcome->stored && !outcome->batch.repeated) {
                   self->exchange_.counters.records_stored += outcome->batch.records;
                   self->exchange_.metrics.BatchStored(self->exchange_.clock.SinceBoot() - begun);
                 }
                 self->Post([self, number, outcome = std::move(outcome)](PublishSession& session) mutable {
                   const auto found = self->submitted_.find(number);
                   self->submitted_bytes_ -= found->second;
                   self->submitted_.erase(found);
                   return session.OnOutcome(number, std::move(outcome));
                 });
               });
}

void PublishCall::CarryOut(PublishSession::Send& send) {
  ExchangeCounters& counters = exchange_.counters;
  if (send.response.has_refused()) {
    ++counters.batches_refused;
    exchange_.logger.Warning("batch refused", {{"dataset", session_.dataset()},
                                               {"participant", identity_->Name()},
                                               {"code", v1::PublishRefusedCode_Name(send.response.refused().code())},
                                               {"why", send.response.refused().detail()}});
  } else if (send.response.has_stored()) {
    ++(send.response.stored().repeated() ? counters.batches_repeated : counters.batches_stored);
  }
  responses_.push_back(ToByteBuffer(send.response));
}

void PublishCall::CarryOut(PublishSession::Finish& finish) {
  if (!finish_wanted_) {
    finish_wanted_ = true;
    finish_status_ = std::move(finish.status);
  }
}

// Gives the transport what it may have next. At most one read, one write, and one Finish at the end.
void PublishCall::Transmit() {
  bool read = false;
  bool write = false;
  bool finish = false;
  bool half_close = false;
  // What nobody will look at any more. Events hold the call, so they go when it finishes; and not under the lock.
  std::vector<Event> dropped_events;
  std::deque<grpc::ByteBuffer> dropped_inbox;
  {
    MutexLock lock(mutex_);
    if (finished_) {
      return;
    }
    if (cancelled_) {
      finished_ = finish = true;
    } else if (!writing_ && !responses_.empty()) {
      writing_ = write = true;
      outgoing_.Swap(&responses_.front());
      responses_.pop_front();
    } else if (!writing_ && finish_wanted_) {
      finished_ = finish = true;
    }
    if (finished_) {
      dropped_events.swap(events_);
      dropped_inbox.swap(inbox_);
    } else if (!reading_ && !input_ended_ && !finish_wanted_) {
      reading_ = read = inbox_bytes_ < exchange_.limits.inbox_bytes_max;
    }
    half_close = !finished_ && input_ended_ && inbox_.empty() && !half_close_told_;
    half_close_told_ = half_close_told_ || half_close;
  }
  if (finish) {
    Finish(rpc::ToGrpc(finish_wanted_ ? finish_status_ : absl::CancelledError("the client went away")));
    return;
  }
  if (write) {
    StartWrite(&outgoing_);
  }
  if (read) {
    StartRead(&incoming_);
  }
  if (half_close) {
    CarryOut(session_.OnHalfClose());
    Transmit();
  }
}

}  // namespace allmende::broker
