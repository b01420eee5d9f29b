#include "sdk/session/publish_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/session/publish_answers.h"

namespace allmende::session {

namespace {

constexpr int kFruitlessRefusalsMax = 3;

crypto::Digest DigestOf(const std::string& bytes) {
  crypto::Digest digest{};
  std::memcpy(digest.data(), bytes.data(), digest.size());  // CheckOpened has seen to the size
  return digest;
}

}  // namespace

PublishSession::PublishSession(PublishSessionOptions options, const SendBase& base, uint64_t last_number,
                               UniformRandom random)
    : options_(std::move(options)),
      reconnect_(options_.reconnect, std::move(random)),
      base_(base),
      saved_base_(base),
      doubt_through_(last_number),
      take_over_(options_.take_over) {}

PublishEffects PublishSession::Step(const PublishEvent& event) {
  effects_.clear();
  if (state_ != State::kStopped) {
    std::visit([this](const auto& e) { On(e); }, event);
  }
  return std::exchange(effects_, {});
}

void PublishSession::On(const PublishStart&) {
  if (state_ == State::kIdle) NextAttempt(/*overloaded=*/false);
}

void PublishSession::On(const PublishResponseReceived& event) {
  if (event.stream != stream_) return;
  switch (event.response.message_case()) {
    case v1::PublishResponse::kOpened:
      if (state_ == State::kOpening) return OnOpened(event.response.opened());
      break;
    case v1::PublishResponse::kStored:
      if (state_ == State::kSending) return OnStored(event.response.stored());
      break;
    case v1::PublishResponse::kRefused:
      if (state_ != State::kSending) break;
      if (sent_ > 0 || event.response.refused().code() == v1::FENCED) return OnRefused(event.response.refused());
      break;
    default:
      break;
  }
  Fail(absl::InternalError("the broker sent an answer that does not fit what was asked"));
}

void PublishSession::On(const PublishStreamEnded& event) {
  if (event.stream != stream_) return;
  Fail(event.status.ok() ? absl::UnavailableError("the broker ended the stream") : event.status);
}

void PublishSession::On(const BatchesLoaded& event) {
  loading_ = false;
  for (const PendingBatch& batch : event.batches) {
    if (batch.number != LoadedEnd()) continue;  // asked for before a batch was discarded
    window_.push_back({batch, {}});
    unsent_bytes_ += batch.encoded_bytes;
  }
  if (state_ == State::kResolving) {
    Resolve();
  } else if (state_ == State::kSending) {
    Pump();
  }
}

void PublishSession::On(const PublishTimeout&) {
  switch (state_) {
    case State::kPausing:
      return Open();
    case State::kOpening:
      return Fail(
          absl::DeadlineExceededError(absl::StrCat("no answer within ", absl::FormatDuration(options_.open_timeout))));
    case State::kSending:
      if (sent_ == 0) return;
      return Fail(absl::DeadlineExceededError(
          absl::StrCat("the broker has not acknowledged anything for ", absl::FormatDuration(options_.ack_timeout))));
    default:
      return;
  }
}

void PublishSession::On(const RefusedDiscarded&) {
  if (state_ != State::kRefused) return;
  unsent_bytes_ -= window_.front().batch.encoded_bytes;
  window_.pop_front();
  ++base_.first_number;
  effects_.push_back(PublishSaveBase{base_});
  saved_base_ = base_;
  last_error_ = absl::OkStatus();
  reconnect_.Progress();
  NextAttempt(/*overloaded=*/false);
}

void PublishSession::OnOpened(const v1::PublishOpened& opened) {
  if (absl::Status status = CheckOpened(opened); !status.ok()) return Fail(std::move(status));
  if (absl::Status status = CheckContinues(base_, opened, options_.dataset); !status.ok()) {
    return Stop(std::move(status));
  }
  ++connects_;
  take_over_ = false;
  opened_ = opened;
  state_ = State::kResolving;
  effects_.push_back(PublishSetTimer{absl::InfiniteDuration()});
  Resolve();
}

// Finds the broker's head among the statements that may have been sent under the saved base.
void PublishSession::Resolve() {
  if (base_.epoch == 0 || opened_.next_sequence() == base_.next_sequence) return Rebase(0);
  const crypto::Digest head = DigestOf(opened_.head_statement_hash());
  uint64_t sequence = base_.next_sequence;
  crypto::Digest hash = base_.previous_hash;
  for (size_t i = 0; i < window_.size() && window_[i].batch.number <= doubt_through_; ++i) {
    const PendingBatch& batch = window_[i].batch;
    hash = StatementHashOf(batch, PlaceOf(base_, batch, sequence, hash));
    window_[i].statement_hash = hash;
    sequence += batch.record_count;
    if (sequence == opened_.next_sequence() && hash == head) return Rebase(i + 1);
    if (sequence >= opened_.next_sequence()) return ResolveUnknownHead();
  }
  if (LoadedEnd() <= doubt_through_) return LoadMore();
  ResolveUnknownHead();
}

// The broker's head is no statement of this outbox.
void PublishSession::ResolveUnknownHead() {
  if (opened_.epoch() == base_.epoch) return Stop(ForeignRecords(base_, opened_, options_.dataset));
  if (!IsDoubtful() || options_.in_doubt == InDoubt::kSendAgain) return Rebase(0);
  if (options_.in_doubt == InDoubt::kStop) return Stop(DoubtfulRecords(base_, opened_, options_.dataset));
  if (LoadedEnd() <= doubt_through_) return LoadMore();
  while (!window_.empty() && IsDoubtful()) {
    unsent_bytes_ -= window_.front().batch.encoded_bytes;
    window_.pop_front();
    ++base_.first_number;
  }
  Rebase(0);
}

// `stored_batches` of the window are on the broker, none behind them is: whatever follows gets new statements.
void PublishSession::Rebase(size_t stored_batches) {
  if (stored_batches > 0) Acknowledge(stored_batches, 0);
  base_.dataset = *format::DatasetId::FromBytes(opened_.dataset_id());
  base_.epoch = opened_.epoch();
  base_.next_sequence = opened_.next_sequence();
  base_.previous_hash = DigestOf(opened_.head_statement_hash());
  base_.schema_hash = DigestOf(opened_.schema_hash());
  send_sequence_ = base_.next_sequence;
  send_hash_ = base_.previous_hash;
  if (base_ != saved_base_) effects_.push_back(PublishSaveBase{base_});
  saved_base_ = base_;
  state_ = State::kSending;
  last_error_ = absl::OkStatus();
  Pump();
}

void PublishSession::OnStored(const v1::PublishStored& stored) {
  const uint64_t next = stored.next_sequence();
  if (next <= base_.next_sequence) return;  // acknowledged before
  uint64_t sequence = base_.next_sequence;
  size_t batches = 0;
  while (batches < sent_ && sequence < next) sequence += window_[batches++].batch.record_count;
  if (sequence != next) {
    return Fail(absl::InternalError(absl::StrCat("the broker acknowledged records before ", next,
                                                 ", which is not the end of a batch that was sent")));
  }
  reconnect_.Progress();
  fruitless_refusals_ = 0;
  Acknowledge(batches, static_cast<uint64_t>(stored.quarantined_size()));
  effects_.push_back(PublishSetTimer{sent_ > 0 ? options_.ack_timeout : absl::InfiniteDuration()});
  Pump();
}

void PublishSession::Acknowledge(size_t batches, uint64_t quarantined) {
  PublishAcknowledged done;
  done.first_number = base_.first_number;
  done.quarantined = quarantined;
  for (size_t i = 0; i < batches; ++i) {
    const PendingBatch& batch = window_.front().batch;
    base_.previous_hash = window_.front().statement_hash;
    base_.next_sequence += batch.record_count;
    done.records += batch.record_count;
    if (sent_ > 0) {
      --sent_;
      in_flight_bytes_ -= batch.encoded_bytes;
    } else {
      unsent_bytes_ -= batch.encoded_bytes;
    }
    window_.pop_front();
  }
  base_.first_number += batches;
  saved_base_ = base_;  // an older one on the disk gives the same statements
  done.base = base_;
  effects_.push_back(std::move(done));
}

void PublishSession::OnRefused(const v1::PublishRefused& refused) {
  absl::Status status = RefusalStatus(refused, options_.dataset, base_.next_sequence);
  switch (refused.code()) {
    case v1::WRONG_SEQUENCE:
      return StopOrRetryRefused(std::move(status));
    case v1::SCHEMA_CHANGED:
      // The batch says for itself which schema its records were made for; otherwise the next connection brings the one
      // in force.
      if (window_.front().batch.schema_hash != crypto::Digest{}) break;
      return StopOrRetryRefused(std::move(status));
    case v1::FENCED:
    case v1::EQUIVOCATION:
      return Stop(std::move(status));
    default:
      break;
  }
  Stop(std::move(status), base_.first_number);
}

void PublishSession::StopOrRetryRefused(absl::Status status) {
  if (++fruitless_refusals_ >= kFruitlessRefusalsMax) return Stop(std::move(status));
  Fail(absl::UnavailableError(status.message()));
}

void PublishSession::Pump() {
  const uint64_t in_flight_max = std::min<uint64_t>(opened_.in_flight_bytes_max(), options_.in_flight_bytes_max);
  while (sent_ < window_.size()) {
    Loaded& next = window_[sent_];
    const uint64_t bytes = next.batch.encoded_bytes;
    if (bytes > opened_.batch_bytes_max()) {
      if (sent_ > 0) break;  // what is before it first
      return Stop(BatchTooLarge(bytes, opened_.batch_bytes_max(), options_.dataset), next.batch.number);
    }
    if (sent_ > 0 && in_flight_bytes_ + bytes > in_flight_max) break;
    PublishSend send{next.batch.number, PlaceOf(base_, next.batch, send_sequence_, send_hash_)};
    next.statement_hash = StatementHashOf(next.batch, send.place);
    send_hash_ = next.statement_hash;
    send_sequence_ += next.batch.record_count;
    if (sent_ == 0) effects_.push_back(PublishSetTimer{options_.ack_timeout});
    ++sent_;
    in_flight_bytes_ += bytes;
    unsent_bytes_ -= bytes;
    doubt_through_ = std::max(doubt_through_, next.batch.number);
    effects_.push_back(std::move(send));
  }
  if (unsent_bytes_ < options_.load_ahead_bytes) LoadMore();
}

void PublishSession::LoadMore() {
  if (std::exchange(loading_, true)) return;
  effects_.push_back(PublishLoad{LoadedEnd(), options_.load_ahead_bytes});
}

void PublishSession::NextAttempt(bool overloaded) {
  const Attempt attempt = reconnect_.Next(overloaded);
  endpoint_ = attempt.endpoint;
  state_ = State::kPausing;
  if (attempt.pause <= absl::ZeroDuration()) return Open();
  effects_.push_back(PublishSetTimer{attempt.pause});
}

void PublishSession::Open() {
  state_ = State::kOpening;
  unsent_bytes_ += std::exchange(in_flight_bytes_, 0);
  sent_ = 0;
  PublishOpenStream open;
  open.stream = ++stream_;
  open.endpoint = endpoint_;
  v1::PublishOpen& message = *open.request.mutable_open();
  message.set_dataset(options_.dataset);
  message.set_writer_id(options_.writer_id);
  message.set_take_over(take_over_);
  effects_.push_back(std::move(open));
  effects_.push_back(PublishSetTimer{options_.open_timeout});
}

// The records are safe in the outbox meanwhile. A failed disk gets replaced, and whoever was let in once can be again
// when the certificate is renewed; where the broker's log is another one afterwards, CheckContinues notices.
bool PublishSession::IsWorthAnotherTry(const absl::Status& status) const {
  if (absl::IsDataLoss(status)) return true;
  if (absl::IsUnauthenticated(status)) return connects_ > 0;
  return IsTransient(status);
}

void PublishSession::Fail(absl::Status status) {
  if (state_ == State::kRefused || state_ == State::kPausing) return;  // the stream was given up before
  if (!IsWorthAnotherTry(status)) return Stop(std::move(status));
  const bool overloaded = absl::IsResourceExhausted(status);
  last_error_ = std::move(status);
  effects_.push_back(PublishCloseStream{});
  NextAttempt(overloaded);
}

void PublishSession::Stop(absl::Status status, std::optional<uint64_t> refused) {
  last_error_ = status;
  state_ = refused.has_value() ? State::kRefused : State::kStopped;
  unsent_bytes_ += std::exchange(in_flight_bytes_, 0);
  sent_ = 0;
  effects_.push_back(PublishCloseStream{});
  effects_.push_back(PublishSetTimer{absl::InfiniteDuration()});
  effects_.push_back(PublishStopped{std::move(status), refused});
}

}  // namespace allmende::session
