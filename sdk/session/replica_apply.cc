#include "sdk/session/replica_apply.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/session/refusal_text.h"

namespace allmende::session {

SubscribeStart ReplicaApply::Start() const {
  if (IsMaking() || state_.served.number == 0) {
    // Before the first contact the kind is not known: OpenMade asks again where it turns out to be a table.
    if (IsTable()) return StartWithSnapshot{};
    if (state_.made.applied > 0) return StartAtSequence{state_.made.applied + 1};
    return StartAtOldest{};
  }
  if (!state_.resume_token.empty()) return StartAtToken{state_.resume_token};
  return StartAtSequence{state_.served.applied + 1};
}

ReplicaEffects ReplicaApply::Step(const ReplicaEvent& event, absl::Time now) {
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
  state_.head = opened.head_sequence();
  state_.epoch = opened.epoch();
  if (RefuseCopy(opened.terms())) return;
  const bool changed = !before.dataset_id().empty() && (before.dataset_id() != opened.dataset_id() ||
                                                        before.terms().view_id() != opened.terms().view_id());
  if (changed && (state_.served.number != 0 || state_.made.applied > 0)) {
    // What changed while nobody listened is not known, so it counts as narrower.
    return MakeAnew(/*narrowed=*/true);
  }
  state_.ended = false;
  if (!event.resumed && (IsMaking() || state_.served.number == 0)) return OpenMade(opened);
  Commit(/*synced=*/false, /*with_opened=*/true);
}

// A subscription begins that fills a new copy.
void ReplicaApply::OpenMade(const v1::Opened& opened) {
  if (!IsMaking()) state_.made.number = 1;
  if (IsTable() && !opened.snapshot()) {
    Commit(/*synced=*/false, /*with_opened=*/true);
    effects_.push_back(ReplicaResubscribe{});
    return;
  }
  const uint64_t broken_off = state_.made.number;
  if (opened.snapshot()) state_.made = {broken_off + 1, 0, 0};
  state_.made.applied = opened.first_sequence() - 1;
  state_.made_target = opened.head_sequence();
  Commit(/*synced=*/false, /*with_opened=*/true);
  if (opened.snapshot()) effects_.push_back(ReplicaDrop{broken_off});
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

void ReplicaApply::On(const WatermarkReached& event) {
  ReplicaCopy& copy = Target();
  copy.applied = std::max(copy.applied, event.sequence);
  state_.head = event.head_sequence;
  state_.clock_seen = now_;
  state_.lease_until = now_ + (event.lease_until - event.as_of);  // the infinities stay what they are
  if (IsMaking() && (event.snapshot_complete || (!IsTable() && event.sequence >= state_.made_target))) {
    ServeMade();
  }
  if (!IsMaking()) {
    if (event.sequence >= event.head_sequence) {
      state_.as_of = event.as_of;
      state_.level_at = now_;
    }
    if (!event.resume_token.empty()) {
      state_.resume_token = event.resume_token;
      state_.token_sequence = event.sequence;
    }
  }
  // The state goes before a drop: readers of the old copy have gone over by then.
  effects_.insert(effects_.begin(), ReplicaCommit{});
}

void ReplicaApply::On(const TermsChanged& event) {
  const bool changed = event.terms.view_id() != state_.opened.terms().view_id();
  *state_.opened.mutable_terms() = event.terms;
  if (RefuseCopy(event.terms)) return;
  // A wider view leaves what is there readable meanwhile.
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
  effects_.push_back(ReplicaPause{
      absl::PermissionDeniedError(absl::StrCat("the subscription was refused: ", RefusalText(event.refused)))});
}

void ReplicaApply::On(const SubscriptionFailed& event) {
  const SubscribeStart start = Start();
  const bool from_the_start =
      std::holds_alternative<StartAtOldest>(start) || std::holds_alternative<StartWithSnapshot>(start);
  // The log was replaced, is shorter than the copy, or does not know the token.
  const bool cannot_resume = absl::IsFailedPrecondition(event.status) || absl::IsOutOfRange(event.status) ||
                             absl::IsInvalidArgument(event.status);
  if (cannot_resume && !from_the_start) return MakeAnew(/*narrowed=*/false);
  effects_.push_back(ReplicaPause{event.status});
}

void ReplicaApply::On(const CopyDamaged&) {
  if (!IsMaking() && state_.served.number != 0) MakeAnew(/*narrowed=*/false);
}

bool ReplicaApply::RefuseCopy(const v1::Terms& terms) {
  if (terms.may_keep_copy()) return false;
  state_.ended = true;
  Commit(/*synced=*/true, /*with_opened=*/true);
  effects_.push_back(ReplicaPause{absl::PermissionDeniedError(
      absl::StrCat("the terms of agreement `", terms.agreement(), "` do not allow keeping a copy"))});
  return true;
}

void ReplicaApply::Commit(bool synced, bool with_opened) {
  state_.clock_seen = std::max(state_.clock_seen, now_);
  effects_.push_back(ReplicaCommit{synced, with_opened});
}

void ReplicaApply::MakeAnew(bool narrowed) {
  const uint64_t broken_off = state_.made.number;
  state_.made = {std::max(state_.served.number, broken_off) + 1, 0, 0};
  state_.made_target = 0;
  state_.resume_token.clear();
  state_.token_sequence = 0;
  state_.narrowed = state_.narrowed || narrowed;
  Commit(/*synced=*/narrowed, /*with_opened=*/true);
  if (broken_off != 0) effects_.push_back(ReplicaDrop{broken_off});
  effects_.push_back(ReplicaResubscribe{});
}

void ReplicaApply::ServeMade() {
  const uint64_t replaced = state_.served.number;
  state_.served = std::exchange(state_.made, {});
  state_.made_target = 0;
  state_.narrowed = false;
  // If the log has grown since, the copy is as old as the subscription.
  state_.as_of = opened_at_;
  state_.level_at = opened_at_;
  if (replaced != 0) effects_.push_back(ReplicaDrop{replaced});
}

}  // namespace allmende::session
