#include "broker/control/projection.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "policy/decide/fit.h"
#include "policy/language/parse.h"
#include "sdk/base/status.h"

namespace allmende::broker {
namespace {

absl::Time TimeOf(const v1::Fact& fact) {
  return absl::FromUnixMicros(fact.recorded_at_us());
}

// A copy of the dataset that may be changed; Put() makes it part of the state.
absl::StatusOr<std::shared_ptr<DatasetState>> Edit(const State& state, const std::string& id) {
  for (const auto& [name, dataset] : state.datasets) {
    if (dataset->id == id) {
      return std::make_shared<DatasetState>(*dataset);
    }
  }
  return absl::InvalidArgumentError("the fact names a dataset that does not exist");
}

void Put(State& state, std::shared_ptr<const DatasetState> dataset) {
  state.datasets[dataset->name] = std::move(dataset);
}

absl::StatusOr<std::shared_ptr<const Schema>> MakeSchema(uint32_t version, const std::string& descriptor_set,
                                                         const std::string& message_name, const std::string& hash) {
  ALLMENDE_ASSIGN_OR_RETURN(policy::SchemaTable table, policy::SchemaTable::Compile(descriptor_set, message_name));
  auto schema = std::make_shared<Schema>();
  schema->version = version;
  schema->descriptor_set = descriptor_set;
  schema->message_name = message_name;
  schema->hash = hash;
  schema->table = std::make_shared<const policy::SchemaTable>(std::move(table));
  return schema;
}

absl::Status ApplyDataset(const v1::Fact& fact, State& state) {
  const v1::DatasetCreated& created = fact.dataset_created();
  if (state.datasets.contains(created.name())) {
    return absl::AlreadyExistsError(absl::StrCat("there is a dataset `", created.name(), "` already"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<const Schema> schema,
                            MakeSchema(1, created.schema(), created.message_name(), created.schema_hash()));
  auto dataset = std::make_shared<DatasetState>();
  dataset->name = created.name();
  dataset->id = created.id();
  dataset->log = created.log();
  dataset->title = created.title();
  dataset->description = created.description();
  dataset->kind = created.kind();
  dataset->provider = created.provider();
  dataset->bad_records = created.bad_records();
  dataset->retention = created.retention();
  dataset->created_at = TimeOf(fact);
  dataset->schema = std::move(schema);
  state.next_log = std::max(state.next_log, created.log() + 1);
  Put(state, std::move(dataset));
  return absl::OkStatus();
}

absl::Status ApplySchema(const v1::SchemaUpdated& updated, State& state) {
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<DatasetState> dataset, Edit(state, updated.dataset_id()));
  ALLMENDE_ASSIGN_OR_RETURN(
      dataset->schema, MakeSchema(updated.version(), updated.schema(), updated.message_name(), updated.schema_hash()));
  dataset->policy_compiled = false;
  Put(state, std::move(dataset));
  return absl::OkStatus();
}

std::shared_ptr<const Release> MakeRelease(const v1::Fact& fact) {
  const v1::PolicyReleased& released = fact.policy_released();
  auto release = std::make_shared<Release>();
  release->number = released.number();
  release->file_name = released.file_name();
  release->text = released.text();
  release->released_by = fact.actor();
  release->released_at = TimeOf(fact);
  return release;
}

absl::Status CheckNumber(const std::vector<std::shared_ptr<const Release>>& releases, uint64_t number) {
  const uint64_t expected = releases.empty() ? 1 : releases.back()->number + 1;
  return number == expected
             ? absl::OkStatus()
             : absl::InvalidArgumentError(absl::StrCat("release ", number, " cannot follow release ", expected - 1));
}

absl::Status ApplyRelease(const v1::Fact& fact, State& state) {
  const v1::PolicyReleased& released = fact.policy_released();
  if (released.dataset().empty()) {
    ALLMENDE_RETURN_IF_ERROR(CheckNumber(state.baselines, released.number()));
    state.baselines.push_back(MakeRelease(fact));
    state.baseline = nullptr;
    for (auto& [name, dataset] : state.datasets) {
      auto changed = std::make_shared<DatasetState>(*dataset);
      changed->policy_compiled = false;  // it was, under the old baseline
      dataset = std::move(changed);
    }
    return absl::OkStatus();
  }
  const DatasetState* found = state.Find(released.dataset());
  if (found == nullptr) {
    return absl::NotFoundError(absl::StrCat("there is no dataset `", released.dataset(), "`"));
  }
  ALLMENDE_RETURN_IF_ERROR(CheckNumber(found->releases, released.number()));
  auto dataset = std::make_shared<DatasetState>(*found);
  dataset->releases.push_back(MakeRelease(fact));
  dataset->policy_compiled = false;
  Put(state, std::move(dataset));
  return absl::OkStatus();
}

// Ended declarations leave the state, so that it does not grow.
void ForgetEnded(absl::Time now, v1::Regime& regime) {
  auto& crises = *regime.mutable_crises();
  crises.erase(
      std::remove_if(crises.begin(), crises.end(),
                     [now](const v1::Crisis& crisis) { return absl::FromUnixMicros(crisis.until_us()) <= now; }),
      crises.end());
}

absl::Status ApplyCrisis(const v1::Fact& fact, State& state) {
  ForgetEnded(TimeOf(fact), state.regime);
  state.regime.set_number(state.regime.number() + 1);
  *state.regime.add_crises() = fact.crisis_declared().crisis();
  return absl::OkStatus();
}

absl::Status ApplyLift(const v1::Fact& fact, State& state) {
  ForgetEnded(TimeOf(fact), state.regime);
  auto& crises = *state.regime.mutable_crises();
  const auto found = std::find_if(crises.begin(), crises.end(), [&](const v1::Crisis& crisis) {
    return crisis.number() == fact.crisis_lifted().number();
  });
  if (found == crises.end()) {
    return absl::NotFoundError(absl::StrCat("no crisis with number ", fact.crisis_lifted().number(), " is in force"));
  }
  crises.erase(found);
  state.regime.set_number(state.regime.number() + 1);
  return absl::OkStatus();
}

absl::Status ApplyWriter(const v1::WriterChanged& changed, State& state) {
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<DatasetState> dataset, Edit(state, changed.dataset_id()));
  if (changed.epoch() != dataset->writer.epoch + 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("epoch ", changed.epoch(), " cannot follow epoch ", dataset->writer.epoch));
  }
  dataset->writer = {changed.epoch(), changed.writer_id(), changed.participant()};
  Put(state, std::move(dataset));
  return absl::OkStatus();
}

absl::Status ApplyAgreement(const v1::AgreementAccepted& accepted, State& state) {
  auto agreement = std::make_shared<Agreement>();
  agreement->id = accepted.id();
  agreement->dataset = accepted.dataset();
  agreement->participant = accepted.participant();
  agreement->purpose = accepted.purpose();
  agreement->release = accepted.release();
  if (!state.agreements.emplace(accepted.id(), std::move(agreement)).second) {
    return absl::AlreadyExistsError(absl::StrCat("there is an agreement `", accepted.id(), "` already"));
  }
  return absl::OkStatus();
}

absl::Status ApplyWhat(const v1::Fact& fact, State& state) {
  switch (fact.what_case()) {
    case v1::Fact::kDatasetCreated:
      return ApplyDataset(fact, state);
    case v1::Fact::kSchemaUpdated:
      return ApplySchema(fact.schema_updated(), state);
    case v1::Fact::kPolicyReleased:
      return ApplyRelease(fact, state);
    case v1::Fact::kCrisisDeclared:
      return ApplyCrisis(fact, state);
    case v1::Fact::kCrisisLifted:
      return ApplyLift(fact, state);
    case v1::Fact::kWriterChanged:
      return ApplyWriter(fact.writer_changed(), state);
    case v1::Fact::kAgreementAccepted:
      return ApplyAgreement(fact.agreement_accepted(), state);
    case v1::Fact::WHAT_NOT_SET:
      break;
  }
  return absl::UnimplementedError("the fact was recorded by a newer broker: start that version");
}

}  // namespace

namespace {

void CompileBaseline(State& state) {
  if (state.baseline != nullptr) {
    return;
  }
  if (state.baselines.empty()) {
    state.baseline_problem = absl::NotFoundError("no city baseline was released");
    return;
  }
  const Release& release = *state.baselines.back();
  policy::BaselineParseResult parsed = policy::ParseBaseline(release.text, release.file_name);
  if (!parsed.baseline.has_value()) {
    state.baseline_problem = absl::InvalidArgumentError(
        absl::StrCat("release ", release.number, " of the city baseline cannot be read by this version"));
    return;
  }
  state.baseline = std::make_shared<const policy::Baseline>(*std::move(parsed.baseline));
  state.baseline_problem = absl::OkStatus();
}

// `file:line:column: why; line:column: why`, the first five; empty for none.
std::string DescribeMisfits(const std::string& file, const std::vector<policy::MisfitAt>& misfits) {
  constexpr size_t kShownMax = 5;
  std::string text;
  for (size_t i = 0; i < misfits.size() && i < kShownMax; ++i) {
    const policy::FilePosition& at = misfits[i].position;
    absl::StrAppend(&text, i == 0 ? absl::StrCat(file, ":") : "; ", at.line, ":", at.column, ": ",
                    policy::Describe(misfits[i]));
  }
  if (misfits.size() > kShownMax) {
    absl::StrAppend(&text, "; and ", misfits.size() - kShownMax, " more");
  }
  return text;
}

void CompileInForce(const DatasetState& dataset, State& state) {
  const policy::DatasetId id(dataset.name);
  if (state.baseline == nullptr) {
    return state.policies.PutProblem(id, {std::string(state.baseline_problem.message()), "", {}});
  }
  const Release& release = *dataset.releases.back();
  const policy::ParseResult parsed = policy::ParsePolicy(release.text, release.file_name);
  if (!parsed.policy.has_value()) {
    return state.policies.PutProblem(
        id, {absl::StrCat("release ", release.number, " cannot be read by this version"), release.file_name, {}});
  }
  const std::vector<policy::MisfitAt> misfits = policy::FindMisfits(*parsed.policy, *dataset.schema->table);
  if (!misfits.empty()) {
    return state.policies.PutProblem(
        id, {DescribeMisfits(release.file_name, misfits), release.file_name, misfits.front().position});
  }
  absl::StatusOr<policy::CompiledPolicy> compiled =
      policy::Compile(*parsed.policy, state.baseline.get(), *dataset.schema->table);
  if (!compiled.ok()) {
    return state.policies.PutProblem(id, {std::string(compiled.status().message()), release.file_name, {}});
  }
  state.policies.Put(*std::move(compiled));
}

}  // namespace

void CompilePolicies(State& state) {
  CompileBaseline(state);
  for (auto& [name, dataset] : state.datasets) {
    if (dataset->policy_compiled || dataset->releases.empty()) {
      continue;
    }
    CompileInForce(*dataset, state);
    auto changed = std::make_shared<DatasetState>(*dataset);
    changed->policy_compiled = true;
    dataset = std::move(changed);
  }
}

std::string PolicyMisfits(const std::string& text, const std::string& file_name, const policy::SchemaTable& schema) {
  const policy::ParseResult parsed = policy::ParsePolicy(text, file_name);
  return parsed.policy.has_value() ? DescribeMisfits(file_name, policy::FindMisfits(*parsed.policy, schema)) : "";
}

std::string PolicyMisfits(const DatasetState& dataset, const policy::SchemaTable& schema) {
  if (dataset.releases.empty()) {
    return "";
  }
  const Release& release = *dataset.releases.back();
  return PolicyMisfits(release.text, release.file_name, schema);
}

absl::Status Apply(const v1::Fact& fact, State& state) {
  ALLMENDE_RETURN_IF_ERROR(ApplyWhat(fact, state));
  state.version = fact.sequence();
  return absl::OkStatus();
}

}  // namespace allmende::broker
