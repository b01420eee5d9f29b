// OpenSSL's X.509 types behind owning pointers; for the units of sdk_x509 only.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "sdk/crypto/openssl.h"

namespace allmende::crypto::internal {

using BioPtr = OpenSslPtr<BIO, BIO_free_all>;
using KeyPtr = OpenSslPtr<EVP_PKEY, EVP_PKEY_free>;
using CertificatePtr = OpenSslPtr<X509, X509_free>;

BioPtr ReadBio(std::string_view text);
std::string TakeBio(BIO* bio);

// What OpenSSL last complained about, in its words; empties its error queue.
std::string TakeReason();

// The certificates of `pem` in order, at least one; kInvalidArgument otherwise.
absl::StatusOr<std::vector<CertificatePtr>> ReadCertificates(std::string_view pem);

// kInvalidArgument if there is no private key, or one with a passphrase.
absl::StatusOr<KeyPtr> ReadPrivateKey(std::string_view pem);

}  // namespace allmende::crypto::internal
