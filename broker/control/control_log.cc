#include "broker/control/control_log.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/control/projection.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"

namespace allmende::broker {
namespace {

constexpr size_t kWaitingMax = 256;
constexpr size_t kReplayBytes = 4 << 20;

std::string HashOf(std::string_view fact_bytes) {
  const crypto::Digest digest = crypto::Sha256Of(fact_bytes);
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

LogHash ToLogHash(std::string_view hash) {
  LogHash log_hash{};
  std::copy(hash.begin(), hash.end(), log_hash.begin());
  return log_hash;
}

absl::Status ReplayEntry(const StoredEntry& entry, State& state) {
  v1::Fact fact;
  if (!fact.ParseFromArray(entry.bytes.data(), static_cast<int>(entry.bytes.size()))) {
    return absl::DataLossError(absl::StrCat("fact ", entry.first_sequence, " of the control log cannot be read"));
  }
  if (fact.sequence() != entry.first_sequence || fact.previous_hash() != state.head_hash) {
    return absl::DataLossError(absl::StrCat("fact ", entry.first_sequence,
                                            " of the control log does not follow the one before it: restore the "
                                            "directory from a backup"));
  }
  absl::Status applied = Apply(fact, state);
  if (!applied.ok()) {
    return absl::Status(absl::StatusCode::kDataLoss,
                        absl::StrCat("fact ", entry.first_sequence,
                                     " of the control log cannot be applied: ", std::string(applied.message())));
  }
  state.head_hash = HashOf(entry.bytes);
  return absl::OkStatus();
}

absl::Status Replay(Log& log, State& state, LogPosition& position) {
  const std::shared_ptr<const LogView> view = log.View();
  ALLMENDE_ASSIGN_OR_RETURN(const LogHead head, view->HeadOf(kControlLog));
  while (position != head.position) {
    ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<LogCursor> cursor, view->ReadFrom(kControlLog, position, kReplayBytes));
    while (cursor->Next()) {
      ALLMENDE_RETURN_IF_ERROR(ReplayEntry(cursor->entry(), state));
      position = cursor->entry().after;
    }
    ALLMENDE_RETURN_IF_ERROR(cursor->status());
  }
  // Facts that were lost may have given numbers to logs that are still there: no other dataset gets those.
  const std::vector<LogId> logs = log.Logs();
  if (!logs.empty()) {
    state.next_log = std::max(state.next_log, static_cast<uint32_t>(logs.back()) + 1);
  }
  return absl::OkStatus();
}

}  // namespace

struct ControlLog::Proposal {
  v1::Actor actor;
  Propose propose;
  Recorded done;
};

struct ControlLog::Shared : std::enable_shared_from_this<Shared> {
  Shared(Log& log_in, const Clock& clock_in) : log(log_in), clock(clock_in) {}

  // One step of the pump: takes over a finished append, then starts the next one.
  void Step();
  void FinishAppend();
  bool StartNext();
  void Publish(std::shared_ptr<const State> next);

  Log& log;
  const Clock& clock;
  std::shared_ptr<Pump> pump;                    // constant after Open
  std::vector<std::function<void()>> listeners;  // constant once facts are recorded

  // Touched by the pump alone.
  LogPosition position;
  std::optional<Proposal> current;
  std::shared_ptr<const State> current_next;  // what becomes the state once the fact is durable

  Mutex mutex;
  std::shared_ptr<const State> state ABSL_GUARDED_BY(mutex);
  std::deque<Proposal> waiting ABSL_GUARDED_BY(mutex);
  std::optional<absl::StatusOr<LogHead>> appended ABSL_GUARDED_BY(mutex);
  bool closed ABSL_GUARDED_BY(mutex) = false;
};

absl::StatusOr<std::unique_ptr<ControlLog>> ControlLog::Open(Log& log, const Clock& clock, Executor& executor) {
  auto shared = std::make_shared<Shared>(log, clock);
  auto state = std::make_shared<State>();
  state->head_hash.assign(crypto::Digest{}.size(), '\0');
  ALLMENDE_RETURN_IF_ERROR(Replay(log, *state, shared->position));
  CompilePolicies(*state);
  {
    MutexLock lock(shared->mutex);
    shared->state = std::move(state);
  }
  shared->pump = Pump::Create(executor, [weak = std::weak_ptr<Shared>(shared)] {
    if (const std::shared_ptr<Shared> self = weak.lock()) {
      self->Step();
    }
  });
  return std::unique_ptr<ControlLog>(new ControlLog(std::move(shared)));
}

ControlLog::ControlLog(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

ControlLog::~ControlLog() {
  std::deque<Proposal> dropped;
  {
    MutexLock lock(shared_->mutex);
    shared_->closed = true;
    dropped.swap(shared_->waiting);
  }
  for (Proposal& proposal : dropped) {
    proposal.done(absl::UnavailableError("the broker is stopping; retry"));
  }
}

std::shared_ptr<const State> ControlLog::state() const {
  MutexLock lock(shared_->mutex);
  return shared_->state;
}

void ControlLog::OnChange(std::function<void()> callback) {
  shared_->listeners.push_back(std::move(callback));
}

void ControlLog::Record(v1::Actor actor, Propose propose, Recorded done) {
  absl::Status refused;
  {
    MutexLock lock(shared_->mutex);
    if (shared_->closed) {
      refused = absl::UnavailableError("the broker is stopping; retry");
    } else if (shared_->waiting.size() >= kWaitingMax) {
      refused = absl::ResourceExhaustedError("too many changes of the catalogue are waiting; retry in a second");
    } else {
      shared_->waiting.push_back({std::move(actor), std::move(propose), std::move(done)});
    }
  }
  if (refused.ok()) {
    shared_->pump->Wake();
  } else {
    done(std::move(refused));
  }
}

void ControlLog::Shared::Step() {
  FinishAppend();
  while (!current.has_value() && StartNext()) {
  }
}

void ControlLog::Shared::FinishAppend() {
  std::optional<absl::StatusOr<LogHead>> outcome;
  {
    MutexLock lock(mutex);
    outcome.swap(appended);
  }
  if (!outcome.has_value()) {
    return;
  }
  Proposal proposal = *std::move(current);
  current.reset();
  const std::shared_ptr<const State> next = std::exchange(current_next, nullptr);
  if (!outcome->ok()) {
    proposal.done(std::move(*outcome).status());
    return;
  }
  position = (*outcome)->position;
  Publish(next);
  proposal.done(next);
}

void ControlLog::Shared::Publish(std::shared_ptr<const State> next) {
  {
    MutexLock lock(mutex);
    state = std::move(next);
  }
  for (const std::function<void()>& listener : listeners) {
    listener();
  }
}

// False when nothing waits. True with `current` empty: that proposal is dealt with, take the next.
bool ControlLog::Shared::StartNext() {
  Proposal proposal;
  std::shared_ptr<const State> now_state;
  {
    MutexLock lock(mutex);
    if (closed || waiting.empty()) {
      return false;
    }
    proposal = std::move(waiting.front());
    waiting.pop_front();
    now_state = state;
  }
  absl::StatusOr<std::optional<v1::Fact>> fact = proposal.propose(*now_state);
  if (!fact.ok()) {
    proposal.done(std::move(fact).status());
    return true;
  }
  if (!fact->has_value()) {
    proposal.done(now_state);
    return true;
  }
  v1::Fact& what = **fact;
  what.set_sequence(now_state->version + 1);
  what.set_recorded_at_us(absl::ToUnixMicros(clock.Now()));
  *what.mutable_actor() = proposal.actor;
  what.set_previous_hash(now_state->head_hash);
  std::string bytes;
  // Serializing does not check what parsing does, such as that text is UTF-8. A fact that cannot be read would keep the
  // broker from ever starting again.
  if (v1::Fact again; !what.SerializeToString(&bytes) || !again.ParseFromString(bytes)) {
    proposal.done(absl::InternalError("the fact could not be read back, so it is not recorded"));
    return true;
  }
  auto next = std::make_shared<State>(*now_state);
  absl::Status applied = Apply(what, *next);
  if (!applied.ok()) {
    proposal.done(std::move(applied));
    return true;
  }
  CompilePolicies(*next);

  AppendRequest request;
  request.log = kControlLog;
  request.expected = position;
  LogEntry& entry = request.entries.emplace_back();
  entry.bytes = std::move(bytes);
  next->head_hash = HashOf(entry.bytes);
  entry.hash = ToLogHash(next->head_hash);
  current_next = std::move(next);
  current = std::move(proposal);
  absl::Status accepted = log.Append(std::move(request), [self = shared_from_this()](absl::StatusOr<LogHead> head) {
    {
      MutexLock lock(self->mutex);
      self->appended = std::move(head);
    }
    self->pump->Wake();
  });
  if (!accepted.ok()) {
    current->done(std::move(accepted));
    current.reset();
    current_next.reset();
  }
  return true;
}

}  // namespace allmende::broker
