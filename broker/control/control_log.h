// The control log: every fact of the regime, in order, and the State they add up to.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "allmende/v1/facts.pb.h"
#include "broker/control/state.h"
#include "broker/log/log.h"
#include "broker/work/executor.h"
#include "sdk/base/clock.h"
#include "sdk/base/mutex.h"

namespace allmende::broker {

// Thread-safe. Borrows log, clock and executor, which must outlive it.
class ControlLog {
 public:
  // Looks at the state just before the fact would be recorded and returns it (only `what` is filled in), nothing where
  // the state already says so, or why it cannot be. Runs on the executor; must not block.
  using Propose = absl::AnyInvocable<absl::StatusOr<std::optional<v1::Fact>>(const State&)>;
  // The state that includes the fact, durable; or why it was not recorded. Runs on the executor; must not block.
  using Recorded = absl::AnyInvocable<void(absl::StatusOr<std::shared_ptr<const State>>)>;

  // Replays the log.
  //   kDataLoss  the facts do not form a chain, or one cannot be read: the message names its sequence
  static absl::StatusOr<std::unique_ptr<ControlLog>> Open(Log& log, const Clock& clock, Executor& executor);
  ~ControlLog();

  std::shared_ptr<const State> state() const;

  // Facts are recorded one after the other. `done` also gets:
  //   kResourceExhausted  256 facts are waiting; retry with backoff
  //   kInternal           the fact cannot be read back, for example because a text in it is no UTF-8
  //   others              of Log::Append
  void Record(v1::Actor actor, Propose propose, Recorded done);

  // `callback` runs after each change of the state; it must not block. Register before facts are recorded.
  void OnChange(std::function<void()> callback);

 private:
  struct Proposal;
  struct Shared;
  explicit ControlLog(std::shared_ptr<Shared> shared);

  // Shared with the pump and with append callbacks, which may run a moment longer than this object.
  const std::shared_ptr<Shared> shared_;
};

}  // namespace allmende::broker
