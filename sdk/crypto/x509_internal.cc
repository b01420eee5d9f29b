#include "sdk/crypto/x509_internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "sdk/crypto/pem.h"

namespace allmende::crypto::internal {

BioPtr ReadBio(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string TakeBio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<size_t>(size)) : std::string();
}

std::string TakeReason() {
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(error);
  return reason != nullptr ? reason : "unknown reason";
}

absl::StatusOr<std::vector<CertificatePtr>> ReadCertificates(std::string_view pem) {
  absl::StatusOr<std::vector<PemBlock>> blocks = DecodePem(pem);
  if (!blocks.ok()) return std::move(blocks).status();
  std::vector<CertificatePtr> certificates;
  for (const PemBlock& block : *blocks) {
    if (block.label != kPemCertificate) continue;
    const auto* der = reinterpret_cast<const unsigned char*>(block.der.data());
    const auto* const end = der + block.der.size();
    CertificatePtr certificate(d2i_X509(nullptr, &der, static_cast<long>(block.der.size())));
    // EXFLAG_INVALID: an extension that cannot be read might have been the one that limits the certificate.
    if (certificate == nullptr || der != end || (X509_get_extension_flags(certificate.get()) & EXFLAG_INVALID) != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("certificate ", certificates.size() + 1, " cannot be read: ", TakeReason()));
    }
    certificates.push_back(std::move(certificate));
  }
  if (certificates.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no certificate in it, only a block `", blocks->front().label, "`"));
  }
  return certificates;
}

absl::StatusOr<KeyPtr> ReadPrivateKey(std::string_view pem) {
  // Finds what can be said more clearly than OpenSSL says it: no PEM, cut off, a passphrase.
  absl::StatusOr<std::vector<PemBlock>> blocks = DecodePem(pem);
  if (!blocks.ok()) return std::move(blocks).status();
  std::string first_label = blocks->front().label;
  for (PemBlock& block : *blocks) OPENSSL_cleanse(block.der.data(), block.der.size());

  const auto no_passphrase = [](char*, int, int, void*) { return -1; };
  KeyPtr key(PEM_read_bio_PrivateKey(ReadBio(pem).get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) {
    ERR_clear_error();
    return absl::InvalidArgumentError(
        absl::StrCat("there is no readable private key in it, only a block `", first_label, "`"));
  }
  return key;
}

}  // namespace allmende::crypto::internal
