#include "sdk/rpc/tls.h"

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/strings/str_cat.h"
#include "grpc/grpc.h"
#include "grpc/grpc_security.h"
#include "sdk/base/status.h"
#include "sdk/pki/file_stamp.h"

namespace allmende::rpc {
namespace {

// Leaves TLS 1.3 as the only version: gRPC accepts 1.2 and has no setter for the minimum. The list names suites of
// TLS 1.2 alone (those of 1.3 are always on). It may not be empty, but a pre-shared-key suite is never chosen: gRPC has
// no keys to share.
void RestrictCipherSuites() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", /*overwrite=*/1); });
}

std::string Stamp(const pki::PairFiles& files) {
  return absl::StrCat(pki::FileStamp(files.certificate), " ", pki::FileStamp(files.key));
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ClientCredentials(const pki::PairFiles& files,
                                                                            const std::string& authority,
                                                                            absl::Time now) {
  RestrictCipherSuites();
  ALLMENDE_ASSIGN_OR_RETURN(pki::Pair pair, pki::LoadPair(files, crypto::CertificateUse::kClient, now));
  grpc::SslCredentialsOptions options;
  ALLMENDE_ASSIGN_OR_RETURN(options.pem_root_certs, pki::LoadAuthorities(authority));
  options.pem_private_key = std::move(pair.pem.key_pem);
  options.pem_cert_chain = std::move(pair.pem.certificate_pem);
  return grpc::SslCredentials(options);
}

struct ServerTls::Shared {
  struct Port {
    Shared* shared;
    uint64_t given = 0;  // the generation its handshakes have; guarded by the mutex
  };

  Shared(std::string roots, pki::Pair first) : roots_pem(std::move(roots)), pair(std::move(first)) {}

  // Asked before each handshake of a port; the last answer holds while the next ones are "unchanged".
  static grpc_ssl_certificate_config_reload_status Fetch(void* user_data, grpc_ssl_server_certificate_config** config) {
    auto* port = static_cast<Port*>(user_data);
    Shared* shared = port->shared;
    MutexLock lock(shared->mutex);
    if (port->given == shared->generation) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const crypto::KeyAndCertificate& pem = shared->pair.pem;
    const grpc_ssl_pem_key_cert_pair pair{pem.key_pem.c_str(), pem.certificate_pem.c_str()};
    *config = grpc_ssl_server_certificate_config_create(shared->roots_pem.c_str(), &pair, 1);
    port->given = shared->generation;
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  Port* AddPort() {
    MutexLock lock(mutex);
    return &ports.emplace_back(Port{this});
  }

  const std::string roots_pem;
  Mutex mutex;
  pki::Pair pair ABSL_GUARDED_BY(mutex);
  uint64_t generation ABSL_GUARDED_BY(mutex) = 1;
  std::deque<Port> ports ABSL_GUARDED_BY(mutex);  // never shrinks: gRPC keeps pointers to the elements
};

// grpc++ wraps only credentials that stay the same for the server's life, so the core's reloading ones are wrapped
// here.
class ServerTls::Credentials final : public grpc::ServerCredentials {
 public:
  explicit Credentials(Shared* shared) : shared_(shared) {}

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    // The options are consumed by the credentials.
    grpc_server_credentials* credentials =
        grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
            GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, Shared::Fetch, shared_->AddPort()));
    const int port = grpc_server_add_http2_port(server, address.c_str(), credentials);
    grpc_server_credentials_release(credentials);
    return port;
  }

  Shared* const shared_;
};

ServerTls::ServerTls(pki::PairFiles files, std::unique_ptr<Shared> shared, std::string seen)
    : files_(std::move(files)),
      shared_(std::move(shared)),
      credentials_(std::make_shared<Credentials>(shared_.get())),
      seen_(std::move(seen)) {}

ServerTls::~ServerTls() = default;

absl::StatusOr<std::unique_ptr<ServerTls>> ServerTls::Create(pki::PairFiles files, std::string roots_pem,
                                                             absl::Time now) {
  RestrictCipherSuites();
  std::string seen = Stamp(files);  // before reading: a change in between is then noticed by the first Refresh
  ALLMENDE_ASSIGN_OR_RETURN(pki::Pair pair, pki::LoadPair(files, crypto::CertificateUse::kServer, now));
  return std::unique_ptr<ServerTls>(new ServerTls(
      std::move(files), std::make_unique<Shared>(std::move(roots_pem), std::move(pair)), std::move(seen)));
}

absl::Status ServerTls::Refresh(absl::Time now) {
  MutexLock refresh_lock(refresh_mutex_);
  std::string stamp = Stamp(files_);
  if (stamp == seen_) return absl::OkStatus();
  // Two files cannot be replaced at one instant. Until they match, the error stays and the next Refresh tries again.
  ALLMENDE_ASSIGN_OR_RETURN(pki::Pair pair, pki::LoadPair(files_, crypto::CertificateUse::kServer, now));
  seen_ = std::move(stamp);
  MutexLock lock(shared_->mutex);
  shared_->pair = std::move(pair);
  ++shared_->generation;
  return absl::OkStatus();
}

crypto::KeyAndCertificate ServerTls::pem() const {
  MutexLock lock(shared_->mutex);
  return shared_->pair.pem;
}

absl::Time ServerTls::not_after() const {
  MutexLock lock(shared_->mutex);
  return shared_->pair.info.not_after;
}

}  // namespace allmende::rpc
