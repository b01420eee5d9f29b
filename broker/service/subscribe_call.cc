#include "broker/service/subscribe_call.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "broker/data/keys.h"
#include "broker/data/latest_keeper.h"
#include "broker/service/agreements.h"
#include "broker/service/raw_message.h"
#include "sdk/base/status.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

constexpr size_t kReadBytes = 256 << 10;

absl::Status CheckRequest(const v1::SubscribeRequest& request, const DatasetState& dataset) {
  if (request.start_case() == v1::SubscribeRequest::kSnapshot && dataset.kind != v1::TABLE) {
    return absl::InvalidArgumentError(absl::StrCat("`", dataset.name, "` is a stream: only a table has a snapshot"));
  }
  return absl::OkStatus();
}

// Of the entry that holds `sequence`, which is kept.
absl::StatusOr<LogHash> HashOfEntryWith(const LogView& view, LogId log, Sequence sequence) {
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view.ReadFromSequence(log, sequence, 1));
  if (!cursor->Next()) {
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
    return absl::DataLossError("an entry of the log is missing");
  }
  return cursor->entry().hash;
}

}  // namespace

SubscribeCall* SubscribeCall::Start(Exchange& exchange, std::shared_ptr<const pki::Identity> identity,
                                    v1::SubscribeRequest request, std::unique_ptr<StreamCap::Slot> slot) {
  std::shared_ptr<SubscribeCall> call(
      new SubscribeCall(exchange, std::move(identity), std::move(request), std::move(slot)));
  call->pump_ = Pump::Create(exchange.executor, [weak = std::weak_ptr<SubscribeCall>(call)] {
    if (const std::shared_ptr<SubscribeCall> self = weak.lock()) {
      self->Step();
    }
  });
  call->self_ = call;
  exchange.subscriptions.Add(call->pump_);
  ++exchange.counters.subscriptions;
  call->pump_->Wake();
  return call.get();
}

SubscribeCall::SubscribeCall(Exchange& exchange, std::shared_ptr<const pki::Identity> identity,
                             v1::SubscribeRequest request, std::unique_ptr<StreamCap::Slot> slot)
    : exchange_(exchange), identity_(std::move(identity)), request_(std::move(request)), slot_(std::move(slot)) {
  gate_request_ = {
      identity_,           request_.dataset(), request_.purpose(), request_.agreement(), policy::Action::kSubscribe,
      request_.keep_copy()};
}

SubscribeCall::~SubscribeCall() = default;

void SubscribeCall::OnWriteDone(bool ok) {
  {
    MutexLock lock(mutex_);
    writing_ = false;
    cancelled_ = cancelled_ || !ok;
  }
  pump_->Wake();
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
  {
    MutexLock lock(mutex_);
    if (finished_ || writing_) {
      return;
    }
    cancelled = cancelled_;
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
  if (!advanced.ok()) {
    if (absl::IsDataLoss(advanced)) {
      exchange_.logger.Error("damage found while serving a subscription",
                             {{"dataset", request_.dataset()}, {"why", std::string(advanced.message())}});
    }
    End(std::move(advanced));
  }
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
    RecordAgreement();
    return absl::OkStatus();
  }
  const DatasetState* dataset = state->Find(request_.dataset());
  ALLMENDE_RETURN_IF_ERROR(CheckRequest(request_, *dataset));
  log_id_ = LogId{dataset->log};
  ALLMENDE_ASSIGN_OR_RETURN(watch_,
                            exchange_.log.WatchHead(log_id_, [weak = std::weak_ptr<Pump>(pump_)](const LogHead&) {
                              if (const std::shared_ptr<Pump> pump = weak.lock()) {
                                pump->Wake();
                              }
                            }));
  const std::shared_ptr<const LogView> view = exchange_.log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(log_id_));
  ALLMENDE_ASSIGN_OR_RETURN(const SubscribeStart start, FindStart(*dataset, *view, head));
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

absl::StatusOr<SubscribeStart> SubscribeCall::FindStart(const DatasetState& dataset, const LogView& view,
                                                        const LogHead& head) const {
  SubscribeStart start;
  ALLMENDE_ASSIGN_OR_RETURN(start.dataset, format::DatasetId::FromBytes(dataset.id));
  start.head_sequence = head.next_sequence - 1;
  start.snapshot = request_.start_case() == v1::SubscribeRequest::kSnapshot;
  start.stop_at_head = request_.stop_at_head();
  start.accept_withheld = request_.accept_withheld();
  switch (request_.start_case()) {
    case v1::SubscribeRequest::kFromSequence:
      start.first_sequence = request_.from_sequence();
      break;
    case v1::SubscribeRequest::kFromEventTimeUs: {
      const std::unique_ptr<SideCursor> found = view.ScanSide(SideFamily::kTimeIndex, SideKeyPrefix(log_id_),
                                                              TimeIndexKey(log_id_, request_.from_event_time_us()));
      start.first_sequence = head.next_sequence;  // everything stored is older
      if (found->Next()) {
        ALLMENDE_ASSIGN_OR_RETURN(start.first_sequence, DecodeSequence(found->value()));
      }
      ALLMENDE_RETURN_IF_ERROR(found->status());
      break;
    }
    case v1::SubscribeRequest::kResumeToken: {
      ALLMENDE_ASSIGN_OR_RETURN(start.first_sequence, ResumeAt(start.dataset, view, head));
      break;
    }
    case v1::SubscribeRequest::kOnlyNew:
      start.first_sequence = head.next_sequence;
      break;
    case v1::SubscribeRequest::kSnapshot:
    case v1::SubscribeRequest::START_NOT_SET:
      start.first_sequence = head.first_sequence;
      break;
  }
  if (start.first_sequence > head.next_sequence) {
    return absl::OutOfRangeError(absl::StrCat("`", dataset.name, "` ends at sequence ", start.head_sequence,
                                              ", not at ", start.first_sequence, ": subscribe from an earlier one"));
  }
  start.first_sequence = std::max(start.first_sequence, head.first_sequence);
  if (start.first_sequence > head.first_sequence) {
    ALLMENDE_ASSIGN_OR_RETURN(start.previous_hash, HashOfEntryWith(view, log_id_, start.first_sequence - 1));
  }
  return start;
}

// Where the token's subscription goes on; only in the very log that it was given out for.
absl::StatusOr<Sequence> SubscribeCall::ResumeAt(const format::DatasetId& dataset, const LogView& view,
                                                 const LogHead& head) const {
  ALLMENDE_ASSIGN_OR_RETURN(const ResumePoint point, DecodeResumeToken(request_.resume_token()));
  const std::string start_anew = ": start anew, with a snapshot or from the beginning";
  if (point.dataset != dataset) {
    return absl::FailedPreconditionError(absl::StrCat("the resume token is of another dataset", start_anew));
  }
  if (point.next_sequence > head.next_sequence) {
    return absl::FailedPreconditionError(absl::StrCat("the broker's log ends at sequence ", head.next_sequence - 1,
                                                      ", the resume token is ahead of it", start_anew));
  }
  if (point.next_sequence < head.first_sequence) {
    return absl::FailedPreconditionError(
        absl::StrCat("records up to sequence ", head.first_sequence - 1, " are no longer kept", start_anew));
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Sequence erased, NewestErasedTombstone(view, log_id_));
  if (point.next_sequence <= erased) {
    return absl::FailedPreconditionError(
        absl::StrCat("deletes up to sequence ", erased, " are no longer kept", start_anew));
  }
  if (point.next_sequence - 1 < head.first_sequence) {
    return point.next_sequence;  // the entry before it is gone, rightly
  }
  ALLMENDE_ASSIGN_OR_RETURN(const LogHash hash, HashOfEntryWith(view, log_id_, point.next_sequence - 1));
  if (hash != point.hash) {
    return absl::FailedPreconditionError(absl::StrCat("the broker's log was replaced since", start_anew));
  }
  return point.next_sequence;
}

// Before each message: what holds now is what counts.
absl::Status SubscribeCall::RefreshEntitlement(absl::Time now) {
  ALLMENDE_RETURN_IF_ERROR(exchange_.peers.Recheck(*identity_, now));
  const std::shared_ptr<const State> state = exchange_.control.state();
  if (state->version == state_version_ && now < session_->entitlement().valid_until) {
    return absl::OkStatus();
  }
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

// Lets the session do what it can until it has something to say, or must wait.
absl::Status SubscribeCall::Advance() {
  const absl::Time now = exchange_.clock.Now();
  ALLMENDE_RETURN_IF_ERROR(RefreshEntitlement(now));
  if (exchange_.stopping) {
    session_->OnStopping("the broker stops: resume here or at another endpoint");
  }
  while (true) {
    SubscribeSession::Action action = session_->Next(exchange_.log.HeadOf(log_id_), now);
    if (auto* say = std::get_if<SubscribeSession::Say>(&action)) {
      Write(ToByteBuffer(say->response));
      return absl::OkStatus();
    }
    if (auto* deliver = std::get_if<SubscribeSession::Deliver>(&action)) {
      exchange_.counters.records_delivered += deliver->records;
      Write(DeliveryMessage(std::move(deliver->content),
                            {deliver->original, deliver->first_sequence, deliver->last_sequence,
                             absl::ToUnixMicros(deliver->accepted_at), deliver->release}));
      return absl::OkStatus();
    }
    if (const auto* read = std::get_if<SubscribeSession::ReadFrom>(&action)) {
      ALLMENDE_RETURN_IF_ERROR(ReadLog(read->sequence));
      continue;
    }
    if (std::holds_alternative<SubscribeSession::Over>(action)) {
      End(absl::OkStatus());
    }
    return absl::OkStatus();
  }
}

absl::Status SubscribeCall::ReadLog(Sequence from) {
  const std::shared_ptr<const LogView> view = exchange_.log.View();
  absl::StatusOr<std::unique_ptr<LogCursor>> cursor = view->ReadFromSequence(log_id_, from, kReadBytes);
  if (absl::IsOutOfRange(cursor.status())) {
    return absl::FailedPreconditionError(
        absl::StrCat("records from sequence ", from,
                     " on were removed by the dataset's retention before they were read: subscribe anew"));
  }
  ALLMENDE_RETURN_IF_ERROR(cursor.status());
  const auto is_latest = [this, &view](std::string_view key, Sequence sequence) -> absl::StatusOr<bool> {
    ALLMENDE_ASSIGN_OR_RETURN(const auto latest, view->GetSide(SideFamily::kKeyIndex, KeyIndexKey(log_id_, key)));
    return latest.has_value() && *latest == EncodeSequence(sequence);
  };
  while ((*cursor)->Next()) {
    const StoredEntry& entry = (*cursor)->entry();
    ALLMENDE_ASSIGN_OR_RETURN(const bool enough,
                              session_->Take(entry.first_sequence, entry.hash, entry.bytes, is_latest));
    if (enough) {
      return absl::OkStatus();
    }
  }
  ALLMENDE_RETURN_IF_ERROR((*cursor)->status());
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(log_id_));
  return session_->next_sequence() == head.next_sequence ? session_->TakeNoMore() : absl::OkStatus();
}

void SubscribeCall::Write(grpc::ByteBuffer message) {
  {
    MutexLock lock(mutex_);
    writing_ = true;
  }
  outgoing_.Swap(&message);
  StartWrite(&outgoing_);
}

void SubscribeCall::End(absl::Status status) {
  watch_.Stop();
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
