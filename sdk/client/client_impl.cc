#include "sdk/client/client_impl.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "sdk/rpc/channel.h"

namespace allmende {

namespace {

// How often the list of endpoints is gone through. Twice, so that a broker that is just being replaced is no error.
constexpr int kRoundsMax = 2;
constexpr absl::Duration kRoundPause = absl::Milliseconds(250);

absl::Status NoEndpoint(const std::vector<std::string>& reasons) {
  return absl::UnavailableError(absl::StrCat("no broker could be reached: ", absl::StrJoin(reasons, "; ")));
}

absl::Status AnswerLost(const absl::Status& status) {
  return absl::UnavailableError(absl::StrCat(status.message(),
                                             "; the request may have been carried out all the same: look before you "
                                             "try again"));
}

}  // namespace

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

absl::Status Client::Impl::Call(Repeat repeat, Try attempt) {
  const absl::Time give_up = absl::Now() + deadline;
  std::vector<std::string> reasons;
  for (int round = 0; round < kRoundsMax; ++round) {
    reasons.clear();
    bool answered = false;
    const size_t first = preferred.load(std::memory_order_relaxed);
    for (size_t i = 0; i < endpoints.size(); ++i) {
      const size_t index = (first + i) % endpoints.size();
      const Endpoint& endpoint = endpoints[index];
      const bool connected = WaitConnected(*endpoint.channel, std::min(give_up, absl::Now() + connect_timeout));
      grpc::ClientContext context;
      // A call on a channel that is not connected fails at once and brings the reason along.
      context.set_deadline(absl::ToChronoTime(connected ? give_up : absl::Now() + absl::Milliseconds(100)));
      const absl::Status status = rpc::CallStatus(attempt(endpoint.channel, context), endpoint.name);
      if (!absl::IsUnavailable(status) && !(absl::IsDeadlineExceeded(status) && !connected)) {
        preferred.store(index, std::memory_order_relaxed);
        return status;
      }
      if (connected && repeat == Repeat::kUnsafe) return AnswerLost(status);
      answered = answered || connected;
      reasons.push_back(connected ? std::string(status.message())
                                  : absl::StrCat(endpoint.name, " does not answer (", status.message(), ")"));
      if (absl::Now() >= give_up) return NoEndpoint(reasons);
    }
    // Where nothing listens at all, trying again at once only makes a person wait.
    if (!answered) break;
    absl::SleepFor(std::min(kRoundPause, std::max(absl::ZeroDuration(), give_up - absl::Now())));
  }
  return NoEndpoint(reasons);
}

}  // namespace allmende
