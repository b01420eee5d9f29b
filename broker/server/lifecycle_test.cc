// Starting, stopping and starting again; and what keeps a broker from starting.
#include "broker/testing/exchange_fixture.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "allmende/v1/policy.grpc.pb.h"
#include "allmende/v1/status.grpc.pb.h"
#include "sdk/base/unique_fd.h"
#include "sdk/http/testing/fetch.h"
#include "sdk/rpc/status.h"

namespace allmende::broker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

using LifecycleTest = ExchangeTest;

absl::StatusOr<v1::BrokerStatus> AskStatus(const TestBroker& broker, const std::string& participant) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
  v1::BrokerStatus status;
  const grpc::Status answer = v1::StatusService::NewStub(broker.Connect(participant))->GetStatus(&context, {}, &status);
  if (!answer.ok()) {
    return rpc::FromGrpc(answer);
  }
  return status;
}

TEST_F(LifecycleTest, WhatWasAcknowledgedIsThereAfterARestart) {
  Store("amt/pegel", 0, 20, 3);
  broker_.Stop();
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_stop_at_head(true);
  const auto reader = Reader(request);
  ASSERT_TRUE(reader->ReceiveAll().ok());
  EXPECT_EQ(reader->records().size(), 20);
  Store("amt/pegel", 20, 1, 1);
}

TEST_F(LifecycleTest, ASubscriberIsToldToComeBackWhenTheBrokerStops) {
  const auto reader = Reader(Wanted("amt/pegel"));
  ASSERT_TRUE(reader->Receive().ok());
  broker_.Stop();
  const auto last = reader->ReceiveAll();
  if (last.ok()) {
    EXPECT_EQ(last->why_case(), v1::Ended::kRetry) << last->ShortDebugString();
  } else {
    EXPECT_EQ(last.status().code(), absl::StatusCode::kUnavailable) << last.status();
  }
}

TEST_F(LifecycleTest, TheStatusSaysWhoTheCallerIs) {
  const auto status = AskStatus(broker_, "feuerwehr");
  ASSERT_TRUE(status.ok()) << status.status();
  EXPECT_EQ(status->city(), "teststadt");
  EXPECT_EQ(status->datasets(), 2);
  EXPECT_THAT(status->caller(), HasSubstr("feuerwehr"));
  EXPECT_THAT(status->roles(), ::testing::UnorderedElementsAre("operator", "crisis-authority"));
}

TEST_F(LifecycleTest, MetricsCountWhatHappened) {
  Store("amt/pegel", 0, 7, 3);
  v1::SubscribeRequest request = Wanted("amt/pegel");
  request.set_stop_at_head(true);
  ASSERT_TRUE(Reader(request)->ReceiveAll().ok());
  ASSERT_TRUE(Reader(request, "logistik")->ReceiveAll()->has_refused());
  const http::Fetched page = http::FetchLocal(broker_.config().admin_socket, "/metrics");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(
      page.body,
      AllOf(HasSubstr("\nallmende_records_stored_total 7\n"), HasSubstr("\nallmende_batches_stored_total 3\n"),
            HasSubstr("\nallmende_records_delivered_total 7\n"), HasSubstr("\nallmende_requests_refused_total 1\n")));
}

TEST_F(LifecycleTest, AReasonThatIsTooLongIsRefusedAndTheBrokerStartsAgain) {
  const auto stub = v1::PolicyService::NewStub(broker_.Connect("feuerwehr"));
  v1::DeclareCrisisRequest declare;
  declare.set_kind("starkregen");
  declare.set_until_us(absl::ToUnixMicros(absl::Now() + absl::Hours(1)));
  v1::Regime regime;
  {
    grpc::ClientContext context;
    ASSERT_TRUE(stub->DeclareCrisis(&context, declare, &regime).ok());
  }
  v1::LiftCrisisRequest lift;
  lift.set_number(regime.crises(0).number());
  lift.set_reason(std::string(999, 'a') + "\xc3\xbc");
  {
    grpc::ClientContext context;
    EXPECT_EQ(stub->LiftCrisis(&context, lift, &regime).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  }
  broker_.Stop();
  EXPECT_EQ(broker_.Start(), absl::OkStatus());
}

// A TCP connection to the broker on which nothing is said.
UniqueFd ConnectSilently(const TestBroker& broker) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in name = {};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<uint16_t>(std::stoi(broker.endpoint().substr(broker.endpoint().find(':') + 1))));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  const timeval patience = {.tv_sec = 20, .tv_usec = 0};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  return fd;
}

TEST_F(LifecycleTest, ConnectionsThatSayNothingKeepOthersOutForTheTimeOfAHandshakeAtMost) {
  broker_.Stop();
  broker_.config().limits.connections_max = 3;
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  const absl::Time begun = absl::Now();
  std::vector<UniqueFd> silent;
  for (int i = 0; i < 3; ++i) {
    silent.push_back(ConnectSilently(broker_));
  }
  EXPECT_EQ(AskStatus(broker_, "amt").status().code(), absl::StatusCode::kUnavailable);
  for (const UniqueFd& fd : silent) {
    char byte = 0;
    while (read(fd.get(), &byte, 1) > 0) {
    }
  }
  EXPECT_LT(absl::Now() - begun, absl::Seconds(10));
  EXPECT_TRUE(AskStatus(broker_, "amt").ok());
}

TEST_F(LifecycleTest, ASecondBrokerOnTheSameDataIsRefused) {
  const SystemClock clock;
  const std::unique_ptr<Logger> logger = Logger::Create(LogFormat::kText, Severity::kError);
  BrokerConfig config = broker_.config();
  config.listen = {"127.0.0.1:0"};
  const auto second = Server::Start(config, {}, clock, *logger);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition) << second.status();
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("lock"));
}

TEST_F(LifecycleTest, APortInUseIsNamed) {
  const SystemClock clock;
  const std::unique_ptr<Logger> logger = Logger::Create(LogFormat::kText, Severity::kError);
  TestBroker other;
  other.config().listen = {absl::StrCat("127.0.0.1:", broker_.endpoint().substr(broker_.endpoint().find(':') + 1))};
  const absl::Status status = other.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("in use"));
}

TEST(BrokerStart, AMissingCertificateIsNamed) {
  TestBroker broker;
  std::filesystem::remove(broker.config().certificate);
  const absl::Status status = broker.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("broker/cert.pem"));
}

TEST(BrokerStart, AFileWhereTheDataShouldBeIsNamed) {
  TestBroker broker;
  std::filesystem::remove_all(broker.config().data);
  std::ofstream(broker.config().data) << "x";
  const absl::Status status = broker.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(broker.config().data));
}

TEST(BrokerStart, AHalfWrittenBaselineIsNamed) {
  TestBroker broker;
  std::ofstream(broker.config().policies + "/city.baseline.yaml")
      << "language: en\nbaseline: teststadt\nlimits:\n  - li";
  const absl::Status status = broker.Start();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr("city.baseline.yaml"));
}

}  // namespace
}  // namespace allmende::broker
