#include "sdk/crypto/tls_server.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <utility>
#include <vector>

#include "sdk/base/status.h"
#include "sdk/crypto/x509_internal.h"

namespace allmende::crypto {
namespace {

using internal::BioPtr;
using internal::CertificatePtr;
using internal::KeyPtr;

std::string WritePem(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return internal::TakeBio(bio.get());
}

// Does not own what it holds.
struct FreeStackOnly {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

// Where a context has its observer.
int ContextIndex() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// Called for every connection of the process when it is freed; most have no observer.
void TellEnd(void* connection, void* observer, CRYPTO_EX_DATA*, int, long, void*) {
  if (observer == nullptr) return;
  static_cast<TlsConnectionObserver*>(observer)->ConnectionEnds(static_cast<const SSL*>(connection));
}

// Where a connection has the observer that heard of it.
int ConnectionIndex() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, TellEnd);
  return index;
}

void TellHandshake(const SSL* connection, int where, int) {
  auto* const observer =
      static_cast<TlsConnectionObserver*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), ContextIndex()));
  if (observer == nullptr) return;
  const bool known = SSL_get_ex_data(connection, ConnectionIndex()) != nullptr;
  if ((where & SSL_CB_HANDSHAKE_START) != 0 && !known) {
    if (SSL_set_ex_data(const_cast<SSL*>(connection), ConnectionIndex(), observer) != 1) return;
    observer->HandshakeBegins(connection, SSL_get_fd(connection));
  } else if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && known) {
    observer->HandshakeDone(connection);
  }
}

}  // namespace

struct TlsServer::Presented {
  KeyPtr key;
  std::vector<CertificatePtr> certificates;  // the leaf first
};

absl::StatusOr<std::shared_ptr<const TlsServer::Presented>> TlsServer::Load(const KeyAndCertificate& pair) {
  ALLMENDE_RETURN_IF_ERROR(CheckKeyMatches(pair.certificate_pem, pair.key_pem));
  auto presented = std::make_shared<Presented>();
  ALLMENDE_ASSIGN_OR_RETURN(presented->key, internal::ReadPrivateKey(pair.key_pem));
  ALLMENDE_ASSIGN_OR_RETURN(presented->certificates, internal::ReadCertificates(pair.certificate_pem));
  return std::shared_ptr<const Presented>(std::move(presented));
}

TlsServer::TlsServer(std::string roots_pem, std::shared_ptr<const Presented> presented)
    : roots_pem_(std::move(roots_pem)), presented_(std::move(presented)) {}

TlsServer::~TlsServer() = default;

absl::StatusOr<std::unique_ptr<TlsServer>> TlsServer::Create(const KeyAndCertificate& pair, std::string roots_pem) {
  ALLMENDE_RETURN_IF_ERROR(internal::ReadCertificates(roots_pem).status());
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<const Presented> presented, Load(pair));
  return std::unique_ptr<TlsServer>(new TlsServer(std::move(roots_pem), std::move(presented)));
}

absl::Status TlsServer::Replace(const KeyAndCertificate& pair) {
  ALLMENDE_ASSIGN_OR_RETURN(std::shared_ptr<const Presented> presented, Load(pair));
  MutexLock lock(mutex_);
  presented_ = std::move(presented);
  return absl::OkStatus();
}

// Called in each handshake.
int TlsServer::PresentCertificate(ssl_st* connection, void* self) {
  auto* const server = static_cast<TlsServer*>(self);
  std::shared_ptr<const Presented> presented;
  {
    MutexLock lock(server->mutex_);
    presented = server->presented_;
  }
  const std::unique_ptr<STACK_OF(X509), FreeStackOnly> chain(sk_X509_new_null());
  for (size_t i = 1; i < presented->certificates.size(); ++i) {
    sk_X509_push(chain.get(), presented->certificates[i].get());
  }
  return SSL_use_cert_and_key(connection, presented->certificates.front().get(), presented->key.get(), chain.get(),
                              /*override=*/1);
}

bool TlsServer::Apply(ssl_ctx_st& context, TlsConnectionObserver* observer) {
  absl::StatusOr<std::vector<CertificatePtr>> roots = internal::ReadCertificates(roots_pem_);
  if (!roots.ok() || SSL_CTX_set_min_proto_version(&context, TLS1_3_VERSION) != 1) return false;
  X509_STORE* const store = SSL_CTX_get_cert_store(&context);
  for (const CertificatePtr& root : *roots) {
    if (X509_STORE_add_cert(store, root.get()) != 1 || SSL_CTX_add_client_CA(&context, root.get()) != 1) return false;
  }
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // A resumed session would show the certificate of the first handshake for as long as the ticket lives.
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  if (SSL_CTX_set_num_tickets(&context, 0) != 1) return false;
  SSL_CTX_set_cert_cb(&context, PresentCertificate, this);
  if (ContextIndex() < 0 || ConnectionIndex() < 0) return false;
  if (SSL_CTX_set_ex_data(&context, ContextIndex(), observer) != 1) return false;
  SSL_CTX_set_info_callback(&context, TellHandshake);
  return true;
}

PeerCertificates ReadPeerCertificates(const ssl_st* connection) {
  PeerCertificates peer;
  const CertificatePtr leaf(SSL_get1_peer_certificate(connection));
  if (leaf == nullptr) return peer;
  peer.certificate_pem = WritePem(leaf.get());
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(connection);  // on a server without the leaf
  for (int i = 0; i < sk_X509_num(chain); ++i) peer.chain_pem += WritePem(sk_X509_value(chain, i));
  return peer;
}

}  // namespace allmende::crypto
