// Issuing from a city's authority; who may do it, and where the result goes, is decided in manage.cc and init.cc.
#include <arpa/inet.h>
#include <netinet/in.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "sdk/base/file.h"
#include "sdk/base/status.h"
#include "sdk/pki/city_internal.h"
#include "sdk/pki/issued_list.h"
#include "sdk/pki/pair.h"
#include "sdk/pki/profile.h"

namespace allmende::pki {
namespace {

constexpr absl::Duration kValidityMax = absl::Hours(24 * 365 * 20);
// Clocks differ; a certificate that is valid from this very second is refused by a machine that is a little behind.
constexpr absl::Duration kClockSlack = absl::Minutes(5);

bool IsAddress(const std::string& host) {
  in6_addr buffer{};
  return inet_pton(AF_INET, host.c_str(), &buffer) == 1 || inet_pton(AF_INET6, host.c_str(), &buffer) == 1;
}

absl::Status Record(const CityLayout& layout, CertificateEntry entry) {
  ALLMENDE_ASSIGN_OR_RETURN(std::vector<CertificateEntry> entries, LoadIssued(layout.Issued()));
  entries.push_back(std::move(entry));
  return SaveIssued(layout.Issued(), entries);
}

absl::Status WritePair(const std::string& directory, const crypto::KeyAndCertificate& pair) {
  ALLMENDE_RETURN_IF_ERROR(
      WriteFileAtomically(absl::StrCat(directory, "/key.pem"), pair.key_pem, FileAccess::kOwnerOnly));
  return WriteFileAtomically(absl::StrCat(directory, "/cert.pem"), pair.certificate_pem, FileAccess::kEverybody);
}

}  // namespace

absl::Status CheckIssueOptions(const IssueOptions& options) {
  ALLMENDE_RETURN_IF_ERROR(CheckParticipantId(options.participant));
  if (!options.member.empty()) ALLMENDE_RETURN_IF_ERROR(CheckMemberName(options.member));
  if (options.roles.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("`", options.participant,
                                                   "` needs at least one role: agency, operator, "
                                                   "officer, crisis-authority or auditor"));
  }
  if (options.validity <= absl::ZeroDuration() || options.validity > kValidityMax) {
    return absl::InvalidArgumentError("a certificate is valid for more than nothing and at most 20 years");
  }
  return absl::OkStatus();
}

absl::StatusOr<crypto::KeyAndCertificate> LoadAuthority(const CityLayout& layout) {
  crypto::KeyAndCertificate authority;
  ALLMENDE_ASSIGN_OR_RETURN(authority.certificate_pem, LoadAuthorities(layout.AuthorityCertificate()));
  absl::StatusOr<std::string> key = ReadFile(layout.AuthorityKey(), kPemBytesMax);
  if (!key.ok()) {
    return absl::Status(key.status().code(),
                        absl::StrCat("the authority's key is needed to issue certificates: ", key.status().message(),
                                     "; if it is kept elsewhere, bring it back first"));
  }
  authority.key_pem = *std::move(key);
  if (absl::Status match = crypto::CheckKeyMatches(authority.certificate_pem, authority.key_pem); !match.ok()) {
    return absl::Status(match.code(), absl::StrCat("`", layout.AuthorityKey(), "` does not go with `",
                                                   layout.AuthorityCertificate(), "`: ", match.message()));
  }
  return authority;
}

absl::StatusOr<NewProfile> IssueInto(const std::string& directory, const CityLayout& layout, const CityFile& city,
                                     const IssueOptions& options, absl::Time now) {
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::KeyAndCertificate authority, LoadAuthority(layout));
  crypto::LeafOptions leaf;
  leaf.common_name = options.member.empty() ? options.participant : options.member;
  leaf.uri_sans.push_back(options.member.empty() ? ParticipantUri(city.city, options.participant)
                                                 : MemberUri(city.city, options.participant, options.member));
  for (const Role role : options.roles.Roles()) leaf.uri_sans.push_back(RoleUri(city.city, role));
  leaf.client_auth = true;
  leaf.validity = {now - kClockSlack, now + options.validity};
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::KeyAndCertificate pair, crypto::IssueLeaf(authority, leaf));
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::CertificateInfo info, crypto::ParseCertificate(pair.certificate_pem));

  CertificateEntry entry;
  entry.serial = info.serial_hex;
  entry.fingerprint = info.fingerprint_sha256;
  entry.participant = options.participant;
  entry.member = options.member;
  entry.roles = options.roles;
  entry.issued = now;
  entry.not_after = info.not_after;
  ALLMENDE_RETURN_IF_ERROR(Record(layout, std::move(entry)));

  Profile profile;
  profile.directory = directory;
  profile.city = city.city;
  profile.participant = options.participant;
  profile.member = options.member;
  profile.endpoints = options.endpoints.empty() ? city.endpoints : options.endpoints;
  profile.purpose = options.purpose;
  ALLMENDE_RETURN_IF_ERROR(WritePair(directory, pair));
  ALLMENDE_RETURN_IF_ERROR(
      WriteFileAtomically(profile.AuthorityPath(), authority.certificate_pem, FileAccess::kEverybody));
  ALLMENDE_RETURN_IF_ERROR(SaveProfile(profile));
  // The certificate's names are what a broker will read; a profile that it would refuse must not be handed out.
  ALLMENDE_RETURN_IF_ERROR(LoadProfile(directory).status());
  return NewProfile{directory, info.serial_hex, info.not_after};
}

absl::Status IssueBrokerInto(const std::string& directory, const CityLayout& layout,
                             const std::vector<std::string>& hosts, absl::Duration validity, absl::Time now) {
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::KeyAndCertificate authority, LoadAuthority(layout));
  crypto::LeafOptions leaf;
  leaf.common_name = "broker";
  for (const std::string& host : hosts) (IsAddress(host) ? leaf.ip_sans : leaf.dns_sans).push_back(host);
  leaf.server_auth = true;
  leaf.validity = {now - kClockSlack, now + validity};
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::KeyAndCertificate pair, crypto::IssueLeaf(authority, leaf));
  ALLMENDE_ASSIGN_OR_RETURN(const crypto::CertificateInfo info, crypto::ParseCertificate(pair.certificate_pem));
  CertificateEntry entry;
  entry.serial = info.serial_hex;
  entry.fingerprint = info.fingerprint_sha256;
  entry.issued = now;
  entry.not_after = info.not_after;
  ALLMENDE_RETURN_IF_ERROR(Record(layout, std::move(entry)));
  return WritePair(directory, pair);
}

}  // namespace allmende::pki
