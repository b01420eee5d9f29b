// Separation of duties: which role may make which call. Every method of every service, with every role, by members of
// one and the same participant, so that nothing but the role can make the difference.
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "allmende/v1/policy.grpc.pb.h"
#include "allmende/v1/status.grpc.pb.h"
#include "broker/testing/exchange_fixture.h"
#include "google/protobuf/descriptor.h"
#include "sdk/pki/city.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

using policy::Role;

using Call = std::function<grpc::Status(const std::shared_ptr<grpc::Channel>&)>;

void Limit(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
}

template <typename Service, typename Request, typename Response>
Call Unary(grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request) {
  return [method, request](const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    Limit(context);
    Response response;
    return ((*Service::NewStub(channel)).*method)(&context, request, &response);
  };
}

grpc::Status Publish(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::ExchangeService::NewStub(channel);
  grpc::ClientContext context;
  Limit(context);
  const auto stream = stub->Publish(&context);
  v1::PublishRequest request;
  request.mutable_open()->set_dataset("amt/pegel");
  request.mutable_open()->set_writer_id(std::string(16, 'w'));
  stream->Write(request);
  stream->WritesDone();
  v1::PublishResponse response;
  while (stream->Read(&response)) {
  }
  return stream->Finish();
}

grpc::Status Subscribe(const std::shared_ptr<grpc::Channel>& channel) {
  const auto stub = v1::ExchangeService::NewStub(channel);
  grpc::ClientContext context;
  Limit(context);
  v1::SubscribeRequest request;
  request.set_dataset("amt/pegel");
  request.set_purpose("verkehrslenkung");
  request.set_stop_at_head(true);
  const auto stream = stub->Subscribe(&context, request);
  v1::SubscribeResponse response;
  while (stream->Read(&response)) {
  }
  return stream->Finish();
}

struct Method {
  std::string name;  // `Service.Method`
  std::set<Role> allowed;
  Call call;
};

const std::set<Role> kEverybody = {Role::kAgency, Role::kOperator, Role::kOfficer, Role::kCrisisAuthority,
                                   Role::kAuditor};
const std::set<Role> kExchanging = {Role::kAgency, Role::kOperator};

template <typename Request>
Request ForDataset() {
  Request request;
  request.set_dataset("amt/pegel");
  return request;
}

std::vector<Method> Methods() {
  using Catalogue = v1::CatalogueService;
  using Exchange = v1::ExchangeService;
  using Policy = v1::PolicyService;
  v1::GetDatasetRequest get;
  get.set_name("amt/pegel");
  v1::UpdateSchemaRequest schema;
  schema.set_name("amt/pegel");
  schema.set_dry_run(true);
  auto drop = ForDataset<v1::DropQuarantineRequest>();
  drop.set_all(true);
  auto read = ForDataset<v1::ReadRequest>();
  read.set_purpose("verkehrslenkung");
  auto lookup = ForDataset<v1::LookupRequest>();
  lookup.set_purpose("verkehrslenkung");
  v1::ExplainRequest explain;  // what one stranger gets from another
  explain.set_dataset("navi/fahrten");
  explain.set_participant("logistik");
  v1::LiftCrisisRequest lift;
  lift.set_number(99);
  return {
      {"CatalogueService.CreateDataset", kExchanging,
       Unary<Catalogue>(&Catalogue::Stub::CreateDataset, v1::CreateDatasetRequest())},
      {"CatalogueService.GetDataset", kEverybody, Unary<Catalogue>(&Catalogue::Stub::GetDataset, get)},
      {"CatalogueService.ListDatasets", kEverybody,
       Unary<Catalogue>(&Catalogue::Stub::ListDatasets, v1::ListDatasetsRequest())},
      {"CatalogueService.UpdateSchema", kExchanging, Unary<Catalogue>(&Catalogue::Stub::UpdateSchema, schema)},
      {"CatalogueService.ListQuarantine", kExchanging,
       Unary<Catalogue>(&Catalogue::Stub::ListQuarantine, ForDataset<v1::ListQuarantineRequest>())},
      {"CatalogueService.DropQuarantine", kExchanging, Unary<Catalogue>(&Catalogue::Stub::DropQuarantine, drop)},
      {"ExchangeService.Publish", kExchanging, Publish},
      {"ExchangeService.Subscribe", kExchanging, Subscribe},
      {"ExchangeService.Read", kExchanging, Unary<Exchange>(&Exchange::Stub::Read, read)},
      {"ExchangeService.Lookup", kExchanging, Unary<Exchange>(&Exchange::Stub::Lookup, lookup)},
      {"PolicyService.Release", {Role::kOfficer}, Unary<Policy>(&Policy::Stub::Release, v1::ReleaseRequest())},
      {"PolicyService.ListReleases", kEverybody,
       Unary<Policy>(&Policy::Stub::ListReleases, ForDataset<v1::ListReleasesRequest>())},
      {"PolicyService.Explain", {Role::kOfficer, Role::kAuditor}, Unary<Policy>(&Policy::Stub::Explain, explain)},
      {"PolicyService.DeclareCrisis",
       {Role::kCrisisAuthority},
       Unary<Policy>(&Policy::Stub::DeclareCrisis, v1::DeclareCrisisRequest())},
      {"PolicyService.LiftCrisis", {Role::kCrisisAuthority}, Unary<Policy>(&Policy::Stub::LiftCrisis, lift)},
      {"PolicyService.GetRegime", kEverybody, Unary<Policy>(&Policy::Stub::GetRegime, v1::GetRegimeRequest())},
      {"StatusService.GetStatus", kEverybody,
       Unary<v1::StatusService>(&v1::StatusService::Stub::GetStatus, v1::GetStatusRequest())},
  };
}

class RoleMatrixTest : public ExchangeTest {
 protected:
  void SetUp() override {
    ExchangeTest::SetUp();
    v1::CreateDatasetRequest request;
    request.set_name("navi/fahrten");
    request.set_kind(v1::STREAM);
    request.set_schema(policy::testing::DescriptorSetOf(policy::testing::ProtoText(kRecordBody)));
    request.set_message_name("test.Record");
    grpc::ClientContext context;
    v1::Dataset dataset;
    const auto catalogue = v1::CatalogueService::NewStub(broker_.Connect("navi"));
    const grpc::Status created = catalogue->CreateDataset(&context, request, &dataset);
    ASSERT_TRUE(created.ok()) << created.error_message();
  }

  // A connection of a member of `amt` that has these roles and no others.
  std::shared_ptr<grpc::Channel> MemberOfAmt(const std::string& name, const std::set<Role>& roles) {
    pki::IssueOptions options;
    options.participant = "amt";
    options.member = name;
    for (const Role role : roles) {
      options.roles.Add(role);
    }
    const auto issued = pki::IssueCertificate(broker_.directory(), options, absl::Now());
    EXPECT_TRUE(issued.ok()) << issued.status();
    return broker_.Connect("amt", name);
  }

  static void ExpectLetIn(const Method& method, const std::shared_ptr<grpc::Channel>& channel, bool let_in) {
    const absl::Status status = rpc::FromGrpc(method.call(channel));
    if (let_in) {
      EXPECT_NE(status.code(), absl::StatusCode::kPermissionDenied) << status;
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << status;
    }
    // What the call itself thought of its arguments is not of interest here, but it must have been reached.
    for (const absl::StatusCode code : {absl::StatusCode::kUnauthenticated, absl::StatusCode::kUnavailable,
                                        absl::StatusCode::kUnimplemented, absl::StatusCode::kDeadlineExceeded}) {
      EXPECT_NE(status.code(), code) << status;
    }
  }
};

TEST_F(RoleMatrixTest, TheTableHasEveryMethodOfEveryService) {
  std::set<std::string> listed;
  for (const Method& method : Methods()) {
    listed.insert(method.name);
  }
  std::set<std::string> existing;
  for (const google::protobuf::FileDescriptor* const file :
       {v1::Dataset::descriptor()->file(), v1::SubscribeRequest::descriptor()->file(),
        v1::ReleaseRequest::descriptor()->file(), v1::BrokerStatus::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const google::protobuf::ServiceDescriptor& service = *file->service(i);
      for (int j = 0; j < service.method_count(); ++j) {
        existing.insert(absl::StrCat(service.name(), ".", service.method(j)->name()));
      }
    }
  }
  EXPECT_EQ(listed, existing);
}

TEST_F(RoleMatrixTest, EachRoleMayDoWhatIsItsOwnAndNothingElse) {
  for (const Role role : kEverybody) {
    const std::string name = absl::StrCat("mit-", *pki::RoleSet{role}.Names().begin());
    const auto channel = MemberOfAmt(name, {role});
    for (const Method& method : Methods()) {
      SCOPED_TRACE(absl::StrCat(name, " calls ", method.name));
      ExpectLetIn(method, channel, method.allowed.contains(role));
    }
  }
}

TEST_F(RoleMatrixTest, RolesTogetherMayDoWhatEitherMay) {
  const auto channel = MemberOfAmt("beides", {Role::kOfficer, Role::kAuditor});
  for (const Method& method : Methods()) {
    SCOPED_TRACE(method.name);
    ExpectLetIn(method, channel, method.allowed.contains(Role::kOfficer) || method.allowed.contains(Role::kAuditor));
  }
}

TEST_F(RoleMatrixTest, WhatIsTheProvidersIsNobodyElses) {
  const std::set<std::string> of_the_provider = {"CatalogueService.UpdateSchema", "CatalogueService.ListQuarantine",
                                                 "CatalogueService.DropQuarantine", "ExchangeService.Publish"};
  const auto operator_elsewhere = broker_.Connect("navi");
  for (const Method& method : Methods()) {
    if (of_the_provider.contains(method.name)) {
      SCOPED_TRACE(method.name);
      ExpectLetIn(method, operator_elsewhere, false);
    }
  }
}

}  // namespace
}  // namespace allmende::broker
