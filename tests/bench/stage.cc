#include "tests/bench/stage.h"

#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/pki/profile.h"
#include "sdk/rpc/channel.h"
#include "sdk/rpc/tls.h"
#include "tests/bench/sample.h"

namespace allmende::bench {
namespace {

constexpr char kListen[] = "127.0.0.1:7443";
constexpr char kBaseline[] =
    "language: en\nbaseline: bench\npublisher: officer\nvalid: {from: 2024-01-01}\n"
    "limits:\n  - limit: nothing-personal\n    for: everyone\n    never: [personal]\n"
    "tests:\n  - {who: identity, never: [personal]}\n";

pki::IssueOptions Participant(const std::string& name, policy::Role role) {
  pki::IssueOptions options;
  options.participant = name;
  options.roles.Add(role);
  options.purpose = "test";
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Stage>> Stage::Make() {
  std::string folder = std::filesystem::absolute("bench-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return absl::PermissionDeniedError("cannot make a folder in the working folder");
  }
  std::unique_ptr<Stage> stage(new Stage(folder));
  ALLMENDE_RETURN_IF_ERROR(stage->MakeCity());
  return stage;
}

Stage::~Stage() {
  broker_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

absl::Status Stage::MakeCity() {
  pki::CityOptions options;
  options.city = "bench";
  options.listen = kListen;
  options.first = {Participant("officer", policy::Role::kOfficer), Participant("amt", policy::Role::kAgency),
                   Participant("identity", policy::Role::kOperator), Participant("changed", policy::Role::kOperator)};
  const pki::CityLayout layout(absl::StrCat(folder_, "/city"));
  ALLMENDE_RETURN_IF_ERROR(pki::InitCity(layout.directory(), options, absl::Now()).status());
  // A city wants a fixed port; here the system chooses one, and the profiles are told.
  ALLMENDE_ASSIGN_OR_RETURN(const std::string config, ReadFile(layout.Config(), 1 << 20));
  ALLMENDE_RETURN_IF_ERROR(WriteFileAtomically(layout.Config(), absl::StrReplaceAll(config, {{kListen, "127.0.0.1:0"}}),
                                               FileAccess::kEverybody));
  return WriteFileAtomically(layout.Baseline(), kBaseline, FileAccess::kEverybody);
}

absl::Status Stage::StartBroker() {
  ALLMENDE_ASSIGN_OR_RETURN(broker_, Process::Start({absl::StrCat(ProgramFolder(), "/allmended"), "--config",
                                                     pki::CityLayout(absl::StrCat(folder_, "/city")).Config()}));
  ALLMENDE_ASSIGN_OR_RETURN(const std::string address, broker_->WaitForWord("at=127.0.0.1:"));
  endpoint_ = absl::StrCat("localhost:", address);
  for (const char* const participant : {"officer", "amt", "identity", "changed"}) {
    ALLMENDE_ASSIGN_OR_RETURN(pki::Profile profile, pki::LoadProfile(Profile(participant)));
    profile.endpoints = {endpoint_};
    ALLMENDE_RETURN_IF_ERROR(pki::SaveProfile(profile));
  }
  return absl::OkStatus();
}

std::string Stage::Profile(const std::string& participant) const {
  return pki::CityLayout(absl::StrCat(folder_, "/city")).ProfileDirectory(participant);
}

absl::StatusOr<std::unique_ptr<Client>> Stage::Connect(const std::string& participant) const {
  ClientOptions options;
  options.profile = Profile(participant);
  return Client::Connect(options);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Stage::Channel(const std::string& participant,
                                                              const std::string& endpoint) const {
  ALLMENDE_ASSIGN_OR_RETURN(const pki::Profile profile, pki::LoadProfile(Profile(participant)));
  ALLMENDE_ASSIGN_OR_RETURN(const auto credentials,
                            rpc::ClientCredentials(profile.Pair(), profile.AuthorityPath(), absl::Now()));
  return rpc::MakeChannel(endpoint, credentials);
}

absl::Status Stage::CreateDataset(const std::string& name, bool table) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> agency, Connect("amt"));
  v1::CreateDatasetRequest create;
  create.set_name(name);
  create.set_kind(table ? v1::TABLE : v1::STREAM);
  create.set_schema(SampleSchema());
  create.set_message_name(kMessageName);
  ALLMENDE_RETURN_IF_ERROR(agency->CreateDataset(create).status());
  ALLMENDE_ASSIGN_OR_RETURN(const std::unique_ptr<Client> officer, Connect("officer"));
  v1::ReleaseRequest release;
  release.set_dataset(name);
  release.set_file_name("bench.policy.yaml");
  release.set_text(SamplePolicy(name));
  ALLMENDE_ASSIGN_OR_RETURN(const v1::ReleaseResponse released, officer->Release(release));
  return released.errors_size() == 0 ? absl::OkStatus() : absl::InternalError(released.errors(0));
}

}  // namespace allmende::bench
