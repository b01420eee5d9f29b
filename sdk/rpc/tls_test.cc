// Real handshakes over loopback.
#include "sdk/rpc/tls.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "absl/strings/escaping.h"
#include "sdk/base/unique_fd.h"
#include "sdk/rpc/channel.h"
#include "sdk/rpc/testing/test_city.h"
#include "sdk/rpc/testing/test_server.h"

namespace allmende::rpc {
namespace {

using ::testing::HasSubstr;

std::string ReadOrDie(const std::string& path) {
  absl::StatusOr<std::string> text = ReadFile(path, 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.value_or("");
}

// Credentials without the checks that the SDK makes before it connects.
std::shared_ptr<grpc::ChannelCredentials> UncheckedCredentials(const std::string& authority_pem,
                                                               const pki::PairFiles& files) {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authority_pem;
  if (!files.certificate.empty()) {
    options.pem_cert_chain = ReadOrDie(files.certificate);
    options.pem_private_key = ReadOrDie(files.key);
  }
  return grpc::SslCredentials(options);
}

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

int ConnectTo(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    city_.Issue("broker", city_.Broker());
    city_.Issue("bwb", city_.Client("bwb"));
    absl::StatusOr<std::unique_ptr<pki::RevocationRegister>> revocations =
        pki::RevocationRegister::Open(city_.Path("revoked.list"));
    ASSERT_TRUE(revocations.ok()) << revocations.status();
    revocations_ = *std::move(revocations);
    peers_ = std::make_unique<PeerIdentifier>(&trust_, revocations_.get());
    absl::StatusOr<std::unique_ptr<ServerTls>> tls =
        ServerTls::Create(city_.Files("broker"), trust_.roots_pem(), city_.now());
    ASSERT_TRUE(tls.ok()) << tls.status();
    tls_ = *std::move(tls);
    Serve();
  }

  void Serve(const ServerOptions& options = {}) {
    server_.reset();
    service_ = std::make_unique<WhoAmI>(peers_.get(), city_.now());
    server_ = std::make_unique<TestServer>(service_.get(), tls_->credentials(), options);
    ASSERT_NE(server_->port(), 0);
  }

  std::shared_ptr<grpc::ChannelCredentials> Credentials(const std::string& stem = "bwb") {
    absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
        ClientCredentials(city_.Files(stem), city_.Path("ca.pem"), city_.now());
    EXPECT_TRUE(credentials.ok()) << credentials.status();
    return *credentials;
  }

  std::shared_ptr<grpc::Channel> Connect(const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
    return MakeChannel(server_->endpoint(), credentials);
  }

  const TestCity city_{"musterstadt"};
  const TestCity other_{"elsewhere"};
  const pki::TrustStore trust_ = city_.Trust();
  std::unique_ptr<pki::RevocationRegister> revocations_;
  std::unique_ptr<PeerIdentifier> peers_;
  std::unique_ptr<WhoAmI> service_;
  std::unique_ptr<ServerTls> tls_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(TlsTest, ParticipantIsKnownByItsCertificate) {
  const Reply reply = AskWhoAmI(Connect(Credentials()));
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.name, "bwb");
}

TEST_F(TlsTest, MemberIsKnownByItsCertificate) {
  crypto::LeafOptions anna = city_.Client("bwb");
  anna.uri_sans.front() = pki::MemberUri("musterstadt", "bwb", "anna");
  city_.Issue("anna", anna);
  EXPECT_EQ(AskWhoAmI(Connect(Credentials("anna"))).name, "bwb/anna");
}

TEST_F(TlsTest, WhoeverLacksAProperCertificateReachesNoHandler) {
  crypto::LeafOptions expired = city_.Client("bwb");
  expired.validity.not_after = city_.now() - absl::Hours(1);
  crypto::LeafOptions early = city_.Client("bwb");
  early.validity.not_before = city_.now() + absl::Hours(1);
  crypto::LeafOptions server_only = city_.Client("bwb");
  server_only.client_auth = false;
  server_only.server_auth = true;
  const std::string& roots = city_.authority_pem();
  const std::pair<const char*, std::shared_ptr<grpc::ChannelCredentials>> rows[] = {
      {"no certificate", UncheckedCredentials(roots, {})},
      {"another city's", UncheckedCredentials(roots, other_.Issue("bwb", other_.Client("bwb")))},
      {"expired", UncheckedCredentials(roots, city_.Issue("expired", expired))},
      {"not valid yet", UncheckedCredentials(roots, city_.Issue("early", early))},
      {"for servers only", UncheckedCredentials(roots, city_.Issue("server-only", server_only))},
      {"plaintext", grpc::InsecureChannelCredentials()},
  };
  for (const auto& [name, credentials] : rows) {
    const absl::Status status = CallStatus(AskWhoAmI(Connect(credentials)).status, server_->endpoint());
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << name << ": " << status;
    EXPECT_THAT(Text(status), HasSubstr("does not accept this certificate")) << name;
    EXPECT_EQ(service_->handlers_reached(), 0) << name;
  }
}

TEST_F(TlsTest, SdkRefusesABadPairBeforeItConnects) {
  crypto::LeafOptions expired = city_.Client("bwb");
  expired.validity.not_after = city_.now() - absl::Hours(1);
  city_.Issue("expired", expired);
  crypto::LeafOptions no_usage = city_.Client("bwb");
  no_usage.client_auth = false;
  city_.Issue("no-usage", no_usage);
  city_.Write("garbage.pem", "no certificate");
  city_.Write("garbage.key", "no key");
  const pki::PairFiles mixed{city_.Files("bwb").certificate, city_.Files("expired").key};
  struct Row {
    pki::PairFiles files;
    absl::StatusCode code;
    const char* message;
  };
  const Row rows[] = {
      {city_.Files("missing"), absl::StatusCode::kNotFound, "missing.pem"},
      {city_.Files("garbage"), absl::StatusCode::kInvalidArgument, "garbage.pem` is unusable"},
      {city_.Files("expired"), absl::StatusCode::kFailedPrecondition, "expired at"},
      {city_.Files("no-usage"), absl::StatusCode::kFailedPrecondition, "`clientAuth`"},
      {city_.Files("broker"), absl::StatusCode::kFailedPrecondition, "`clientAuth`"},
      {mixed, absl::StatusCode::kFailedPrecondition, "does not go with"},
  };
  for (const Row& row : rows) {
    const absl::Status status = ClientCredentials(row.files, city_.Path("ca.pem"), city_.now()).status();
    EXPECT_EQ(status.code(), row.code) << status;
    EXPECT_THAT(Text(status), HasSubstr(row.message));
  }
  const absl::Status status = ClientCredentials(city_.Files("bwb"), city_.Path("garbage.pem"), city_.now()).status();
  EXPECT_THAT(Text(status), HasSubstr("the authority"));
}

TEST_F(TlsTest, CertificateWithoutUsageIsRefusedByItsHandler) {
  crypto::LeafOptions no_usage = city_.Client("bwb");
  no_usage.client_auth = false;
  const Reply reply =
      AskWhoAmI(Connect(UncheckedCredentials(city_.authority_pem(), city_.Issue("no-usage", no_usage))));
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNAUTHENTICATED) << reply.status.error_message();
  EXPECT_THAT(reply.status.error_message(), HasSubstr("`clientAuth`"));
}

TEST_F(TlsTest, ClientBelievesOnlyItsCitysBrokers) {
  crypto::LeafOptions elsewhere_host = city_.Broker();
  elsewhere_host.dns_sans = {"exchange.elsewhere.de"};
  elsewhere_host.ip_sans = {};
  crypto::LeafOptions expired = city_.Broker();
  expired.validity.not_after = city_.now() - absl::Hours(1);
  crypto::LeafOptions posing = city_.Client("bwb");
  posing.dns_sans = {"localhost"};
  struct Row {
    const char* name;
    pki::PairFiles files;
    const char* message;
  };
  const Row rows[] = {
      {"another city's broker", other_.Issue("broker", other_.Broker()), "no broker of this city"},
      {"another host's certificate", city_.Issue("elsewhere", elsewhere_host), "for another host"},
      {"an expired broker", city_.Issue("expired", expired), "has expired"},
      {"a participant that plays broker", city_.Issue("posing", posing), "no broker of this city"},
  };
  for (const Row& row : rows) {
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = city_.authority_pem();
    options.pem_key_cert_pairs = {{ReadOrDie(row.files.key), ReadOrDie(row.files.certificate)}};
    WhoAmI service(peers_.get(), city_.now());
    const TestServer impostor(&service, grpc::SslServerCredentials(options));
    const absl::Status status =
        CallStatus(AskWhoAmI(MakeChannel(impostor.endpoint(), Credentials())).status, impostor.endpoint());
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << row.name << ": " << status;
    EXPECT_THAT(Text(status), HasSubstr(row.message)) << row.name;
    EXPECT_EQ(service.handlers_reached(), 0) << row.name;
  }
}

TEST_F(TlsTest, NobodyThereIsSaid) {
  const std::string endpoint = server_->endpoint();
  server_.reset();
  const absl::Status status = CallStatus(AskWhoAmI(MakeChannel(endpoint, Credentials())).status, endpoint);
  EXPECT_THAT(Text(status), HasSubstr("nobody listens at `localhost:"));
}

TEST_F(TlsTest, PortInUseIsAnError) {
  WhoAmI service(peers_.get(), city_.now());
  const TestServer second(&service, tls_->credentials(), {}, server_->port());
  EXPECT_EQ(second.port(), 0);
  EXPECT_TRUE(AskWhoAmI(Connect(Credentials())).status.ok());
}

// A bare ClientHello of TLS 1.2, which a server that speaks it answers with a handshake record (0x16).
TEST_F(TlsTest, Tls12IsNotSpoken) {
  std::string random(32, '\x5a');
  // ECDHE-ECDSA-AES128-GCM-SHA256; groups x25519 and P-256; ECDSA with SHA-256.
  const std::string extensions = absl::HexStringToBytes(
      "000a00060004001d0017"
      "000b00020100"
      "000d000400020403");
  const std::string body = absl::HexStringToBytes("0303") + random +
                           absl::HexStringToBytes(
                               "00"
                               "0002c02b"
                               "0100") +
                           std::string({'\0', static_cast<char>(extensions.size())}) + extensions;
  const std::string handshake = std::string({'\x01', '\0', '\0', static_cast<char>(body.size())}) + body;
  const std::string hello = absl::HexStringToBytes("1603010000").substr(0, 4) +
                            std::string(1, static_cast<char>(handshake.size())) + handshake;

  const UniqueFd fd(ConnectTo(server_->port()));
  ASSERT_EQ(send(fd.get(), hello.data(), hello.size(), MSG_NOSIGNAL), static_cast<ssize_t>(hello.size()));
  char answer = 0;
  const ssize_t received = recv(fd.get(), &answer, 1, 0);
  EXPECT_TRUE(received <= 0 || answer == 0x15) << "neither closed nor an alert";
}

TEST_F(TlsTest, ConnectionThatSaysNothingIsClosed) {
  ServerOptions options;
  options.handshake_timeout = absl::Milliseconds(200);
  Serve(options);
  const UniqueFd fd(ConnectTo(server_->port()));
  char answer = 0;
  EXPECT_LE(recv(fd.get(), &answer, 1, 0), 0);  // blocks for ever unless the server closes
  EXPECT_TRUE(AskWhoAmI(Connect(Credentials())).status.ok());
}

// A megabyte would become a thousand before anybody looks at its size.
TEST_F(TlsTest, CompressedMessagesAreRefused) {
  const auto channel = MakeChannel(server_->endpoint(), Credentials());
  for (const grpc_compression_algorithm algorithm : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    for (const size_t bytes : {size_t{1} << 20, size_t{64} << 20}) {
      const Reply reply = AskWhoAmI(channel, {.message_bytes = bytes, .compression = algorithm});
      EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNIMPLEMENTED)
          << algorithm << " " << bytes << ": " << reply.status.error_message();
    }
  }
  EXPECT_TRUE(AskWhoAmI(channel, {.message_bytes = 1 << 20}).status.ok());
}

TEST_F(TlsTest, OversizedMessagesAndMetadataAreRefused) {
  const auto channel = Connect(Credentials());
  EXPECT_TRUE(AskWhoAmI(channel, {.message_bytes = (4 << 20) - 100}).status.ok());
  const absl::Status large =
      CallStatus(AskWhoAmI(channel, {.message_bytes = (4 << 20) + 1}).status, server_->endpoint());
  EXPECT_EQ(large.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(Text(large), HasSubstr("is too large (4194305 vs. 4194304) bytes; send or ask for less at once"));
  EXPECT_TRUE(AskWhoAmI(channel, {.metadata_bytes = 6 << 10}).status.ok());
  EXPECT_EQ(AskWhoAmI(channel, {.metadata_bytes = 10 << 10}).status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  // Too much metadata costs that client its connection; others do not notice.
  const Reply other = AskWhoAmI(Connect(Credentials()));
  EXPECT_TRUE(other.status.ok()) << other.status.error_message();
}

TEST_F(TlsTest, RevokedParticipantIsRefusedOnAnOpenConnection) {
  const auto channel = Connect(Credentials());
  ASSERT_TRUE(AskWhoAmI(channel).status.ok());
  city_.Write("revoked.list",
              pki::FormatRevocations({{city_.now(), pki::Revocation::Kind::kParticipant, "bwb", "contract ended"}}));
  ASSERT_TRUE(revocations_->Refresh().ok());
  const Reply reply = AskWhoAmI(channel);
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(reply.status.error_message(), HasSubstr("contract ended"));
}

TEST_F(TlsTest, CertificateThatExpiresOnAnOpenConnectionIsRefused) {
  const auto channel = Connect(Credentials());
  ASSERT_TRUE(AskWhoAmI(channel).status.ok());
  service_->SetNow(city_.now() + Days(91));
  const Reply reply = AskWhoAmI(channel);
  EXPECT_EQ(reply.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_THAT(reply.status.error_message(), HasSubstr("expired"));
}

// The broker's certificate goes over to another authority, so which one it shows is seen by who believes it.
TEST_F(TlsTest, RenewedPairIsShownToNewConnectionsOnly) {
  const auto before = Connect(Credentials());
  ASSERT_TRUE(AskWhoAmI(before).status.ok());
  const pki::PairFiles renewed = other_.Issue("broker", other_.Broker());
  city_.Write("broker.pem", ReadOrDie(renewed.certificate));
  city_.Write("broker.key", ReadOrDie(renewed.key));
  EXPECT_TRUE(AskWhoAmI(Connect(Credentials())).status.ok()) << "not before Refresh";
  ASSERT_TRUE(tls_->Refresh(city_.now()).ok());

  EXPECT_TRUE(AskWhoAmI(before).status.ok());
  // Another channel argument keeps gRPC from sharing the connection that exists.
  ChannelOptions apart;
  apart.connect_timeout = absl::Seconds(7);
  EXPECT_FALSE(AskWhoAmI(MakeChannel(server_->endpoint(), Credentials(), apart)).status.ok());
  EXPECT_TRUE(
      AskWhoAmI(MakeChannel(server_->endpoint(), UncheckedCredentials(other_.authority_pem(), city_.Files("bwb"))))
          .status.ok());
}

TEST_F(TlsTest, PairThatDoesNotMatchIsNotTakenUp) {
  const pki::PairFiles renewed = other_.Issue("broker", other_.Broker());
  city_.Write("broker.pem", ReadOrDie(renewed.certificate));  // the key is still the old one
  for (int i = 0; i < 2; ++i) {
    const absl::Status status = tls_->Refresh(city_.now());
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(Text(status), HasSubstr("does not go with"));
  }
  EXPECT_TRUE(AskWhoAmI(Connect(Credentials())).status.ok());

  EXPECT_NE(tls_->pem().certificate_pem, ReadOrDie(renewed.certificate));

  city_.Write("broker.key", ReadOrDie(renewed.key));
  EXPECT_TRUE(tls_->Refresh(city_.now()).ok());
  EXPECT_EQ(tls_->pem().certificate_pem, ReadOrDie(renewed.certificate));
  EXPECT_EQ(tls_->pem().key_pem, ReadOrDie(renewed.key));
}

TEST_F(TlsTest, RefreshWithoutChangeReadsNothing) {
  std::filesystem::permissions(city_.Path("broker.key"), std::filesystem::perms::none);
  EXPECT_TRUE(tls_->Refresh(city_.now()).ok());
  EXPECT_EQ(tls_->not_after(), absl::FromTimeT(absl::ToTimeT(city_.now() + Days(90))));
}

}  // namespace
}  // namespace allmende::rpc
