#include "broker/server/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace allmende::broker {
namespace {

using ::testing::HasSubstr;

// What was handed over, and waits until it is closed.
class Taken {
 public:
  Acceptor::HandOver Taker() {
    return [this](int, UniqueFd connection) {
      MutexLock lock(mutex_);
      open_.push_back(std::move(connection));
      changed_.NotifyAll();
    };
  }
  // Whether `count` were handed over in time, closed ones included.
  bool Await(size_t count, absl::Duration time = absl::Seconds(5)) {
    const absl::Time give_up = absl::Now() + time;
    MutexLock lock(mutex_);
    while (open_.size() + closed_ < count && absl::Now() < give_up) {
      changed_.WaitFor(mutex_, give_up - absl::Now());
    }
    return open_.size() + closed_ == count;
  }
  void CloseFirst() {
    MutexLock lock(mutex_);
    open_.erase(open_.begin());
    ++closed_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  std::vector<UniqueFd> open_ ABSL_GUARDED_BY(mutex_);
  size_t closed_ ABSL_GUARDED_BY(mutex_) = 0;
};

class AcceptorTest : public ::testing::Test {
 protected:
  void Listen(const AcceptorOptions& options, const std::vector<std::string>& addresses = {"127.0.0.1:0"}) {
    auto acceptor = Acceptor::Listen(addresses, options);
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    acceptor_ = *std::move(acceptor);
    acceptor_->Start(taken_.Taker());
  }

  static sockaddr_in Name(const std::string& address, int port) {
    sockaddr_in name = {};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<uint16_t>(port));
    inet_pton(AF_INET, address.c_str(), &name.sin_addr);
    return name;
  }
  int Port(size_t listener = 0) const {
    const std::string& text = acceptor_->listening()[listener];
    return std::stoi(text.substr(text.rfind(':') + 1));
  }
  // Not connected yet.
  static UniqueFd Client(const std::string& from = "127.0.0.1") {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in name = Name(from, 0);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    const timeval patience = {.tv_sec = 5, .tv_usec = 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
  }
  int ConnectClient(const UniqueFd& client, size_t listener = 0) const {
    const sockaddr_in name = Name("127.0.0.1", Port(listener));
    return connect(client.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0 ? 0 : errno;
  }
  UniqueFd Connected(const std::string& from = "127.0.0.1") const {
    UniqueFd client = Client(from);
    EXPECT_EQ(ConnectClient(client), 0);
    return client;
  }
  // Whether the other side has closed, or does so within 5 s.
  static bool IsClosed(const UniqueFd& client) {
    char byte = 0;
    const ssize_t got = read(client.get(), &byte, 1);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }

  Taken taken_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, ConnectionsOfEveryListenerAreHandedOver) {
  Listen({}, {"127.0.0.1:0", "127.0.0.1:0"});
  ASSERT_EQ(acceptor_->listening().size(), 2);
  EXPECT_NE(Port(0), Port(1));
  const UniqueFd first = Client();
  const UniqueFd second = Client();
  EXPECT_EQ(ConnectClient(first, 0), 0);
  EXPECT_EQ(ConnectClient(second, 1), 0);
  EXPECT_TRUE(taken_.Await(2));
  EXPECT_EQ(acceptor_->connections(), 2);
}

TEST_F(AcceptorTest, WhatComesBeforeStartIsHandedOverThen) {
  acceptor_ = *Acceptor::Listen({"127.0.0.1:0"}, {});
  const UniqueFd early = Connected();
  acceptor_->Start(taken_.Taker());
  EXPECT_TRUE(taken_.Await(1));
}

TEST_F(AcceptorTest, OverTheBoundConnectionsAreClosedAtOnceUntilOthersHaveEnded) {
  Listen({.connections_max = 2, .connections_per_address_max = 100});
  const UniqueFd first = Connected();
  const UniqueFd second = Connected();
  ASSERT_TRUE(taken_.Await(2));
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(IsClosed(Connected()));
  }
  EXPECT_EQ(acceptor_->refused(), 20);
  EXPECT_EQ(acceptor_->connections(), 2);
  taken_.CloseFirst();
  EXPECT_EQ(acceptor_->connections(), 1);
  const UniqueFd third = Connected();
  EXPECT_TRUE(taken_.Await(3));
  EXPECT_TRUE(IsClosed(Connected()));
}

TEST_F(AcceptorTest, ManyConnectionsOneAfterTheOtherDoNotFillTheBound) {
  Listen({.connections_max = 3, .connections_per_address_max = 3});
  for (size_t i = 1; i <= 200; ++i) {
    const UniqueFd client = Connected();
    ASSERT_TRUE(taken_.Await(i)) << i;
    taken_.CloseFirst();
  }
  EXPECT_EQ(acceptor_->refused(), 0);
  EXPECT_EQ(acceptor_->connections(), 0);
}

TEST_F(AcceptorTest, OneAddressDoesNotTakeThePlacesOfOthers) {
  Listen({.connections_max = 100, .connections_per_address_max = 2});
  const UniqueFd first = Connected();
  const UniqueFd second = Connected();
  ASSERT_TRUE(taken_.Await(2));
  EXPECT_TRUE(IsClosed(Connected()));
  const UniqueFd other = Connected("127.0.0.2");
  EXPECT_TRUE(taken_.Await(3));
}

TEST_F(AcceptorTest, OfIpv6OneNetworkCountsAsOneAndIpv4AddressesStayApart) {
  const AcceptorOptions one_each = {.connections_max = 100, .connections_per_address_max = 1};
  if (!Acceptor::Listen({"[::]:0"}, one_each).ok()) {
    GTEST_SKIP() << "this machine has no IPv6";
  }
  Listen(one_each, {"[::]:0"});
  const UniqueFd v4 = Connected();
  ASSERT_TRUE(taken_.Await(1));
  const UniqueFd other_v4 = Connected("127.0.0.2");
  ASSERT_TRUE(taken_.Await(2));
  const auto connect_v6 = [this] {
    UniqueFd fd(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in6 name = {};
    name.sin6_family = AF_INET6;
    name.sin6_port = htons(static_cast<uint16_t>(Port()));
    name.sin6_addr = in6addr_loopback;
    EXPECT_EQ(connect(fd.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
    return fd;
  };
  const UniqueFd v6 = connect_v6();
  EXPECT_TRUE(taken_.Await(3));
  EXPECT_TRUE(IsClosed(connect_v6()));
  EXPECT_TRUE(IsClosed(Connected()));
}

TEST_F(AcceptorTest, OutOfDescriptorsItWaitsAndAcceptsAgainWithinASecond) {
  Listen({});
  const UniqueFd during = Client();
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  {
    const UniqueFd lowest_free(dup(during.get()));
    rlimit none = before;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  }
  EXPECT_EQ(ConnectClient(during), 0) << "the kernel's backlog takes it";
  EXPECT_FALSE(taken_.Await(1, absl::Milliseconds(300)));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_TRUE(taken_.Await(1, absl::Seconds(1)));
}

TEST_F(AcceptorTest, OnceStoppedThePortIsFreeAndWhatWasHandedOverLives) {
  Listen({});
  const UniqueFd client = Connected();
  ASSERT_TRUE(taken_.Await(1));
  const std::string address = acceptor_->listening().front();
  const UniqueFd late = Client();
  const int port = Port();
  acceptor_->Stop();
  const sockaddr_in name = Name("127.0.0.1", port);
  EXPECT_NE(connect(late.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)), 0);
  EXPECT_EQ(write(client.get(), "x", 1), 1);
  EXPECT_TRUE(Acceptor::Listen({address}, {}).ok());
}

TEST_F(AcceptorTest, WhatCannotBeListenedOnIsNamed) {
  Listen({});
  const std::string taken = acceptor_->listening().front();
  struct Case {
    std::string address;
    absl::StatusCode code;
    const char* why;
  };
  for (const Case& one : {Case{taken, absl::StatusCode::kFailedPrecondition, "in use"},
                          Case{"192.0.2.1:0", absl::StatusCode::kFailedPrecondition, "not this machine's"},
                          Case{"no-such-host.invalid:0", absl::StatusCode::kFailedPrecondition, "no-such-host"},
                          Case{"127.0.0.1", absl::StatusCode::kInvalidArgument, "host:port"}}) {
    const absl::Status status = Acceptor::Listen({"127.0.0.1:0", one.address}, {}).status();
    EXPECT_EQ(status.code(), one.code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(one.why));
  }
}

}  // namespace
}  // namespace allmende::broker
