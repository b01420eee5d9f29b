#include "sdk/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <utility>

#include "sdk/crypto/openssl.h"

namespace allmende::crypto {
namespace {

EVP_MAC* FetchedHmac() {
  static EVP_MAC* const mac = Require(EVP_MAC_fetch(nullptr, "HMAC", nullptr), "HMAC is missing");
  return mac;
}

}  // namespace

void HmacSha256::FreeContext::operator()(evp_mac_ctx_st* context) const {
  EVP_MAC_CTX_free(context);
}

HmacSha256::HmacSha256(Context context) : context_(std::move(context)) {}

HmacSha256::HmacSha256(std::string_view key) : context_(Require(EVP_MAC_CTX_new(FetchedHmac()), "no memory for HMAC")) {
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                   OSSL_PARAM_construct_end()};
  // OpenSSL reads a null key as `keep the present one`, also for an empty key.
  const char* bytes = key.empty() ? "" : key.data();
  Require(EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(bytes), key.size(), parameters),
          "HMAC cannot start");
}

HmacSha256::~HmacSha256() = default;
HmacSha256::HmacSha256(HmacSha256&&) noexcept = default;
HmacSha256& HmacSha256::operator=(HmacSha256&&) noexcept = default;

HmacSha256 HmacSha256::Clone() const {
  HmacSha256 clone(Context(Require(EVP_MAC_CTX_dup(context_.get()), "no memory for HMAC")));
  Require(EVP_MAC_init(clone.context_.get(), nullptr, 0, nullptr), "HMAC cannot start");
  return clone;
}

HmacSha256& HmacSha256::Update(std::string_view bytes) {
  Require(EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()),
          "HMAC failed");
  return *this;
}

Digest HmacSha256::Finish() {
  Digest code;
  size_t code_bytes = 0;
  Require(EVP_MAC_final(context_.get(), code.data(), &code_bytes, code.size()), "HMAC failed");
  Require(EVP_MAC_init(context_.get(), nullptr, 0, nullptr), "HMAC cannot start");
  return code;
}

Digest HmacSha256Of(std::string_view key, std::string_view message) {
  return HmacSha256(key).Update(message).Finish();
}

}  // namespace allmende::crypto
