#include "broker/server/acceptor.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/clock.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/endpoint.h"

namespace allmende::broker {
namespace {

constexpr int kPauseMilliseconds = 100;  // without descriptors
// Looking through all connections for closed ones takes a system call each, so not for every one that is refused.
constexpr absl::Duration kLookInterval = absl::Milliseconds(20);
constexpr size_t kNetworkBytes = 8;  // of an IPv6 address

absl::Status CannotListen(const std::string& address, const std::string& why) {
  return absl::FailedPreconditionError(
      absl::StrCat("cannot listen on `", address, "` (", why,
                   "): the port is in use or the address is not this machine's; see which with `ss -ltnp`"));
}

// What a bound counts as one.
std::string AddressOf(const sockaddr_storage& peer) {
  if (peer.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(peer);
    return std::string(reinterpret_cast<const char*>(&v4.sin_addr), sizeof(v4.sin_addr));
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(peer);
  const auto* bytes = reinterpret_cast<const char*>(&v6.sin6_addr);
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
    return std::string(bytes + sizeof(v6.sin6_addr) - sizeof(in_addr), sizeof(in_addr));
  }
  return std::string(bytes, kNetworkBytes);
}

// Binds and listens; `port` 0 is replaced by the one that the system chose. Invalid with `error` set where that fails.
UniqueFd MakeListener(const addrinfo& found, uint16_t& port, int& error) {
  UniqueFd fd(socket(found.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int yes = 1;
  const int no = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  if (found.ai_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));  // `[::]` takes IPv4 too
  }
  sockaddr_storage name = {};
  std::memcpy(&name, found.ai_addr, found.ai_addrlen);
  in_port_t& named_port = found.ai_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(name).sin6_port
                                                      : reinterpret_cast<sockaddr_in&>(name).sin_port;
  named_port = htons(port);
  socklen_t size = sizeof(name);
  if (!fd.valid() || bind(fd.get(), reinterpret_cast<const sockaddr*>(&name), found.ai_addrlen) != 0 ||
      listen(fd.get(), SOMAXCONN) != 0 || getsockname(fd.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    error = errno;
    return UniqueFd();
  }
  port = ntohs(named_port);
  return fd;
}

bool IsShortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Acceptor>> Acceptor::Listen(const std::vector<std::string>& addresses,
                                                           const AcceptorOptions& options) {
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop.valid()) {
    return SystemError(errno, "make", "an event descriptor");
  }
  std::unique_ptr<Acceptor> acceptor(new Acceptor(options, std::move(stop)));
  for (const std::string& address : addresses) {
    ALLMENDE_RETURN_IF_ERROR(acceptor->ListenOn(address));
  }
  return acceptor;
}

absl::Status Acceptor::ListenOn(const std::string& address) {
  ALLMENDE_ASSIGN_OR_RETURN(const pki::Endpoint endpoint, pki::ParseEndpoint(address));
  addrinfo hints = {};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int unknown = getaddrinfo(endpoint.host.c_str(), "0", &hints, &found); unknown != 0) {
    return CannotListen(address, gai_strerror(unknown));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> all(found, freeaddrinfo);
  uint16_t port = endpoint.port;
  int error = 0;
  bool listens = false;
  for (const addrinfo* one = all.get(); one != nullptr && error != EADDRINUSE; one = one->ai_next) {
    if (UniqueFd listener = MakeListener(*one, port, error); listener.valid()) {
      listeners_.push_back(std::move(listener));
      listens = true;
    }
  }
  // A name may have an IPv6 address where the machine has no IPv6: one address is enough, unless others are served.
  if (!listens || error == EADDRINUSE) {
    return CannotListen(address, std::strerror(error));
  }
  listening_.push_back(pki::Endpoint{endpoint.host, port}.Text());
  return absl::OkStatus();
}

Acceptor::~Acceptor() {
  Stop();
}

void Acceptor::Start(HandOver hand_over) {
  hand_over_ = std::move(hand_over);
  thread_ = std::thread([this] { Run(); });
}

void Acceptor::Stop() {
  if (thread_.joinable()) {
    eventfd_write(stop_.get(), 1);
    thread_.join();
  }
  listeners_.clear();
}

void Acceptor::Run() {
  std::vector<pollfd> waiting;
  waiting.push_back({stop_.get(), POLLIN, 0});
  for (const UniqueFd& listener : listeners_) {
    waiting.push_back({listener.get(), POLLIN, 0});
  }
  while (true) {
    poll(waiting.data(), waiting.size(), -1);
    if (waiting.front().revents != 0) {
      return;
    }
    bool shortage = false;
    for (size_t i = 1; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0) {
        shortage = !AcceptFrom(waiting[i].fd) || shortage;
      }
    }
    if (shortage) {
      poll(waiting.data(), 1, kPauseMilliseconds);
    }
  }
}

bool Acceptor::AcceptFrom(int listener) {
  sockaddr_storage peer = {};
  socklen_t size = sizeof(peer);
  UniqueFd fd(accept4(listener, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!fd.valid()) {
    return !IsShortage(errno);  // others are about this one connection, which has gone already
  }
  if (Admit(fd.get(), AddressOf(peer))) {
    const int yes = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    hand_over_(listener, std::move(fd));
  }
  return true;
}

bool Acceptor::Admit(int fd, const std::string& address) {
  struct stat status = {};
  fstat(fd, &status);
  MutexLock lock(mutex_);
  if (const auto former = open_.find(fd); former != open_.end()) {
    Forget(former);  // or the system would not have given its number out
  }
  if (!HasRoom(address) && SystemClock().SinceBoot() >= looked_at_ + kLookInterval) {
    ForgetClosed();
    looked_at_ = SystemClock().SinceBoot();
  }
  if (!HasRoom(address)) {
    ++refused_;
    return false;
  }
  open_[fd] = {status.st_ino, address};
  ++by_address_[address];
  return true;
}

bool Acceptor::HasRoom(const std::string& address) const {
  const auto found = by_address_.find(address);
  return open_.size() < options_.connections_max &&
         (found == by_address_.end() || found->second < options_.connections_per_address_max);
}

void Acceptor::ForgetClosed() {
  for (auto it = open_.begin(); it != open_.end();) {
    const auto connection = it++;
    struct stat status = {};
    if (fstat(connection->first, &status) != 0 || !S_ISSOCK(status.st_mode) ||
        status.st_ino != connection->second.inode) {
      Forget(connection);
    }
  }
}

void Acceptor::Forget(std::map<int, Connection>::iterator connection) {
  const auto found = by_address_.find(connection->second.address);
  if (--found->second == 0) {
    by_address_.erase(found);
  }
  open_.erase(connection);
}

size_t Acceptor::connections() {
  MutexLock lock(mutex_);
  ForgetClosed();
  return open_.size();
}

uint64_t Acceptor::refused() const {
  MutexLock lock(mutex_);
  return refused_;
}

}  // namespace allmende::broker
