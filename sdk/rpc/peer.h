// Who is at the other end of a call. The TLS handshake proves that a trusted authority issued the certificate; this
// says whose it is, and that it is still welcome.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/security/auth_context.h"
#include "sdk/base/mutex.h"
#include "sdk/pki/identity.h"
#include "sdk/pki/revocation.h"
#include "sdk/pki/trust.h"

namespace allmende::rpc {

// Thread-safe. Borrows both arguments, which must outlive it.
class PeerIdentifier {
 public:
  PeerIdentifier(const pki::TrustStore* trust, const pki::RevocationRegister* revocations);

  // The caller behind `context` (of ServerContextBase::auth_context), for each call and again whenever a long stream
  // must know. Certificates seen before cost a lookup, no signature check; expiry and revocation are looked at each
  // time.
  //   kUnauthenticated  no certificate, or as TrustStore::Identify and RevocationRegister::Check
  absl::StatusOr<std::shared_ptr<const pki::Identity>> Identify(const grpc::AuthContext& context, absl::Time now);

  // OK while `identity` is neither expired nor revoked. For streams that keep the identity of their start.
  absl::Status Recheck(const pki::Identity& identity, absl::Time now) const;

  static constexpr size_t kCachedMax = 1024;

 private:
  // Constant after construction.
  const pki::TrustStore* const trust_;
  const pki::RevocationRegister* const revocations_;

  Mutex mutex_;
  // By the certificates as sent. Emptied when full: that only costs checking anew.
  absl::flat_hash_map<std::string, std::shared_ptr<const pki::Identity>> cache_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace allmende::rpc
