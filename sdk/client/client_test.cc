#include "allmende/client.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "gmock/gmock.h"
#include "grpcpp/server_builder.h"
#include "gtest/gtest.h"
#include "sdk/base/file.h"
#include "sdk/base/unique_fd.h"
#include "sdk/client/testing/fake_broker.h"
#include "sdk/pki/profile.h"
#include "sdk/rpc/server_options.h"

namespace allmende {
namespace {

using ::testing::HasSubstr;

// A catalogue that answers as it is told and counts.
class Catalogue final : public v1::CatalogueService::Service {
 public:
  grpc::Status GetDataset(grpc::ServerContext* context, const v1::GetDatasetRequest* request,
                          v1::Dataset* response) override {
    ++calls;
    const std::vector<grpc::string_ref> pem = context->auth_context()->FindPropertyValues("x509_pem_cert");
    caller_pem = pem.empty() ? "" : std::string(pem.front().data(), pem.front().size());
    response->set_name(request->name());
    return answer;
  }
  grpc::Status DropQuarantine(grpc::ServerContext*, const v1::DropQuarantineRequest*,
                              v1::DropQuarantineResponse*) override {
    ++calls;
    return answer;
  }
  grpc::Status ListDatasets(grpc::ServerContext*, const v1::ListDatasetsRequest* request,
                            v1::ListDatasetsResponse* response) override {
    ++calls;
    const int page = request->page_token().empty() ? 0 : std::stoi(request->page_token());
    response->add_datasets()->set_name(absl::StrCat("dataset-", page));
    if (page < 2 || stuck) response->set_next_page_token(stuck ? "1" : absl::StrCat(page + 1));
    return grpc::Status::OK;
  }

  grpc::Status answer;
  bool stuck = false;
  int calls = 0;
  std::string caller_pem;  // the certificate of the last GetDataset
};

class Listener {
 public:
  explicit Listener(const rpc::TestCity& city) {
    tls_ = *rpc::ServerTls::Create(city.Issue("broker", city.Broker()), city.authority_pem(), city.now());
    grpc::ServerBuilder builder;
    rpc::ApplyServerOptions({}, builder);
    builder.AddListeningPort("127.0.0.1:0", tls_->credentials(), &port_);
    builder.RegisterService(&catalogue);
    server_ = builder.BuildAndStart();
  }
  std::string endpoint() const { return absl::StrCat("localhost:", port_); }

  Catalogue catalogue;

 private:
  std::unique_ptr<rpc::ServerTls> tls_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

// Connections are made there and then nothing comes.
class SilentListener {
 public:
  SilentListener() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::string endpoint() const { return absl::StrCat("localhost:", port_); }

 private:
  const UniqueFd socket_;
  int port_ = 0;
};

// Where nobody listens: a port that was just given back.
std::string DeadEndpoint(const rpc::TestCity& city) {
  FakeDataset dataset;
  FakeBroker broker(&city, &dataset);
  broker.Start();
  return broker.endpoint();
}

class ClientTest : public testing::Test {
 protected:
  rpc::TestCity city_{"musterstadt"};
};

TEST_F(ClientTest, GoesToTheNextEndpointAndStaysThere) {
  Listener alive(city_);
  const auto client = ConnectForTest(city_, {DeadEndpoint(city_), alive.endpoint()});
  EXPECT_EQ(client->GetDataset("a/b")->name(), "a/b");
  EXPECT_EQ(client->impl().preferred, 1u);
  EXPECT_EQ(client->GetDataset("a/c")->name(), "a/c");
  EXPECT_EQ(alive.catalogue.calls, 2);
}

TEST_F(ClientTest, NamesEveryEndpointThatCouldNotBeReached) {
  const std::string first = DeadEndpoint(city_);
  const std::string second = DeadEndpoint(city_);
  const absl::Status status = ConnectForTest(city_, {first, second})->GetDataset("a/b").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(first));
  EXPECT_THAT(std::string(status.message()), HasSubstr(second));
  EXPECT_THAT(std::string(status.message()), HasSubstr("nobody listens"));

  const absl::Status unsafe = ConnectForTest(city_, {first, second})->DropQuarantine({}).status();
  EXPECT_EQ(unsafe.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(unsafe.message()), HasSubstr(first));
  EXPECT_THAT(std::string(unsafe.message()), HasSubstr(second));
  EXPECT_THAT(std::string(unsafe.message()), HasSubstr("nobody listens"));
}

TEST_F(ClientTest, DoesNotSendAnUnsafeCallBeforeThereIsAConnection) {
  const SilentListener silent;
  const auto client = ConnectForTest(city_, {silent.endpoint()});
  client->impl().connect_timeout = absl::Milliseconds(50);
  int sent = 0;
  const absl::Status status = client->impl().Call(
      Client::Impl::Repeat::kUnsafe, [&](const std::shared_ptr<grpc::Channel>&, grpc::ClientContext&) {
        ++sent;  // as if the connection came about in the last moment, and the answer too late
        return grpc::Status(grpc::DEADLINE_EXCEEDED, "Deadline Exceeded");
      });
  EXPECT_EQ(sent, 0);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(silent.endpoint() + " does not answer (no answer came from"));
}

TEST_F(ClientTest, AnAnswerThatLeavesOpenWhetherAnUnsafeCallWasCarriedOutSaysSo) {
  Listener listener(city_);
  Listener other(city_);
  const auto client = ConnectForTest(city_, {listener.endpoint(), other.endpoint()});
  for (const grpc::StatusCode code :
       {grpc::DEADLINE_EXCEEDED, grpc::UNKNOWN, grpc::CANCELLED, grpc::INTERNAL, grpc::UNAVAILABLE}) {
    listener.catalogue.answer = grpc::Status(code, "odd");
    client->impl().preferred = 0;
    const absl::Status status = client->DropQuarantine({}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << code;
    EXPECT_THAT(std::string(status.message()), HasSubstr("look before you try again")) << code;
  }
  EXPECT_EQ(listener.catalogue.calls, 5);
  EXPECT_EQ(other.catalogue.calls, 0);

  listener.catalogue.answer = grpc::Status(grpc::INTERNAL, "odd");
  client->impl().preferred = 0;
  EXPECT_EQ(client->GetDataset("a/b").status(), absl::InternalError("odd"));
}

TEST_F(ClientTest, DoesNotStayWithAnEndpointThatHangs) {
  Listener hanging(city_);
  Listener good(city_);
  hanging.catalogue.answer = grpc::Status(grpc::DEADLINE_EXCEEDED, "Deadline Exceeded");
  const auto client = ConnectForTest(city_, {good.endpoint(), hanging.endpoint()});
  client->impl().preferred = 1;
  EXPECT_EQ(client->GetDataset("a/b").status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(client->GetDataset("a/b").ok());
  EXPECT_EQ(good.catalogue.calls, 1);
}

TEST_F(ClientTest, TakesUpARenewedCertificateOnceItsKeyIsThere) {
  Listener listener(city_);
  const auto client = ConnectForTest(city_, {listener.endpoint()});
  ASSERT_TRUE(client->GetDataset("a/b").ok());
  const std::string first = listener.catalogue.caller_pem;
  ASSERT_NE(first, "");

  const pki::PairFiles renewed = city_.Issue("renewed", city_.Client("wasserbetriebe"));
  const std::string certificate = *ReadFile(renewed.certificate, 1 << 20);
  city_.Write("agency.pem", certificate);
  ASSERT_TRUE(client->GetDataset("a/b").ok());
  EXPECT_EQ(listener.catalogue.caller_pem, first);

  city_.Write("agency.key", *ReadFile(renewed.key, 1 << 20));
  ASSERT_TRUE(client->GetDataset("a/b").ok());
  EXPECT_EQ(listener.catalogue.caller_pem, certificate);

  city_.Write("agency.pem", "garbage");
  ASSERT_TRUE(client->GetDataset("a/b").ok());
  EXPECT_EQ(listener.catalogue.caller_pem, certificate);
}

TEST_F(ClientTest, RepeatsASafeCallButNotAnUnsafeOne) {
  Listener first(city_);
  Listener second(city_);
  const auto client = ConnectForTest(city_, {first.endpoint(), second.endpoint()});
  first.catalogue.answer = grpc::Status(grpc::UNAVAILABLE, "stopping");
  EXPECT_TRUE(client->GetDataset("a/b").ok());
  EXPECT_EQ(second.catalogue.calls, 1);

  second.catalogue.answer = grpc::Status(grpc::UNAVAILABLE, "stopping");
  const absl::Status status = client->DropQuarantine({}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("look before you try again"));
  EXPECT_EQ(first.catalogue.calls + second.catalogue.calls, 3);
}

TEST_F(ClientTest, PassesOnWhatTheBrokerSays) {
  Listener listener(city_);
  listener.catalogue.answer = grpc::Status(grpc::NOT_FOUND, "there is no dataset `a/b`");
  const auto client = ConnectForTest(city_, {listener.endpoint()});
  EXPECT_EQ(client->GetDataset("a/b").status(), absl::NotFoundError("there is no dataset `a/b`"));
  EXPECT_EQ(listener.catalogue.calls, 1);
}

TEST_F(ClientTest, ListsAllPagesAndNoticesAListThatGoesInCircles) {
  Listener listener(city_);
  const auto client = ConnectForTest(city_, {listener.endpoint()});
  EXPECT_EQ(client->ListAllDatasets()->size(), 3u);
  listener.catalogue.stuck = true;
  EXPECT_EQ(client->ListAllDatasets().status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, RefusesABrokerOfAnotherCity) {
  const rpc::TestCity other("anderswo");
  Listener listener(other);
  const absl::Status status = ConnectForTest(city_, {listener.endpoint()})->GetDataset("a/b").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no broker of this city"));
}

TEST_F(ClientTest, TakesEverythingFromAProfileAndLetsOptionsReplaceParts) {
  city_.Issue("cert", city_.Client("wasserbetriebe"));
  pki::Profile profile;
  profile.city = "musterstadt";
  profile.participant = "wasserbetriebe";
  profile.endpoints = {"localhost:7443"};
  profile.purpose = "warning";
  profile.key = "cert.key";
  profile.certificate = "cert.pem";
  profile.directory = city_.Path("");
  ASSERT_TRUE(pki::SaveProfile(profile).ok());
  const auto client = Client::Connect({.profile = city_.Path("")});
  ASSERT_TRUE(client.ok()) << client.status();
  EXPECT_EQ((*client)->participant(), "wasserbetriebe");
  EXPECT_EQ((*client)->purpose(), "warning");
  EXPECT_THAT((*client)->endpoints(), testing::ElementsAre("localhost:7443"));
  const auto other = Client::Connect({.profile = city_.Path(""), .endpoints = {"localhost:1"}, .purpose = "research"});
  ASSERT_TRUE(other.ok());
  EXPECT_EQ((*other)->purpose(), "research");
  EXPECT_THAT((*other)->endpoints(), testing::ElementsAre("localhost:1"));
}

TEST_F(ClientTest, SaysWhatIsWrongWithItsOptions) {
  const pki::PairFiles files = city_.Issue("agency", city_.Client("wasserbetriebe"));
  const pki::PairFiles others = city_.Issue("other", city_.Client("verkehr"));
  ClientOptions good;
  good.endpoints = {"localhost:7443"};
  good.certificate_file = files.certificate;
  good.key_file = files.key;
  good.authority_file = city_.Path("ca.pem");
  ASSERT_TRUE(Client::Connect(good).ok());

  const auto code = [&](auto change) {
    ClientOptions options = good;
    change(options);
    return Client::Connect(options).status().code();
  };
  EXPECT_EQ(code([](ClientOptions& o) { o.endpoints = {}; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](ClientOptions& o) { o.endpoints = {"localhost"}; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](ClientOptions& o) { o.endpoints = {"localhost:0"}; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](ClientOptions& o) { o.authority_file = ""; }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](ClientOptions& o) { o.deadline = absl::ZeroDuration(); }), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code([](ClientOptions& o) { o.profile = "no/such"; }), absl::StatusCode::kNotFound);
  EXPECT_EQ(code([](ClientOptions& o) { o.key_file = "no/such.key"; }), absl::StatusCode::kNotFound);
  EXPECT_EQ(code([&](ClientOptions& o) { o.key_file = others.key; }), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(code([](ClientOptions& o) { o.certificate_file = o.key_file; }), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende
