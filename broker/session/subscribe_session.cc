#include "broker/session/subscribe_session.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/view/narrows.h"
#include "sdk/base/endian.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

// A transformed delivery is closed when it has reached this; an original batch is passed on as large as it is.
constexpr size_t kDeliveryBytesTarget = 60 << 10;
constexpr size_t kDeliveryBytesRoom = kDeliveryBytesTarget + (4 << 10);
constexpr absl::Duration kWatermarkInterval = absl::Seconds(5);
constexpr char kTokenVersion = 1;
constexpr size_t kTokenBytes = 1 + format::kDatasetIdBytes + 8 + sizeof(LogHash);

absl::Status Damaged(Sequence first_sequence, const std::string& why) {
  return absl::DataLossError(absl::StrCat("the batch stored at sequence ", first_sequence, " ", why,
                                          ": restore the broker's directory from a backup"));
}

bool IsNarrower(const Entitled& before, const Entitled& after) {
  return policy::Narrows(before.program, after.program) ||
         (before.terms.may_keep_copy() && !after.terms.may_keep_copy());
}

}  // namespace

std::string EncodeResumeToken(const ResumePoint& point) {
  std::string token(1, kTokenVersion);
  token.append(point.dataset.bytes());
  AppendBigEndian(point.next_sequence, token);
  token.append(crypto::AsBytes(point.hash));
  return token;
}

absl::StatusOr<ResumePoint> DecodeResumeToken(std::string_view token) {
  if (token.size() != kTokenBytes || token[0] != kTokenVersion) {
    return absl::InvalidArgumentError("the resume token is not one of this broker: subscribe without it");
  }
  ResumePoint point;
  ALLMENDE_ASSIGN_OR_RETURN(point.dataset, format::DatasetId::FromBytes(token.substr(1, format::kDatasetIdBytes)));
  point.next_sequence = LoadBigEndian<uint64_t>(token.data() + 1 + format::kDatasetIdBytes);
  std::memcpy(point.hash.data(), token.data() + kTokenBytes - point.hash.size(), point.hash.size());
  if (point.next_sequence == 0) {
    return absl::InvalidArgumentError("the resume token is damaged: subscribe without it");
  }
  return point;
}

SubscribeSession::SubscribeSession(SubscribeStart start, v1::Opened opened, std::shared_ptr<const Entitled> entitled,
                                   crypto::SaltSource& salts)
    : start_(start),
      salts_(salts),
      entitled_(std::move(entitled)),
      next_sequence_(start.first_sequence),
      last_hash_(start.previous_hash),
      snapshot_open_(start.snapshot) {
  builder_.emplace(salts_);
  *opened.mutable_terms() = entitled_->terms;
  *say_first_.emplace_back().mutable_opened() = std::move(opened);
}

void SubscribeSession::OnEntitlement(std::shared_ptr<const Entitled> entitled, std::string_view cause) {
  if (over_) {
    return;
  }
  if (entitled->view_id != entitled_->view_id ||
      entitled->terms.SerializeAsString() != entitled_->terms.SerializeAsString()) {
    v1::EntitlementChanged changed;
    *changed.mutable_terms() = entitled->terms;
    changed.set_cause(std::string(cause));
    changed.set_narrowed(IsNarrower(*entitled_, *entitled));
    changed.set_not_narrower(!changed.narrowed());
    if (!say_first_.empty() && say_first_.back().has_opened()) {
      *say_first_.back().mutable_opened()->mutable_terms() = entitled->terms;  // nobody has heard of the old ones
    } else {
      *say_first_.emplace_back().mutable_entitlement_changed() = std::move(changed);
    }
    // What was built under the old view and not handed over is built again under the new one.
    if (built_from_ != 0) {
      next_sequence_ = built_from_;
    }
    if (ready_.has_value()) {
      next_sequence_ = ready_->first_sequence;
      ready_.reset();
    }
    DropBuilt();
  }
  entitled_ = std::move(entitled);
}

void SubscribeSession::OnRefused(const v1::Refusal& refused) {
  if (!over_) {
    ready_.reset();
    *say_first_.emplace_back().mutable_ended()->mutable_refused() = refused;
    over_ = true;
  }
}

void SubscribeSession::OnStopping(std::string_view why) {
  if (!over_) {
    ready_.reset();
    say_first_.emplace_back().mutable_ended()->set_retry(std::string(why));
    over_ = true;
  }
}

void SubscribeSession::Unsend(Sequence first) {
  ready_.reset();
  DropBuilt();
  say_first_.erase(std::remove_if(say_first_.begin(), say_first_.end(),
                                  [](const v1::SubscribeResponse& say) { return say.has_withheld(); }),
                   say_first_.end());
  next_sequence_ = first;
}

bool SubscribeSession::HasMore(const LogHead& head) const {
  const bool at_end = start_.stop_at_head && next_sequence_ > start_.head_sequence;
  return say_first_.empty() && !over_ && (ready_.has_value() || (!at_end && next_sequence_ < head.next_sequence));
}

SubscribeSession::Action SubscribeSession::Next(const LogHead& head, absl::Time now) {
  if (!say_first_.empty()) {
    Say say{std::move(say_first_.front())};
    say_first_.pop_front();
    return say;
  }
  if (over_) {
    return Over{};
  }
  if (ready_.has_value()) {
    Deliver deliver = *std::move(ready_);
    ready_.reset();
    return deliver;
  }
  if (start_.stop_at_head && next_sequence_ > start_.head_sequence) {
    if (said_sequence_ + 1 != next_sequence_) {
      return SayWatermark(head, now, std::exchange(snapshot_open_, false));
    }
    over_ = true;
    Say say;
    say.response.mutable_ended()->set_complete(true);
    return say;
  }
  if (next_sequence_ < head.next_sequence) {
    return ReadFrom{next_sequence_};
  }
  if (snapshot_open_ || said_sequence_ + 1 != next_sequence_ || now >= said_at_ + kWatermarkInterval) {
    return SayWatermark(head, now, std::exchange(snapshot_open_, false));
  }
  return Wait{std::min(said_at_ + kWatermarkInterval, entitled_->valid_until)};
}

SubscribeSession::Action SubscribeSession::SayWatermark(const LogHead& head, absl::Time now, bool snapshot_complete) {
  said_sequence_ = next_sequence_ - 1;
  said_at_ = now;
  Say say;
  v1::Watermark& watermark = *say.response.mutable_watermark();
  watermark.set_sequence(said_sequence_);
  watermark.set_head_sequence(head.next_sequence - 1);
  watermark.set_resume_token(EncodeResumeToken({start_.dataset, next_sequence_, last_hash_}));
  watermark.set_as_of_us(absl::ToUnixMicros(now));
  if (entitled_->lease.has_value()) {
    watermark.set_lease_until_us(absl::ToUnixMicros(entitled_->lease->ExpiryAfterContact(now)));
  }
  watermark.set_snapshot_complete(snapshot_complete);
  watermark.set_oldest_sequence(head.first_sequence);
  return say;
}

absl::StatusOr<bool> SubscribeSession::Take(Sequence first_sequence, const LogHash& hash, std::string_view stored_bytes,
                                            const Questions& ask) {
  ALLMENDE_ASSIGN_OR_RETURN(const StoredBatch stored, SplitStored(stored_bytes));
  const absl::StatusOr<format::Statement> parsed = format::ParseStatement(stored.batch);
  if (!parsed.ok()) {
    return Damaged(first_sequence, std::string(parsed.status().message()));
  }
  const format::Statement& statement = *parsed;
  if (statement.dataset != start_.dataset) {
    return Damaged(first_sequence, "is of another dataset");
  }
  if (statement.first_sequence != first_sequence || first_sequence > next_sequence_ ||
      next_sequence_ > statement.last_sequence()) {
    return Damaged(first_sequence, absl::StrCat("says it begins at ", statement.first_sequence));
  }
  const bool snapshot = start_.snapshot && next_sequence_ <= start_.head_sequence;
  const bool as_stored = !snapshot && entitled_->view->identity() && statement.schema_hash == entitled_->schema_hash;
  if (as_stored && built_from_ != 0) {
    // Records of an earlier schema are still being built. They go out first, and the entry is given again.
    ALLMENDE_RETURN_IF_ERROR(FinishDelivery());
    if (ready_.has_value() || !say_first_.empty()) {
      return true;
    }
  }
  last_hash_ = hash;
  // The signature covers a whole batch, so one that is asked for from its middle comes whole, and the reader skips.
  if (as_stored) {
    ready_ = Deliver{std::string(stored.batch),
                     true,
                     first_sequence,
                     statement.last_sequence(),
                     stored.envelope.accepted_at,
                     entitled_->release,
                     statement.record_count};
    next_sequence_ = statement.next_sequence();
    return true;
  }
  ALLMENDE_RETURN_IF_ERROR(Transform(stored, first_sequence, ask));
  // A snapshot ends with a delivery of its own: what follows is no snapshot.
  const bool snapshot_ends = snapshot && next_sequence_ > start_.head_sequence;
  if (builder_->body_bytes() >= kDeliveryBytesTarget || snapshot_ends) {
    ALLMENDE_RETURN_IF_ERROR(FinishDelivery());
  }
  return ready_.has_value();
}

absl::Status SubscribeSession::TakeNoMore() {
  return built_from_ == 0 ? absl::OkStatus() : FinishDelivery();
}

absl::Status SubscribeSession::Transform(const StoredBatch& stored, Sequence sequence, const Questions& ask) {
  absl::StatusOr<format::BatchWalk> walk = format::BatchWalk::Open(stored.batch);
  if (!walk.ok()) {
    return Damaged(sequence, std::string(walk.status().message()));
  }
  if (built_from_ == 0) {
    built_from_ = next_sequence_;
    built_records_ = 0;
    builder_->Reserve(kDeliveryBytesRoom);
  }
  built_accepted_at_ = stored.envelope.accepted_at;
  built_source_ = format::HashStatement(stored.batch.substr(0, format::kStatementBytes));
  const Sequence first_sequence = sequence;
  for (; walk->Next(); ++sequence) {
    if (sequence < next_sequence_) {
      continue;
    }
    if (builder_->body_bytes() >= kDeliveryBytesTarget) {
      return absl::OkStatus();  // the rest of a large batch goes into the next delivery
    }
    ALLMENDE_RETURN_IF_ERROR(
        TransformRecord(walk->record(), sequence, stored.Previous(sequence - first_sequence), ask));
    next_sequence_ = sequence + 1;
  }
  return walk->status().ok() ? absl::OkStatus() : Damaged(sequence, std::string(walk->status().message()));
}

absl::Status SubscribeSession::TransformRecord(const format::RecordView& record, Sequence sequence, Sequence previous,
                                               const Questions& ask) {
  if (!record.has_content()) {
    return AddRun(record.operation == format::Operation::kErased ? format::EntryKind::kErased
                                                                 : format::EntryKind::kWithheld);
  }
  const bool snapshot = start_.snapshot && sequence <= start_.head_sequence;
  if (snapshot) {
    if (record.operation == format::Operation::kDelete) {
      return AddRun(format::EntryKind::kSuperseded);
    }
    ALLMENDE_ASSIGN_OR_RETURN(const bool latest, ask.is_latest(record.key, sequence));
    if (!latest) {
      return AddRun(format::EntryKind::kSuperseded);
    }
  }
  const policy::CompiledView& view = *entitled_->view;
  policy::RecordInput input{static_cast<policy::RecordOperation>(record.operation), record.key, record.event_time_us,
                            record.payload};
  policy::ViewResult result = view.Apply(input, output_);
  const bool filtered = result == policy::ViewResult::kFiltered;
  if (filtered && (entitled_->kind != v1::TABLE || snapshot)) {
    return AddRun(format::EntryKind::kWithheld);
  }
  if (filtered || (input.operation == policy::RecordOperation::kDelete && view.filters_rows())) {
    ALLMENDE_ASSIGN_OR_RETURN(const bool may_hold, ReaderMayHold(record.key, previous, ask));
    if (!may_hold) {
      return AddRun(format::EntryKind::kWithheld);
    }
  }
  if (filtered) {
    input.operation = policy::RecordOperation::kDelete;
    input.payload = {};
    result = view.Apply(input, output_);
    output_.event_time_us.reset();  // of the record that is kept back
  }
  if (result != policy::ViewResult::kDeliver) {
    // Never deliver what the view could not be applied to.
    ++view_errors_;
    last_view_error_ = sequence;
    return AddRun(format::EntryKind::kWithheld);
  }
  format::DeliveryEntry entry;
  entry.kind = static_cast<format::EntryKind>(input.operation);
  entry.key = output_.key;
  entry.key_is_pseudonym = output_.key_is_pseudonym;
  entry.event_time_us = output_.event_time_us;
  entry.payload = output_.payload;
  ALLMENDE_RETURN_IF_ERROR(FlushRun());
  ++built_records_;
  return builder_->Add(entry);
}

// Whether the reader may have got this record, the latest of its key before the one that takes it away. If its row
// filter let it through, then yes. If not, what the reader had before that one is gone since that one.
absl::StatusOr<bool> SubscribeSession::ReaderMayHold(std::string_view key, Sequence previous,
                                                     const Questions& ask) const {
  const bool only_from_here = previous >= start_.may_hold_below;
  if (previous == 0 || (only_from_here && previous < start_.first_sequence)) {
    return false;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::optional<format::RecordView> record, ask.find(previous));
  const bool has_content = record.has_value() && record->has_content();
  if (has_content && record->key == key) {
    return entitled_->view->Passes(record->payload);
  }
  if (record.has_value() && !has_content && only_from_here) {
    ALLMENDE_ASSIGN_OR_RETURN(const uint64_t erasures, ask.erasures());
    if (erasures == start_.erasures) {
      return false;  // it had been erased before the reader came to it
    }
  }
  return absl::FailedPreconditionError(
      absl::StrCat("whether you hold record ", previous,
                   ", which is superseded by one that you may not see, is not known any more: subscribe anew, with a "
                   "snapshot"));
}

absl::Status SubscribeSession::AddRun(format::EntryKind kind) {
  if (run_.count != 0 && run_.kind != kind) {
    ALLMENDE_RETURN_IF_ERROR(FlushRun());
  }
  run_.kind = kind;
  ++run_.count;
  return absl::OkStatus();
}

absl::Status SubscribeSession::FlushRun() {
  if (run_.count == 0) {
    return absl::OkStatus();
  }
  const absl::Status added = builder_->Add(run_);
  run_.count = 0;
  return added;
}

void SubscribeSession::DropBuilt() {
  builder_.emplace(salts_);
  built_from_ = 0;
  built_records_ = 0;
  run_.count = 0;
}

absl::Status SubscribeSession::FinishDelivery() {
  const Sequence first = std::exchange(built_from_, 0);
  const bool only_withheld = built_records_ == 0 && builder_->empty() && run_.kind == format::EntryKind::kWithheld;
  if (built_records_ == 0 && !(only_withheld && start_.accept_withheld)) {
    // Nothing to show: the next watermark says how far the subscriber is.
    DropBuilt();
    return absl::OkStatus();
  }
  if (only_withheld) {
    DropBuilt();
    v1::Withheld& withheld = *say_first_.emplace_back().mutable_withheld();
    withheld.set_first_sequence(first);
    withheld.set_last_sequence(next_sequence_ - 1);
    return absl::OkStatus();
  }
  ALLMENDE_RETURN_IF_ERROR(FlushRun());
  format::Attestation attestation;
  attestation.dataset = start_.dataset;
  attestation.first_sequence = first;
  attestation.release = entitled_->release;
  attestation.regime = entitled_->regime;
  attestation.snapshot = start_.snapshot && first <= start_.head_sequence;
  attestation.view_id = entitled_->view_id;
  attestation.source_hash = built_source_;
  ALLMENDE_ASSIGN_OR_RETURN(std::string content, builder_->FinishWithoutHash(attestation));
  ready_ = Deliver{std::move(content), false,         first, next_sequence_ - 1, built_accepted_at_,
                   entitled_->release, built_records_};
  return absl::OkStatus();
}

}  // namespace allmende::broker
