#include "sdk/crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/hex.h"
#include "sdk/base/status.h"
#include "sdk/crypto/x509_internal.h"

namespace allmende::crypto {
namespace {

using internal::CertificatePtr;
using internal::KeyPtr;
using internal::ReadCertificates;
using internal::ReadPrivateKey;
using internal::TakeReason;

using NamesPtr = OpenSslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using UsesPtr = OpenSslPtr<EXTENDED_KEY_USAGE, EXTENDED_KEY_USAGE_free>;
using StorePtr = OpenSslPtr<X509_STORE, X509_STORE_free>;
using StoreContextPtr = OpenSslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;

void FreeStack(STACK_OF(X509) * certificates) {
  sk_X509_free(certificates);
}  // which are borrowed

std::string NameText(const X509_NAME* name) {
  const internal::BioPtr bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return internal::TakeBio(bio.get());
}

absl::StatusOr<absl::Time> ReadTime(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("the certificate's validity is not a time");
  }
  return absl::FromTM(parts, absl::UTCTimeZone());
}

std::string SerialHex(const ASN1_INTEGER* serial) {
  std::string_view bytes(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                         static_cast<size_t>(ASN1_STRING_length(serial)));
  while (bytes.size() > 1 && bytes.front() == '\0') bytes.remove_prefix(1);
  const bool negative = ASN1_STRING_type(serial) == V_ASN1_NEG_INTEGER;
  return absl::StrCat(negative ? "-" : "", EncodeHex(bytes));
}

// A name with a NUL or a control byte has fooled readers before: they saw another name than the issuer did.
absl::StatusOr<std::string> PlainText(const ASN1_IA5STRING* text) {
  std::string out(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                  static_cast<size_t>(ASN1_STRING_length(text)));
  if (!std::all_of(out.begin(), out.end(), [](unsigned char c) { return c > 0x20 && c < 0x7f; })) {
    return absl::InvalidArgumentError("the certificate has an alternative name with bytes that no name may have");
  }
  return out;
}

std::string AddressText(const ASN1_OCTET_STRING* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int size = ASN1_STRING_length(address);
  if (size != 4 && size != 16) return "";
  inet_ntop(size == 4 ? AF_INET : AF_INET6, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

absl::Status ReadAlternativeNames(X509* certificate, CertificateInfo& info) {
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type == GEN_URI || name->type == GEN_DNS) {
      ALLMENDE_ASSIGN_OR_RETURN(std::string text, PlainText(name->d.ia5));
      (name->type == GEN_URI ? info.uri_sans : info.dns_sans).push_back(std::move(text));
    } else if (name->type == GEN_IPADD) {
      info.ip_sans.push_back(AddressText(name->d.iPAddress));
    }
  }
  return absl::OkStatus();
}

void ReadExtendedUses(X509* certificate, CertificateInfo& info) {
  const UsesPtr uses(
      static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
  for (int i = 0; uses != nullptr && i < sk_ASN1_OBJECT_num(uses.get()); ++i) {
    const ASN1_OBJECT* use = sk_ASN1_OBJECT_value(uses.get(), i);
    const int nid = OBJ_obj2nid(use);
    if (nid == NID_client_auth) {
      info.ekus.emplace_back(kClientAuth);
    } else if (nid == NID_server_auth) {
      info.ekus.emplace_back(kServerAuth);
    } else {
      std::array<char, 128> text{};
      OBJ_obj2txt(text.data(), text.size(), use, 1);
      info.ekus.emplace_back(text.data());
    }
  }
}

absl::StatusOr<CertificateInfo> Describe(X509* certificate) {
  CertificateInfo info;
  info.subject = NameText(X509_get_subject_name(certificate));
  info.issuer = NameText(X509_get_issuer_name(certificate));
  info.serial_hex = SerialHex(X509_get0_serialNumber(certificate));
  ALLMENDE_ASSIGN_OR_RETURN(info.not_before, ReadTime(X509_get0_notBefore(certificate)));
  ALLMENDE_ASSIGN_OR_RETURN(info.not_after, ReadTime(X509_get0_notAfter(certificate)));
  ALLMENDE_RETURN_IF_ERROR(ReadAlternativeNames(certificate, info));
  ReadExtendedUses(certificate, info);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
    return absl::InternalError(absl::StrCat("a certificate could not be hashed: ", TakeReason()));
  }
  info.fingerprint_sha256 = EncodeHex(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
  info.is_authority = X509_check_ca(certificate) == 1;
  return info;
}

std::string FormatDay(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

// OpenSSL's verdict in words that say what to do.
absl::Status ChainError(int error, X509* certificate) {
  const std::string subject = NameText(X509_get_subject_name(certificate));
  const std::string issuer = NameText(X509_get_issuer_name(certificate));
  switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      if (absl::StatusOr<absl::Time> end = ReadTime(X509_get0_notAfter(certificate)); end.ok()) {
        return absl::UnauthenticatedError(
            absl::StrCat("the certificate of `", subject, "` expired at ", FormatDay(*end), "; have it renewed"));
      }
      break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
      if (absl::StatusOr<absl::Time> begin = ReadTime(X509_get0_notBefore(certificate)); begin.ok()) {
        return absl::UnauthenticatedError(absl::StrCat("the certificate of `", subject, "` is valid from ",
                                                       FormatDay(*begin), " only; check this machine's clock"));
      }
      break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
      return absl::NotFoundError(
          absl::StrCat("the certificate of `", subject, "` was issued by `", issuer, "`, which is not trusted here"));
    case X509_V_ERR_INVALID_PURPOSE:
      return absl::UnauthenticatedError(
          absl::StrCat("the certificate of `", subject, "` is not meant for this use (extended key usage)"));
    default:
      break;
  }
  return absl::UnauthenticatedError(absl::StrCat("the certificate of `", subject, "`, issued by `", issuer,
                                                 "`, is refused: ", X509_verify_cert_error_string(error)));
}

}  // namespace

absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem) {
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificatePtr> certificates, ReadCertificates(pem));
  return Describe(certificates.front().get());
}

absl::StatusOr<std::vector<CertificateInfo>> ParseCertificates(std::string_view pem) {
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificatePtr> certificates, ReadCertificates(pem));
  std::vector<CertificateInfo> infos;
  for (const CertificatePtr& certificate : certificates) {
    ALLMENDE_ASSIGN_OR_RETURN(CertificateInfo info, Describe(certificate.get()));
    infos.push_back(std::move(info));
  }
  return infos;
}

absl::Status VerifyChain(std::string_view pem, std::string_view intermediates_pem, std::string_view roots_pem,
                         CertificateUse use, absl::Time at) {
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificatePtr> leaf, ReadCertificates(pem));
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificatePtr> roots, ReadCertificates(roots_pem));
  std::vector<CertificatePtr> intermediates;
  if (!intermediates_pem.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(intermediates, ReadCertificates(intermediates_pem));
  }

  const StorePtr store(X509_STORE_new());
  for (const CertificatePtr& root : roots) X509_STORE_add_cert(store.get(), root.get());
  const OpenSslPtr<STACK_OF(X509), FreeStack> untrusted(sk_X509_new_null());
  for (size_t i = 1; i < leaf.size(); ++i) sk_X509_push(untrusted.get(), leaf[i].get());
  for (const CertificatePtr& certificate : intermediates) sk_X509_push(untrusted.get(), certificate.get());

  const StoreContextPtr context(X509_STORE_CTX_new());
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.front().get(), untrusted.get()) != 1) {
    return absl::InternalError(absl::StrCat("a certificate could not be verified: ", TakeReason()));
  }
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(at));
  X509_VERIFY_PARAM_set_purpose(param,
                                use == CertificateUse::kClient ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_auth_level(param, 2);  // at least 112 bits: no SHA-1, no RSA below 2048
  const bool good = X509_verify_cert(context.get()) == 1;
  ERR_clear_error();
  if (good) return absl::OkStatus();
  X509* culprit = X509_STORE_CTX_get_current_cert(context.get());
  return ChainError(X509_STORE_CTX_get_error(context.get()), culprit != nullptr ? culprit : leaf.front().get());
}

absl::Status CheckKeyMatches(std::string_view certificate_pem, std::string_view key_pem) {
  absl::StatusOr<std::vector<CertificatePtr>> certificates = ReadCertificates(certificate_pem);
  if (!certificates.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate is unusable: ", certificates.status().message()));
  }
  absl::StatusOr<KeyPtr> key = ReadPrivateKey(key_pem);
  if (!key.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the key is unusable: ", key.status().message()));
  }
  const bool match = X509_check_private_key(certificates->front().get(), key->get()) == 1;
  ERR_clear_error();
  if (match) return absl::OkStatus();
  return absl::FailedPreconditionError("the key is not the one of the certificate");
}

}  // namespace allmende::crypto
