#include "sdk/session/replica_apply.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/session/refusal_text.h"

namespace allmende::session {

namespace {

// Deleting a range costs every later read a little, so it is done for many records at once.
constexpr absl::Duration kTrimInterval = absl::Minutes(1);

// Two clocks may move apart by one part in so many.
constexpr int64_t kClockDrift = 2000;

// A broker that refuses what follows each copy must not be asked for one after the other.
constexpr absl::Duration kRemakePauseMin = absl::Seconds(1);
constexpr absl::Duration kRemakePauseMax = absl::Minutes(5);
constexpr absl::Duration kRemakesForgotten = absl::Minutes(30);

}  // namespace

// Only a token proves that the broker's log is the one that the records came from. Without it everything begins anew.
// Before the first contact the kind is not known: OpenMade asks again where it turns out to be a table.
SubscribeStart ReplicaApply::Start() const {
  if (!state_.resume_token.empty()) return StartAtToken{state_.resume_token};
  if (IsTable()) return StartWithSnapshot{};
  return StartAtOldest{};
}

ReplicaEffects ReplicaApply::Step(const ReplicaEvent& event, const LocalTime& now) {
  effects_.clear();
  now_ = now;
  std::visit([this](const auto& e) { On(e); }, event);
  return std::exchange(effects_, {});
}

void ReplicaApply::CountRecords(uint64_t copy, int64_t delta) {
  if (copy == state_.served.number) state_.served.records += static_cast<uint64_t>(delta);
  if (copy == state_.made.number) state_.made.records += static_cast<uint64_t>(delta);
}

void ReplicaApply::On(const SubscriptionOpened& event) {
  const v1::Opened& opened = event.opened;
  const v1::Opened before = std::exchange(state_.opened, opened);
  if (opened.schema().empty() && opened.schema_hash() == before.schema_hash()) {
    state_.opened.set_schema(before.schema());
  }
  opened_at_ = now_;
  broker_at_boot_ = absl::InfinitePast();
  heard_ = absl::InfinitePast();
  state_.head = opened.head_sequence();
  state_.epoch = opened.epoch();
  // What changed while nobody listened is not known, so it counts as narrower.
  const bool changed = !before.dataset_id().empty() && (before.dataset_id() != opened.dataset_id() ||
                                                        before.terms().view_id() != opened.terms().view_id());
  const bool narrowed = changed && (state_.served.number != 0 || state_.made.applied > 0);
  if (RefuseCopy(opened.terms(), narrowed)) return;
  if (narrowed) return MakeAnew(/*narrowed=*/true);
  state_.ended = false;
  if (state_.resume_token.empty()) {
    if (!event.resumed) return OpenMade(opened);
    // Another writer wrote on meanwhile, perhaps behind a log that was restored.
    if (before.epoch() != opened.epoch() && state_.made.applied > 0) return MakeAnew(/*narrowed=*/false);
  }
  if (IsMaking()) state_.made_target = std::max(state_.made_target, opened.head_sequence());
  Commit(/*synced=*/false, /*with_opened=*/true);
}

// A subscription begins that fills a new copy.
void ReplicaApply::OpenMade(const v1::Opened& opened) {
  if (!IsMaking()) state_.made = {state_.served.number + 1, 0, 0};
  if (IsTable() && !opened.snapshot()) {
    Commit(/*synced=*/false, /*with_opened=*/true);
    effects_.push_back(ReplicaResubscribe{});
    return;
  }
  const uint64_t broken_off = state_.made.number;
  const bool anew = opened.snapshot() || state_.made.applied > 0;
  if (anew) state_.made = {broken_off + 1, 0, 0};
  state_.made.applied = opened.first_sequence() - 1;
  state_.made_target = opened.head_sequence();
  Commit(/*synced=*/false, /*with_opened=*/true);
  if (anew) effects_.push_back(ReplicaDrop{broken_off});
}

void ReplicaApply::On(const BatchArrived& event) {
  ReplicaCopy& copy = Target();
  effects_.push_back(ReplicaStoreBatch{copy.number, copy.applied, IsTable() && IsMaking()});
  copy.applied = std::max(copy.applied, event.last_sequence);
  state_.head = std::max(state_.head, event.last_sequence);
  Commit(/*synced=*/false);
}

void ReplicaApply::On(const WithheldRange& event) {
  ReplicaCopy& copy = Target();
  copy.applied = std::max(copy.applied, event.last_sequence);
  Commit(/*synced=*/false);
}

// The earliest instant at which the broker's clock can have shown `as_of` is also the likeliest one: what lay in a
// socket or a buffer meanwhile was said no later for it. A broker's clock that goes back begins anew.
void ReplicaApply::HearClock(absl::Time as_of) {
  if (as_of < heard_ || heard_ == absl::InfinitePast()) {
    broker_at_boot_ = as_of - now_.since_boot;
  } else {
    broker_at_boot_ = std::max(broker_at_boot_ - (as_of - heard_) / kClockDrift, as_of - now_.since_boot);
  }
  heard_ = as_of;
}

void ReplicaApply::On(const WatermarkReached& event) {
  ReplicaCopy& copy = Target();
  copy.applied = std::max(copy.applied, event.sequence);
  HearClock(event.as_of);
  state_.head = event.head_sequence;
  state_.clock_seen = now_.wall;
  // The infinities stay what they are.
  state_.lease_until = now_.wall - SinceSaid(event.as_of) + (event.lease_until - event.as_of);
  // A snapshot that breaks off cannot go on.
  const bool snapshot = IsMaking() && IsTable() && !event.snapshot_complete;
  if (IsMaking() && !snapshot && (IsTable() || event.sequence >= state_.made_target)) ServeMade();
  if (!IsMaking() && event.sequence >= event.head_sequence) {
    state_.as_of = event.as_of;
    state_.level_at = now_.wall - SinceSaid(event.as_of);
  }
  if (!snapshot && !event.resume_token.empty()) {
    state_.resume_token = event.resume_token;
    state_.token_sequence = event.sequence;
  }
  Trim(event.oldest_sequence);
  // The state goes before a drop: readers of the old copy have gone over by then.
  const auto is_drop = [](const ReplicaEffect& effect) { return std::holds_alternative<ReplicaDrop>(effect); };
  effects_.insert(std::find_if(effects_.begin(), effects_.end(), is_drop), ReplicaCommit{});
}

// What the broker does not keep any longer is not kept here either.
void ReplicaApply::Trim(uint64_t oldest) {
  if (IsTable() || oldest <= 1 || now_.since_boot < trimmed_at_ + kTrimInterval) return;
  trimmed_at_ = now_.since_boot;
  effects_.insert(effects_.begin(), ReplicaTrim{Target().number, oldest});
}

void ReplicaApply::On(const TermsChanged& event) {
  const bool changed = event.terms.view_id() != state_.opened.terms().view_id();
  *state_.opened.mutable_terms() = event.terms;
  if (RefuseCopy(event.terms, changed || event.narrowed)) return;
  // A view of which the broker says that it is not narrower leaves what is there readable meanwhile.
  if (event.narrowed || changed) return MakeAnew(event.narrowed);
  Commit(/*synced=*/false, /*with_opened=*/true);
}

void ReplicaApply::On(const SubscriptionEnded& event) {
  if (event.complete) {
    effects_.push_back(ReplicaResubscribe{});
    return;
  }
  state_.ended = true;
  Commit(/*synced=*/true);
  effects_.push_back(ReplicaPause{RefusedStatus(event.refused)});
}

void ReplicaApply::On(const SubscriptionFailed& event) {
  const SubscribeStart start = Start();
  // The log was replaced, is shorter than the copy, or does not know the token.
  const bool cannot_resume = absl::IsFailedPrecondition(event.status) || absl::IsOutOfRange(event.status) ||
                             absl::IsInvalidArgument(event.status);
  if (cannot_resume && std::holds_alternative<StartAtToken>(start)) return MakeAnewAfter(event.status);
  effects_.push_back(ReplicaPause{event.status});
}

void ReplicaApply::On(const CopyDamaged&) {
  if (!IsMaking() && state_.served.number != 0) MakeAnew(/*narrowed=*/false);
}

// `narrowed`: nor will what is here fit the view under which a copy may be kept again.
bool ReplicaApply::RefuseCopy(const v1::Terms& terms, bool narrowed) {
  if (terms.may_keep_copy()) return false;
  state_.ended = true;
  const uint64_t broken_off = narrowed ? BeginAnew(/*narrowed=*/true) : 0;
  Commit(/*synced=*/true, /*with_opened=*/true);
  if (broken_off != 0) effects_.push_back(ReplicaDrop{broken_off});
  effects_.push_back(ReplicaPause{absl::PermissionDeniedError(
      absl::StrCat("the terms of agreement `", terms.agreement(), "` do not allow keeping a copy"))});
  return true;
}

void ReplicaApply::Commit(bool synced, bool with_opened) {
  state_.clock_seen = std::max(state_.clock_seen, now_.wall);
  effects_.push_back(ReplicaCommit{synced, with_opened});
}

// A new copy is to be made. Returns the one that was being made and is to be dropped; 0: none.
uint64_t ReplicaApply::BeginAnew(bool narrowed) {
  const uint64_t broken_off = state_.made.number;
  state_.made = {std::max(state_.served.number, broken_off) + 1, 0, 0};
  state_.made_target = 0;
  state_.resume_token.clear();
  state_.token_sequence = 0;
  state_.narrowed = state_.narrowed || narrowed;
  return broken_off;
}

void ReplicaApply::MakeAnew(bool narrowed) {
  const uint64_t broken_off = BeginAnew(narrowed);
  Commit(/*synced=*/narrowed, /*with_opened=*/true);
  if (broken_off != 0) effects_.push_back(ReplicaDrop{broken_off});
  effects_.push_back(ReplicaResubscribe{});
}

void ReplicaApply::MakeAnewAfter(const absl::Status& failure) {
  MakeAnew(/*narrowed=*/false);
  if (now_.since_boot - remade_at_ > kRemakesForgotten) remakes_ = 0;
  remade_at_ = now_.since_boot;
  if (remakes_++ == 0) return;
  const int doublings = std::min(remakes_ - 2, 20);
  effects_.back() = ReplicaPause{failure, std::min(kRemakePauseMax, kRemakePauseMin * (int64_t{1} << doublings))};
}

void ReplicaApply::ServeMade() {
  const uint64_t replaced = state_.served.number;
  state_.served = std::exchange(state_.made, {});
  state_.made_target = 0;
  state_.narrowed = false;
  // If the log has grown since, the copy is as old as the connection.
  state_.as_of = std::min(heard_, broker_at_boot_ + opened_at_.since_boot);
  state_.level_at = now_.wall - (now_.since_boot - opened_at_.since_boot);
  if (replaced != 0) effects_.push_back(ReplicaDrop{replaced});
}

}  // namespace allmende::session
