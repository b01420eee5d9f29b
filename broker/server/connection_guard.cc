#include "broker/server/connection_guard.h"

#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/clock.h"

namespace allmende::broker {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(250);
constexpr int64_t kCallBytes = 1088 << 10;  // the largest messages of calls with one answer: a schema, a policy

// As gRPC names peers, which are URIs: `ipv4:10.0.0.1:5000`, `ipv6:%5B::1%5D:5000`.
std::string PeerOf(int fd) {
  sockaddr_storage name = {};
  socklen_t size = sizeof(name);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    return "";
  }
  char text[INET6_ADDRSTRLEN] = {};
  if (name.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(name);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", ntohs(v4.sin_port));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(name);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    inet_ntop(AF_INET, &v6.sin6_addr.s6_addr[12], text, sizeof(text));
    return absl::StrCat("ipv4:", text, ":", ntohs(v6.sin6_port));
  }
  inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text));
  return absl::StrCat("ipv6:%5B", text, "%5D:", ntohs(v6.sin6_port));
}

std::string AddressOf(const std::string& peer) {
  return peer.substr(0, peer.rfind(':'));
}

// Bytes that came on the connection, by the kernel's count; nothing where it does not count them.
std::optional<int64_t> ReceivedOn(int fd) {
  tcp_info info = {};
  socklen_t size = sizeof(info);
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
      size < offsetof(tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received)) {
    return std::nullopt;
  }
  return static_cast<int64_t>(info.tcpi_bytes_received);
}

// A message costs its frames and the encryption beside its bytes.
int64_t Accounted(const ConnectionUse& use) {
  return use.bytes + use.bytes / 8 + use.calls * kCallBytes;
}

int64_t Share(int64_t each_second, absl::Duration passed) {
  return static_cast<int64_t>(absl::ToDoubleSeconds(passed) * static_cast<double>(each_second));
}

}  // namespace

ConnectionGuard::~ConnectionGuard() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  stop_.NotifyAll();
  if (thread_.joinable()) {
    thread_.join();
  }
}

void ConnectionGuard::Start() {
  thread_ = std::thread([this] { Run(); });
}

void ConnectionGuard::Run() {
  const SystemClock clock;
  absl::Duration last = clock.SinceBoot();
  while (true) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && clock.SinceBoot() < last + kInterval) {
        stop_.WaitFor(mutex_, last + kInterval - clock.SinceBoot());
      }
      if (stopping_) {
        return;
      }
    }
    const absl::Duration now = clock.SinceBoot();
    Look(now - last);
    last = now;
  }
}

bool ConnectionGuard::Watch(int fd) {
  struct stat status = {};
  fstat(fd, &status);
  Connection connection;
  connection.inode = status.st_ino;
  connection.peer = PeerOf(fd);
  MutexLock lock(mutex_);
  if (paused_.contains(AddressOf(connection.peer))) {
    return false;
  }
  watched_[fd] = std::move(connection);
  return true;
}

void ConnectionGuard::Look(absl::Duration passed) {
  const auto uses = uses_.TakeAll();
  MutexLock lock(mutex_);
  time_ += passed;
  std::erase_if(paused_, [this](const auto& pause) { return pause.second <= time_; });
  for (auto it = watched_.begin(); it != watched_.end();) {
    it = Measure(it->first, it->second) ? std::next(it) : watched_.erase(it);
  }
  CountCallsOf(passed);
  for (auto it = watched_.begin(); it != watched_.end();) {
    const auto use = uses.find(it->second.peer);
    if (IsFlood(it->second, use == uses.end() ? ConnectionUse() : use->second, passed)) {
      Cut(it->first, it->second);
      it = watched_.erase(it);
    } else {
      ++it;
    }
  }
}

bool ConnectionGuard::Measure(int fd, Connection& connection) {
  struct stat status = {};
  if (fstat(fd, &status) != 0 || !S_ISSOCK(status.st_mode) || status.st_ino != connection.inode) {
    return false;
  }
  const std::optional<int64_t> received = ReceivedOn(fd);
  if (received.has_value()) {
    connection.received_now = *received - std::exchange(connection.received, *received);
  }
  return received.has_value();
}

void ConnectionGuard::CountCallsOf(absl::Duration passed) {
  std::vector<std::string> peers;
  for (auto& [fd, connection] : watched_) {
    connection.calls_open = std::max<int64_t>(0, connection.calls_open - Share(options_.forgiven_calls, passed));
    if (connection.received_now >= options_.suspicious_bytes) {
      peers.push_back(connection.peer);
    }
  }
  if (peers.empty()) {
    return;
  }
  const std::unordered_map<std::string, int64_t> counts = count_calls_(peers);
  for (auto& [fd, connection] : watched_) {
    if (const auto count = counts.find(connection.peer); count != counts.end()) {
      connection.calls_open += count->second - std::exchange(connection.calls, count->second);
      connection.calls_open = std::max<int64_t>(0, connection.calls_open);
    }
  }
}

bool ConnectionGuard::IsFlood(Connection& connection, const ConnectionUse& use, absl::Duration passed) const {
  connection.publishers += use.publishers;
  connection.unaccounted = std::max<int64_t>(
      0, connection.unaccounted + connection.received_now - Accounted(use) - Share(options_.forgiven_bytes, passed));
  return connection.calls_open > options_.unfinished_calls_max ||
         connection.unaccounted > options_.unaccounted_bytes_max + connection.publishers * options_.publisher_bytes_max;
}

void ConnectionGuard::Cut(int fd, const Connection& connection) {
  logger_.Warning("connection cut off: much came on it and little was asked",
                  {{"peer", connection.peer},
                   {"received_bytes", absl::StrCat(connection.received)},
                   {"unaccounted_bytes", absl::StrCat(connection.unaccounted)},
                   {"unfinished_calls", absl::StrCat(connection.calls)}});
  ++cut_;
  paused_[AddressOf(connection.peer)] = time_ + options_.pause;
  // gRPC closes it. Should it have done so in this very moment, another connection may suffer: its client comes again.
  shutdown(fd, SHUT_RDWR);
}

uint64_t ConnectionGuard::cut() const {
  MutexLock lock(mutex_);
  return cut_;
}

}  // namespace allmende::broker
