#include "sdk/rpc/peer.h"

#include <grpc/grpc_security_constants.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/pki/pair.h"

namespace allmende::rpc {
namespace {

std::string Property(const grpc::AuthContext& context, const char* name) {
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(name);
  return values.empty() ? std::string() : std::string(values.front().data(), values.front().size());
}

}  // namespace

PeerIdentifier::PeerIdentifier(const pki::TrustStore* trust, const pki::RevocationRegister* revocations)
    : trust_(trust), revocations_(revocations) {}

absl::StatusOr<std::shared_ptr<const pki::Identity>> PeerIdentifier::Identify(const grpc::AuthContext& context,
                                                                              absl::Time now) {
  const std::string certificate = Property(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificate.empty()) {
    return absl::UnauthenticatedError("the call came without a certificate; use the profile the city issued to you");
  }
  const std::string chain = Property(context, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME);
  const std::string key = absl::StrCat(certificate, chain);

  std::shared_ptr<const pki::Identity> identity;
  {
    MutexLock lock(mutex_);
    if (const auto found = cache_.find(key); found != cache_.end()) identity = found->second;
  }
  if (identity == nullptr) {
    ALLMENDE_ASSIGN_OR_RETURN(pki::Identity fresh, trust_->Identify(certificate, chain, now));
    identity = std::make_shared<const pki::Identity>(std::move(fresh));
    MutexLock lock(mutex_);
    if (cache_.size() >= kCachedMax) cache_.clear();
    cache_.emplace(key, identity);
  }
  ALLMENDE_RETURN_IF_ERROR(Recheck(*identity, now));
  return identity;
}

absl::Status PeerIdentifier::Recheck(const pki::Identity& identity, absl::Time now) const {
  if (now >= identity.not_after) {
    return absl::UnauthenticatedError(absl::StrCat("the certificate of `", identity.Name(), "` expired at ",
                                                   pki::FormatMinute(identity.not_after), "; have it renewed"));
  }
  return revocations_->Check(identity);
}

}  // namespace allmende::rpc
