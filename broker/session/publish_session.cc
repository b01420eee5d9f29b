#include "broker/session/publish_session.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/crypto/hash.h"

namespace allmende::broker {
namespace {

constexpr size_t kWriterIdBytes = 16;

absl::Status CheckOpen(const v1::PublishOpen& open, const DatasetState* dataset, const std::string& participant) {
  if (open.writer_id().size() != kWriterIdBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("`writer_id` has ", open.writer_id().size(), " bytes, ", kWriterIdBytes, " are needed"));
  }
  if (dataset == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no dataset `", open.dataset(),
                                            "`: create it first, or look for its name with `allmende dataset list`"));
  }
  if (dataset->provider != participant) {
    return absl::PermissionDeniedError(absl::StrCat("`", open.dataset(), "` is provided by `", dataset->provider,
                                                    "`: only its certificate may publish into it"));
  }
  return absl::OkStatus();
}

v1::PublishResponse ToResponse(BatchOutcome outcome) {
  v1::PublishResponse response;
  if (!outcome.stored) {
    *response.mutable_refused() = std::move(outcome.refused);
    return response;
  }
  v1::PublishStored& stored = *response.mutable_stored();
  stored.set_next_sequence(outcome.batch.next_sequence);
  stored.set_accepted_at_us(absl::ToUnixMicros(outcome.batch.accepted_at));
  stored.set_repeated(outcome.batch.repeated);
  for (v1::RecordProblem& problem : outcome.batch.quarantined) {
    *stored.add_quarantined() = std::move(problem);
  }
  return response;
}

}  // namespace

PublishSession::PublishSession(std::string participant, PublishLimits limits)
    : participant_(std::move(participant)), limits_(limits) {}

PublishSession::Effects PublishSession::End(absl::Status status) {
  state_ = State::kFinished;
  waiting_.clear();
  Effects effects;
  effects.push_back(Finish{std::move(status)});
  return effects;
}

PublishSession::Effects PublishSession::OnOpen(const v1::PublishOpen& open, const DatasetState* dataset) {
  if (state_ == State::kFinished) {
    return {};
  }
  if (state_ != State::kExpectOpen) {
    return End(absl::InvalidArgumentError("`open` was sent twice: one stream publishes into one dataset"));
  }
  open_ = open;
  absl::Status checked = CheckOpen(open, dataset, participant_);
  if (!checked.ok()) {
    return End(std::move(checked));
  }
  const Writer& writer = dataset->writer;
  if (writer.epoch != 0 && writer.writer_id == open.writer_id()) {
    epoch_ = writer.epoch;
    state_ = State::kClaiming;
    return {ClaimTurn{}};
  }
  if (writer.epoch != 0 && !open.take_over()) {
    return End(absl::FailedPreconditionError(
        absl::StrCat("another outbox writes `", open.dataset(), "` (epoch ", writer.epoch,
                     "): publish through that one, or take over, which ends its turn for good")));
  }
  state_ = State::kRecording;
  RecordWriter record;
  record.based_on_epoch = writer.epoch;
  record.fact.set_dataset_id(dataset->id);
  record.fact.set_epoch(writer.epoch + 1);
  record.fact.set_writer_id(open.writer_id());
  record.fact.set_participant(participant_);
  return {std::move(record)};
}

PublishSession::Effects PublishSession::OnWriter(const absl::StatusOr<Writer>& writer) {
  if (state_ != State::kRecording) {
    return {};
  }
  if (!writer.ok()) {
    return End(writer.status());
  }
  epoch_ = writer->epoch;
  state_ = State::kClaiming;
  return {ClaimTurn{}};
}

PublishSession::Effects PublishSession::OnClaimed(const absl::StatusOr<WriterTicket>& ticket,
                                                  const DatasetState& dataset) {
  if (state_ != State::kClaiming) {
    return {};
  }
  if (!ticket.ok()) {
    return End(ticket.status());
  }
  ticket_ = ticket->number;
  state_ = State::kOpen;
  Send send;
  v1::PublishOpened& opened = *send.response.mutable_opened();
  opened.set_dataset_id(dataset.id);
  opened.set_epoch(epoch_);
  opened.set_next_sequence(ticket->head.next_sequence);
  opened.set_head_statement_hash(std::string(crypto::AsBytes(ticket->head.statement_hash)));
  opened.set_schema_hash(dataset.schema->hash);
  opened.set_batch_bytes_max(limits_.batch_bytes_max);
  opened.set_in_flight_bytes_max(limits_.in_flight_bytes_max);
  return {std::move(send)};
}

PublishSession::Effects PublishSession::OnBatch(std::string_view bytes) {
  if (state_ == State::kFinished || state_ == State::kRefused) {
    return {};  // sent before the client knew
  }
  if (state_ != State::kOpen) {
    return End(absl::InvalidArgumentError("a batch was sent before `opened` was received"));
  }
  if (bytes.size() > limits_.batch_bytes_max) {
    return End(absl::InvalidArgumentError(absl::StrCat("the batch has ", bytes.size(), " bytes, at most ",
                                                       limits_.batch_bytes_max, " are taken: make smaller batches")));
  }
  const uint64_t number = answered_ + waiting_.size();
  waiting_.emplace_back();
  return {SubmitBatch{number, ticket_, bytes}};
}

PublishSession::Effects PublishSession::OnOutcome(uint64_t number, absl::StatusOr<BatchOutcome> outcome) {
  if (state_ == State::kFinished || number < answered_ || number - answered_ >= waiting_.size()) {
    return {};
  }
  if (!outcome.ok() || !outcome->stored) {
    state_ = State::kRefused;
  }
  waiting_[number - answered_] = std::move(outcome);
  return Flush();
}

// Answers as far as outcomes are known without a gap. The first one that is not stored ends the stream.
PublishSession::Effects PublishSession::Flush() {
  Effects effects;
  while (!waiting_.empty() && waiting_.front().has_value()) {
    absl::StatusOr<BatchOutcome> outcome = *std::move(waiting_.front());
    waiting_.pop_front();
    ++answered_;
    if (!outcome.ok()) {
      for (Effect& effect : End(std::move(outcome).status())) {
        effects.push_back(std::move(effect));
      }
      return effects;
    }
    const bool stored = outcome->stored;
    effects.push_back(Send{ToResponse(*std::move(outcome))});
    if (!stored) {
      for (Effect& effect : End(absl::OkStatus())) {
        effects.push_back(std::move(effect));
      }
      return effects;
    }
  }
  if (half_closed_ && waiting_.empty()) {
    for (Effect& effect : End(absl::OkStatus())) {
      effects.push_back(std::move(effect));
    }
  }
  return effects;
}

PublishSession::Effects PublishSession::OnHalfClose() {
  if (state_ == State::kFinished) {
    return {};
  }
  half_closed_ = true;
  if (state_ == State::kExpectOpen) {
    return End(absl::InvalidArgumentError("the stream was closed before `open` was sent"));
  }
  return Flush();
}

}  // namespace allmende::broker
