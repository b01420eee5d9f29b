#include "sdk/crypto/hkdf.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sdk/crypto/openssl.h"

namespace allmende::crypto {
namespace {

OSSL_PARAM Octets(const char* name, std::string_view bytes) {
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes.empty() ? "" : bytes.data()), bytes.size());
}

}  // namespace

absl::StatusOr<SecretBytes> HkdfSha256(std::string_view secret, std::string_view salt, std::string_view info,
                                       size_t output_bytes) {
  if (output_bytes == 0 || output_bytes > kHkdfBytesMax) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot derive a key of ", output_bytes, " bytes; 1 to ", kHkdfBytesMax, " are possible"));
  }
  const OpenSslPtr<EVP_KDF, EVP_KDF_free> kdf(Require(EVP_KDF_fetch(nullptr, "HKDF", nullptr), "HKDF is missing"));
  const OpenSslPtr<EVP_KDF_CTX, EVP_KDF_CTX_free> context(Require(EVP_KDF_CTX_new(kdf.get()), "no memory for HKDF"));
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                   Octets(OSSL_KDF_PARAM_KEY, secret), Octets(OSSL_KDF_PARAM_SALT, salt),
                                   Octets(OSSL_KDF_PARAM_INFO, info), OSSL_PARAM_construct_end()};
  SecretBytes output(output_bytes);
  Require(EVP_KDF_derive(context.get(), output.bytes().data(), output.size(), parameters), "HKDF failed");
  return output;
}

}  // namespace allmende::crypto
