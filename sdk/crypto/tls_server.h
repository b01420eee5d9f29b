// TLS of an HTTPS listener: what it presents, and that callers need a certificate. The HTTP library owns the context
// and the connections; here is all that is done to them, so that OpenSSL is called in one folder. (gRPC brings TLS of
// its own: sdk/rpc/tls.h.)
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "sdk/base/mutex.h"
#include "sdk/crypto/x509.h"

struct ssl_st;
struct ssl_ctx_st;

namespace allmende::crypto {

// Hears of a server's connections, on the threads that serve them. `connection` is a name for it.
class TlsConnectionObserver {
 public:
  virtual ~TlsConnectionObserver() = default;
  virtual void HandshakeBegins(const ssl_st* connection, int fd) = 0;
  virtual void HandshakeDone(const ssl_st* connection) = 0;   // not if it fails
  virtual void ConnectionEnds(const ssl_st* connection) = 0;  // the socket is still open
};

// Thread-safe.
class TlsServer {
 public:
  // `roots_pem`: anchors for the clients' certificates. `pair.certificate_pem` may hold intermediates.
  //   kInvalidArgument     unreadable; the message says which
  //   kFailedPrecondition  key and certificate do not belong together
  static absl::StatusOr<std::unique_ptr<TlsServer>> Create(const KeyAndCertificate& pair, std::string roots_pem);
  ~TlsServer();

  // New handshakes present `pair`. On an error the one before stays. Errors as Create.
  absl::Status Replace(const KeyAndCertificate& pair);

  // Sets `context` up: TLS 1.3 only, a client certificate from one of the roots required, nothing resumed. This object
  // and `observer`, which may be null, must outlive the context and its connections. False if OpenSSL refuses.
  bool Apply(ssl_ctx_st& context, TlsConnectionObserver* observer = nullptr);

 private:
  struct Presented;

  TlsServer(std::string roots_pem, std::shared_ptr<const Presented> presented);
  static absl::StatusOr<std::shared_ptr<const Presented>> Load(const KeyAndCertificate& pair);
  static int PresentCertificate(ssl_st* connection, void* self);

  const std::string roots_pem_;
  Mutex mutex_;
  std::shared_ptr<const Presented> presented_ ABSL_GUARDED_BY(mutex_);
};

struct PeerCertificates {
  std::string certificate_pem;  // empty: the peer showed none
  std::string chain_pem;        // intermediates that came with it; may be empty
};

// What the client at the other end of `connection` has shown and proved to own.
PeerCertificates ReadPeerCertificates(const ssl_st* connection);

}  // namespace allmende::crypto
