// What callers who mean no good, and a clock or a disk that does not either, may do to a broker.
#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "allmende/v1/catalogue.grpc.pb.h"
#include "allmende/v1/exchange.grpc.pb.h"
#include "allmende/v1/policy.grpc.pb.h"
#include "allmende/v1/status.grpc.pb.h"
#include "broker/testing/clock_fault.h"
#include "broker/testing/exchange_fixture.h"
#include "grpcpp/generic/generic_stub.h"
#include "sdk/http/testing/fetch.h"
#include "sdk/pki/city.h"
#include "sdk/rpc/status.h"
#include "sdk/testing/disk_faults.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

constexpr char kAnybodyForAnything[] =
    "  - rule: anybody\n"
    "    for: everyone\n"
    "    purpose: any\n"
    "    licence: cc-by/4.0\n"
    "    source: Amt\n"
    "    deliver: [public]\n";

// Whether `happened` becomes true in time, whatever the time of day does.
bool Within(absl::Duration time, const std::function<bool()>& happened) {
  const absl::Duration give_up = SystemClock().SinceBoot() + time;
  while (!happened()) {
    if (SystemClock().SinceBoot() > give_up) {
      return false;
    }
    absl::SleepFor(absl::Milliseconds(20));
  }
  return true;
}

class HardeningTest : public ExchangeTest {
 protected:
  absl::StatusOr<v1::BrokerStatus> AskStatus(const std::string& participant = "pruefer") const {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::BrokerStatus status;
    const grpc::Status answer =
        v1::StatusService::NewStub(broker_.Connect(participant))->GetStatus(&context, {}, &status);
    if (!answer.ok()) {
      return rpc::FromGrpc(answer);
    }
    return status;
  }

  absl::Status Read(const std::string& participant, const v1::ReadRequest& request) const {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    v1::ReadResponse response;
    return rpc::FromGrpc(
        v1::ExchangeService::NewStub(broker_.Connect(participant))->Read(&context, request, &response));
  }

  absl::Status Revoke(const std::string& participant) const {
    pki::RevokeOptions options;
    options.kind = pki::Revocation::Kind::kParticipant;
    options.subject = participant;
    return pki::Revoke(broker_.directory(), options, absl::Now());
  }
  bool IsOut(const std::string& participant) const { return absl::IsUnauthenticated(AskStatus(participant).status()); }

  bool WasAnyConnectionCut() {
    const http::Fetched page = http::FetchLocal(broker_.config().admin_socket, "/metrics");
    return page.body.find("\nallmende_connections_cut_total 0\n") == std::string::npos;
  }

  // The answer to `list_services` of gRPC's reflection.
  grpc::Status AskReflection() const {
    grpc::GenericStub stub(broker_.Connect("navi"));
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(10)));
    const grpc::Slice list_services(std::string("\x3a\x00", 2));
    const grpc::ByteBuffer request(&list_services, 1);
    grpc::ByteBuffer response;
    grpc::CompletionQueue queue;
    const auto call = stub.PrepareUnaryCall(&context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                            request, &queue);
    call->StartCall();
    grpc::Status status;
    int tag = 0;
    call->Finish(&response, &status, &tag);
    void* done = nullptr;
    bool ok = false;
    queue.Next(&done, &ok);
    return status;
  }
};

TEST_F(HardeningTest, ServicesAreDescribedOnlyWhereThatIsConfigured) {
  EXPECT_EQ(AskReflection().error_code(), grpc::StatusCode::UNIMPLEMENTED);
  broker_.Stop();
  broker_.config().reflection = true;
  ASSERT_EQ(broker_.Start(), absl::OkStatus());
  const grpc::Status answer = AskReflection();
  EXPECT_TRUE(answer.ok()) << answer.error_message();
}

TEST_F(HardeningTest, TextsThatNoPolicyCouldNameAreRefusedAndRecordedNowhere) {
  ASSERT_EQ(broker_.Release("amt/pegel", PolicyText("amt/pegel", kFields, kAnybodyForAnything)), absl::OkStatus());
  const uint64_t head = AskStatus()->control_head();
  for (const std::string& purpose :
       {std::string(65, 'p'), std::string(3'000'000, 'p'), std::string("Werbung"), std::string("a b"),
        std::string("a\nb"), std::string("\xff"), std::string("-a"), std::string("größe"), std::string("a\0b", 3)}) {
    v1::ReadRequest request;
    request.set_dataset("amt/pegel");
    request.set_purpose(purpose);
    const absl::Status status = Read("logistik", request);
    // Protobuf's own serializers warn of texts that are no UTF-8, and its parsers refuse them.
    EXPECT_FALSE(status.ok()) << purpose.substr(0, 20);
    EXPECT_LT(status.message().size(), 1'000u);
  }
  v1::ReadRequest long_name;
  long_name.set_dataset(std::string(3'000'000, 'd'));
  EXPECT_EQ(Read("logistik", long_name).code(), absl::StatusCode::kInvalidArgument);
  v1::ReadRequest long_agreement;
  long_agreement.set_dataset("amt/pegel");
  long_agreement.set_agreement(std::string(3'000'000, 'a'));
  EXPECT_EQ(Read("logistik", long_agreement).code(), absl::StatusCode::kInvalidArgument);
  v1::SubscribeRequest subscribe = Wanted("amt/pegel");
  subscribe.set_purpose(std::string(3'000'000, 'p'));
  EXPECT_EQ(Reader(subscribe, "logistik")->Receive().status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(AskStatus()->control_head(), head);
}

TEST_F(HardeningTest, NobodyFillsTheControlLogWithAgreements) {
  ASSERT_EQ(broker_.Release("amt/pegel", PolicyText("amt/pegel", kFields, kAnybodyForAnything)), absl::OkStatus());
  ASSERT_EQ(broker_.Release("amt/orte", PolicyText("amt/orte", kFields, kAnybodyForAnything)), absl::OkStatus());
  const uint64_t head = AskStatus()->control_head();
  v1::ReadRequest request;
  request.set_dataset("amt/pegel");
  for (int i = 0; i < 64; ++i) {
    request.set_purpose(absl::StrCat("zweck-", i));
    ASSERT_EQ(Read("logistik", request), absl::OkStatus());
  }
  for (int i = 64; i < 70; ++i) {
    request.set_purpose(absl::StrCat("zweck-", i));
    EXPECT_EQ(Read("logistik", request).code(), absl::StatusCode::kResourceExhausted);
  }
  EXPECT_EQ(AskStatus()->control_head(), head + 64);
  request.set_purpose("zweck-7");
  EXPECT_EQ(Read("logistik", request), absl::OkStatus()) << "what is agreed stays usable";
  request.set_purpose("zweck-64");
  EXPECT_EQ(Read("navi", request), absl::OkStatus()) << "others are not concerned";
  request.set_dataset("amt/orte");
  EXPECT_EQ(Read("logistik", request), absl::OkStatus());
}

TEST_F(HardeningTest, AFileNameOfAPolicyIsOneLine) {
  const auto stub = v1::PolicyService::NewStub(broker_.Connect("beauftragte"));
  for (const std::string& name : {std::string("a\nb.yaml"), std::string("a\x1b[2J.yaml"), std::string("a\0b", 3),
                                  std::string("a\x7f"), std::string("../a"), std::string()}) {
    v1::ReleaseRequest request;
    request.set_dataset("amt/pegel");
    request.set_file_name(name);
    request.set_text(PolicyText("amt/pegel", kFields, kNavigationGetsPublic));
    request.set_expected_release(1);
    grpc::ClientContext context;
    v1::ReleaseResponse response;
    const grpc::Status status = stub->Release(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << name;
    EXPECT_THAT(status.error_message(), HasSubstr("file_name"));
  }
}

TEST_F(HardeningTest, AWriterThatWasRevokedTakesNoDatasetOver) {
  Store("amt/pegel", 0, 3, 3);
  // The stream is there and has not said yet what it wants.
  const auto stub = v1::ExchangeService::NewStub(broker_.Connect("amt"));
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
  const auto late = stub->Publish(&context);
  uint64_t publishers = 0;
  ASSERT_TRUE(Within(absl::Seconds(10), [&] { return (publishers = AskStatus()->publishers()) == 1; })) << publishers;
  const uint64_t head = AskStatus()->control_head();
  ASSERT_EQ(Revoke("amt"), absl::OkStatus());
  ASSERT_TRUE(Within(absl::Seconds(10), [&] { return IsOut("amt"); }));
  v1::PublishRequest request;
  request.mutable_open()->set_dataset("amt/pegel");
  request.mutable_open()->set_writer_id(std::string(16, 'x'));
  request.mutable_open()->set_take_over(true);
  late->Write(request);
  v1::PublishResponse response;
  EXPECT_FALSE(late->Read(&response)) << response.ShortDebugString();
  EXPECT_EQ(late->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(AskStatus()->control_head(), head);
}

TEST_F(HardeningTest, AClockThatIsSetBackStopsNothing) {
  ASSERT_FALSE(IsOut("logistik"));
  const TurnedClock turned(-absl::Minutes(2));
  ASSERT_EQ(Revoke("logistik"), absl::OkStatus());
  EXPECT_TRUE(Within(absl::Seconds(10), [&] { return IsOut("logistik"); }));
}

TEST_F(HardeningTest, AClockThatIsSetForwardFailsNoCall) {
  ASSERT_EQ(AskStatus().status(), absl::OkStatus());
  const TurnedClock turned(absl::Minutes(2));
  EXPECT_EQ(AskStatus().status(), absl::OkStatus());
}

TEST_F(HardeningTest, AConnectionOfCallsThatAreBrokenOffAgainIsCut) {
  const auto channel = broker_.Connect("navi");
  ASSERT_EQ(AskStatus("navi").status(), absl::OkStatus());
  grpc::GenericStub stub(channel);
  const auto break_off = [&stub](int calls) {
    grpc::CompletionQueue queue;
    for (int i = 0; i < calls; ++i) {
      grpc::ClientContext context;
      const auto call =
          stub.PrepareUnaryCall(&context, "/allmende.v1.ExchangeService/Read", grpc::ByteBuffer(), &queue);
      call->StartCall();
      grpc::ByteBuffer response;
      grpc::Status status;
      call->Finish(&response, &status, &queue);
      context.TryCancel();
      void* tag = nullptr;
      bool ok = false;
      queue.Next(&tag, &ok);
    }
  };
  EXPECT_TRUE(Within(absl::Seconds(60), [&] {
    break_off(1'000);
    return WasAnyConnectionCut();
  }));
  EXPECT_TRUE(Within(absl::Seconds(60), [this] { return AskStatus("navi").ok(); })) << "it may come again";
}

// What a publisher sends while the disk does not answer piles up in front of the broker, and is no flood.
TEST_F(HardeningTest, ADiskThatHangsCutsNoPublisherOff) {
  constexpr int kBatches = 40;
  constexpr int kRecords = 12'000;  // over half a megabyte a batch
  const auto writer = Writer("amt/pegel");
  ASSERT_TRUE(writer->Open().ok());
  std::vector<std::string> batches;
  for (int i = 0; i < kBatches; ++i) {
    std::vector<TestRecord> records;
    for (int k = 0; k < kRecords; ++k) {
      records.push_back(At(i * kRecords + k, "a", k));
    }
    batches.push_back(writer->Seal(records));
  }
  ASSERT_GT(kBatches * batches.front().size(), 16u << 20);
  std::atomic<int> sent = 0;
  std::thread sender;
  {
    BlockedSync blocked;
    sender = std::thread([&] {
      for (const std::string& batch : batches) {
        writer->Send(batch);
        ++sent;
      }
    });
    blocked.AwaitWaiting(1);
    EXPECT_FALSE(Within(absl::Seconds(3), [this] { return WasAnyConnectionCut(); }));
    EXPECT_LT(sent, kBatches) << "the broker does not take in without bound";
  }
  for (int i = 0; i < kBatches; ++i) {
    const auto answer = writer->Receive();
    ASSERT_TRUE(answer.ok()) << answer.status();
    ASSERT_TRUE(answer->has_stored()) << answer->ShortDebugString();
  }
  sender.join();
  EXPECT_FALSE(WasAnyConnectionCut());
}

TEST_F(HardeningTest, ABrokerThatHasLostItsPseudonymsDoesNotMakeNewOnesUnasked) {
  broker_.Stop();
  const std::string key = broker_.config().data + "/pseudonym.key";
  ASSERT_TRUE(std::filesystem::remove(key));
  const absl::Status status = broker_.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(key));
  EXPECT_FALSE(std::filesystem::exists(key));
}

TEST_F(HardeningTest, ABrokerThatHasLostItsLogDoesNotBeginANewOneUnasked) {
  broker_.Stop();
  const std::string log = broker_.config().data + "/log";
  std::filesystem::remove_all(log);
  for (const bool mount_point : {false, true}) {
    if (mount_point) {
      std::filesystem::create_directory(log);
    }
    const absl::Status status = broker_.Start();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(log));
  }
  EXPECT_TRUE(std::filesystem::is_empty(log));
  const SystemClock clock;
  const std::unique_ptr<Logger> logger = Logger::Create(LogFormat::kText, Severity::kError);
  const auto started = Server::Start(broker_.config(), {.accept_loss = true}, clock, *logger);
  EXPECT_TRUE(started.ok()) << started.status();
}

}  // namespace
}  // namespace allmende::broker
