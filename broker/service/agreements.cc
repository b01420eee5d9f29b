#include "broker/service/agreements.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::broker {

v1::Actor ActorOf(const pki::Identity& identity) {
  v1::Actor actor;
  actor.set_participant(identity.participant);
  actor.set_member(identity.member);
  return actor;
}

void RecordImplicitAgreement(Exchange& exchange, const GateRequest& request,
                             absl::AnyInvocable<void(absl::Status)> done) {
  const auto propose = [dataset_name = request.dataset, participant = request.identity->participant,
                        purpose = request.purpose](const State& state) -> absl::StatusOr<std::optional<v1::Fact>> {
    const DatasetState* dataset = state.Find(dataset_name);
    if (dataset == nullptr) {
      return absl::NotFoundError(absl::StrCat("there is no dataset `", dataset_name, "`"));
    }
    const std::string id = ImplicitAgreementId(dataset->id, participant, purpose);
    if (state.agreements.contains(id)) {
      return std::nullopt;
    }
    v1::Fact fact;
    v1::AgreementAccepted& accepted = *fact.mutable_agreement_accepted();
    accepted.set_id(id);
    accepted.set_dataset(dataset_name);
    accepted.set_participant(participant);
    accepted.set_purpose(purpose);
    accepted.set_release(dataset->release());
    return fact;
  };
  exchange.control.Record(
      ActorOf(*request.identity), propose,
      [done = std::move(done)](absl::StatusOr<std::shared_ptr<const State>> state) mutable { done(state.status()); });
}

void LogRefusal(Exchange& exchange, const GateRequest& request, const v1::Refusal& refusal) {
  ++exchange.counters.requests_refused;
  exchange.logger.Info("refused by policy", {{"dataset", request.dataset},
                                             {"participant", request.identity->Name()},
                                             {"purpose", request.purpose},
                                             {"code", refusal.code()},
                                             {"rule", refusal.rule()},
                                             {"at", absl::StrCat(refusal.rule_file(), ":", refusal.rule_line())}});
}

}  // namespace allmende::broker
