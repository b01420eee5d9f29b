// A key and its certificate, read from files and checked before anybody presents them: handed an unmatched pair, gRPC
// says nothing and then refuses every handshake.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "sdk/crypto/x509.h"

namespace allmende::pki {

inline constexpr size_t kPemBytesMax = 1 << 20;  // of any certificate or key file

struct PairFiles {
  std::string certificate;  // with intermediates, if any, behind it
  std::string key;
};

struct Pair {
  crypto::KeyAndCertificate pem;  // certificate_pem with its intermediates
  crypto::CertificateInfo info;   // of the first certificate
};

// Messages name the files.
//   kNotFound, kFailedPrecondition  a file cannot be read
//   kInvalidArgument              a file is not what it should be
//   kFailedPrecondition           key and certificate do not match; the certificate is expired, not valid yet, or not
//                                 meant for `use` (its extended key usage must say so)
absl::StatusOr<Pair> LoadPair(const PairFiles& files, crypto::CertificateUse use, absl::Time now);

// Reads a file of certificates that are to be trusted, and checks that they can be read.
absl::StatusOr<std::string> LoadAuthorities(const std::string& path);

// `2027-03-01 10:00 UTC`, as messages of this folder write times.
std::string FormatMinute(absl::Time time);

}  // namespace allmende::pki
