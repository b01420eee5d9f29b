#include "sdk/http/server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/base/unique_fd.h"
#include "sdk/http/deadlines.h"
#include "sdk/pki/endpoint.h"

namespace allmende::http {
namespace {

// The library's own pool queues without bound. This one lets the accepting thread wait instead, so that the kernel's
// backlog, which has a bound, takes what is too much.
class BoundedPool final : public httplib::TaskQueue {
 public:
  explicit BoundedPool(const Options& options) : waiting_max_(options.waiting_max) {
    for (int i = 0; i < options.threads; ++i) threads_.emplace_back([this] { Run(); });
  }

  void enqueue(std::function<void()> task) override {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return tasks_.size() < waiting_max_; });
    tasks_.push_back(std::move(task));
    changed_.notify_all();
  }

  // Called by the accepting thread, so nothing is enqueued any more. What waits is still served: dropping a task would
  // leave its connection open.
  void shutdown() override {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Run() {
    while (true) {
      std::function<void()> task;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !tasks_.empty() || stopping_; });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
        changed_.notify_all();
      }
      task();
    }
  }

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// Whether somebody accepts connections on the socket at `path`.
bool IsAlive(const sockaddr_un& address) {
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

absl::Status MakeWay(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("the socket's path `", path, "` has ", path.size(),
                                                   " bytes; the system takes ", sizeof(address.sun_path) - 1));
  }
  path.copy(address.sun_path, path.size());
  struct stat status = {};
  if (lstat(path.c_str(), &status) != 0) {
    return errno == ENOENT ? absl::OkStatus() : SystemError(errno, "look at", path);
  }
  if (!S_ISSOCK(status.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat("`", path, "` is there and no socket; take it away"));
  }
  if (IsAlive(address)) {
    return absl::FailedPreconditionError(absl::StrCat("another process listens on `", path, "`; stop it first"));
  }
  return unlink(path.c_str()) == 0 ? absl::OkStatus() : SystemError(errno, "replace", path);
}

}  // namespace

class Server::Impl {
 public:
  // Over a Unix socket.
  Impl(Pages pages, const Options& options) : pages_(std::move(pages)), server_(std::make_unique<httplib::Server>()) {
    SetUp(options);
    server_->set_address_family(AF_UNIX);
  }

  // Over HTTPS.
  Impl(std::unique_ptr<crypto::TlsServer> tls, crypto::KeyAndCertificate pair, Pages pages, const Options& options)
      : pages_(std::move(pages)),
        tls_(std::move(tls)),
        deadlines_(std::make_unique<Deadlines>(options.io_timeout)),
        pair_(std::move(pair)) {
    server_ = std::make_unique<httplib::SSLServer>(
        [this](SSL_CTX& context) { return tls_->Apply(context, deadlines_.get()); });
    SetUp(options);
  }

  ~Impl() {
    if (thread_.joinable()) {
      // The library does not stop what is only about to run.
      while (!server_->is_running() && !ended_) std::this_thread::yield();
      if (deadlines_ != nullptr) deadlines_->Stop();
      server_->stop();
      thread_.join();
    }
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
  }

  bool is_valid() const { return server_->is_valid(); }

  absl::Status ListenOn(const pki::Endpoint& endpoint) {
    port_ = endpoint.port;
    if (port_ == 0) {
      port_ = server_->bind_to_any_port(endpoint.host);
    } else if (!server_->bind_to_port(endpoint.host, port_)) {
      port_ = -1;
    }
    if (port_ <= 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("cannot listen on `", endpoint.Text(),
                       "`: the port is in use or the address is not this machine's; see which with `ss -ltnp`"));
    }
    address_ = pki::Endpoint{endpoint.host, static_cast<uint16_t>(port_)}.Text();
    Start();
    return absl::OkStatus();
  }

  absl::Status ListenOnSocket(const std::string& path) {
    constexpr int kIgnoredPort = 1;
    if (!server_->bind_to_port(path, kIgnoredPort)) return SystemError(errno, "listen on", path);
    socket_path_ = path;
    address_ = path;
    if (chmod(path.c_str(), 0600) != 0) return SystemError(errno, "restrict access to", path);
    Start();
    return absl::OkStatus();
  }

  const std::string& address() const { return address_; }
  int port() const { return port_; }

  absl::Status Replace(const crypto::KeyAndCertificate& pair) {
    MutexLock lock(mutex_);
    if (pair.certificate_pem == pair_.certificate_pem && pair.key_pem == pair_.key_pem) return absl::OkStatus();
    ALLMENDE_RETURN_IF_ERROR(tls_->Replace(pair));
    pair_ = pair;
    return absl::OkStatus();
  }

 private:
  void SetUp(const Options& options) {
    const std::chrono::milliseconds timeout(absl::ToInt64Milliseconds(options.io_timeout));
    server_->set_read_timeout(timeout);
    server_->set_write_timeout(timeout);
    server_->set_keep_alive_max_count(1);  // a connection that idles would keep a thread
    server_->set_payload_max_length(1);
    // The library's default shares a port that is in use.
    server_->set_socket_options([](socket_t fd) {
      const int yes = 1;
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_->new_task_queue = [options] { return new BoundedPool(options); };  // the library deletes it
    // Exact paths, not the library's patterns.
    server_->set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      if (request.ssl != nullptr) deadlines_->AnswerBegins(request.ssl);
      const Answer answer = Handle(request);
      if (request.ssl != nullptr) deadlines_->AnswerIsThere(request.ssl);
      response.status = answer.status;
      response.set_content(answer.body, answer.content_type);
      return httplib::Server::HandlerResponse::Handled;
    });
  }

  Answer Handle(const httplib::Request& request) const {
    if (request.method != "GET") return {405, "text/plain; charset=utf-8", "only GET is understood here\n"};
    const auto page = pages_.find(request.path);
    if (page == pages_.end()) {
      std::string known;
      for (const auto& [path, unused] : pages_) absl::StrAppend(&known, " ", path);
      return {404, "text/plain; charset=utf-8", absl::StrCat("there is no such page here; known are:", known, "\n")};
    }
    Call call;
    call.local = request.ssl == nullptr;
    if (!call.local) call.peer = crypto::ReadPeerCertificates(request.ssl);
    return page->second(call);
  }

  void Start() {
    thread_ = std::thread([this] {
      server_->listen_after_bind();
      ended_ = true;
    });
  }

  const Pages pages_;
  // Both are null for a socket, and outlive the server's context.
  const std::unique_ptr<crypto::TlsServer> tls_;
  const std::unique_ptr<Deadlines> deadlines_;
  std::unique_ptr<httplib::Server> server_;
  std::string address_;
  std::string socket_path_;
  int port_ = 0;
  std::atomic<bool> ended_ = false;
  std::thread thread_;

  Mutex mutex_;
  crypto::KeyAndCertificate pair_ ABSL_GUARDED_BY(mutex_);  // in use
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::ServeHttps(const std::string& endpoint,
                                                           const crypto::KeyAndCertificate& pair,
                                                           const std::string& roots_pem, Pages pages,
                                                           const Options& options) {
  ALLMENDE_ASSIGN_OR_RETURN(const pki::Endpoint parsed, pki::ParseEndpoint(endpoint));
  ALLMENDE_ASSIGN_OR_RETURN(std::unique_ptr<crypto::TlsServer> tls, crypto::TlsServer::Create(pair, roots_pem));
  auto impl = std::make_unique<Impl>(std::move(tls), pair, std::move(pages), options);
  if (!impl->is_valid()) return absl::InternalError("TLS could not be set up for HTTPS");
  ALLMENDE_RETURN_IF_ERROR(impl->ListenOn(parsed));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Server>> Server::ServeLocal(const std::string& path, Pages pages,
                                                           const Options& options) {
  ALLMENDE_RETURN_IF_ERROR(MakeWay(path));
  auto impl = std::make_unique<Impl>(std::move(pages), options);
  ALLMENDE_RETURN_IF_ERROR(impl->ListenOnSocket(path));
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

const std::string& Server::address() const {
  return impl_->address();
}
int Server::port() const {
  return impl_->port();
}
absl::Status Server::Replace(const crypto::KeyAndCertificate& pair) {
  return impl_->Replace(pair);
}

}  // namespace allmende::http
