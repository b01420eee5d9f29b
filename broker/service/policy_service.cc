#include "broker/service/policy_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/service/agreements.h"
#include "broker/service/paging.h"
#include "broker/service/release.h"
#include "broker/service/unary.h"
#include "policy/language/reader.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"
#include "sdk/pki/identity.h"

namespace allmende::broker {
namespace {

constexpr absl::Duration kCrisisMax = absl::Hours(24 * 7);
constexpr size_t kReasonBytesMax = 1'000;
constexpr size_t kListBytesMax = 2 << 20;

v1::PolicyRelease ToMessage(const Release& release, const std::string& dataset, bool with_text) {
  v1::PolicyRelease message;
  message.set_number(release.number);
  message.set_dataset(dataset);
  message.set_file_name(release.file_name);
  if (with_text) {
    message.set_text(release.text);
  }
  *message.mutable_released_by() = release.released_by;
  message.set_released_at_us(absl::ToUnixMicros(release.released_at));
  message.set_text_sha256(std::string(crypto::AsBytes(crypto::Sha256Of(release.text))));
  return message;
}

absl::StatusOr<policy::Action> ParseAction(const std::string& name) {
  for (const policy::Action action : {policy::Action::kSubscribe, policy::Action::kRead, policy::Action::kLookup}) {
    if (name == policy::ActionName(action)) {
      return action;
    }
  }
  if (name.empty()) {
    return policy::Action::kSubscribe;
  }
  return absl::InvalidArgumentError(absl::StrCat("there is no action `", name, "`: use subscribe, read or lookup"));
}

absl::Status CheckReason(const std::string& reason) {
  return reason.size() <= kReasonBytesMax
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrCat("`reason` has at most ", kReasonBytesMax, " bytes"));
}

// A kind that no policy can mean opens nothing, so it is a slip of the pen: where the baseline says which there are,
// whether declared or under a ceiling, it must be one of them.
absl::Status CheckCrisisKind(const State& state, const std::string& kind) {
  if (!policy::IsId(kind)) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", kind, "` is not the name of a crisis: use 1 to 64 of a-z, 0-9, `-`, `_` and `.`"));
  }
  std::vector<std::string> known;
  if (state.baseline != nullptr) {
    for (const policy::CrisisKind& declared : state.baseline->crises) {
      known.push_back(declared.value());
    }
    for (const policy::CrisisCeiling& ceiling : state.baseline->crisis_ceilings) {
      for (const policy::CrisisKind& covered : ceiling.during) {
        known.push_back(covered.value());
      }
    }
  }
  std::sort(known.begin(), known.end());
  known.erase(std::unique(known.begin(), known.end()), known.end());
  if (known.empty() || std::binary_search(known.begin(), known.end(), kind)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the city baseline knows no crisis `", kind, "`; there are: ", absl::StrJoin(known, ", ")));
}

absl::StatusOr<std::optional<v1::Fact>> ProposeCrisis(const State& state, const v1::DeclareCrisisRequest& request,
                                                      absl::Time now) {
  const absl::Time until = absl::FromUnixMicros(request.until_us());
  if (request.kind().empty()) {
    return absl::InvalidArgumentError(
        "`kind` is missing: name the crisis as the policies do, for example `starkregen`");
  }
  if (!request.area().empty()) {
    return absl::InvalidArgumentError(
        "a crisis cannot be declared for an `area`: rules know no areas, so it would open theirs for the whole city; "
        "leave the area out if that is meant");
  }
  ALLMENDE_RETURN_IF_ERROR(CheckCrisisKind(state, request.kind()));
  if (until <= now) {
    return absl::InvalidArgumentError("the crisis would be over already: say an end that is still to come");
  }
  if (until > now + kCrisisMax) {
    return absl::InvalidArgumentError("a crisis ends at most 7 days ahead: declare it again to go on");
  }
  ALLMENDE_RETURN_IF_ERROR(CheckReason(request.reason()));
  const v1::Regime in_force = state.RegimeAt(now);
  for (const v1::Crisis& crisis : in_force.crises()) {
    if (crisis.kind() == request.kind()) {
      return absl::FailedPreconditionError(absl::StrCat("a crisis `", crisis.kind(), "` (number ", crisis.number(),
                                                        ") is in force: end it first (`allmende crisis end ",
                                                        crisis.kind(), "`), or wait for its end"));
    }
  }
  v1::Fact fact;
  v1::Crisis& crisis = *fact.mutable_crisis_declared()->mutable_crisis();
  crisis.set_number(state.regime.number() + 1);
  crisis.set_kind(request.kind());
  crisis.set_from_us(absl::ToUnixMicros(now));
  crisis.set_until_us(request.until_us());
  crisis.set_reason(request.reason());
  return fact;
}

// The reader who is asked about. What a certificate of the participant says is not known here, so the roles are those
// that the request names.
absl::StatusOr<std::shared_ptr<const pki::Identity>> Supposed(const pki::Identity& caller,
                                                              const v1::ExplainRequest& request) {
  ALLMENDE_RETURN_IF_ERROR(pki::CheckParticipantId(request.participant()));
  auto identity = std::make_shared<pki::Identity>();
  identity->participant = request.participant();
  identity->roles = request.participant() == caller.participant ? caller.roles : pki::RoleSet{policy::Role::kOperator};
  if (!request.roles().empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(identity->roles, pki::ParseRoles({request.roles().begin(), request.roles().end()}));
  }
  return identity;
}

// Records the fact and answers with the regime that it leads to.
void ChangeRegime(Exchange& exchange, const Caller& caller, ControlLog::Propose propose, v1::Regime* response,
                  FinishCall finish) {
  absl::Status role = RequireRole(*caller, {policy::Role::kCrisisAuthority}, "declaring or lifting a crisis");
  if (!role.ok()) {
    return finish(std::move(role));
  }
  exchange.control.Record(ActorOf(*caller), std::move(propose),
                          [&exchange, caller, response,
                           finish = std::move(finish)](absl::StatusOr<std::shared_ptr<const State>> state) mutable {
                            if (state.ok()) {
                              *response = (*state)->RegimeAt(exchange.clock.Now());
                              exchange.logger.Warning("regime changed",
                                                      {{"by", caller->Name()},
                                                       {"number", absl::StrCat(response->number())},
                                                       {"crises", absl::StrCat(response->crises_size())}});
                            }
                            finish(state.status());
                          });
}

}  // namespace

grpc::ServerUnaryReactor* PolicyServiceImpl::Release(grpc::CallbackServerContext* context,
                                                     const v1::ReleaseRequest* request, v1::ReleaseResponse* response) {
  return RunUnary(exchange_, context, "Release", [this, request, response](const Caller& caller, FinishCall finish) {
    absl::Status checked = RequireRole(*caller, {policy::Role::kOfficer}, "releasing a policy");
    if (checked.ok()) {
      checked = CheckRelease(*exchange_.control.state(), *request, exchange_.clock.Now(), *response);
    }
    if (!checked.ok() || request->dry_run() || response->errors_size() > 0) {
      return finish(std::move(checked));
    }
    exchange_.control.Record(
        ActorOf(*caller), [request](const State& state) { return ProposeRelease(state, *request); },
        [this, request, response, caller,
         finish = std::move(finish)](absl::StatusOr<std::shared_ptr<const State>> state) mutable {
          if (state.ok()) {
            const auto& releases =
                request->dataset().empty() ? (*state)->baselines : (*state)->Find(request->dataset())->releases;
            response->set_release(releases.back()->number);
            response->set_released_at_us(absl::ToUnixMicros(releases.back()->released_at));
            exchange_.logger.Info("policy released", {{"dataset", request->dataset()},
                                                      {"release", absl::StrCat(response->release())},
                                                      {"by", caller->Name()}});
          }
          finish(state.status());
        });
  });
}

grpc::ServerUnaryReactor* PolicyServiceImpl::ListReleases(grpc::CallbackServerContext* context,
                                                          const v1::ListReleasesRequest* request,
                                                          v1::ListReleasesResponse* response) {
  return RunUnaryNow(exchange_, context, "ListReleases", [this, request, response](const Caller&) -> absl::Status {
    const std::shared_ptr<const State> state = exchange_.control.state();
    const DatasetState* dataset = state->Find(request->dataset());
    if (dataset == nullptr && !request->dataset().empty()) {
      return absl::NotFoundError(absl::StrCat("there is no dataset `", request->dataset(), "`"));
    }
    const auto& releases = dataset == nullptr ? state->baselines : dataset->releases;
    ALLMENDE_ASSIGN_OR_RETURN(const uint64_t before, PageNumber(request->page_token()));
    const uint32_t page_size = PageSize(request->page_size());
    size_t bytes = 0;
    for (auto it = releases.rbegin(); it != releases.rend(); ++it) {
      if (before != 0 && (*it)->number >= before) {
        continue;
      }
      if (static_cast<uint32_t>(response->releases_size()) >= page_size || bytes >= kListBytesMax) {
        response->set_next_page_token(absl::StrCat(response->releases().rbegin()->number()));
        break;
      }
      *response->add_releases() = ToMessage(**it, request->dataset(), request->with_text());
      bytes += request->with_text() ? (*it)->text.size() : 0;
    }
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PolicyServiceImpl::Explain(grpc::CallbackServerContext* context,
                                                     const v1::ExplainRequest* request, v1::ExplainResponse* response) {
  return RunUnaryNow(exchange_, context, "Explain", [this, request, response](const Caller& caller) -> absl::Status {
    const std::shared_ptr<const State> state = exchange_.control.state();
    const DatasetState* dataset = state->Find(request->dataset());
    const bool own = dataset != nullptr && dataset->provider == caller->participant;
    const bool about_itself = request->participant() == caller->participant && request->roles().empty();
    if (!own && !about_itself) {
      ALLMENDE_RETURN_IF_ERROR(RequireRole(*caller, {policy::Role::kOfficer, policy::Role::kAuditor},
                                           "asking what somebody else would get"));
    }
    ALLMENDE_ASSIGN_OR_RETURN(const policy::Action action, ParseAction(request->action()));
    ALLMENDE_ASSIGN_OR_RETURN(const std::shared_ptr<const pki::Identity> identity, Supposed(*caller, *request));
    std::vector<std::string> suppose;
    if (!request->during_crisis().empty()) {
      ALLMENDE_RETURN_IF_ERROR(CheckCrisisKind(*state, request->during_crisis()));
      suppose.push_back(request->during_crisis());
    }
    ALLMENDE_ASSIGN_OR_RETURN(
        Gate::Explanation explanation,
        exchange_.gate.Explain(*state, {identity, request->dataset(), request->purpose(), "", action, false}, suppose,
                               exchange_.clock.Now()));
    if (const Allowed* allowed = std::get_if<Allowed>(&explanation.answer)) {
      *response->mutable_terms() = allowed->entitled->terms;
    } else {
      *response->mutable_refused() = std::get<v1::Refusal>(std::move(explanation.answer));
    }
    *response->mutable_rules() = {explanation.rules.begin(), explanation.rules.end()};
    return absl::OkStatus();
  });
}

grpc::ServerUnaryReactor* PolicyServiceImpl::DeclareCrisis(grpc::CallbackServerContext* context,
                                                           const v1::DeclareCrisisRequest* request,
                                                           v1::Regime* response) {
  return RunUnary(
      exchange_, context, "DeclareCrisis", [this, request, response](const Caller& caller, FinishCall finish) {
        ChangeRegime(
            exchange_, caller,
            [this, request](const State& state) { return ProposeCrisis(state, *request, exchange_.clock.Now()); },
            response, std::move(finish));
      });
}

grpc::ServerUnaryReactor* PolicyServiceImpl::LiftCrisis(grpc::CallbackServerContext* context,
                                                        const v1::LiftCrisisRequest* request, v1::Regime* response) {
  return RunUnary(exchange_, context, "LiftCrisis", [this, request, response](const Caller& caller, FinishCall finish) {
    const auto propose = [this, request](const State& state) -> absl::StatusOr<std::optional<v1::Fact>> {
      ALLMENDE_RETURN_IF_ERROR(CheckReason(request->reason()));
      const v1::Regime in_force = state.RegimeAt(exchange_.clock.Now());
      if (std::none_of(in_force.crises().begin(), in_force.crises().end(),
                       [request](const v1::Crisis& crisis) { return crisis.number() == request->number(); })) {
        return absl::NotFoundError(absl::StrCat("no crisis with number ", request->number(), " is in force"));
      }
      v1::Fact fact;
      fact.mutable_crisis_lifted()->set_number(request->number());
      fact.mutable_crisis_lifted()->set_reason(request->reason());
      return fact;
    };
    ChangeRegime(exchange_, caller, propose, response, std::move(finish));
  });
}

grpc::ServerUnaryReactor* PolicyServiceImpl::GetRegime(grpc::CallbackServerContext* context,
                                                       const v1::GetRegimeRequest*, v1::Regime* response) {
  return RunUnaryNow(exchange_, context, "GetRegime", [this, response](const Caller&) {
    *response = exchange_.control.state()->RegimeAt(exchange_.clock.Now());
    return absl::OkStatus();
  });
}

}  // namespace allmende::broker
