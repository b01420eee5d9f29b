// Real connections over loopback and over a Unix socket.
#include "sdk/http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sdk/base/file.h"
#include "sdk/base/unique_fd.h"
#include "sdk/http/testing/fetch.h"
#include "sdk/rpc/testing/test_city.h"

namespace allmende::http {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string Text(const absl::Status& status) {
  return std::string(status.message());
}

crypto::KeyAndCertificate Load(const pki::PairFiles& files) {
  return {*ReadFile(files.key, pki::kPemBytesMax), *ReadFile(files.certificate, pki::kPemBytesMax)};
}

UniqueFd ConnectTo(int port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  return fd;
}

class ServerTest : public testing::Test {
 protected:
  // Answers `/page` with who asks, and notes that it was asked.
  Pages SomePages() {
    return {{"/page", [this](const Call& call) {
               const std::lock_guard<std::mutex> lock(mutex_);
               ++reached_;
               certificate_ = call.peer.certificate_pem;
               return Answer{200, "text/plain; charset=utf-8", call.local ? "local" : "remote"};
             }}};
  }

  std::unique_ptr<Server> Https(const Options& options = {}) {
    absl::StatusOr<std::unique_ptr<Server>> server = Server::ServeHttps(
        "127.0.0.1:0", Load(city_.Issue("broker", city_.Broker())), city_.authority_pem(), SomePages(), options);
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  Fetched Fetch(const Server& server, const pki::PairFiles& files, const std::string& path = "/page") {
    return FetchHttps(server.port(), path, city_.Path("ca.pem"), files);
  }

  int reached() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return reached_;
  }

  const rpc::TestCity city_{"musterstadt"};
  const rpc::TestCity other_{"elsewhere"};
  const pki::PairFiles client_ = city_.Issue("bwb", city_.Client("bwb"));

 private:
  std::mutex mutex_;
  int reached_ = 0;

 protected:
  std::string certificate_;  // of the last caller
};

TEST_F(ServerTest, CallerWithACertificateIsAnswered) {
  const auto server = Https();
  EXPECT_EQ(server->address(), absl::StrCat("127.0.0.1:", server->port()));
  const Fetched page = Fetch(*server, client_);
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(page.body, "remote");
  EXPECT_THAT(page.content_type, StartsWith("text/plain"));
  EXPECT_EQ(crypto::ParseCertificate(certificate_)->subject, "CN=bwb");
}

TEST_F(ServerTest, OtherPagesAndMethodsAreSaidToBeNone) {
  const auto server = Https();
  for (const char* path : {"/", "/pag", "/page/", "/page/../page", "/page%00"}) {
    const Fetched page = Fetch(*server, client_, path);
    EXPECT_EQ(page.status, 404) << path;
    EXPECT_THAT(page.body, HasSubstr("known are: /page")) << path;
  }
  EXPECT_EQ(Fetch(*server, client_, "/page?x=1").status, 200);
  EXPECT_EQ(reached(), 1);
}

TEST_F(ServerTest, WhoeverLacksAProperCertificateReachesNoPage) {
  crypto::LeafOptions expired = city_.Client("bwb");
  expired.validity.not_after = city_.now() - absl::Hours(1);
  crypto::LeafOptions early = city_.Client("bwb");
  early.validity.not_before = city_.now() + absl::Hours(1);
  crypto::LeafOptions server_only = city_.Client("bwb");
  server_only.client_auth = false;
  server_only.server_auth = true;
  const auto server = Https();
  const std::pair<const char*, pki::PairFiles> rows[] = {
      {"no certificate", {}},
      {"another city's", other_.Issue("bwb", other_.Client("bwb"))},
      {"expired", city_.Issue("expired", expired)},
      {"not valid yet", city_.Issue("early", early)},
      {"for servers only", city_.Issue("server-only", server_only)},
  };
  for (const auto& [name, files] : rows) EXPECT_EQ(Fetch(*server, files).status, 0) << name;
  EXPECT_EQ(FetchPlain(server->port(), "/page").status, 0);
  EXPECT_EQ(reached(), 0);
  EXPECT_EQ(Fetch(*server, client_).status, 200) << "goes on serving";
}

TEST_F(ServerTest, ClientBelievesOnlyItsCitysServer) {
  const auto server = Https();
  EXPECT_EQ(FetchHttps(server->port(), "/page", other_.Path("ca.pem"), client_).status, 0);
  EXPECT_EQ(reached(), 0);
}

TEST_F(ServerTest, RenewedPairIsShownToNewConnections) {
  const auto server = Https();
  const crypto::KeyAndCertificate renewed = Load(other_.Issue("broker", other_.Broker()));
  ASSERT_TRUE(server->Replace(renewed).ok());
  EXPECT_EQ(Fetch(*server, client_).status, 0);
  EXPECT_EQ(FetchHttps(server->port(), "/page", other_.Path("ca.pem"), client_).status, 200);

  const crypto::KeyAndCertificate unmatched{renewed.key_pem, city_.authority_pem()};
  EXPECT_EQ(server->Replace(unmatched).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(FetchHttps(server->port(), "/page", other_.Path("ca.pem"), client_).status, 200) << "the old one stays";
}

TEST_F(ServerTest, SilentConnectionsDoNotKeepOthersOut) {
  const auto server = Https({.threads = 1, .waiting_max = 2, .io_timeout = absl::Milliseconds(100)});
  std::vector<UniqueFd> silent;
  silent.reserve(5);
  for (int i = 0; i < 5; ++i) silent.push_back(ConnectTo(server->port()));
  EXPECT_EQ(Fetch(*server, client_).status, 200);
}

// Sends the beginning of a handshake, a byte at a time, until it is cut off.
class Drip {
 public:
  explicit Drip(int port) : fd_(ConnectTo(port)), thread_([this] { Run(); }) {}
  ~Drip() {
    ended_ = true;
    thread_.join();
  }

 private:
  void Run() {
    static constexpr char kHeader[] = {0x16, 0x03, 0x01, 0x3f, 0x00};  // a record of 16128 bytes
    for (size_t i = 0; !ended_; ++i) {
      const char byte = i < sizeof(kHeader) ? kHeader[i] : '\x01';
      if (send(fd_.get(), &byte, 1, MSG_NOSIGNAL) != 1) return;
      absl::SleepFor(absl::Milliseconds(20));
    }
  }

  const UniqueFd fd_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

TEST_F(ServerTest, ConnectionsThatDripDoNotKeepOthersOut) {
  const auto server = Https({.threads = 1, .waiting_max = 2, .io_timeout = absl::Milliseconds(200)});
  std::vector<std::unique_ptr<Drip>> drips;
  for (int i = 0; i < 5; ++i) drips.push_back(std::make_unique<Drip>(server->port()));
  EXPECT_EQ(Fetch(*server, client_).status, 200);
}

TEST_F(ServerTest, ConnectionsThatDripDoNotHinderTheEnd) {
  auto server = Https({.threads = 2, .waiting_max = 2, .io_timeout = absl::Minutes(5)});
  std::vector<std::unique_ptr<Drip>> drips;
  for (int i = 0; i < 5; ++i) drips.push_back(std::make_unique<Drip>(server->port()));
  absl::SleepFor(absl::Milliseconds(100));  // some are being read by then; the end must come in either case
  const absl::Time begun = absl::Now();
  server.reset();
  EXPECT_LT(absl::Now() - begun, absl::Seconds(20));
}

TEST_F(ServerTest, ManyCallersAreAllAnswered) {
  const auto server = Https({.threads = 2, .waiting_max = 2});
  std::vector<std::thread> callers;
  callers.reserve(8);
  std::atomic<int> answered = 0;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int call = 0; call < 4; ++call) answered += Fetch(*server, client_).status == 200 ? 1 : 0;
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(answered, 32);
}

TEST_F(ServerTest, PortInUseIsAnError) {
  const auto first = Https();
  const absl::Status second =
      Server::ServeHttps(first->address(), Load(city_.Files("broker")), city_.authority_pem(), SomePages()).status();
  EXPECT_EQ(second.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Text(second), HasSubstr(absl::StrCat("cannot listen on `", first->address(), "`")));
}

TEST_F(ServerTest, UnusableSettingsAreRefused) {
  const crypto::KeyAndCertificate pair = Load(city_.Issue("broker", city_.Broker()));
  const auto serve = [&](const std::string& endpoint, const crypto::KeyAndCertificate& shown,
                         const std::string& roots) {
    return Server::ServeHttps(endpoint, shown, roots, SomePages()).status();
  };
  EXPECT_EQ(serve("here", pair, city_.authority_pem()).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(serve("127.0.0.1:0", pair, "garbage").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(serve("127.0.0.1:0", {"garbage", pair.certificate_pem}, city_.authority_pem()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(serve("192.0.2.1:1", pair, city_.authority_pem()).code(), absl::StatusCode::kFailedPrecondition);
}

class LocalTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<Server>> Serve(const std::string& path) {
    return Server::ServeLocal(path, {{"/page", [](const Call& call) {
                                        return Answer{200, "text/plain", call.local ? "local" : "remote"};
                                      }}});
  }
  const TestDirectory directory_;
  const std::string path_ = directory_.File("admin.sock");
};

TEST_F(LocalTest, OwnerIsAnsweredAndTheFileGoesWithTheServer) {
  {
    const auto server = Serve(path_);
    ASSERT_TRUE(server.ok()) << server.status();
    EXPECT_EQ((*server)->address(), path_);
    EXPECT_EQ(FetchLocal(path_, "/page").body, "local");
    EXPECT_EQ(FetchLocal(path_, "/other").status, 404);
    struct stat status = {};
    ASSERT_EQ(stat(path_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600u);
  }
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(LocalTest, SocketLeftByAKilledProcessIsReplaced) {
  {
    const UniqueFd left(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    ASSERT_EQ(bind(left.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  }
  ASSERT_TRUE(std::filesystem::exists(path_));
  const auto server = Serve(path_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(FetchLocal(path_, "/page").status, 200);
}

TEST_F(LocalTest, WhatIsThereIsNotTakenAway) {
  const auto first = Serve(path_);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(Text(Serve(path_).status()), HasSubstr("another process listens on"));
  EXPECT_EQ(FetchLocal(path_, "/page").status, 200);

  const std::string file = directory_.File("file");
  ASSERT_TRUE(WriteFileAtomically(file, "mine", FileAccess::kEverybody).ok());
  EXPECT_THAT(Text(Serve(file).status()), HasSubstr("is there and no socket"));
  EXPECT_EQ(*ReadFile(file, 100), "mine");
}

TEST_F(LocalTest, PathsThatCannotBeUsedAreNamed) {
  EXPECT_THAT(Text(Serve(directory_.File("no/such/folder")).status()), HasSubstr("no/such/folder"));
  EXPECT_EQ(Serve(directory_.File(std::string(200, 'x'))).status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace allmende::http
