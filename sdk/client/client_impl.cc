#include "sdk/client/client_impl.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "allmende/v1/status.grpc.pb.h"
#include "sdk/rpc/channel.h"

namespace allmende {

namespace {

// How often the list of endpoints is gone through. Twice, so that a broker that is just being replaced is no error.
constexpr int kRoundsMax = 2;
constexpr absl::Duration kRoundPause = absl::Milliseconds(250);
constexpr absl::Duration kProbeDeadline = absl::Milliseconds(100);

absl::Status NoEndpoint(const std::vector<std::string>& reasons) {
  return absl::UnavailableError(absl::StrCat("no broker could be reached: ", absl::StrJoin(reasons, "; ")));
}

absl::Status AnswerLost(const absl::Status& status) {
  return absl::UnavailableError(absl::StrCat(status.message(),
                                             "; the request may have been carried out all the same: look before you "
                                             "try again"));
}

// Whether a call that ended so may have been carried out.
bool LeavesOpen(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnavailable:
      return true;
    default:
      return false;
  }
}

// Waits until the channel is connected, has failed to, or `deadline` passed. True: connected.
bool WaitConnected(grpc::Channel& channel, absl::Time deadline) {
  bool tried = false;
  while (true) {
    const grpc_connectivity_state state = channel.GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return true;
    // A failure that was there before says nothing about now: gRPC tries again after its own pause.
    if (state == GRPC_CHANNEL_SHUTDOWN || (state == GRPC_CHANNEL_TRANSIENT_FAILURE && tried)) return false;
    tried = tried || state == GRPC_CHANNEL_CONNECTING;
    if (!channel.WaitForStateChange(state, absl::ToChronoTime(deadline))) return false;
  }
}

// OK: there is a connection. Otherwise why not; only a call brings that along, and so a harmless one is made.
absl::Status Reach(const Endpoint& endpoint, absl::Time deadline) {
  if (WaitConnected(*endpoint.channel, deadline)) return absl::OkStatus();
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kProbeDeadline));
  v1::BrokerStatus response;
  v1::StatusService::Stub stub(endpoint.channel);
  const absl::Status status =
      rpc::CallStatus(stub.GetStatus(&context, v1::GetStatusRequest(), &response), endpoint.name);
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ? status : absl::OkStatus();
}

}  // namespace

absl::Status Client::Impl::Call(Repeat repeat, Try attempt) {
  const absl::Time give_up = absl::Now() + deadline;
  std::vector<std::string> reasons;
  for (int round = 0; round < kRoundsMax; ++round) {
    reasons.clear();
    bool answered = false;
    const size_t count = channels->names().size();
    const size_t first = preferred.load(std::memory_order_relaxed);
    for (size_t i = 0; i < count; ++i) {
      const size_t index = (first + i) % count;
      const Endpoint endpoint = channels->Get(index);
      const absl::Status reached = Reach(endpoint, std::min(give_up, absl::Now() + connect_timeout));
      if (!reached.ok()) {
        reasons.push_back(absl::StrCat(endpoint.name, " does not answer (", reached.message(), ")"));
      } else {
        answered = true;
        grpc::ClientContext context;
        context.set_deadline(absl::ToChronoTime(give_up));
        const absl::Status status = rpc::CallStatus(attempt(endpoint.channel, context), endpoint.name);
        // An endpoint that hangs is not the first to be asked again.
        if (absl::IsDeadlineExceeded(status)) {
          preferred.store((index + 1) % count, std::memory_order_relaxed);
        } else if (!absl::IsUnavailable(status)) {
          preferred.store(index, std::memory_order_relaxed);
        }
        if (repeat == Repeat::kUnsafe && LeavesOpen(status)) return AnswerLost(status);
        if (!absl::IsUnavailable(status)) return status;
        reasons.emplace_back(status.message());
      }
      if (absl::Now() >= give_up) return NoEndpoint(reasons);
    }
    // Where nothing listens at all, trying again at once only makes a person wait.
    if (!answered) break;
    absl::SleepFor(std::min(kRoundPause, std::max(absl::ZeroDuration(), give_up - absl::Now())));
  }
  return NoEndpoint(reasons);
}

}  // namespace allmende
