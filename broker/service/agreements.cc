#include "broker/service/agreements.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"

namespace allmende::broker {
namespace {

// Agreements stay for good, and where a rule says `purpose: any` the reader makes the purposes up.
constexpr int64_t kAgreementsMax = 64;  // of one participant about one dataset

absl::Status CheckRoom(const State& state, const std::string& dataset, const std::string& participant) {
  const int64_t count = std::count_if(state.agreements.begin(), state.agreements.end(), [&](const auto& entry) {
    return entry.second->participant == participant && entry.second->dataset == dataset;
  });
  return count < kAgreementsMax ? absl::OkStatus()
                                : absl::ResourceExhaustedError(
                                      absl::StrCat("`", participant, "` has ", count, " agreements about `", dataset,
                                                   "`, which is the limit: use a purpose it has used "
                                                   "before"));
}

}  // namespace

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
    const absl::Status room = CheckRoom(state, dataset_name, participant);
    if (!room.ok()) {
      return room;
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
