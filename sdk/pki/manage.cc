// Working on a city that exists.
#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "sdk/base/file.h"
#include "sdk/base/lock_file.h"
#include "sdk/base/status.h"
#include "sdk/pki/city.h"
#include "sdk/pki/city_internal.h"
#include "sdk/pki/issued_list.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/profile.h"

namespace allmende::pki {
namespace {

namespace fs = std::filesystem;

// Takes the lock of the city in `layout`; kNotFound if there is no city.
absl::StatusOr<LockFile> LockCity(const CityLayout& layout) {
  std::error_code ignored;
  if (!fs::exists(layout.City(), ignored)) {
    return absl::NotFoundError(absl::StrCat("`", layout.directory(), "` holds no city (`", layout.City(),
                                            "` is missing); make one with `allmende city init`"));
  }
  return LockFile::Acquire(layout.Lock());
}

absl::StatusOr<std::string> EmptyStaging(const CityLayout& layout) {
  std::error_code error;
  fs::remove_all(layout.Staging(), error);
  if (error) return SystemError(error.value(), "clear", layout.Staging());
  ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(layout.Staging(), FileAccess::kOwnerOnly));
  return layout.Staging();
}

// Puts the folder `from` in the place of `to` in one step; what was there is removed.
absl::Status PutInPlace(const std::string& from, const std::string& to) {
  std::error_code ignored;
  const bool replaces = fs::exists(to, ignored);
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), replaces ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0) {
    return SystemError(errno, "put in place", to);
  }
  if (replaces) fs::remove_all(from, ignored);  // the old one; what cannot be removed is cleared next time
  return SyncDirectory(fs::path(to).parent_path().string());
}

absl::Status CheckWelcome(const CityLayout& layout, const std::string& participant) {
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<Revocation> revocations, LoadRevocations(layout.Revocations()));
  for (const Revocation& entry : revocations) {
    if (entry.kind != Revocation::Kind::kParticipant || entry.subject != participant) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "`", participant, "` was revoked at ", FormatMinute(entry.time), entry.reason.empty() ? "" : ": ", entry.reason,
        "; a certificate would be refused until its line is taken out of `", layout.Revocations(), "`"));
  }
  return absl::OkStatus();
}

// Whether the register's entry is about this certificate.
bool Concerns(const Revocation& entry, const CertificateEntry& certificate) {
  switch (entry.kind) {
    case Revocation::Kind::kSerial:
      return certificate.serial == entry.subject;
    case Revocation::Kind::kCertificate:
      return certificate.fingerprint == entry.subject;
    case Revocation::Kind::kParticipant:
      return certificate.participant == entry.subject;
  }
  return false;
}

// As the register has them; other tools show capitals, colons, and a zero byte in front that keeps a number positive.
std::string PlainHex(Revocation::Kind kind, const std::string& shown) {
  std::string plain = absl::AsciiStrToLower(absl::StrReplaceAll(shown, {{":", ""}}));
  while (kind == Revocation::Kind::kSerial && plain.size() % 2 == 0 && plain.size() > 2 &&
         plain.compare(0, 2, "00") == 0) {
    plain.erase(0, 2);
  }
  return plain;
}

absl::Status MakeParents(const CityLayout& layout, const IssueOptions& options) {
  const fs::path target(layout.ProfileDirectory(options.participant, options.member));
  const fs::path root(layout.directory());
  fs::path path = root;
  for (const fs::path& part : target.parent_path().lexically_relative(root)) {
    path /= part;
    ALLMENDE_RETURN_IF_ERROR(EnsureDirectory(path.string(), FileAccess::kOwnerOnly));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NewProfile> IssueCertificate(const std::string& directory, const IssueOptions& options, absl::Time now) {
  ALLMENDE_RETURN_IF_ERROR(CheckIssueOptions(options));
  const CityLayout layout(directory);
  ALLMENDE_ASSIGN_OR_RETURN(const LockFile lock, LockCity(layout));
  ALLMENDE_ASSIGN_OR_RETURN(const CityFile city, LoadCityFile(layout));
  ALLMENDE_RETURN_IF_ERROR(CheckWelcome(layout, options.participant));

  const std::string target = layout.ProfileDirectory(options.participant, options.member);
  IssueOptions wanted = options;
  std::error_code ignored;
  if (fs::exists(target, ignored)) {
    if (!options.renew) {
      return absl::AlreadyExistsError(
          absl::StrCat("`", target, "` exists already; renew its certificate, or take the folder away"));
    }
    ALLMENDE_ASSIGN_OR_RETURN(const Profile old, LoadProfile(target));
    if (wanted.endpoints.empty()) wanted.endpoints = old.endpoints;
    if (wanted.purpose.empty()) wanted.purpose = old.purpose;
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::string staging, EmptyStaging(layout));
  ALLMENDE_ASSIGN_OR_RETURN(NewProfile profile, IssueInto(staging, layout, city, wanted, now));
  ALLMENDE_RETURN_IF_ERROR(MakeParents(layout, options));
  ALLMENDE_RETURN_IF_ERROR(PutInPlace(staging, target));
  profile.directory = target;
  return profile;
}

absl::Status RenewBrokerCertificate(const std::string& directory, const std::vector<std::string>& hosts,
                                    absl::Duration validity, absl::Time now) {
  const CityLayout layout(directory);
  ALLMENDE_ASSIGN_OR_RETURN(const LockFile lock, LockCity(layout));
  std::vector<std::string> names = hosts;
  if (names.empty()) {
    ALLMENDE_ASSIGN_OR_RETURN(const std::string old_pem, ReadFile(layout.BrokerCertificate(), kPemBytesMax));
    ALLMENDE_ASSIGN_OR_RETURN(const crypto::CertificateInfo old, crypto::ParseCertificate(old_pem));
    names = old.dns_sans;
    names.insert(names.end(), old.ip_sans.begin(), old.ip_sans.end());
  }
  ALLMENDE_ASSIGN_OR_RETURN(const std::string staging, EmptyStaging(layout));
  ALLMENDE_RETURN_IF_ERROR(IssueBrokerInto(staging, layout, names, validity, now));
  return PutInPlace(staging, layout.BrokerDirectory());
}

absl::Status Revoke(const std::string& directory, const RevokeOptions& options, absl::Time now) {
  const CityLayout layout(directory);
  ALLMENDE_ASSIGN_OR_RETURN(const LockFile lock, LockCity(layout));
  Revocation entry{now, options.kind, options.subject, options.reason};
  if (options.kind != Revocation::Kind::kParticipant) {
    entry.subject = PlainHex(options.kind, options.subject);
  }
  ALLMENDE_RETURN_IF_ERROR(CheckRevocation(entry));

  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<CertificateEntry> issued, LoadIssued(layout.Issued()));
  const auto concerned = std::find_if(
      issued.begin(), issued.end(), [&](const CertificateEntry& certificate) { return Concerns(entry, certificate); });
  if (concerned == issued.end() && entry.kind != Revocation::Kind::kCertificate && !options.foreign) {
    return absl::NotFoundError(absl::StrCat("this city has issued nothing for the ", RevocationKindName(entry.kind),
                                            " `", entry.subject, "`; `allmende pki list` shows what it has issued"));
  }
  if (concerned != issued.end() && concerned->participant.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("`", entry.subject,
                     "` is the broker's own certificate, and clients do not read the register; renew it instead"));
  }
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<Revocation> revocations, LoadRevocations(layout.Revocations()));
  for (const Revocation& known : revocations) {
    if (known.kind != entry.kind || known.subject != entry.subject) continue;
    return absl::AlreadyExistsError(absl::StrCat("the ", RevocationKindName(entry.kind), " `", entry.subject,
                                                 "` was revoked already, at ", FormatMinute(known.time)));
  }
  revocations.push_back(std::move(entry));
  return WriteFileAtomically(layout.Revocations(), FormatRevocations(revocations), FileAccess::kEverybody);
}

absl::StatusOr<std::vector<CertificateEntry>> ListCertificates(const std::string& directory) {
  const CityLayout layout(directory);
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificateEntry> entries, LoadIssued(layout.Issued()));
  ALLMENDE_ASSIGN_OR_RETURN(const std::vector<Revocation> revocations, LoadRevocations(layout.Revocations()));
  for (CertificateEntry& entry : entries) {
    for (const Revocation& revocation : revocations) {
      if (!Concerns(revocation, entry)) continue;
      entry.revoked = true;
      entry.reason = revocation.reason;
    }
  }
  return entries;
}

}  // namespace allmende::pki
