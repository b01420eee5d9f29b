// Making certificates; reading them is x509.cc.
#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/status.h"
#include "sdk/crypto/x509.h"
#include "sdk/crypto/x509_internal.h"

namespace allmende::crypto {
namespace {

using internal::CertificatePtr;
using internal::KeyPtr;
using internal::TakeReason;

using NamePtr = OpenSslPtr<GENERAL_NAME, GENERAL_NAME_free>;
using NamesPtr = OpenSslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using ExtensionPtr = OpenSslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using NumberPtr = OpenSslPtr<BIGNUM, BN_free>;

absl::Status OpensslFailed(const char* what) {
  return absl::InternalError(absl::StrCat(what, " failed: ", TakeReason()));
}

absl::StatusOr<CertificatePtr> Draft(const std::string& common_name, Validity validity, EVP_PKEY* key) {
  if (common_name.empty() || common_name.size() > 64) {
    return absl::InvalidArgumentError(
        absl::StrCat("a certificate's common name has 1 to 64 bytes, `", common_name, "` has ", common_name.size()));
  }
  if (validity.not_after <= validity.not_before) {
    return absl::InvalidArgumentError("a certificate's validity must end after it begins");
  }
  CertificatePtr certificate(X509_new());
  const NumberPtr serial(BN_new());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const bool good =
      X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
      BN_rand(serial.get(), 128, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1 &&
      BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), absl::ToTimeT(validity.not_before)) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), absl::ToTimeT(validity.not_after)) != nullptr &&
      X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_set_pubkey(certificate.get(), key) == 1;
  if (!good) return OpensslFailed("drafting a certificate");
  return certificate;
}

// `value` is one of this file's constants: OpenSSL's extension language would let foreign text add further extensions.
absl::Status AddExtension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return OpensslFailed("adding a certificate extension");
  }
  return absl::OkStatus();
}

absl::Status AddTextName(GENERAL_NAMES* names, int type, const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; })) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", text, "` cannot be a certificate's alternative name: it may hold visible ASCII only"));
  }
  NamePtr name(GENERAL_NAME_new());
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  if (ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) != 1) {
    ASN1_IA5STRING_free(value);
    return OpensslFailed("writing an alternative name");
  }
  GENERAL_NAME_set0_value(name.get(), type, value);
  sk_GENERAL_NAME_push(names, name.release());
  return absl::OkStatus();
}

absl::Status AddAddress(GENERAL_NAMES* names, const std::string& text) {
  std::array<unsigned char, 16> bytes{};
  int size = 4;
  if (inet_pton(AF_INET, text.c_str(), bytes.data()) != 1) {
    size = 16;
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) {
      return absl::InvalidArgumentError(absl::StrCat("`", text, "` is not an IP address"));
    }
  }
  NamePtr name(GENERAL_NAME_new());
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  if (ASN1_OCTET_STRING_set(value, bytes.data(), size) != 1) {
    ASN1_OCTET_STRING_free(value);
    return OpensslFailed("writing an address");
  }
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
  sk_GENERAL_NAME_push(names, name.release());
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(X509* certificate, const LeafOptions& options) {
  const NamesPtr names(GENERAL_NAMES_new());
  for (const std::string& uri : options.uri_sans) {
    ALLMENDE_RETURN_IF_ERROR(AddTextName(names.get(), GEN_URI, uri));
  }
  for (const std::string& dns : options.dns_sans) {
    ALLMENDE_RETURN_IF_ERROR(AddTextName(names.get(), GEN_DNS, dns));
  }
  for (const std::string& address : options.ip_sans) ALLMENDE_RETURN_IF_ERROR(AddAddress(names.get(), address));
  if (sk_GENERAL_NAME_num(names.get()) == 0) return absl::OkStatus();
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return OpensslFailed("adding alternative names");
  }
  return absl::OkStatus();
}

absl::Status AddExtendedUses(X509* certificate, X509* issuer, const LeafOptions& options) {
  if (options.client_auth && options.server_auth) {
    return AddExtension(certificate, issuer, NID_ext_key_usage, "clientAuth,serverAuth");
  }
  if (options.client_auth) return AddExtension(certificate, issuer, NID_ext_key_usage, "clientAuth");
  if (options.server_auth) return AddExtension(certificate, issuer, NID_ext_key_usage, "serverAuth");
  return absl::OkStatus();
}

absl::StatusOr<KeyAndCertificate> SignAndEncode(X509* certificate, EVP_PKEY* signer, EVP_PKEY* key) {
  const int type = EVP_PKEY_get_base_id(signer);
  const bool has_own_digest = type == EVP_PKEY_ED25519 || type == EVP_PKEY_ED448;
  if (X509_sign(certificate, signer, has_own_digest ? nullptr : EVP_sha256()) == 0) {
    return OpensslFailed("signing a certificate");
  }
  const internal::BioPtr key_bio(BIO_new(BIO_s_secmem()));
  const internal::BioPtr certificate_bio(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PKCS8PrivateKey(key_bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      PEM_write_bio_X509(certificate_bio.get(), certificate) != 1) {
    return OpensslFailed("encoding a certificate");
  }
  return KeyAndCertificate{internal::TakeBio(key_bio.get()), internal::TakeBio(certificate_bio.get())};
}

// The part of `wanted` that lies within the issuer's own validity: a leaf that outlives its issuer only looks valid.
absl::StatusOr<Validity> CutValidity(Validity wanted, const CertificateInfo& issuer) {
  const Validity cut{std::max(wanted.not_before, issuer.not_before), std::min(wanted.not_after, issuer.not_after)};
  if (cut.not_after <= cut.not_before) {
    return absl::InvalidArgumentError(
        absl::StrCat("the wanted validity lies outside that of the authority, which ends at ",
                     absl::FormatTime("%Y-%m-%d", issuer.not_after, absl::UTCTimeZone())));
  }
  return cut;
}

}  // namespace

absl::StatusOr<KeyAndCertificate> CreateAuthority(std::string_view common_name, Validity validity) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslFailed("making a key");
  ALLMENDE_ASSIGN_OR_RETURN(CertificatePtr certificate, Draft(std::string(common_name), validity, key.get()));
  X509* self = certificate.get();
  if (X509_set_issuer_name(self, X509_get_subject_name(self)) != 1) return OpensslFailed("naming an authority");
  ALLMENDE_RETURN_IF_ERROR(AddExtension(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  ALLMENDE_RETURN_IF_ERROR(AddExtension(self, self, NID_key_usage, "critical,keyCertSign,cRLSign"));
  ALLMENDE_RETURN_IF_ERROR(AddExtension(self, self, NID_subject_key_identifier, "hash"));
  return SignAndEncode(self, key.get(), key.get());
}

absl::StatusOr<KeyAndCertificate> IssueLeaf(const KeyAndCertificate& authority, const LeafOptions& options) {
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificatePtr> issuers, internal::ReadCertificates(authority.certificate_pem));
  ALLMENDE_ASSIGN_OR_RETURN(CertificateInfo issuer_info, ParseCertificate(authority.certificate_pem));
  ALLMENDE_ASSIGN_OR_RETURN(KeyPtr signer, internal::ReadPrivateKey(authority.key_pem));
  X509* issuer = issuers.front().get();
  if (!issuer_info.is_authority) {
    return absl::FailedPreconditionError(
        absl::StrCat("`", issuer_info.subject, "` is not an authority, so it cannot issue certificates"));
  }
  if (X509_check_private_key(issuer, signer.get()) != 1) {
    ERR_clear_error();
    return absl::FailedPreconditionError("the authority's key is not the one of its certificate");
  }
  ALLMENDE_ASSIGN_OR_RETURN(const Validity validity, CutValidity(options.validity, issuer_info));

  const KeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) return OpensslFailed("making a key");
  ALLMENDE_ASSIGN_OR_RETURN(CertificatePtr leaf, Draft(options.common_name, validity, key.get()));
  X509* certificate = leaf.get();
  if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1) return OpensslFailed("naming an issuer");
  ALLMENDE_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE"));
  ALLMENDE_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_key_usage, "critical,digitalSignature"));
  ALLMENDE_RETURN_IF_ERROR(AddExtendedUses(certificate, issuer, options));
  ALLMENDE_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_subject_key_identifier, "hash"));
  ALLMENDE_RETURN_IF_ERROR(AddExtension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  ALLMENDE_RETURN_IF_ERROR(AddAlternativeNames(certificate, options));
  return SignAndEncode(certificate, signer.get(), key.get());
}

}  // namespace allmende::crypto
