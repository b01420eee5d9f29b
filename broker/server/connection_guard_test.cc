#include "broker/server/connection_guard.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/unique_fd.h"

namespace allmende::broker {
namespace {

constexpr int64_t kMax = 1 << 20;
constexpr int64_t kPublisherMax = 64 << 10;
constexpr int64_t kForgiven = 100'000;

// A connection over loopback, both ends in this process.
class Pair {
 public:
  explicit Pair(bool ipv6 = false) {
    const UniqueFd listener(socket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage name = {};
    if (ipv6) {
      reinterpret_cast<sockaddr_in6&>(name).sin6_addr = in6addr_loopback;
    } else {
      reinterpret_cast<sockaddr_in&>(name).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    name.ss_family = ipv6 ? AF_INET6 : AF_INET;
    socklen_t size = ipv6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    auto* address = reinterpret_cast<sockaddr*>(&name);
    EXPECT_EQ(bind(listener.get(), address, size), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    EXPECT_EQ(getsockname(listener.get(), address, &size), 0);
    client = UniqueFd(socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(connect(client.get(), address, size), 0);
    server = UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_EQ(getsockname(client.get(), address, &size), 0);
    peer = ipv6 ? absl::StrCat("ipv6:%5B::1%5D:", ntohs(reinterpret_cast<sockaddr_in6&>(name).sin6_port))
                : absl::StrCat("ipv4:127.0.0.1:", ntohs(reinterpret_cast<sockaddr_in&>(name).sin_port));
  }

  // The server has got everything when it returns.
  void Send(size_t bytes) {
    std::string chunk(64 << 10, 'x');
    while (bytes > 0) {
      const ssize_t sent = send(client.get(), chunk.data(), std::min(bytes, chunk.size()), MSG_NOSIGNAL);
      ASSERT_GT(sent, 0);
      size_t open = static_cast<size_t>(sent);
      bytes -= open;
      while (open > 0) {
        pollfd readable = {server.get(), POLLIN, 0};
        ASSERT_EQ(poll(&readable, 1, 10'000), 1);
        const ssize_t got = read(server.get(), chunk.data(), std::min(open, chunk.size()));
        ASSERT_GT(got, 0);
        open -= static_cast<size_t>(got);
      }
    }
  }

  bool IsCut() const {
    pollfd end = {client.get(), POLLIN | POLLRDHUP, 0};
    return poll(&end, 1, 0) == 1 && (end.revents & (POLLRDHUP | POLLHUP)) != 0;
  }

  UniqueFd client;
  UniqueFd server;
  std::string peer;
};

class ConnectionGuardTest : public ::testing::Test {
 protected:
  ConnectionUses uses_;
  const std::unique_ptr<Logger> logger_ = Logger::Create(LogFormat::kText, Severity::kError);
  std::unordered_map<std::string, int64_t> calls_;
  std::vector<std::string> counted_;  // peers whose calls were asked for, so far
  ConnectionGuard guard_{{.unaccounted_bytes_max = kMax,
                          .publisher_bytes_max = kPublisherMax,
                          .forgiven_bytes = kForgiven,
                          .unfinished_calls_max = 100,
                          .forgiven_calls = 10,
                          .suspicious_bytes = 1'000,
                          .pause = absl::Seconds(10)},
                         uses_,
                         [this](const std::vector<std::string>& peers) {
                           counted_.insert(counted_.end(), peers.begin(), peers.end());
                           return calls_;
                         },
                         *logger_};
};

TEST_F(ConnectionGuardTest, WhatNobodyAccountsForCutsTheConnectionAndNoOther) {
  Pair flood;
  Pair other;
  guard_.Watch(flood.server.get());
  guard_.Watch(other.server.get());
  flood.Send(kMax);
  guard_.Look(absl::ZeroDuration());
  EXPECT_FALSE(flood.IsCut());
  flood.Send(1);
  guard_.Look(absl::ZeroDuration());
  EXPECT_TRUE(flood.IsCut());
  EXPECT_FALSE(other.IsCut());
  EXPECT_EQ(guard_.cut(), 1u);
  guard_.Look(absl::ZeroDuration());
  EXPECT_EQ(guard_.cut(), 1u);
}

TEST_F(ConnectionGuardTest, MessagesAndCallsAccountForWhatCame) {
  for (const bool ipv6 : {false, true}) {
    Pair pair(ipv6);
    guard_.Watch(pair.server.get());
    for (int i = 0; i < 20; ++i) {
      pair.Send(kMax);
      uses_.Add(pair.peer, i % 2 == 0 ? ConnectionUse{.bytes = kMax} : ConnectionUse{.calls = 1});
      guard_.Look(absl::ZeroDuration());
      ASSERT_FALSE(pair.IsCut()) << pair.peer;
    }
  }
}

TEST_F(ConnectionGuardTest, NothingIsSavedUp) {
  Pair pair;
  guard_.Watch(pair.server.get());
  uses_.Add(pair.peer, {.calls = 1'000});
  guard_.Look(absl::Hours(1));
  pair.Send(kMax + 1);
  guard_.Look(absl::ZeroDuration());
  EXPECT_TRUE(pair.IsCut());
}

TEST_F(ConnectionGuardTest, ALittleIsForgivenEachSecond) {
  Pair pair;
  guard_.Watch(pair.server.get());
  for (int i = 0; i < 100; ++i) {
    pair.Send(kForgiven);
    guard_.Look(absl::Seconds(1));
  }
  EXPECT_FALSE(pair.IsCut());
  for (int i = 0; i < 12 && !pair.IsCut(); ++i) {
    pair.Send(2 * kForgiven);
    guard_.Look(absl::Seconds(1));
  }
  EXPECT_TRUE(pair.IsCut());
}

TEST_F(ConnectionGuardTest, CallsThatAreBrokenOffAddUp) {
  Pair pair;
  guard_.Watch(pair.server.get());
  pair.Send(1'000);
  calls_[pair.peer] = 100;
  guard_.Look(absl::ZeroDuration());
  EXPECT_FALSE(pair.IsCut());
  pair.Send(999);
  calls_[pair.peer] = 200;
  guard_.Look(absl::ZeroDuration());
  EXPECT_FALSE(pair.IsCut()) << "calls are not counted where little came";
  pair.Send(1'000);
  guard_.Look(absl::ZeroDuration());
  EXPECT_TRUE(pair.IsCut());
  EXPECT_THAT(counted_, ::testing::ElementsAre(pair.peer, pair.peer));
}

TEST_F(ConnectionGuardTest, AFewCallsMayBeBrokenOffEachSecond) {
  Pair pair;
  guard_.Watch(pair.server.get());
  for (int second = 0; second < 1'000; ++second) {
    pair.Send(1'000);
    calls_[pair.peer] += 10;
    guard_.Look(absl::Seconds(1));
    ASSERT_FALSE(pair.IsCut()) << second;
  }
}

TEST_F(ConnectionGuardTest, TheAddressOfAConnectionThatWasCutHasToWait) {
  Pair flood;
  Pair other(true);
  EXPECT_TRUE(guard_.Watch(flood.server.get()));
  flood.Send(kMax + 1);
  guard_.Look(absl::ZeroDuration());
  ASSERT_TRUE(flood.IsCut());
  Pair again;
  EXPECT_FALSE(guard_.Watch(again.server.get()));
  EXPECT_TRUE(guard_.Watch(other.server.get()));
  guard_.Look(absl::Seconds(9));
  EXPECT_FALSE(guard_.Watch(again.server.get()));
  guard_.Look(absl::Seconds(1));
  EXPECT_TRUE(guard_.Watch(again.server.get()));
}

TEST_F(ConnectionGuardTest, EachPublisherMayHaveAMessageUnderWay) {
  Pair pair;
  guard_.Watch(pair.server.get());
  uses_.Add(pair.peer, {.publishers = 3});
  pair.Send(kMax + 3 * kPublisherMax);
  guard_.Look(absl::ZeroDuration());
  EXPECT_FALSE(pair.IsCut());
  uses_.Add(pair.peer, {.publishers = -1});
  guard_.Look(absl::ZeroDuration());
  EXPECT_TRUE(pair.IsCut());
}

TEST_F(ConnectionGuardTest, ADescriptorThatIsGivenOutAgainIsNotTakenForTheConnection) {
  Pair pair;
  guard_.Watch(pair.server.get());
  pair.Send(kMax + 1);
  Pair next;
  next.Send(10);
  ASSERT_EQ(dup3(next.server.get(), pair.server.get(), O_CLOEXEC), pair.server.get());
  guard_.Look(absl::ZeroDuration());
  EXPECT_FALSE(next.IsCut());
  EXPECT_EQ(guard_.cut(), 0u);
}

TEST_F(ConnectionGuardTest, StartedItLooksByItself) {
  Pair pair;
  guard_.Watch(pair.server.get());
  guard_.Start();
  pair.Send(3 * kMax);
  pollfd end = {pair.client.get(), POLLRDHUP, 0};
  EXPECT_EQ(poll(&end, 1, 10'000), 1);
}

}  // namespace
}  // namespace allmende::broker
