#include "broker/service/subscribe_call.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "broker/data/latest_keeper.h"
#include "broker/service/agreements.h"
#include "broker/service/raw_message.h"
#include "broker/service/subscribe_start.h"
#include "sdk/base/status.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

constexpr size_t kReadBytes = 1 << 20;  // of the log, in one step
// With one cursor: to begin another one costs a walk down the index. It is given up whenever there is nothing to do.
constexpr size_t kCursorBytes = 16 << 20;
// What is ready is made up to the first once it has fallen under the second: many deliveries at a time, since waking a
// thread costs as much as making a delivery.
constexpr size_t kPreparedBytes = 1536 << 10;
constexpr size_t kPreparedLowBytes = 512 << 10;
// Beyond this, of all subscriptions together, each has one delivery ready and no more.
constexpr size_t kPreparedBytesOfAll = 64 << 20;
constexpr std::chrono::seconds kSlowAfter(2);

}  // namespace

SubscribeCall* SubscribeCall::Start(Exchange& exchange, std::shared_ptr<const pki::Identity> identity,
                                    v1::SubscribeRequest request, std::unique_ptr<CallCap::Slot> slot) {
  std::shared_ptr<SubscribeCall> call(
      new SubscribeCall(exchange, std::move(identity), std::move(request), std::move(slot)));
  const auto step = [weak = std::weak_ptr<SubscribeCall>(call)] {
    if (const std::shared_ptr<SubscribeCall> self = weak.lock()) {
      self->Step();
    }
  };
  call->pump_ = Pump::Create(exchange.executor, step, call->identity_->participant);
  call->self_ = call;
  exchange.subscriptions.Add(call->pump_);
  ++exchange.counters.subscriptions;
  call->pump_->Wake();
  return call.get();
}

SubscribeCall::SubscribeCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity,
                             v1::SubscribeRequest request, std::unique_ptr<CallCap::Slot> slot)
    : exchange_(exchange), identity_(std::move(identity)), request_(std::move(request)), slot_(std::move(slot)) {
  gate_request_ = {
      identity_,           request_.dataset(), request_.purpose(), request_.agreement(), policy::Action::kSubscribe,
      request_.keep_copy()};
}

SubscribeCall::~SubscribeCall() {
  exchange_.prepared_bytes -= prepared_bytes_;
}

// What is ready leaves from here, so that a stream of deliveries does not wait for the executor between any two.
void SubscribeCall::OnWriteDone(bool ok) {
  bool next = false;
  bool enough = false;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    cancelled_ = cancelled_ || !ok;
    next = !cancelled_ && !finished_ && !prepared_.empty() && MayLeave(exchange_.clock.Now()) && TakeNextPrepared();
    enough = next && prepared_bytes_ > kPreparedLowBytes;
  }
  if (next) {
    StartWrite(&outgoing_);
  }
  if (!enough) {
    pump_->Wake();
  }
}

// Puts the first of what is ready where the transport takes it from. False while something is under way there.
bool SubscribeCall::TakeNextPrepared() {
  if (writing_ || prepared_.empty()) {
    return false;
  }
  Prepared& next = prepared_.front();
  outgoing_.Swap(&next.message);
  exchange_.counters.records_delivered += next.records;
  prepared_bytes_ -= next.bytes;
  exchange_.prepared_bytes -= next.bytes;
  prepared_.pop_front();
  writing_ = true;
  writing_since_ = std::chrono::steady_clock::now();
  return true;
}

// False where what is ready may not leave any more: the next step finds out why.
bool SubscribeCall::SendPrepared(absl::Time now) {
  bool next = false;
  {
    MutexLock lock(mutex_);
    if (writing_ || prepared_.empty()) {
      return true;
    }
    if (cancelled_ || !MayLeave(now)) {
      return false;
    }
    next = TakeNextPrepared();
  }
  if (next) {
    StartWrite(&outgoing_);
  }
  return true;
}

bool SubscribeCall::HasEnoughPrepared() const {
  return prepared_bytes_ >= (exchange_.prepared_bytes < kPreparedBytesOfAll ? kPreparedBytes : static_cast<size_t>(1));
}

// What was prepared may leave only under the state that it was prepared in.
bool SubscribeCall::MayLeave(absl::Time now) const {
  return now < prepared_until_ && exchange_.control.state()->version == prepared_version_ && !exchange_.stopping &&
         exchange_.peers.Recheck(*identity_, now).ok();
}

void SubscribeCall::OnCancel() {
  {
    MutexLock lock(mutex_);
    cancelled_ = true;
  }
  pump_->Wake();
}

void SubscribeCall::OnDone() {
  --exchange_.counters.subscriptions;
  // A step may still be running; it keeps the call alive until it returns.
  std::shared_ptr<SubscribeCall> self = std::move(self_);
}

void SubscribeCall::Step() {
  bool cancelled = false;
  bool slow = false;
  {
    MutexLock lock(mutex_);
    if (finished_) {
      return;
    }
    cancelled = cancelled_;
    slow = writing_ && std::chrono::steady_clock::now() > writing_since_ + kSlowAfter;
    if (!cancelled && !slow && writing_ && (!session_.has_value() || HasEnoughPrepared())) {
      return;
    }
  }
  if (slow && !cancelled) {
    // The reader does not keep up: what it would get next stays in the log until it does.
    if (session_.has_value()) {
      TakeBackPrepared();
      reading_.reset();
    }
    return;
  }
  if (cancelled) {
    return End(absl::CancelledError("the client went away"));
  }
  if (!session_.has_value()) {
    absl::Status opened = Open();
    if (!opened.ok()) {
      return End(std::move(opened));
    }
    if (!session_.has_value()) {
      return;  // waits for its agreement, or was refused and said so
    }
  }
  absl::Status advanced = Advance();
  ReportViewErrors();
  if (!advanced.ok()) {
    if (absl::IsDataLoss(advanced)) {
      exchange_.logger.Error("damage found while serving a subscription",
                             {{"dataset", request_.dataset()}, {"why", std::string(advanced.message())}});
    }
    End(std::move(advanced));
  }
}

void SubscribeCall::ReportViewErrors() {
  const uint64_t found = session_->view_errors() - reported_view_errors_;
  if (found == 0) {
    return;
  }
  exchange_.counters.view_errors += found;
  if (reported_view_errors_ == 0) {
    exchange_.logger.Error("a view cannot be applied to a stored record, so the record is kept back",
                           {{"dataset", request_.dataset()},
                            {"sequence", absl::StrCat(session_->last_view_error())},
                            {"participant", identity_->Name()}});
  }
  reported_view_errors_ += found;
}

// Makes the session once everything it needs is there. OK without a session: its agreement is being recorded, or the
// subscription was refused and the subscriber told.
absl::Status SubscribeCall::Open() {
  if (refused_) {
    End(absl::OkStatus());
    return absl::OkStatus();
  }
  {
    MutexLock lock(mutex_);
    ALLMENDE_RETURN_IF_ERROR(agreement_status_);
  }
  const std::shared_ptr<const State> state = exchange_.control.state();
  ALLMENDE_ASSIGN_OR_RETURN(GateAnswer answer, exchange_.gate.Decide(*state, gate_request_, exchange_.clock.Now()));
  if (const v1::Refusal* refused = std::get_if<v1::Refusal>(&answer)) {
    LogRefusal(exchange_, gate_request_, *refused);
    refused_ = true;
    v1::SubscribeResponse response;
    *response.mutable_ended()->mutable_refused() = *refused;
    Write(ToByteBuffer(response));
    return absl::OkStatus();
  }
  const Allowed& allowed = std::get<Allowed>(answer);
  if (allowed.agreement_is_new) {
    if (!recording_agreement_) {
      recording_agreement_ = true;
      RecordAgreement();
    }
    return absl::OkStatus();
  }
  const DatasetState* dataset = state->Find(request_.dataset());
  log_id_ = LogId{dataset->log};
  ALLMENDE_ASSIGN_OR_RETURN(watch_,
                            exchange_.log.WatchHead(log_id_, [weak = std::weak_ptr<Pump>(pump_)](const LogHead&) {
                              if (const std::shared_ptr<Pump> pump = weak.lock()) {
                                pump->Wake();
                              }
                            }));
  const std::shared_ptr<const LogView> view = exchange_.log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(log_id_));
  ALLMENDE_ASSIGN_OR_RETURN(const SubscribeStart start, FindStart(request_, *dataset, *view, head));
  state_version_ = state->version;
  session_.emplace(start, MakeOpened(*dataset, start), allowed.entitled, salts_);
  exchange_.logger.Info("subscription opened", {{"dataset", request_.dataset()},
                                                {"participant", identity_->Name()},
                                                {"purpose", request_.purpose()},
                                                {"from", absl::StrCat(start.first_sequence)},
                                                {"release", absl::StrCat(allowed.entitled->release)}});
  return absl::OkStatus();
}

void SubscribeCall::RecordAgreement() {
  RecordImplicitAgreement(exchange_, gate_request_, [weak = weak_from_this()](absl::Status recorded) {
    if (const std::shared_ptr<SubscribeCall> self = weak.lock()) {
      {
        MutexLock lock(self->mutex_);
        self->agreement_status_ = std::move(recorded);
      }
      self->pump_->Wake();
    }
  });
}

v1::Opened SubscribeCall::MakeOpened(const DatasetState& dataset, const SubscribeStart& start) const {
  v1::Opened opened;
  opened.set_dataset_id(dataset.id);
  opened.set_kind(dataset.kind);
  opened.set_epoch(dataset.writer.epoch);
  opened.set_first_sequence(start.first_sequence);
  opened.set_head_sequence(start.head_sequence);
  opened.set_schema_hash(dataset.schema->hash);
  opened.set_message_name(dataset.schema->message_name);
  opened.set_snapshot(start.snapshot);
  if (request_.with_schema()) {
    opened.set_schema(dataset.schema->descriptor_set);
  }
  return opened;
}

// Before anything is prepared or said: what holds now is what counts.
absl::Status SubscribeCall::RefreshEntitlement(absl::Time now) {
  ALLMENDE_RETURN_IF_ERROR(exchange_.peers.Recheck(*identity_, now));
  const std::shared_ptr<const State> state = exchange_.control.state();
  if (state->version == state_version_ && now < session_->entitlement().valid_until) {
    return absl::OkStatus();
  }
  TakeBackPrepared();
  ALLMENDE_ASSIGN_OR_RETURN(GateAnswer answer, exchange_.gate.Decide(*state, gate_request_, now));
  const bool time_passed = state->version == state_version_;
  state_version_ = state->version;
  if (const v1::Refusal* refused = std::get_if<v1::Refusal>(&answer)) {
    LogRefusal(exchange_, gate_request_, *refused);
    session_->OnRefused(*refused);
    return absl::OkStatus();
  }
  std::shared_ptr<const Entitled> entitled = std::get<Allowed>(answer).entitled;
  const Entitled& before = session_->entitlement();
  const char* cause = time_passed                           ? "time"
                      : entitled->regime != before.regime   ? "regime"
                      : entitled->release != before.release ? "release"
                                                            : "agreement";
  session_->OnEntitlement(std::move(entitled), cause);
  return absl::OkStatus();
}

void SubscribeCall::TakeBackPrepared() {
  MutexLock lock(mutex_);
  if (!prepared_.empty()) {
    session_->Unsend(prepared_.front().first_sequence);
    prepared_.clear();
    exchange_.prepared_bytes -= prepared_bytes_;
    prepared_bytes_ = 0;
    reading_.reset();
  }
}

// Makes deliveries ready, sends the first one if nothing is under way, and lets the session speak once everything
// before has left.
absl::Status SubscribeCall::Advance() {
  const absl::Time now = exchange_.clock.Now();
  ALLMENDE_RETURN_IF_ERROR(RefreshEntitlement(now));
  if (exchange_.stopping) {
    TakeBackPrepared();
    session_->OnStopping("the broker stops: resume here or at another endpoint");
  }
  ALLMENDE_RETURN_IF_ERROR(PrepareDeliveries(now));
  {
    MutexLock lock(mutex_);
    if (writing_ || !prepared_.empty()) {
      return absl::OkStatus();
    }
  }
  const SubscribeSession::Action action = session_->Next(exchange_.log.HeadOf(log_id_), now);
  if (const auto* say = std::get_if<SubscribeSession::Say>(&action)) {
    Write(ToByteBuffer(say->response));
  } else if (std::holds_alternative<SubscribeSession::Over>(action)) {
    End(absl::OkStatus());
  } else if (std::holds_alternative<SubscribeSession::Wait>(action)) {
    reading_.reset();  // nothing to do for a while
  } else {
    pump_->Wake();  // the log has grown this moment
  }
  return absl::OkStatus();
}

// A bounded part of the work: whoever has more to do queues again, behind the others.
absl::Status SubscribeCall::PrepareDeliveries(absl::Time now) {
  read_bytes_ = 0;
  while (SendPrepared(now) && session_->HasMore(exchange_.log.HeadOf(log_id_))) {
    SubscribeSession::Action action = session_->Next(exchange_.log.HeadOf(log_id_), now);
    if (const auto* read = std::get_if<SubscribeSession::ReadFrom>(&action)) {
      if (read_bytes_ >= kReadBytes) {
        pump_->Wake();
        return absl::OkStatus();
      }
      ALLMENDE_RETURN_IF_ERROR(ReadLog(read->sequence));
      continue;
    }
    auto& deliver = std::get<SubscribeSession::Deliver>(action);
    Prepared prepared;
    prepared.first_sequence = deliver.first_sequence;
    prepared.records = deliver.records;
    prepared.bytes = deliver.content.size();
    prepared.message =
        DeliveryMessage(std::move(deliver.content), {deliver.original, deliver.first_sequence, deliver.last_sequence,
                                                     absl::ToUnixMicros(deliver.accepted_at), deliver.release});
    bool enough = false;
    {
      MutexLock lock(mutex_);
      prepared_version_ = state_version_;
      prepared_until_ = session_->entitlement().valid_until;
      prepared_bytes_ += prepared.bytes;
      exchange_.prepared_bytes += prepared.bytes;
      prepared_.push_back(std::move(prepared));
      enough = writing_ && HasEnoughPrepared();
    }
    if (enough) {
      return absl::OkStatus();
    }
  }
  {
    MutexLock lock(mutex_);
    if (writing_ || prepared_.empty()) {
      return absl::OkStatus();
    }
  }
  pump_->Wake();  // something is ready and may not leave
  return absl::OkStatus();
}

absl::Status SubscribeCall::ReadLog(Sequence from) {
  if (!reading_.has_value() || reading_->next != from) {
    reading_.reset();
    Reading reading;
    reading.view = exchange_.log.View();
    if (session_->entitlement().kind == v1::TABLE) {
      ALLMENDE_RETURN_IF_ERROR(CheckNothingMissed(session_->start(), *reading.view, log_id_, from));
    }
    absl::StatusOr<std::unique_ptr<LogCursor>> cursor = reading.view->ReadFromSequence(log_id_, from, kCursorBytes);
    if (absl::IsOutOfRange(cursor.status())) {
      return absl::FailedPreconditionError(
          absl::StrCat("records from sequence ", from,
                       " on were removed by the dataset's retention before they were read: subscribe anew"));
    }
    ALLMENDE_RETURN_IF_ERROR(cursor.status());
    reading.cursor = *std::move(cursor);
    reading.finder = std::make_unique<RecordFinder>(reading.view, log_id_);
    reading_ = std::move(reading);
  }
  Reading& reading = *reading_;
  SubscribeSession::Questions ask;
  ask.is_latest = [this, &reading](std::string_view key, Sequence sequence) -> absl::StatusOr<bool> {
    ALLMENDE_ASSIGN_OR_RETURN(const auto latest,
                              reading.view->GetSide(SideFamily::kKeyIndex, KeyIndexKey(log_id_, key)));
    return latest.has_value() && *latest == EncodeSequence(sequence);
  };
  ask.find = [&reading](Sequence sequence) { return reading.finder->Find(sequence); };
  ask.erasures = [this, &reading] { return ErasureCount(*reading.view, log_id_); };
  while (reading.on_entry || reading.cursor->Next()) {
    const StoredEntry& entry = reading.cursor->entry();
    read_bytes_ += entry.bytes.size();
    ALLMENDE_ASSIGN_OR_RETURN(const bool enough, session_->Take(entry.first_sequence, entry.hash, entry.bytes, ask));
    reading.next = session_->next_sequence();
    reading.on_entry = reading.next < entry.first_sequence + entry.count;
    if (enough || read_bytes_ >= kReadBytes) {
      return absl::OkStatus();
    }
  }
  ALLMENDE_RETURN_IF_ERROR(reading.cursor->status());
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, reading.view->HeadOf(log_id_));
  reading_.reset();
  return session_->next_sequence() == head.next_sequence ? session_->TakeNoMore() : absl::OkStatus();
}

void SubscribeCall::Write(grpc::ByteBuffer message) {
  {
    MutexLock lock(mutex_);
    writing_ = true;
    writing_since_ = std::chrono::steady_clock::now();
  }
  outgoing_.Swap(&message);
  StartWrite(&outgoing_);
}

void SubscribeCall::End(absl::Status status) {
  watch_.Stop();
  reading_.reset();
  {
    MutexLock lock(mutex_);
    if (finished_) {
      return;
    }
    finished_ = true;
  }
  Finish(rpc::ToGrpc(status));
}

}  // namespace allmende::broker
