#include "sdk/pki/trust.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sdk/base/status.h"
#include "sdk/crypto/x509.h"

namespace allmende::pki {
namespace {

absl::Status CheckEntry(const TrustEntry& entry, const std::string& city) {
  ALLMENDE_RETURN_IF_ERROR(CheckCityName(entry.domain));
  absl::StatusOr<std::vector<crypto::CertificateInfo>> anchors = crypto::ParseCertificates(entry.authority_pem);
  if (!anchors.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the authority `", entry.authority_name, "` is unusable: ", anchors.status().message()));
  }
  for (const crypto::CertificateInfo& anchor : *anchors) {
    if (!anchor.is_authority) {
      return absl::InvalidArgumentError(absl::StrCat("the authority `", entry.authority_name, "` holds `",
                                                     anchor.subject,
                                                     "`, which is not an authority but somebody's certificate"));
    }
  }
  if (entry.domain != city && entry.participants.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the authority `", entry.authority_name, "` is of `", entry.domain, "`, not of `", city,
                     "`: list the participants it may name, so that it cannot name one of the city's own"));
  }
  std::set<std::string> seen;
  for (const TrustedParticipant& participant : entry.participants) {
    ALLMENDE_RETURN_IF_ERROR(CheckParticipantId(participant.id));
    std::vector<std::string> words = participant.names;
    words.push_back(participant.id);
    for (const std::string& word : words) {
      if (!seen.insert(word).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("the authority `", entry.authority_name, "` lists `", word, "` twice"));
      }
    }
  }
  return absl::OkStatus();
}

const TrustedParticipant* FindById(const TrustEntry& entry, const std::string& id) {
  const auto found = std::find_if(entry.participants.begin(), entry.participants.end(),
                                  [&](const TrustedParticipant& participant) { return participant.id == id; });
  return found == entry.participants.end() ? nullptr : &*found;
}

// The participants whose listed names the certificate carries.
std::vector<const TrustedParticipant*> FindByName(const TrustEntry& entry, const crypto::CertificateInfo& info) {
  std::set<std::string> carried;
  for (const std::string& uri : info.uri_sans) carried.insert(absl::StrCat("uri:", uri));
  for (const std::string& dns : info.dns_sans) carried.insert(absl::StrCat("dns:", dns));
  std::vector<const TrustedParticipant*> found;
  for (const TrustedParticipant& participant : entry.participants) {
    if (std::any_of(participant.names.begin(), participant.names.end(),
                    [&](const std::string& name) { return carried.contains(name); })) {
      found.push_back(&participant);
    }
  }
  return found;
}

// Whom the certificate means by its own URIs or, failing those, by the names that the configuration maps.
absl::StatusOr<NamedIdentity> NameOf(const TrustEntry& entry, const crypto::CertificateInfo& info) {
  const std::vector<const TrustedParticipant*> mapped = FindByName(entry, info);
  if (mapped.size() > 1) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate's names belong to both `", mapped[0]->id, "` and `",
                                                   mapped[1]->id, "`; it may name one participant"));
  }
  // A mapped name may itself be a URI that would otherwise be refused.
  std::vector<std::string> uris = info.uri_sans;
  if (!mapped.empty()) {
    std::erase_if(uris, [&](const std::string& uri) {
      const std::vector<std::string>& names = mapped.front()->names;
      return std::find(names.begin(), names.end(), absl::StrCat("uri:", uri)) != names.end();
    });
  }
  absl::StatusOr<NamedIdentity> named = ReadIdentityUris(uris, entry.domain);
  if (mapped.empty() || !(named.ok() || absl::IsNotFound(named.status()))) return named;
  if (named.ok() && named->participant != mapped.front()->id) {
    return absl::InvalidArgumentError(absl::StrCat("the certificate names `", named->participant,
                                                   "`, but its other name belongs to `", mapped.front()->id, "`"));
  }
  if (!named.ok()) named = NamedIdentity{.participant = mapped.front()->id, .member = "", .roles = {}};
  return named;
}

absl::StatusOr<RoleSet> RolesOf(const TrustEntry& entry, const NamedIdentity& named) {
  const TrustedParticipant* listed = FindById(entry, named.participant);
  if (listed == nullptr && !entry.participants.empty()) {
    return absl::PermissionDeniedError(absl::StrCat("the authority `", entry.authority_name, "` may not name `",
                                                    named.participant,
                                                    "`; the broker's configuration lists whom it may"));
  }
  const RoleSet configured = listed == nullptr ? RoleSet() : listed->roles;
  if (named.roles.empty() && configured.empty()) {
    return absl::PermissionDeniedError(absl::StrCat("the certificate of `", named.participant,
                                                    "` carries no role, and the broker's configuration gives it none"));
  }
  if (named.roles.empty()) return configured;
  if (!configured.empty() && !named.roles.IsSubsetOf(configured)) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the certificate of `", named.participant, "` carries the roles ", absl::StrJoin(named.roles.Names(), ", "),
        ", but the broker's configuration allows it ", absl::StrJoin(configured.Names(), ", ")));
  }
  return named.roles;
}

}  // namespace

absl::StatusOr<TrustStore> TrustStore::Create(std::string city, std::vector<TrustEntry> entries) {
  ALLMENDE_RETURN_IF_ERROR(CheckCityName(city));
  if (entries.empty()) {
    return absl::InvalidArgumentError("no authority is trusted, so nobody could call; name at least one");
  }
  TrustStore store;
  for (const TrustEntry& entry : entries) {
    ALLMENDE_RETURN_IF_ERROR(CheckEntry(entry, city));
    absl::StrAppend(&store.roots_pem_, entry.authority_pem, "\n");
  }
  store.city_ = std::move(city);
  store.entries_ = std::move(entries);
  return store;
}

absl::StatusOr<Identity> TrustStore::Identify(const std::string& certificate_pem, const std::string& chain_pem,
                                              absl::Time at) const {
  absl::StatusOr<crypto::CertificateInfo> info = crypto::ParseCertificate(certificate_pem);
  if (!info.ok()) return absl::UnauthenticatedError(info.status().message());

  const TrustEntry* issuer = nullptr;
  absl::Status refusal;
  for (const TrustEntry& entry : entries_) {
    absl::Status chain =
        crypto::VerifyChain(certificate_pem, chain_pem, entry.authority_pem, crypto::CertificateUse::kClient, at);
    if (chain.ok()) {
      issuer = &entry;
      break;
    }
    // That other authorities did not issue it says less than what is wrong with it at its own.
    if (refusal.ok() || absl::IsNotFound(refusal)) refusal = std::move(chain);
  }
  if (issuer == nullptr) return absl::UnauthenticatedError(refusal.message());
  // TLS lets a certificate without any extended key usage pass; this requires the usage to be written.
  if (std::find(info->ekus.begin(), info->ekus.end(), crypto::kClientAuth) == info->ekus.end()) {
    return absl::UnauthenticatedError(absl::StrCat("the certificate of `", info->subject,
                                                   "` lacks the extended key usage `", std::string(crypto::kClientAuth),
                                                   "`; have it issued with it"));
  }

  absl::StatusOr<NamedIdentity> named = NameOf(*issuer, *info);
  if (!named.ok()) return absl::UnauthenticatedError(named.status().message());
  absl::StatusOr<RoleSet> roles = RolesOf(*issuer, *named);
  if (!roles.ok()) return absl::UnauthenticatedError(roles.status().message());
  return Identity{.city = city_,
                  .participant = named->participant,
                  .member = named->member,
                  .roles = *roles,
                  .serial = info->serial_hex,
                  .fingerprint = info->fingerprint_sha256,
                  .not_after = info->not_after};
}

}  // namespace allmende::pki
