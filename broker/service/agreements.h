// Implicit agreements, and refusals in the log: what every reading call does around the gate.
#pragma once

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "allmende/v1/facts.pb.h"
#include "allmende/v1/refusal.pb.h"
#include "broker/gate/gate.h"
#include "broker/service/exchange.h"

namespace allmende::broker {

// Records that the caller of `request` uses the dataset for the purpose, unless it is recorded already. `done` gets OK
// once it is durable, kResourceExhausted where a participant has too many about one dataset; it runs on the executor.
void RecordImplicitAgreement(Exchange& exchange, const GateRequest& request,
                             absl::AnyInvocable<void(absl::Status)> done);

void LogRefusal(Exchange& exchange, const GateRequest& request, const v1::Refusal& refusal);

v1::Actor ActorOf(const pki::Identity& identity);

}  // namespace allmende::broker
