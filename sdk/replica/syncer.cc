#include "sdk/replica/syncer.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "sdk/client/client_impl.h"
#include "sdk/client/mailbox.h"

namespace allmende::replica {

Syncer::Syncer(Client* client, bool verify, Copies* copies, Published* published, Housekeeper* housekeeper,
               const Clock* clock)
    : client_(client),
      verify_(verify),
      copies_(copies),
      published_(published),
      housekeeper_(housekeeper),
      clock_(clock),
      settled_(published_->state()),
      apply_(*settled_),
      closing_owed_(settled_->narrowed || settled_->ended),
      thread_([this] { Run(); }) {}

Syncer::~Syncer() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    if (subscriber_ != nullptr) subscriber_->Cancel();
    changed_.NotifyAll();
  }
  thread_.join();
}

void Syncer::CopyDamaged() {
  MutexLock lock(mutex_);
  damaged_ = true;
  if (subscriber_ != nullptr) subscriber_->Cancel();
  changed_.NotifyAll();
}

bool Syncer::TakeDamage() {
  MutexLock lock(mutex_);
  return std::exchange(damaged_, false);
}

void Syncer::Run() {
  const StreamTuning& tuning = client_->impl().tuning;
  while (true) {
    {
      MutexLock lock(mutex_);
      if (stopping_) break;
    }
    DoWhatIsOwed();
    Leave leave;
    if (TakeDamage()) {
      leave = CarryOut(Step(session::CopyDamaged{}), nullptr, false).value_or(Leave{});
    } else {
      leave = FollowOnce();
    }
    if (leave.why.ok()) continue;
    published_->Pause(leave.why);
    const int64_t doublings = int64_t{1} << std::min<uint64_t>(failures_++, 20);
    PauseFor(std::max(leave.at_least, std::min(tuning.pause_max, tuning.pause_min * doublings)));
  }
  DoWhatIsOwed();
  published_->End();
}

void Syncer::PauseFor(absl::Duration pause) {
  const SteadyTime until = SteadyDeadline(pause);
  MutexLock lock(mutex_);
  while (!stopping_ && !damaged_) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    changed_.WaitFor(mutex_, absl::FromChrono(left));
  }
}

Syncer::Leave Syncer::FollowOnce() {
  SubscriberOptions options;
  options.dataset = copies_->of().dataset;
  options.agreement = copies_->of().agreement;
  options.purpose = copies_->of().purpose;
  options.start = apply_.Start();
  options.with_schema = true;
  options.keep_copy = true;
  options.verify = verify_;
  absl::StatusOr<std::unique_ptr<Subscriber>> opened = Subscriber::Open(*client_, options);
  if (!opened.ok()) return {opened.status()};
  std::shared_ptr<Subscriber> subscriber = *std::move(opened);
  {
    MutexLock lock(mutex_);
    if (stopping_ || damaged_) return {};
    subscriber_ = subscriber;
  }
  published_->Follow(subscriber);
  Leave leave = FollowSubscriber(*subscriber);
  published_->Follow(nullptr);
  MutexLock lock(mutex_);
  subscriber_.reset();
  return leave;
}

Syncer::Leave Syncer::FollowSubscriber(Subscriber& subscriber) {
  uint64_t connects = 0;
  while (true) {
    absl::StatusOr<SubscriptionEvent> event = subscriber.Next(absl::InfiniteFuture());
    if (absl::IsCancelled(event.status())) return {};
    const bool is_opened = event.ok() && std::holds_alternative<SubscriptionOpened>(*event);
    const bool is_watermark = event.ok() && std::holds_alternative<WatermarkReached>(*event);
    const bool is_level =
        is_watermark && std::get<WatermarkReached>(*event).sequence >= std::get<WatermarkReached>(*event).head_sequence;
    const RecordBatch* batch = nullptr;
    const session::ReplicaEvent step = EventOf(event, batch);
    const session::ReplicaEffects effects = Step(step);
    const bool vouched = is_watermark && apply_.SinceWatermark() <= session::kBrokerSilenceMax;
    if (std::optional<Leave> leave = CarryOut(effects, batch, vouched)) return *leave;
    if (is_opened) published_->Opened(++connects);
    if (is_watermark) failures_ = 0;
    if (is_level && apply_.state().made.number == 0) published_->Level();
  }
}

session::ReplicaEffects Syncer::Step(const session::ReplicaEvent& event) {
  was_narrowed_ = apply_.state().narrowed;
  return apply_.Step(event, {clock_->Now(), clock_->SinceBoot()});
}

session::ReplicaEvent Syncer::EventOf(absl::StatusOr<SubscriptionEvent>& event, const RecordBatch*& batch) {
  if (!event.ok()) return session::SubscriptionFailed{event.status()};
  if (const auto* found = std::get_if<RecordBatch>(&*event)) {
    batch = found;
    return session::BatchArrived{found->first_sequence(), found->last_sequence()};
  }
  if (auto* opened = std::get_if<SubscriptionOpened>(&*event)) return std::move(*opened);
  if (auto* withheld = std::get_if<WithheldRange>(&*event)) return *withheld;
  if (auto* watermark = std::get_if<WatermarkReached>(&*event)) return std::move(*watermark);
  if (auto* changed = std::get_if<TermsChanged>(&*event)) return std::move(*changed);
  return std::move(std::get<SubscriptionEnded>(*event));
}

std::optional<Syncer::Leave> Syncer::CarryOut(const session::ReplicaEffects& effects, const RecordBatch* batch,
                                              bool vouched) {
  const bool is_table = apply_.state().opened.kind() == v1::TABLE;
  for (const session::ReplicaEffect& effect : effects) {
    if (const auto* store = std::get_if<session::ReplicaStoreBatch>(&effect)) {
      const absl::StatusOr<int64_t> growth =
          copies_->Store({store->copy, is_table}, *batch, store->skip_through, store->new_keys);
      if (absl::IsDataLoss(growth.status())) CopyDamaged();
      if (!growth.ok()) return GoBack(growth.status());
      apply_.CountRecords(store->copy, *growth);
    } else if (const auto* trim = std::get_if<session::ReplicaTrim>(&effect)) {
      const absl::StatusOr<int64_t> growth = copies_->Trim({trim->copy, is_table}, trim->oldest);
      if (absl::IsDataLoss(growth.status())) CopyDamaged();
      if (!growth.ok()) return GoBack(growth.status());
      apply_.CountRecords(trim->copy, *growth);
    } else if (const auto* commit = std::get_if<session::ReplicaCommit>(&effect)) {
      if (absl::Status status = Commit(*commit, vouched); !status.ok()) return GoBack(status);
    } else if (const auto* drop = std::get_if<session::ReplicaDrop>(&effect)) {
      if (absl::Status status = Drop(drop->copy); !status.ok()) return GoBack(status);
    } else if (const auto* pause = std::get_if<session::ReplicaPause>(&effect)) {
      return Leave{pause->why, pause->at_least};
    } else {
      return Leave{};
    }
  }
  return std::nullopt;
}

absl::Status Syncer::Commit(const session::ReplicaCommit& commit, bool vouched) {
  auto state = std::make_shared<const session::ReplicaState>(apply_.state());
  if ((state->narrowed && !settled_->narrowed) || (state->ended && !settled_->ended)) {
    // Readers have to go, whatever the disk says.
    settled_ = state;
    closing_owed_ = true;
    published_->Publish(state, vouched);
  }
  absl::Status status = copies_->Commit(*state, commit.with_opened || closing_owed_, commit.synced || closing_owed_);
  if (!status.ok()) return status;
  closing_owed_ = false;
  settled_ = std::move(state);
  published_->Publish(settled_, vouched);
  return absl::OkStatus();
}

absl::Status Syncer::Drop(uint64_t copy) {
  // What a wider view showed leaves the files too.
  const bool purge = was_narrowed_ || apply_.state().narrowed;
  absl::Status status = copies_->Drop(copy, purge);
  if (status.ok() && purge) housekeeper_->Wake();
  return status;
}

// The disk did not take, or give, what was decided.
std::optional<Syncer::Leave> Syncer::GoBack(const absl::Status& error) {
  copies_->Forget();
  apply_ = session::ReplicaApply(*settled_);
  drop_owed_ = true;
  if (!absl::IsDataLoss(error)) return Leave{error};
  return Leave{absl::DataLossError(
      absl::StrCat(error.message(), "; to mend it close the replica, remove its directory and sync it anew"))};
}

// What the disk did not take before.
void Syncer::DoWhatIsOwed() {
  if (closing_owed_) {
    closing_owed_ = !copies_->Commit(*settled_, /*with_opened=*/true, /*synced=*/true).ok();
  }
  if (!drop_owed_ || closing_owed_) return;
  drop_owed_ = !copies_->DropLeftOver(*settled_).ok();
  housekeeper_->Wake();
}

}  // namespace allmende::replica
