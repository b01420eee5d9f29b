#include "broker/service/unary.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "grpcpp/server_context.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

// Counts the call until it ends.
class InFlight {
 public:
  explicit InFlight(std::atomic<size_t>& count) : count_(&count) { ++*count_; }
  InFlight(InFlight&& other) noexcept : count_(std::exchange(other.count_, nullptr)) {}
  InFlight& operator=(InFlight&&) = delete;
  ~InFlight() {
    if (count_ != nullptr) {
      --*count_;
    }
  }

 private:
  std::atomic<size_t>* count_;
};

}  // namespace

grpc::ServerUnaryReactor* RunUnary(Exchange& exchange, grpc::CallbackServerContext* context, const char* method,
                                   absl::AnyInvocable<void(const Caller&, FinishCall)> work) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  const absl::Duration begun = exchange.clock.SinceBoot();
  const auto end = [&exchange, context, reactor, method, begun](const absl::Status& status) {
    exchange.connection_uses.Add(context->peer(), {.calls = 1});
    exchange.metrics.CallEnded(method, status.code(), exchange.clock.SinceBoot() - begun);
    reactor->Finish(rpc::ToGrpc(status));
  };
  absl::StatusOr<Caller> caller = exchange.peers.Identify(*context->auth_context(), exchange.clock.Now());
  if (!caller.ok()) {
    end(caller.status());
    return reactor;
  }
  absl::StatusOr<std::unique_ptr<CallCap::Slot>> slot = exchange.call_cap.Take((*caller)->participant);
  if (!slot.ok()) {
    end(slot.status());
    return reactor;
  }
  InFlight in_flight(exchange.unary_in_flight);
  if (exchange.unary_in_flight > exchange.limits.unary_calls_max) {
    end(absl::ResourceExhaustedError("the broker is busy with other calls: retry in a second"));
    return reactor;
  }
  const std::string participant = (*caller)->participant;
  // std::function wants copies, so what can only be moved is shared.
  auto task = std::make_shared<absl::AnyInvocable<void()>>([&exchange, end, begun, caller = *std::move(caller),
                                                            work = std::move(work), slot = *std::move(slot),
                                                            in_flight = std::move(in_flight)]() mutable {
    if (exchange.clock.SinceBoot() > begun + exchange.limits.answer_wait_max) {
      return end(absl::DeadlineExceededError(
          "the broker was too busy to begin with the call in time; nothing was done: retry with backoff"));
    }
    const absl::Status welcome = exchange.peers.Recheck(*caller, exchange.clock.Now());
    if (!welcome.ok()) {
      return end(welcome);
    }
    work(caller, [end, slot = std::move(slot), in_flight = std::move(in_flight)](absl::Status status) mutable {
      slot.reset();
      end(status);
    });
  });
  exchange.executor.Post([task] { (*task)(); }, participant);
  return reactor;
}

grpc::ServerUnaryReactor* RunUnaryNow(Exchange& exchange, grpc::CallbackServerContext* context, const char* method,
                                      absl::AnyInvocable<absl::Status(const Caller&)> work) {
  return RunUnary(exchange, context, method,
                  [work = std::move(work)](const Caller& caller, FinishCall finish) mutable { finish(work(caller)); });
}

absl::Status RequireRole(const pki::Identity& caller, pki::RoleSet allowed, std::string_view what) {
  for (const policy::Role role : allowed.Roles()) {
    if (caller.roles.Has(role)) {
      return absl::OkStatus();
    }
  }
  return absl::PermissionDeniedError(absl::StrCat(std::string(what), " needs the role ",
                                                  absl::StrJoin(allowed.Names(), " or "), "; `", caller.Name(),
                                                  "` has ", absl::StrJoin(caller.roles.Names(), ", ")));
}

}  // namespace allmende::broker
