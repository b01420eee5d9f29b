// Calls with one answer: identified in the reaction, worked on by the executor, a bounded number at a time.
#pragma once

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "broker/service/exchange.h"
#include "grpcpp/support/server_callback.h"
#include "sdk/pki/identity.h"

namespace allmende::broker {

using Caller = std::shared_ptr<const pki::Identity>;
// Ends the call; from any thread, once.
using FinishCall = absl::AnyInvocable<void(absl::Status)>;

// Identifies the caller and runs `work` on the executor. `work` fills in the response and calls finish, at once or
// later. `method` is what metrics call it. Ends the call right here with kUnauthenticated (who is that?) or
// kResourceExhausted (too many calls at once, of the caller's participant or of all).
grpc::ServerUnaryReactor* RunUnary(Exchange& exchange, grpc::CallbackServerContext* context, const char* method,
                                   absl::AnyInvocable<void(const Caller&, FinishCall)> work);

// The same for work that is done when it returns.
grpc::ServerUnaryReactor* RunUnaryNow(Exchange& exchange, grpc::CallbackServerContext* context, const char* method,
                                      absl::AnyInvocable<absl::Status(const Caller&)> work);

// OK if the caller has one of the roles; otherwise kPermissionDenied, naming both.
absl::Status RequireRole(const pki::Identity& caller, pki::RoleSet allowed, std::string_view what);

}  // namespace allmende::broker
