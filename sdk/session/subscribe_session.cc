#include "sdk/session/subscribe_session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/format/dataset_id.h"
#include "sdk/format/statement.h"

namespace allmende::session {

namespace {

absl::Status CheckOpened(const v1::Opened& opened) {
  if (opened.dataset_id().size() != format::kDatasetIdBytes || opened.first_sequence() == 0 ||
      opened.first_sequence() > format::kSequenceMax || opened.head_sequence() > format::kSequenceMax) {
    return absl::InternalError("the broker's greeting is not what this program understands; are both of one version?");
  }
  return absl::OkStatus();
}

}  // namespace

SubscribeSession::SubscribeSession(SubscribeSessionOptions options, UniformRandom random)
    : options_(std::move(options)), reconnect_(options_.reconnect, std::move(random)) {}

SubscribeEffects SubscribeSession::Step(SubscribeEvent event) {
  effects_.clear();
  if (state_ != State::kStopped || std::holds_alternative<DeliveryDamaged>(event)) {
    std::visit([this](auto& e) { On(e); }, event);
  }
  return std::exchange(effects_, {});
}

void SubscribeSession::On(SubscribeStart&) {
  if (state_ == State::kIdle) NextAttempt(/*overloaded=*/false);
}

void SubscribeSession::On(SubscribeResponseReceived& event) {
  if (event.stream != stream_ || state_ == State::kPausing) return;
  v1::SubscribeResponse& response = event.response;
  if (state_ == State::kOpening) {
    if (response.has_opened()) return OnOpened(response);
    if (response.has_ended()) return OnEnded(response);  // refused at once
    return Fail(absl::InternalError("the broker began with something else than `opened`"));
  }
  effects_.push_back(SubscribeSetTimer{options_.silence_timeout});
  switch (response.message_case()) {
    case v1::SubscribeResponse::kBatch:
      return OnRange(response, response.batch().first_sequence(), response.batch().last_sequence());
    case v1::SubscribeResponse::kWithheld:
      return OnRange(response, response.withheld().first_sequence(), response.withheld().last_sequence());
    case v1::SubscribeResponse::kWatermark:
      return OnWatermark(response);
    case v1::SubscribeResponse::kEntitlementChanged:
      reconnect_.Progress();
      return HandOver(response);
    case v1::SubscribeResponse::kEnded:
      return OnEnded(response);
    default:
      return Fail(absl::InternalError("the broker sent an answer that this program does not know"));
  }
}

void SubscribeSession::On(SubscribeStreamEnded& event) {
  if (event.stream != stream_ || state_ == State::kPausing) return;
  Fail(event.status.ok() ? absl::UnavailableError("the broker ended the stream") : event.status);
}

void SubscribeSession::On(SubscribeTimeout&) {
  switch (state_) {
    case State::kPausing:
      return Open();
    case State::kOpening:
      return Fail(
          absl::DeadlineExceededError(absl::StrCat("no answer within ", absl::FormatDuration(options_.open_timeout))));
    case State::kFollowing:
      return Fail(absl::DeadlineExceededError(
          absl::StrCat("nothing was heard for ", absl::FormatDuration(options_.silence_timeout))));
    default:
      return;
  }
}

void SubscribeSession::On(DeliveryDamaged& event) {
  position_ = std::min(position_, event.first_sequence - 1);
  if (event.first_sequence <= snapshot_through_) in_snapshot_ = true;
  Damaged(event.first_sequence, event.status);
}

void SubscribeSession::Damaged(uint64_t first_sequence, const absl::Status& status) {
  damaged_ = first_sequence == damaged_at_ ? damaged_ + 1 : 1;
  damaged_at_ = first_sequence;
  if (damaged_ >= options_.damaged_max) {
    return Stop(absl::DataLossError(absl::StrCat("what the broker delivers from record ", first_sequence,
                                                 " on is damaged, ", damaged_, " times in a row: ", status.message())));
  }
  last_error_ = status;
  effects_.push_back(SubscribeCloseStream{});
  NextAttempt(/*overloaded=*/true);
}

void SubscribeSession::OnOpened(v1::SubscribeResponse& response) {
  const v1::Opened& opened = response.opened();
  if (absl::Status status = CheckOpened(opened); !status.ok()) return Fail(std::move(status));
  const bool resumed = begun_ && !in_snapshot_;
  if (resumed) {
    if (absl::Status status = CheckResumed(opened); !status.ok()) return Stop(std::move(status));
    position_ = std::max(position_, opened.first_sequence() - 1);  // older records may have been removed meanwhile
  } else {
    position_ = opened.first_sequence() - 1;
    in_snapshot_ = opened.snapshot();
    snapshot_through_ = opened.snapshot() ? opened.head_sequence() : 0;
    token_.clear();
    token_sequence_ = 0;
  }
  begun_ = true;
  dataset_id_ = opened.dataset_id();
  epoch_ = opened.epoch();
  head_sequence_ = opened.head_sequence();
  stream_position_ = opened.first_sequence() - 1;
  stream_begun_ = false;
  ++connects_;
  state_ = State::kFollowing;
  last_error_ = absl::OkStatus();
  effects_.push_back(SubscribeSetTimer{options_.silence_timeout});
  HandOver(response, resumed);
}

absl::Status SubscribeSession::CheckResumed(const v1::Opened& opened) const {
  const std::string& dataset = options_.request.dataset();
  if (opened.dataset_id() != dataset_id_) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", dataset, "` is another dataset than before; subscribe to it anew"));
  }
  if (opened.epoch() < epoch_ || opened.head_sequence() < position_) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the broker's `", dataset, "` ends at record ", opened.head_sequence(), " (epoch ", opened.epoch(),
        ") and has lost what was received up to ", position_, " (epoch ", epoch_, "); subscribe to it anew"));
  }
  return absl::OkStatus();
}

void SubscribeSession::OnRange(v1::SubscribeResponse& response, uint64_t first, uint64_t last) {
  const bool in_order = first > stream_position_ || (!stream_begun_ && first > 0 && last > stream_position_);
  if (!in_order || last < first || last > format::kSequenceMax) {
    return Damaged(stream_position_ + 1, absl::InternalError(absl::StrCat("records ", first, " to ", last,
                                                                          " came behind ", stream_position_)));
  }
  stream_begun_ = true;
  stream_position_ = last;
  head_sequence_ = std::max(head_sequence_, last);
  reconnect_.Progress();
  if (last <= position_) return;
  HandOver(response);
  position_ = last;
}

void SubscribeSession::OnWatermark(v1::SubscribeResponse& response) {
  const v1::Watermark& watermark = response.watermark();
  if (watermark.sequence() > watermark.head_sequence() || watermark.head_sequence() > format::kSequenceMax) {
    return Fail(absl::InternalError("the broker's watermark is ahead of its head"));
  }
  reconnect_.Progress();
  head_sequence_ = watermark.head_sequence();
  stream_position_ = std::max(stream_position_, watermark.sequence());
  if (watermark.snapshot_complete()) in_snapshot_ = false;
  if (!watermark.resume_token().empty() && !in_snapshot_) {
    token_ = watermark.resume_token();
    token_sequence_ = watermark.sequence();
  }
  if (watermark.sequence() < position_) return;  // about records that were handed over on an earlier connection
  position_ = watermark.sequence();
  HandOver(response);
}

void SubscribeSession::OnEnded(v1::SubscribeResponse& response) {
  if (response.ended().why_case() == v1::Ended::kRetry || response.ended().why_case() == v1::Ended::WHY_NOT_SET) {
    return Fail(absl::UnavailableError(absl::StrCat("the broker ended the subscription: ", response.ended().retry())));
  }
  HandOver(response);
  Stop(absl::OkStatus());
}

v1::SubscribeRequest SubscribeSession::NextRequest() const {
  v1::SubscribeRequest request = options_.request;
  if (!begun_ || in_snapshot_) return request;
  // The token also proves that the broker's log is still the same. It cannot be used where it leads beyond the records
  // that arrived in order.
  if (!token_.empty() && token_sequence_ <= position_) {
    request.set_resume_token(token_);
  } else {
    request.set_from_sequence(position_ + 1);
  }
  return request;
}

void SubscribeSession::HandOver(v1::SubscribeResponse& response, bool resumed) {
  SubscribeHandOver effect;
  effect.response = std::move(response);
  effect.skip_through = position_;
  effect.resumed = resumed;
  effects_.push_back(std::move(effect));
}

void SubscribeSession::NextAttempt(bool overloaded) {
  const Attempt attempt = reconnect_.Next(overloaded);
  endpoint_ = attempt.endpoint;
  state_ = State::kPausing;
  if (attempt.pause <= absl::ZeroDuration()) return Open();
  effects_.push_back(SubscribeSetTimer{attempt.pause});
}

void SubscribeSession::Open() {
  state_ = State::kOpening;
  SubscribeOpenStream open;
  open.stream = ++stream_;
  open.endpoint = endpoint_;
  open.request = NextRequest();
  effects_.push_back(std::move(open));
  effects_.push_back(SubscribeSetTimer{options_.open_timeout});
}

void SubscribeSession::Fail(absl::Status status) {
  if (!IsTransient(status)) return Stop(std::move(status));
  const bool overloaded = absl::IsResourceExhausted(status);
  last_error_ = std::move(status);
  effects_.push_back(SubscribeCloseStream{});
  NextAttempt(overloaded);
}

void SubscribeSession::Stop(absl::Status status) {
  last_error_ = status;
  state_ = State::kStopped;
  effects_.push_back(SubscribeCloseStream{});
  effects_.push_back(SubscribeSetTimer{absl::InfiniteDuration()});
  effects_.push_back(SubscribeStopped{std::move(status)});
}

}  // namespace allmende::session
