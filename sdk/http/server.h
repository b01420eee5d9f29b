// A small HTTP server for pages that are computed when somebody asks: over HTTPS with client certificates, or over a
// Unix socket. GET only; no plaintext TCP.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/crypto/tls_server.h"
#include "sdk/crypto/x509.h"

namespace allmende::http {

struct Call {
  bool local = false;             // over the Unix socket: the file's mode is what lets somebody in
  crypto::PeerCertificates peer;  // over HTTPS: verified against the roots, and nothing more; empty if local
};

struct Answer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Called on the server's threads, several at once; may block.
using Page = std::function<Answer(const Call&)>;
using Pages = std::map<std::string, Page>;  // by path, such as `/metrics`

struct Options {
  int threads = 2;          // pages at once
  size_t waiting_max = 16;  // connections that wait for a thread; the kernel keeps further ones
  // Of handshake, request and answer each, as a whole. On a Unix socket, whose only user is trusted, of each read and
  // write.
  absl::Duration io_timeout = absl::Seconds(5);
};

// Serves while it lives. Thread-safe.
class Server {
 public:
  // Listens on `endpoint` (`host:port`; with port 0 the system chooses).
  //   kInvalidArgument     endpoint, pair or roots are unusable
  //   kFailedPrecondition  the port is in use, or the address is not this machine's
  static absl::StatusOr<std::unique_ptr<Server>> ServeHttps(const std::string& endpoint,
                                                            const crypto::KeyAndCertificate& pair,
                                                            const std::string& roots_pem, Pages pages,
                                                            const Options& options = {});

  // Listens on the Unix socket `path`, which only this process's user may use. A socket file that nobody listens on any
  // more is replaced.
  //   kFailedPrecondition  somebody listens there, or something else than a socket is there
  //   kInvalidArgument     the path is longer than the system takes
  //   others               the socket cannot be made; the message says why
  static absl::StatusOr<std::unique_ptr<Server>> ServeLocal(const std::string& path, Pages pages,
                                                            const Options& options = {});

  // Over HTTPS: answers under way end within io_timeout after they are computed; all else is cut off.
  ~Server();

  // `host:port` with the real port, or the socket's path.
  const std::string& address() const;
  int port() const;  // 0 for a socket

  // HTTPS: new connections are shown `pair`. Cheap while it is the one in use. Errors as TlsServer::Replace.
  absl::Status Replace(const crypto::KeyAndCertificate& pair);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace allmende::http
