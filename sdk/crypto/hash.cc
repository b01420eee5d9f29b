#include "sdk/crypto/hash.h"

#include <openssl/evp.h>

#include "sdk/crypto/openssl.h"

namespace allmende::crypto {
namespace {

// Looked up once for the process: a lookup costs more than a short hash.
const EVP_MD* FetchedSha256() {
  static const EVP_MD* const digest = Require(EVP_MD_fetch(nullptr, "SHA256", nullptr), "SHA-256 is missing");
  return digest;
}

}  // namespace

void Sha256::FreeContext::operator()(evp_md_ctx_st* context) const {
  EVP_MD_CTX_free(context);
}

Sha256::Sha256() : context_(Require(EVP_MD_CTX_new(), "no memory for SHA-256")) {
  Require(EVP_DigestInit_ex2(context_.get(), FetchedSha256(), nullptr), "SHA-256 cannot start");
}

Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::Update(std::string_view bytes) {
  Require(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()), "SHA-256 failed");
  return *this;
}

Digest Sha256::Finish() {
  Digest digest;
  Require(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr), "SHA-256 failed");
  // Without a digest the context keeps the one it has and starts again.
  Require(EVP_DigestInit_ex2(context_.get(), nullptr, nullptr), "SHA-256 cannot start");
  return digest;
}

Sha256& ThreadSha256() {
  thread_local Sha256 hasher;
  return hasher;
}

}  // namespace allmende::crypto
