#include "broker/gate/gate.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "policy/model/refusal.h"
#include "sdk/base/hex.h"
#include "sdk/base/status.h"
#include "sdk/crypto/hash.h"

namespace allmende::broker {
namespace {

policy::Regime RegimeOf(const State& state, absl::Time now, const std::vector<std::string>& suppose) {
  policy::Regime regime;
  for (const v1::Crisis& crisis : state.regime.crises()) {
    regime.crises.push_back({policy::CrisisKind(crisis.kind()),
                             {crisis.area().begin(), crisis.area().end()},
                             absl::FromUnixMicros(crisis.from_us()),
                             absl::FromUnixMicros(crisis.until_us())});
  }
  for (const std::string& kind : suppose) {
    regime.crises.push_back({policy::CrisisKind(kind), {}, now, absl::InfiniteFuture()});
  }
  return regime;
}

// Infinity becomes the greatest number.
int64_t ToMicros(absl::Duration duration) {
  return absl::ToInt64Microseconds(duration);
}

v1::Terms MakeTerms(const policy::Entitlement& entitlement, const policy::CompiledView& view,
                    const crypto::Digest& view_id, const std::string& agreement, const DatasetState& dataset,
                    uint64_t regime) {
  v1::Terms terms;
  terms.set_agreement(agreement);
  terms.set_release(dataset.release());
  terms.set_regime(regime);
  terms.set_view_id(std::string(crypto::AsBytes(view_id)));
  const auto add = [](const std::vector<std::string>& from, auto* to) { *to = {from.begin(), from.end()}; };
  add(view.delivered_fields(), terms.mutable_fields());
  add(view.changed_fields(), terms.mutable_changed_fields());
  add(entitlement.licences, terms.mutable_licences());
  add(entitlement.attributions, terms.mutable_attributions());
  add(entitlement.duties, terms.mutable_duties());
  terms.set_change_note(!view.identity());
  terms.set_may_keep_copy(entitlement.lease.has_value());
  if (entitlement.lease.has_value()) {
    terms.set_lease_us(ToMicros(entitlement.lease->without_contact));
  }
  if (entitlement.max_staleness != absl::InfiniteDuration()) {
    terms.set_max_staleness_us(ToMicros(entitlement.max_staleness));
  }
  return terms;
}

// Reading data is for those who exchange it. An officer writes rules and an auditor reads the register: neither sees
// data.
bool MayReadData(const pki::RoleSet& roles) {
  return roles.Has(policy::Role::kAgency) || roles.Has(policy::Role::kOperator);
}

constexpr size_t kPurposeBytesMax = 64;
constexpr size_t kDatasetNameBytesMax = 128;
constexpr size_t kAgreementBytesMax = 64;

bool IsPurpose(const std::string& text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !text.empty() && text.size() <= kPurposeBytesMax && alphanumeric(text.front()) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; });
}

// Texts go into answers, log lines and, as an agreement, into the control log for good: so what no policy can name is
// refused before anything is looked up.
absl::Status CheckTexts(const GateRequest& request) {
  if (request.dataset.size() > kDatasetNameBytesMax || request.agreement.size() > kAgreementBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("a dataset's name has at most ", kDatasetNameBytesMax,
                                                   " bytes, an agreement's id at most ", kAgreementBytesMax));
  }
  if (!request.purpose.empty() && !IsPurpose(request.purpose)) {
    return absl::InvalidArgumentError(
        absl::StrCat("`purpose` is no word as policies name purposes: 1 to ", kPurposeBytesMax,
                     " characters of a-z, 0-9, `-`, `_` and `.`, for example `verkehrslenkung`"));
  }
  return absl::OkStatus();
}

}  // namespace

std::string ImplicitAgreementId(const std::string& dataset_id, const std::string& participant,
                                const std::string& purpose) {
  const crypto::Digest digest = crypto::Sha256Of(std::string_view("allmende implicit agreement v1\0", 31), dataset_id,
                                                 participant, std::string_view("\0", 1), purpose);
  return absl::StrCat("implicit-", EncodeHex(crypto::AsBytes(digest).substr(0, 16)));
}

Gate::Gate(const PseudonymKeys& keys, Groups groups, size_t views_max)
    : keys_(keys), groups_(std::move(groups)), views_max_(views_max) {}

absl::StatusOr<GateAnswer> Gate::Decide(const State& state, const GateRequest& request, absl::Time now) {
  if (!MayReadData(request.identity->roles)) {
    return absl::PermissionDeniedError(absl::StrCat("`", request.identity->Name(), "` has the role ",
                                                    absl::StrJoin(request.identity->roles.Names(), ", "),
                                                    ": data are read with the role agency or operator only"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(Explanation explanation, Explain(state, request, {}, now));
  return std::move(explanation.answer);
}

absl::StatusOr<Gate::Explanation> Gate::Explain(const State& state, const GateRequest& request,
                                                const std::vector<std::string>& suppose, absl::Time now) {
  ALLMENDE_RETURN_IF_ERROR(CheckTexts(request));
  const DatasetState* dataset = state.Find(request.dataset);
  if (dataset == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("there is no dataset `", request.dataset, "`: look for its name with `allmende dataset list`"));
  }
  const std::string& participant = request.identity->participant;
  const std::string implicit = ImplicitAgreementId(dataset->id, participant, request.purpose);
  if (!request.agreement.empty() && request.agreement != implicit) {
    return absl::InvalidArgumentError(absl::StrCat("`", request.agreement, "` is no agreement of `", participant,
                                                   "` about `", request.dataset,
                                                   "` for this purpose: leave it out to use the implicit one"));
  }
  policy::Request asked;
  asked.caller.participant = policy::ParticipantId(participant);
  asked.caller.roles = request.identity->roles.Roles();
  if (const auto groups = groups_.find(participant); groups != groups_.end()) {
    for (const std::string& group : groups->second) {
      asked.caller.groups.emplace_back(group);
    }
  }
  asked.dataset = policy::DatasetId(request.dataset);
  asked.action = request.action;
  asked.keep_copy = request.keep_copy;
  asked.purpose = policy::Purpose(request.purpose);
  asked.regime = RegimeOf(state, now, suppose);
  asked.now = now;
  policy::Decision decision = policy::Decide(state.policies, asked);

  Explanation explanation;
  if (!decision.allowed()) {
    explanation.answer = policy::ToProto(decision.refusal());
    return explanation;
  }
  const policy::Entitlement& entitlement = decision.entitlement();
  for (const policy::RuleRef& rule : entitlement.rules) {
    explanation.rules.push_back(absl::StrCat(rule.file, ":", rule.position.line, " ", rule.id.value()));
  }
  v1::ViewProgram program = entitlement.view;
  program.set_dataset_id(dataset->id);
  program.set_pseudonym_key_id(implicit);
  auto entitled = std::make_shared<Entitled>();
  const std::string program_bytes = policy::CanonicalProgram(program);
  entitled->view_id =
      crypto::Sha256Of(std::string_view("allmende view v1\0", 17), dataset->schema->hash, program_bytes);
  ALLMENDE_ASSIGN_OR_RETURN(entitled->view, ViewFor(*dataset, program, implicit, entitled->view_id));
  const uint64_t regime = state.regime.number();
  entitled->terms = MakeTerms(entitlement, *entitled->view, entitled->view_id, implicit, *dataset, regime);
  std::copy(dataset->schema->hash.begin(), dataset->schema->hash.end(), entitled->schema_hash.begin());
  entitled->lease = entitlement.lease;
  entitled->kind = dataset->kind;
  entitled->release = dataset->release();
  entitled->regime = regime;
  entitled->valid_until = decision.valid_until;
  entitled->program = std::move(program);
  explanation.answer = Allowed{std::move(entitled), !state.agreements.contains(implicit)};
  return explanation;
}

absl::StatusOr<std::shared_ptr<const policy::CompiledView>> Gate::ViewFor(const DatasetState& dataset,
                                                                          const v1::ViewProgram& program,
                                                                          const std::string& agreement,
                                                                          const crypto::Digest& view_id) {
  {
    MutexLock lock(mutex_);
    const auto found = views_.find(view_id);
    if (found != views_.end()) {
      return found->second;
    }
  }
  std::shared_ptr<const policy::Mac> mac;
  if (policy::NeedsMac(program, *dataset.schema->table)) {
    ALLMENDE_ASSIGN_OR_RETURN(mac, keys_.KeyOf(agreement));
  }
  ALLMENDE_ASSIGN_OR_RETURN(policy::CompiledView compiled,
                            policy::CompiledView::Compile(program, *dataset.schema->table, std::move(mac)));
  auto view = std::make_shared<const policy::CompiledView>(std::move(compiled));
  MutexLock lock(mutex_);
  if (views_.size() >= views_max_) {
    views_.clear();
  }
  views_.insert_or_assign(view_id, view);
  return view;
}

}  // namespace allmende::broker
