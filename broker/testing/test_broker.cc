#include "broker/testing/test_broker.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/policy.grpc.pb.h"
#include "policy/testing/test_schema.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/city.h"
#include "sdk/pki/layout.h"
#include "sdk/pki/profile.h"
#include "sdk/rpc/channel.h"
#include "sdk/rpc/status.h"
#include "sdk/rpc/tls.h"

namespace allmende::broker {
namespace {

constexpr char kBaseline[] =
    "language: en\n"
    "baseline: teststadt\n"
    "publisher: beauftragte\n"
    "valid: {from: 2024-01-01}\n"
    "purposes: [verkehrslenkung, gefahrenabwehr, forschung]\n"
    "groups: [navigation]\n"
    "crises: [starkregen]\n"
    "limits:\n"
    "  - limit: nothing-critical\n"
    "    for: everyone\n"
    "    never: [personal, critical]\n"
    "crisis_ceilings:\n"
    "  - ceiling: those-who-act\n"
    "    during: crisis(starkregen)\n"
    "    for: [feuerwehr]\n"
    "    at_most: [public, operational, location, critical, identifier]\n"
    "    replica: {without_contact: until crisis end + 24 hours}\n"
    "tests:\n"
    "  - {who: navi, role: operator, never: [personal, critical]}\n";

pki::IssueOptions Participant(const std::string& name, std::vector<policy::Role> roles) {
  pki::IssueOptions options;
  options.participant = name;
  for (const policy::Role role : roles) {
    options.roles.Add(role);
  }
  options.purpose = "verkehrslenkung";
  return options;
}

BrokerConfig MakeCity(const std::string& directory) {
  using policy::Role;
  pki::CityOptions options;
  options.city = "teststadt";
  options.first = {Participant("beauftragte", {Role::kOfficer}),
                   Participant("amt", {Role::kAgency}),
                   Participant("navi", {Role::kOperator}),
                   Participant("logistik", {Role::kOperator}),
                   Participant("feuerwehr", {Role::kOperator, Role::kCrisisAuthority}),
                   Participant("pruefer", {Role::kAuditor})};
  const auto made = pki::InitCity(directory, options, absl::Now());
  EXPECT_TRUE(made.ok()) << made.status();
  const pki::CityLayout layout(directory);
  const absl::Status written = WriteFileAtomically(layout.Baseline(), kBaseline, FileAccess::kEverybody);
  EXPECT_TRUE(written.ok()) << written;
  absl::StatusOr<BrokerConfig> config = LoadConfig(layout.Config());
  EXPECT_TRUE(config.ok()) << config.status();
  config->groups["navigation"] = {"navi"};
  return *std::move(config);
}

}  // namespace

TestBroker::TestBroker() : logger_(Logger::Create(LogFormat::kText, Severity::kError)), config_(MakeCity(directory())) {
  config_.listen = {"127.0.0.1:0"};
}

TestBroker::~TestBroker() = default;

absl::Status TestBroker::Start() {
  if (port_ != 0) {
    config_.listen = {absl::StrCat("127.0.0.1:", port_)};
  }
  ALLMENDE_ASSIGN_OR_RETURN(server_, Server::Start(config_, {}, clock_, *logger_));
  const std::string& address = server_->listening().front();
  port_ = std::stoi(address.substr(address.rfind(':') + 1));
  return absl::OkStatus();
}

std::string TestBroker::endpoint() const {
  return absl::StrCat("localhost:", port_);
}

std::string TestBroker::Profile(const std::string& participant, const std::string& member) const {
  return pki::CityLayout(directory()).ProfileDirectory(participant, member);
}

std::shared_ptr<grpc::Channel> TestBroker::Connect(const std::string& participant, const std::string& member) const {
  const auto profile = pki::LoadProfile(Profile(participant, member));
  EXPECT_TRUE(profile.ok()) << profile.status();
  const auto credentials = rpc::ClientCredentials(profile->Pair(), profile->AuthorityPath(), absl::Now());
  EXPECT_TRUE(credentials.ok()) << credentials.status();
  return rpc::MakeChannel(endpoint(), *credentials);
}

absl::Status TestBroker::CreateDataset(const std::string& name, const std::string& proto_body, bool table,
                                       bool quarantine) {
  v1::CreateDatasetRequest request;
  request.set_name(name);
  request.set_kind(table ? v1::TABLE : v1::STREAM);
  request.set_schema(policy::testing::DescriptorSetOf(policy::testing::ProtoText(proto_body)));
  request.set_message_name("test.Record");
  request.set_bad_records(quarantine ? v1::QUARANTINE : v1::REFUSE_BATCH);
  grpc::ClientContext context;
  v1::Dataset dataset;
  return rpc::FromGrpc(v1::CatalogueService::NewStub(Connect("amt"))->CreateDataset(&context, request, &dataset));
}

absl::Status TestBroker::Release(const std::string& dataset, const std::string& text) {
  const auto stub = v1::PolicyService::NewStub(Connect("beauftragte"));
  v1::ListReleasesRequest list;
  list.set_dataset(dataset);
  grpc::ClientContext list_context;
  v1::ListReleasesResponse releases;
  ALLMENDE_RETURN_IF_ERROR(rpc::FromGrpc(stub->ListReleases(&list_context, list, &releases)));
  v1::ReleaseRequest request;
  request.set_dataset(dataset);
  request.set_file_name("test.policy.yaml");
  request.set_text(text);
  request.set_expected_release(releases.releases_size() == 0 ? 0 : releases.releases(0).number());
  grpc::ClientContext context;
  v1::ReleaseResponse response;
  ALLMENDE_RETURN_IF_ERROR(rpc::FromGrpc(stub->Release(&context, request, &response)));
  if (response.release() == 0) {
    std::string errors;
    for (const std::string& error : response.errors()) {
      absl::StrAppend(&errors, error, "\n");
    }
    return absl::InvalidArgumentError(errors);
  }
  return absl::OkStatus();
}

std::string PolicyText(const std::string& dataset, const std::string& fields, const std::string& rules) {
  return absl::StrCat("language: en\ndataset: ", dataset, "\npublisher: amt\nvalid: {from: 2024-01-01}\nfields:\n",
                      fields, "rules:\n", rules,
                      "tests:\n  - {who: nobody-at-all, purpose: advertising, never: [critical]}\n");
}

}  // namespace allmende::broker
