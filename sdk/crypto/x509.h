// X.509 certificates: making a city's authority, issuing from it, reading and verifying. ECDSA on P-256 throughout,
// because every TLS stack takes it; certificates of a city's existing authority may use any algorithm OpenSSL verifies.
// Stateless; thread-safe. Keys and certificates travel as PEM text; the caller keeps keys out of logs and files of mode
// other than 0600.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace allmende::crypto {

// Extended key usages, as CertificateInfo::ekus names them. Others appear as dotted object identifiers.
inline constexpr std::string_view kClientAuth = "clientAuth";
inline constexpr std::string_view kServerAuth = "serverAuth";

struct KeyAndCertificate {
  std::string key_pem;          // PKCS#8
  std::string certificate_pem;  // one certificate
};

struct CertificateInfo {
  std::string subject;  // RFC 2253, UTF-8
  std::string issuer;
  std::string serial_hex;  // lower case, two digits a byte, no leading zero byte
  absl::Time not_before;
  absl::Time not_after;
  std::vector<std::string> uri_sans;  // in the certificate's order
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;  // as text: `127.0.0.1`, `::1`
  std::vector<std::string> ekus;     // empty: the certificate has no extended key usage
  std::string fingerprint_sha256;    // of the DER bytes; 64 lower-case hex digits
  bool is_authority = false;
};

struct Validity {
  absl::Time not_before;
  absl::Time not_after;  // written with a resolution of one second
};

struct LeafOptions {
  std::string common_name;
  std::vector<std::string> uri_sans;
  std::vector<std::string> dns_sans;
  std::vector<std::string> ip_sans;
  bool client_auth = false;
  bool server_auth = false;
  Validity validity;
};

// Makes a self-signed authority that may sign leaf certificates only (path length 0).
//   kInvalidArgument  empty common name or one over 64 bytes, or a validity that ends before it begins
absl::StatusOr<KeyAndCertificate> CreateAuthority(std::string_view common_name, Validity validity);

// Issues a leaf with a fresh key and a random 128-bit serial. The validity is cut to that of the authority.
//   kInvalidArgument     an option OpenSSL cannot encode (the message names it), or nothing left of the validity
//   kFailedPrecondition  `authority` is not an authority, or its key is another certificate's
absl::StatusOr<KeyAndCertificate> IssueLeaf(const KeyAndCertificate& authority, const LeafOptions& options);

// Reads the first certificate of `pem`.
//   kInvalidArgument  not a certificate, or one with a name that holds a NUL byte or is not UTF-8
absl::StatusOr<CertificateInfo> ParseCertificate(std::string_view pem);

// Reads every certificate of a bundle. Errors as ParseCertificate.
absl::StatusOr<std::vector<CertificateInfo>> ParseCertificates(std::string_view pem);

enum class CertificateUse { kClient, kServer };

// OK when the first certificate of `pem` chains to one of the certificates in `roots_pem` and may be used as `use` at
// `at`. Further certificates in `pem` and those in `intermediates_pem` (may be empty) help to build the chain and are
// not trusted. A certificate in `roots_pem` is an anchor even when it is not self-signed. No revocation is looked at.
//   kInvalidArgument  unreadable input
//   kNotFound         issued by none of the roots
//   kUnauthenticated  bad signature, not yet or no longer valid, or not meant for this use
absl::Status VerifyChain(std::string_view pem, std::string_view intermediates_pem, std::string_view roots_pem,
                         CertificateUse use, absl::Time at);

// OK when `key_pem` is the private key of the first certificate of `certificate_pem`.
//   kInvalidArgument     unreadable input (the message says which of the two)
//   kFailedPrecondition  they do not belong together
absl::Status CheckKeyMatches(std::string_view certificate_pem, std::string_view key_pem);

}  // namespace allmende::crypto
