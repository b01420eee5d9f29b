#include "sdk/pki/pair.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"

namespace allmende::pki {

absl::StatusOr<Pair> LoadPair(const PairFiles& files, crypto::CertificateUse use, absl::Time now) {
  Pair pair;
  ALLMENDE_ASSIGN_OR_RETURN(pair.pem.certificate_pem, ReadFile(files.certificate, kPemBytesMax));
  ALLMENDE_ASSIGN_OR_RETURN(pair.pem.key_pem, ReadFile(files.key, kPemBytesMax));
  const std::string certificate = absl::StrCat("the certificate `", files.certificate, "`");

  absl::StatusOr<crypto::CertificateInfo> info = crypto::ParseCertificate(pair.pem.certificate_pem);
  if (!info.ok())
    return absl::InvalidArgumentError(absl::StrCat(certificate, " is unusable: ", info.status().message()));
  pair.info = *std::move(info);
  if (absl::Status match = crypto::CheckKeyMatches(pair.pem.certificate_pem, pair.pem.key_pem); !match.ok()) {
    return absl::Status(
        match.code(), absl::StrCat("the key `", files.key, "` does not go with ", certificate, ": ", match.message()));
  }
  if (now >= pair.info.not_after) {
    return absl::FailedPreconditionError(
        absl::StrCat(certificate, " expired at ", FormatMinute(pair.info.not_after), "; have it renewed"));
  }
  if (now < pair.info.not_before) {
    return absl::FailedPreconditionError(absl::StrCat(
        certificate, " is valid from ", FormatMinute(pair.info.not_before), " only; check this machine's clock"));
  }
  const std::string wanted(use == crypto::CertificateUse::kClient ? crypto::kClientAuth : crypto::kServerAuth);
  if (std::find(pair.info.ekus.begin(), pair.info.ekus.end(), wanted) == pair.info.ekus.end()) {
    return absl::FailedPreconditionError(
        absl::StrCat(certificate, " lacks the extended key usage `", wanted, "`; have it issued with it"));
  }
  return pair;
}

absl::StatusOr<std::string> LoadAuthorities(const std::string& path) {
  ALLMENDE_ASSIGN_OR_RETURN(std::string pem, ReadFile(path, kPemBytesMax));
  if (absl::Status status = crypto::ParseCertificates(pem).status(); !status.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("the authority `", path, "` is unusable: ", status.message()));
  }
  return pem;
}

std::string FormatMinute(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d %H:%M UTC", time, absl::UTCTimeZone());
}

}  // namespace allmende::pki
